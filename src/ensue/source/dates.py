"""
Dates in code: a step that asks which version it is, or compares the moment with a fixed day.

Both are a version in disguise: the change then has no date on the line of versions, no text, and cannot be compared.
"""

from __future__ import annotations

import ast
from datetime import date, datetime
from typing import Final

from ensue.core.version import Version
from ensue.errors import VersionError
from ensue.source.hints import Hints
from ensue.source.names import Names

ORDERING: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def asks_for_the_version(node: ast.Compare, names: Names, hints: Hints) -> bool:
    """Whether one side is a version; a field of that name, which the application's own data has, is none."""
    return any(_is_version(one, names, hints) for one in (node.left, *node.comparators))


def _is_version(node: ast.expr, names: Names, hints: Hints) -> bool:
    meaning = names.find(node)
    if meaning is not None and isinstance(meaning.value, Version):
        return True
    if isinstance(node, ast.Call) and (called := names.find(node.func)) is not None:
        return called.value is Version
    if hints.of(node) is Version:
        return True
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    is_data = hints.of(node) is not None and meaning is None
    return name.lower().rpartition("_")[2] == "version" and not is_data


def lets_a_date_decide(node: ast.Compare, names: Names, hints: Hints) -> bool:
    """Whether `event.at` is put before or after a day that stands in the code."""
    sides = (node.left, *node.comparators)
    return (
        any(isinstance(one, ORDERING) for one in node.ops)
        and any(_is_moment(one) for one in sides)
        and any(_is_day(one, names, hints) for one in sides)
    )


def _is_moment(node: ast.expr) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "at" for one in ast.walk(node))


def _is_day(node: ast.expr, names: Names, hints: Hints) -> bool:
    """A day that is written down: a constant, or a call with nothing but constants."""
    meaning = names.find(node)
    if meaning is not None:
        return isinstance(meaning.value, date) and not meaning.rest
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            Version.parse(node.value)
        except VersionError:
            return False
        return True
    return isinstance(node, ast.Call) and hints.of(node) in (date, datetime) and all(isinstance(one, ast.Constant) for one in node.args)
