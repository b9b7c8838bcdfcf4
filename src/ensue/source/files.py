"""Files: the syntax trees of the application's own files, and where in them a function, a class or a value stands."""

from __future__ import annotations

import ast
import linecache
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

_ENSUE = Path(__file__).resolve().parents[1]
_DEMO = _ENSUE / "demo"
_LIBRARIES = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
_INSTALLED = {"site-packages", "dist-packages"}


class Place(NamedTuple):
    """Where a name of a module is bound: the expression, and its line."""

    node: ast.expr
    line: int


def home_of(module: str) -> str:
    """The package that a module belongs to; all of it is one project, wherever it is installed."""
    return "ensue.demo" if f"{module}.".startswith("ensue.demo.") else module.partition(".")[0]


@lru_cache(maxsize=4096)
def is_of_project(file: str | None, module: str, home: str) -> bool:
    """Whether *file* holds the application's own code: no part of Python, of what is installed beside it, or of ensue."""
    if file is None or home_of(module) == home:
        return file is not None
    path = Path(file).resolve()
    if file.startswith("<") or _INSTALLED & set(path.parts) or any(path.is_relative_to(one) for one in _LIBRARIES):
        return False
    return path.is_relative_to(_DEMO) or not path.is_relative_to(_ENSUE)


def file_of(module: str) -> str | None:
    """The file of an imported module; None where it has none."""
    return getattr(sys.modules.get(module), "__file__", None)


def tree_of(file: str) -> ast.Module | None:
    """The syntax tree of *file* as it is now; None where it cannot be read."""
    linecache.checkcache(file)
    text = "".join(linecache.getlines(file))
    return _parse(text) if text else None


@lru_cache(maxsize=1024)
def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:  # written by a newer Python, or half saved
        return None


# ---- functions and classes -----------------------------------------------------------------------------------------
def find_function(code: CodeType) -> FunctionNode | None:
    """The syntax tree of the function that *code* was made from."""
    tree = tree_of(code.co_filename)
    if tree is None:
        return None
    fitting = [node for name, node in _definitions(tree) if name == code.co_name and first_line(node) == code.co_firstlineno]
    if len(fitting) > 1:  # lambdas on one line
        starts = {position[::2] for position in code.co_positions()}
        fitting = [one for one in fitting if not isinstance(one, ast.Lambda) or (one.body.lineno, one.body.col_offset) in starts] or fitting
    found = fitting[0] if fitting else None
    assert found is None or isinstance(found, FUNCTIONS)
    return found


def first_line(node: ast.AST) -> int:
    """The line a definition begins at, decorators included."""
    lines: list[int] = [one.lineno for one in getattr(node, "decorator_list", ())]
    return min([*lines, getattr(node, "lineno", 0)])


@lru_cache(maxsize=1024)
def _definitions(tree: ast.Module) -> tuple[tuple[str, ast.AST], ...]:
    named = ((getattr(node, "name", "<lambda>"), node) for node in ast.walk(tree) if isinstance(node, FUNCTIONS))
    return tuple(named)


def find_class(cls: type[Any]) -> tuple[ast.ClassDef, str] | None:
    """The syntax tree of the class statement, and its file."""
    file = file_of(cls.__module__)
    tree = tree_of(file) if file is not None else None
    if file is None or tree is None:
        return None
    found = [node for name, node in _classes_in(tree) if name == cls.__qualname__]
    return (found[-1], file) if found else None


@lru_cache(maxsize=1024)
def _classes_in(tree: ast.Module) -> tuple[tuple[str, ast.ClassDef], ...]:
    return tuple(_classes(tree, ""))


def _classes(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield prefix + child.name, child
            yield from _classes(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _classes(child, f"{prefix}{child.name}.<locals>.")
        else:
            yield from _classes(child, prefix)


# ---- values --------------------------------------------------------------------------------------------------------
def find_value(module: str, name: str) -> tuple[str, str, Place | None]:
    """
    The module and name under which a value was first bound, following imports; and where.

    The place is None where no assignment in the source says it.
    """
    seen = set()
    while (module, name) not in seen:
        seen.add((module, name))
        file = file_of(module)
        tree = tree_of(file) if file is not None else None
        bound = None if tree is None else _binding(tree, name, module)
        if isinstance(bound, Place) or bound is None:
            return module, name, bound
        module, name = bound
    return module, name, None


def _binding(tree: ast.Module, name: str, module: str) -> Place | tuple[str, str] | None:
    """The last statement of a module that binds *name*: a place, or the module and name it is imported from."""
    found: Place | tuple[str, str] | None = None
    for node in _statements(tree.body):
        match node:
            case ast.Assign(targets=targets, value=value) if any(name in stored(one) for one in targets):
                found = Place(value, node.lineno)
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                found = Place(value, node.lineno)
            case ast.ImportFrom(names=aliases):
                source = imported_module(node, module)
                for alias in aliases:
                    if (alias.asname or alias.name) == name:
                        found = source, alias.name
                    elif alias.name == "*" and hasattr(sys.modules.get(source), name):
                        found = source, name
    return found


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those below `if` and `try` included."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With | ast.For):
            for part in ("body", "handlers", "orelse", "finalbody"):
                for below in getattr(statement, part, ()):
                    yield from _statements(below.body if isinstance(below, ast.ExceptHandler) else [below])


def stored(node: ast.AST) -> set[str]:
    """The names that are bound in *node*."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def imported_module(node: ast.ImportFrom, module: str) -> str:
    """The module that a `from … import` names, also where it is relative to the one it stands in."""
    if not node.level:
        return node.module or ""
    file = file_of(module) or ""
    package = module if Path(file).name == "__init__.py" else module.rpartition(".")[0]
    for _ in range(node.level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{node.module}" if node.module else package


def is_module(value: Any) -> bool:
    """Whether *value* is a module."""
    return isinstance(value, ModuleType)
