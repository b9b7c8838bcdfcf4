"""
Names: what a name in a function means, a variable of its own or an object of the program.

So `from time import time as t` is known for what it is, and a variable that happens to be called `time` is left alone.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from ensue.source.files import file_of, find_value, imported_module, stored, tree_of

MUTATORS = frozenset(
    {"add", "append", "appendleft", "clear", "difference_update", "discard", "extend", "extendleft", "insert", "intersection_update"}
    | {
        "move_to_end",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "reverse",
        "rotate",
        "setdefault",
        "sort",
        "subtract",
        "symmetric_difference_update",
    }
    | {"update", "__setitem__", "__delitem__"}
)
"""Methods by which Python's containers are changed."""


class Meaning(NamedTuple):
    """
    An object of the program: its *value*, and the attributes that were asked of it but are none of a module's.

    `module` and `name` are where it was first bound; `path` is what it would be imported as.
    """

    module: str
    name: str
    value: Any
    rest: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The dotted name, such as `time.tzname`."""
        return ".".join((self.module, *([self.name] if self.name else []), *self.rest))


class Names:
    """The names in *node*, a part of *module* that may read what it is *closed* over."""

    def __init__(self, node: ast.AST, module: str, closed: Mapping[str, Any]) -> None:
        self.module = module
        self.closed = closed
        self._globals: Mapping[str, Any] = vars(sys.modules[module]) if module in sys.modules else {}
        self.own = _bound_in(node)
        self._imported = _imported_in(node, module)
        self._known: dict[str, Meaning | None] = {}

    def find(self, node: ast.expr) -> Meaning | None:
        """What `a.b.c` means; None for a variable of the function, or what comes of a call."""
        chain: list[str] = []
        while isinstance(node, ast.Attribute):
            chain.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        if node.id not in self._known:
            self._known[node.id] = self._first(node.id)
        found = self._known[node.id]
        return None if found is None else _follow(found, chain)

    def _first(self, name: str) -> Meaning | None:
        if name in self._imported:
            return self._imported[name]
        if name in self.own:
            return None
        if name in self.closed:
            return Meaning(self.module, name, self.closed[name])
        if name in self._globals:
            module, bound, _ = find_value(self.module, name)
            return Meaning(module, bound, self._globals[name])
        return Meaning("builtins", name, getattr(builtins, name)) if hasattr(builtins, name) else None


def base_name(node: ast.expr) -> str | None:
    """The name that `a.b[c].d` begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def is_changed(module: str, name: str) -> bool:
    """Whether some function of *module* changes the variable *name* of it."""
    file = file_of(module)
    tree = tree_of(file) if file is not None else None
    return tree is not None and name in _changed(tree)


@lru_cache(maxsize=1024)
def _changed(tree: ast.Module) -> frozenset[str]:
    """The variables of a module that its functions change: by `global`, by an assignment to a part, or by a method."""
    found: set[str] = set()
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        own = _bound_in(function)
        for node in ast.walk(function):
            match node:
                case ast.Global(names=names):
                    found |= set(names)
                case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                    found |= {base_name(node) or ""} - own
                case ast.Call(func=ast.Attribute(attr=method, value=ast.Name(id=name))) if method in MUTATORS:
                    found |= {name} - own
    return frozenset(found)


def _follow(meaning: Meaning, chain: list[str]) -> Meaning:
    """Go from module to module, to the first thing that is none."""
    while chain and isinstance(meaning.value, ModuleType):
        module, attribute = meaning.value, chain.pop(0)
        if not hasattr(module, attribute):
            return Meaning(module.__name__, attribute, None, tuple(chain))
        value = getattr(module, attribute)
        meaning = Meaning(value.__name__, "", value) if isinstance(value, ModuleType) else Meaning(module.__name__, attribute, value)
    return meaning._replace(rest=tuple(chain))


def _bound_in(node: ast.AST) -> set[str]:
    """Every name that *node*, or a function in it, binds for itself. One set for all of it: seldom are they called alike."""
    found: set[str] = set()
    outside: set[str] = set()
    for one in ast.walk(node):
        match one:
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.MatchMapping(rest=str(name)):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) if one is not node:
                found.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                found |= {alias.asname or alias.name.partition(".")[0] for alias in aliases}
            case ast.Global(names=names):
                outside |= set(names)
    return (found | stored(node)) - outside


def _imported_in(node: ast.AST, module: str) -> dict[str, Meaning]:
    """What a function imports for itself."""
    found: dict[str, Meaning] = {}
    for one in ast.walk(node):
        if isinstance(one, ast.Import):
            for alias in one.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                found[alias.asname or name] = Meaning(name, "", _module(name))
        elif isinstance(one, ast.ImportFrom):
            source = imported_module(one, module)
            for alias in one.names:
                found[alias.asname or alias.name] = Meaning(source, alias.name, getattr(_module(source), alias.name, None))
    return found


def _module(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:  # the function would fail on it
        return None
