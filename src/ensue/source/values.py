"""
Values: one text for what a constant is, the same on every Python, machine and hash seed.

The value counts, not the expression: `1_000` for `1000` is no edit, and a name bound to another module's constant
changes with it. `repr` would not do: a set's order depends on the hash seed, an enum's text on the Python.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MappingProxyType
from typing import Any
from uuid import UUID

AS_REPR = (bool, float, complex, str, bytes, Decimal, Fraction, datetime, date, time, timedelta, UUID, range)

REPR_BITS_MAX = 10_000
"""Python writes no longer integers in base 10, unless it is told to."""
COMPREHENSION = re.compile(r"<(list|dict|set)comp>\.(<locals>\.)?")
BASES: tuple[Any, ...] = (*AS_REPR, int, tuple, frozenset, set, list, dict)


class NoText(Exception):  # caught by the one who asks, who then takes the expression
    """The value is of a kind that has no text of its own."""


def without_comprehensions(qualname: str) -> str:
    """A qualified name as Python writes it from 3.12 on, where a comprehension is no scope of its own."""
    return COMPREHENSION.sub("", qualname)


def text_of(value: Any, is_ours: Callable[[type[Any]], bool]) -> tuple[str, list[Any]]:
    """
    What *value* is as text, and the functions and classes it names, which the text knows by name alone.

    *is_ours* says of which classes the attributes may be read: a library's may change with its release.

    Raises:
        NoText: somewhere in it is an object whose value cannot be told.
    """
    named: list[Any] = []
    return _text(value, is_ours, named, ()), named


def _text(value: Any, is_ours: Callable[[type[Any]], bool], named: list[Any], inside: tuple[int, ...]) -> str:
    kind = type(value)
    if kind is int:
        return repr(value) if value.bit_length() < REPR_BITS_MAX else hex(value)
    if value is None or kind in AS_REPR:
        return repr(value)
    if id(value) in inside:
        raise NoText
    deeper = (*inside, id(value))

    def texts(values: Any) -> list[str]:
        return [_text(one, is_ours, named, deeper) for one in values]

    if isinstance(value, type | FunctionType | BuiltinFunctionType):
        named.append(value)
        return f"<{without_comprehensions(value.__qualname__)}>"
    if isinstance(value, Enum):
        named.append(kind)
        return f"{kind.__qualname__}.{value.name}"
    if kind in (tuple, list):
        return f"{kind.__name__}({', '.join(texts(value))})"
    if kind in (set, frozenset):
        return f"{kind.__name__}({', '.join(sorted(texts(value)))})"
    if kind in (dict, OrderedDict, Counter, defaultdict, MappingProxyType):
        made = texts([value.default_factory]) if kind is defaultdict else []
        return f"{kind.__name__}({', '.join([*made, *map(': '.join, zip(texts(value), texts(value.values()), strict=True))])})"
    if isinstance(value, re.Pattern):
        return f"pattern({value.pattern!r}, {int(value.flags)})"
    if isinstance(value, PurePath):
        return f"path({value.as_posix()!r})"
    if isinstance(value, partial):
        return f"partial({', '.join(texts([value.func, value.args, value.keywords]))})"
    return _instance_text(value, is_ours, texts, named)


def _instance_text(value: Any, is_ours: Callable[[type[Any]], bool], texts: Callable[[Any], list[str]], named: list[Any]) -> str:
    """An instance whose attributes are all there is to it."""
    kind: Any = type(value)
    state: dict[str, Any] | None = None
    if is_dataclass(value):
        state = {one.name: getattr(value, one.name) for one in fields(value)}
    elif isinstance(value, tuple) and hasattr(kind, "_fields"):
        state = dict(zip(kind._fields, value, strict=True))
    elif is_ours(kind) and hasattr(value, "__dict__"):
        state = dict(vars(value))
        for base in BASES:  # what a text or a list of ours is beside its attributes
            if isinstance(value, base):
                state["self"] = base(value)
                break
    if state is None:
        raise NoText
    named.append(kind)
    return f"{kind.__qualname__}({', '.join(map('='.join, zip(state, texts(state.values()), strict=True)))})"
