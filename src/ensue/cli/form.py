"""
Form: what a caller typed or sent, as J1 values. Files and standard input are read strictly; `-f` by the field's type.

    -f drug=834060           text, a date, a decimal, an id: what stands behind the = as it is
    -f dose_mg=500           integer, true or false, a list, an object: read as JSON
    -f reason=null           null, where the field may be empty; else the text
    -f 'reason:="null"'      := takes JSON for every field
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ensue.core.canonical import Json, parse
from ensue.core.data import fields_of
from ensue.errors import FieldProblem, InvalidForm, InvalidJson, RequestError

if TYPE_CHECKING:
    from ensue import Event

BYTES_MAX = 1_048_576
"""The largest form, in bytes of UTF-8."""
DIGITS_MAX = 40
"""A number of more digits is left as text, which is then refused: reading digits takes quadratic time."""


def read_form(source: str) -> dict[str, Json]:
    """
    The form in *source*: `@file`, or `-` for standard input.

    Raises:
        RequestError: *source* is neither, or cannot be read. InvalidJson, TooLarge: what is in it.
    """
    value = parse(read_source(source, "The form", "A single field is given with -f field=value."), bytes_max=BYTES_MAX)
    if not isinstance(value, dict):
        raise InvalidJson(f'The form: expected an object, such as {{"field": "value"}}; found {type(value).__name__}.')
    return value


def read_source(source: str, what: str, hint: str = "") -> bytes:
    """The bytes of `@file`, or of standard input for `-`; one more than the limit at most. Raises RequestError."""
    if source not in ("-", "@-") and not source.startswith("@"):
        raise RequestError(f"{what}: expected @file.json, or - for standard input; found {source!r}. {hint}".rstrip())
    try:
        if source in ("-", "@-"):
            return sys.stdin.buffer.read(BYTES_MAX + 1) if sys.stdin is not None else b""
        with Path(source[1:]).open("rb") as file:
            return file.read(BYTES_MAX + 1)
    except OSError as error:
        raise RequestError(f"{what}: {source[1:] or 'standard input'} cannot be read: {error.strerror or error}.") from None


def split_fields(given: Iterable[str]) -> dict[str, tuple[str, bool]]:
    """Each field with its text, and whether it is JSON for certain (`:=`). Raises RequestError."""
    fields: dict[str, tuple[str, bool]] = {}
    for one in given:
        name, equals, text = one.partition("=")
        is_json = name.endswith(":")
        name = name.removesuffix(":")
        if not equals or not name:
            raise RequestError(f"-f {one}: expected field=value, such as -f drug=834060, or field:=JSON.")
        if name in fields:
            raise RequestError(f"-f {one}: the field {name} is given twice; give it once.")
        fields[name] = (text, is_json)
    return fields


def read_fields(shape: type[Event], given: Mapping[str, tuple[str, bool]]) -> tuple[dict[str, Json], list[FieldProblem]]:
    """The J1 values of what -f said, by the types of *shape*; and what is no JSON where JSON is expected."""
    values: dict[str, Json] = {}
    problems: list[FieldProblem] = []
    for name, (text, is_json) in given.items():
        try:
            values[name] = parse(text) if is_json else read_text(shape, name, text)
        except InvalidJson as error:
            problems.append(FieldProblem(name, "json", str(error)))
    return values, problems


def read_text(shape: type[Event], name: str, text: str) -> Json:
    """One value by the type of its field. What is not of the type is left as text: the door says what is wrong with it."""
    declared = fields_of(shape).by_name.get(name)
    if declared is None:
        states = {one.wire: one for one in shape.__ensue__.state.values()}
        return None if text == "null" and name in states and states[name].optional else text
    codec = declared.codec
    if text == "null" and codec.optional:
        return None
    if codec.kind == "integer" and text.removeprefix("-").isascii() and text.removeprefix("-").isdecimal() and len(text) <= DIGITS_MAX:
        return int(text)
    if codec.kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return parse(text) if codec.kind == "json" else text


def merged(what: str, problems: list[FieldProblem], others: InvalidForm | None) -> InvalidForm:
    """All problems of one form together: a field that is no JSON is not said to be missing as well."""
    wrong = {problem.path for problem in problems}
    return InvalidForm(what, [*problems, *(one for one in (others.problems if others else ()) if one.path.partition(".")[0] not in wrong)])
