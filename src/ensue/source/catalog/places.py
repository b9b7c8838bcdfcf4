"""Places: where a class or function is written, the text below a field of a class, and which classes a function names."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from ensue.core.catalog import Place
from ensue.errors import SourceMissing
from ensue.source.files import find_class, find_function
from ensue.source.reach import is_schema, reach


def place_of(thing: type[Any] | Callable[..., Any]) -> Place | None:
    """The file and line of a class or function; None where it was not written in a file."""
    if isinstance(thing, type):
        found = find_class(thing)
        return None if found is None else Place(_below(found[1], thing.__module__), found[0].lineno)
    code = getattr(inspect.unwrap(thing), "__code__", None)
    if code is None or code.co_filename.startswith("<"):
        return None
    node = find_function(code)
    return Place(_below(code.co_filename, thing.__module__), code.co_firstlineno if node is None else node.lineno)


def _below(file: str, module: str) -> str:
    """A file from the folder of its package on, the same on every machine."""
    path = PurePath(file)
    depth = 1 if module == "__main__" else module.count(".") + 1 + (path.name == "__init__.py")
    return "/".join(path.parts[-depth:])


def field_texts(cls: type[Any]) -> dict[str, str]:
    """The text that stands below a field, by its name, in *cls* and the classes above it."""
    texts: dict[str, str] = {}
    for one in reversed(cls.__mro__):
        found = find_class(one) if is_schema(one) and not one.__module__.startswith("ensue.core.") else None
        if found is None:
            continue
        for field, below in zip(found[0].body, found[0].body[1:], strict=False):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    texts[name] = inspect.cleandoc(text)
    return texts


def classes_named_by(function: Callable[..., Any]) -> frozenset[type[Any]] | None:
    """The classes of the project that *function* names, in its own code or in what it calls; None where that cannot be read."""
    try:
        return frozenset(one.object for one in reach(function) if isinstance(one.object, type))
    except SourceMissing:
        return None
