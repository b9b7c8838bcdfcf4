"""
Reach: which functions, classes and constants of the project a function reads, and what those read in turn.

Names are followed to the objects they mean, through the function's globals and closure, since a name alone does not
say where it leads. What is reached by a computed name (`getattr(module, name)`) is not seen. Annotations are not
followed: what a step may cause is its contract, which has an entry of its own. Classes of ensue's kinds count by
schema; of the functions written in them, those are reached whose name is asked of anything.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from types import FunctionType, MethodType, ModuleType
from typing import Any

from ensue.core.app import App
from ensue.core.data import Data
from ensue.errors import Rejected, SourceMissing
from ensue.source.files import file_of, find_class, find_function, find_value, home_of, imported_module, is_of_project, stored
from ensue.source.reading import attributes_in, cells, chains, evaluated_outside, global_reads, loads, without_registration
from ensue.source.values import NoText, text_of, without_comprehensions

CONVERSIONS = {"up", "down"}
"""Functions of a shape that have entries of their own in the lock."""
ANNOTATES = {"__annotate__", "__annotate_func__"}
"""What Python 3.14 makes of a class's annotations (PEP 649): written by nobody, and hints do not count."""


@dataclass(frozen=True)
class Reached:
    """
    One thing of the project that a function reaches.

    `kind` is function, class, constant (`text` is its value) or module_value (a value without a text of its own: its
    expression counts). `node` is its own syntax tree, without `@app.step(…)`; of a class of ensue's kinds, its statement.
    """

    name: str
    kind: str
    node: ast.AST
    file: str
    line: int
    object: Any
    text: str | None = None
    qualname: str = ""
    """The name without its module's: what stays when the code moves to another file."""


def reach(function: Callable[..., Any], also: Iterable[Any] = ()) -> tuple[Reached, ...]:
    """
    The function itself first, then everything of the project that it reaches, each once, in order of names.

    *also* are further functions and classes to begin at, such as the event and the rows that a step receives.

    Raises:
        SourceMissing: something it reaches was not written in a file, and so cannot be read.
    """
    own: Any = inspect.unwrap(function)
    walk = _Walk(home_of(own.__module__))
    walk.enter(own)
    walk.enter(function)
    for one in also:
        walk.enter(one)
    walk.run()
    first = walk.found.pop(own.__code__, None)
    if first is None:
        raise SourceMissing(f"{own.__module__}.{own.__qualname__} is no function of the project.")
    return (first, *_in_order(walk.found.values()))


def is_schema(cls: type[Any]) -> bool:
    """Whether a class counts by its fields: one of ensue's kinds."""
    return issubclass(cls, Data | Rejected)


def _in_order(found: Iterable[Reached]) -> Iterator[Reached]:
    """By name; what shares a name (lambdas of a module) is told apart by its place among them."""
    before: dict[str, int] = {}
    for one in sorted(found, key=lambda one: (one.name, one.line, getattr(one.node, "col_offset", 0), one.text or "")):
        before[one.name] = count = before.get(one.name, 0) + 1
        yield one if count == 1 else replace(one, name=f"{one.name}#{count}", qualname=f"{one.qualname}#{count}")


class _Walk:
    """What was found so far, and what is still to be read."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.found: dict[Any, Reached] = {}
        self.waiting: list[Callable[[], None]] = []
        self._asked: set[str] = set()
        self._members: dict[str, list[FunctionType]] = {}  # functions of schemas, by name, until somebody asks for them
        self._entered: dict[int, Any] = {}  # the objects are kept, so that no other takes the place of one in memory

    def run(self) -> None:
        """Read until nothing new is found."""
        while self.waiting:
            while self.waiting:
                self.waiting.pop()()
            for name in self._asked & self._members.keys():
                for function in self._members.pop(name):
                    self.enter(function)

    def enter(self, value: Any) -> None:
        """Take in a function or class, or what wraps one; anything else has nothing to follow."""
        if id(value) in self._entered:
            return
        self._entered[id(value)] = value
        if isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, property):
            for one in (value.fget, value.fset, value.fdel):
                self.enter(one)
        elif isinstance(value, partial):
            for part in (value.func, *value.args, *value.keywords.values()):
                self.enter(part)
        elif not isinstance(value, ModuleType | App):
            for name in ("__func__", "__wrapped__", "func"):  # methods, caches, cached properties
                wrapped = inspect.getattr_static(value, name, None)
                if wrapped is not None and not isinstance(value, Data):
                    self.enter(getattr(value, name) if inspect.isdatadescriptor(wrapped) else wrapped)
            if isinstance(value, MethodType):
                self.enter(type(value.__self__))

    # -- functions
    def _function(self, function: FunctionType) -> None:
        code, module = function.__code__, _module_of(function)
        if not is_of_project(code.co_filename, module, self.home):  # it may wrap what is
            registered = getattr(function, "registry", {}) if hasattr(function, "dispatch") else {}  # functools.singledispatch
            for one in (getattr(function, "__wrapped__", None), *registered.values()):
                self.enter(one)
            return
        qualname = without_comprehensions(code.co_qualname)
        name = f"{module}.{qualname}"
        node = find_function(code)
        if node is None:
            raise SourceMissing(
                f"{name} has no source in {code.co_filename}: what decides must be written in a file, so that an edit can be seen. "
                "Put it into a module; if the file was changed since, start again."
            )
        if code not in self.found:
            own = without_registration(node)
            self.found[code] = Reached(name, "function", own, code.co_filename, node.lineno, function, qualname=qualname)
        self.waiting.append(partial(self._read_function, function, node))

    def _read_function(self, function: FunctionType, node: ast.AST) -> None:
        """Follow everything that *function* reads."""
        code = function.__code__
        self._asked |= attributes_in(node)
        closed = cells(function)
        names: dict[str, Any] = {name: function.__globals__[name] for name in global_reads(code) if name in function.__globals__}
        outside = {one for part in evaluated_outside(node) for one in loads(part)} - closed.keys()
        names |= {name: function.__globals__[name] for name in outside if name in function.__globals__}
        module = _module_of(function)
        for chain in chains(node):
            base = chain[0]
            if base in closed:
                self._closed_over(function, base, closed[base], chain)
            elif base in names:
                self._chain(module, chain, names[base])
        self._imports(node, module)

    def _closed_over(self, function: FunctionType, name: str, value: Any, chain: tuple[str, ...]) -> None:
        """A value of an enclosing function."""
        if isinstance(value, ModuleType):
            self._chain(value.__name__, chain, value)
            return
        code = function.__code__
        qualname = without_comprehensions(code.co_qualname)
        scope = qualname.rpartition(".")[0] or qualname
        short, line = f"{scope}.{name}", code.co_firstlineno
        place = Reached(f"{_module_of(function)}.{short}", "constant", ast.Name(name), code.co_filename, line, value, qualname=short)
        self._value(("closed", id(value), place.name), place, value)

    def _imports(self, node: ast.AST, module: str) -> None:
        """What the function imports for itself."""
        local: dict[str, Any] = {}
        for one in ast.walk(node):
            if isinstance(one, ast.Import):
                local |= {
                    alias.asname or alias.name.partition(".")[0]: _imported(alias.name, whole=not alias.asname) for alias in one.names
                }
            elif isinstance(one, ast.ImportFrom):
                source = imported_module(one, module)
                for alias in one.names:
                    value = getattr(_imported(source), alias.name, None)
                    self._named(source, alias.name, value)
                    local[alias.asname or alias.name] = value
        for chain in chains(node):
            if isinstance(local.get(chain[0]), ModuleType):
                self._chain(module, chain, local[chain[0]])

    # -- names
    def _chain(self, module: str, chain: tuple[str, ...], value: Any) -> None:
        """Follow `helpers.fees.RATE` through modules to the first thing that is none."""
        name = chain[0]
        for attribute in chain[1:]:
            if not isinstance(value, ModuleType):
                break
            module, name, value = value.__name__, attribute, getattr(value, attribute, None)
        self._named(module, name, value)

    def _named(self, module: str, name: str, value: Any) -> None:
        """What a global name of a module means."""
        if isinstance(value, ModuleType | App) or value is None:
            return
        if _is_code(value):
            self.enter(value)
            return
        module, name, bound = find_value(module, name)
        file = file_of(module)
        if file is None or not is_of_project(file, module, self.home):
            self._class(type(value))
            return
        node, line = (ast.Name(name), 1) if bound is None else bound
        self._value((module, name), Reached(f"{module}.{name}", "constant", node, file, line, value, qualname=name), value)
        if bound is not None and self.found[module, name].kind == "module_value":
            self._read_expression(module, bound.node)

    def _value(self, key: Any, place: Reached, value: Any) -> None:
        """A constant, and what it names; or a value that has no text, and then its expression."""
        if _is_code(value):
            self.enter(value)
        elif key not in self.found:
            try:
                text, named = text_of(value, self._is_ours)
                self.found[key] = replace(place, text=text)
            except NoText:
                named = [type(value)]
                self.found[key] = replace(place, kind="module_value")
            for one in named:
                self.enter(one)

    def _is_ours(self, cls: type[Any]) -> bool:
        return is_of_project(file_of(cls.__module__), cls.__module__, self.home) or issubclass(cls, Data)

    def _read_expression(self, module: str, node: ast.AST) -> None:
        """Follow what an expression of a module, or of a class in it, names."""
        known = vars(sys.modules[module])
        for chain in chains(node):
            if chain[0] in known:
                self._chain(module, chain, known[chain[0]])

    # -- classes
    def _class(self, cls: type[Any]) -> None:
        module = cls.__module__
        if cls in self.found or not is_of_project(file_of(module), module, self.home):
            return
        place = find_class(cls)
        if place is None:
            if not is_schema(cls):
                self._class_by_call(cls)
            return
        node, file = place
        self.found[cls] = Reached(f"{module}.{cls.__qualname__}", "class", node, file, node.lineno, cls, qualname=cls.__qualname__)
        for base in (*cls.__bases__, type(cls)):
            self.enter(base)
        own = (node.lineno, node.end_lineno or node.lineno)
        for name, member in vars(cls).items():
            if name in ANNOTATES:
                continue
            if not is_schema(cls):
                self._member(cls, member, file, own)
            elif name not in CONVERSIONS:
                self._members.setdefault(name, []).extend(_functions_in(member))
                self._asked |= {name} if name.startswith("__") else set()  # operators are asked without a name
        if not is_schema(cls):
            written = [one for one in node.body if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
            bound = {name for one in written for name in stored(one)}
            for one in (*node.decorator_list, *node.keywords, *written):
                self.waiting.append(partial(self._read_class_part, module, one, bound))

    def _read_class_part(self, module: str, node: ast.AST, bound: set[str]) -> None:
        known = vars(sys.modules[module])
        for chain in chains(node):
            if chain[0] in known and chain[0] not in bound:
                self._chain(module, chain, known[chain[0]])

    def _class_by_call(self, cls: type[Any]) -> None:
        """A class that no statement defines: `Point = namedtuple("Point", "x y")`. The expression counts."""
        module, name, bound = find_value(cls.__module__, cls.__qualname__)
        file = file_of(module)
        if bound is None or file is None:
            raise SourceMissing(
                f"{cls.__module__}.{cls.__qualname__} is not found in {file_of(cls.__module__)}: "
                "write it out as a class, so that an edit can be seen."
            )
        self.found[cls] = Reached(f"{module}.{name}", "module_value", bound.node, file, bound.line, cls, qualname=name)
        self._read_expression(module, bound.node)

    def _member(self, cls: type[Any], member: Any, file: str, own: tuple[int, int]) -> None:
        """A function written in a class is part of it, and only read."""
        for function in _functions_in(member):
            code = function.__code__
            if code.co_filename.startswith("<"):  # made by a decorator, as dataclasses are
                continue
            node = find_function(code) if code.co_filename == file and own[0] <= code.co_firstlineno <= own[1] else None
            if node is None:
                self.enter(function)
            else:
                self.waiting.append(partial(self._read_function, function, node))
        if isinstance(member, type) and member.__qualname__.startswith(f"{cls.__qualname__}."):
            self.enter(member)


def _is_code(value: Any) -> bool:
    """Whether *value* is a function or class, or wraps one. Asked without running anything of it: it may be a proxy of another's."""
    wraps = inspect.getattr_static(value, "__wrapped__", None) is not None
    return wraps or isinstance(value, type | FunctionType | MethodType | partial)


def _module_of(function: FunctionType) -> str:
    """Where a function was written; its `__module__` may be that of what it wraps."""
    return str(function.__globals__.get("__name__", function.__module__))


def _functions_in(member: Any) -> list[FunctionType]:
    """The functions that a member of a class stands for: itself, or what a method, a property or a cache is made of."""
    parts = (member, *(getattr(member, name, None) for name in ("__func__", "func", "fget", "fset", "fdel")))
    unwrapped = (inspect.unwrap(one) for one in parts if callable(one))
    return list(dict.fromkeys(one for one in unwrapped if isinstance(one, FunctionType)))


def _imported(module: str, *, whole: bool = False) -> Any:
    """A module that a function imports; with *whole*, the package the name begins with."""
    try:
        found = import_module(module)
    except ImportError:
        return None
    return sys.modules.get(module.partition(".")[0]) if whole else found
