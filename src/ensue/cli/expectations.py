"""
Expectations: what --expect says was seen, `{"Patient/p-17": {"phone": "k1.…"}}`.

Its keys name rows, which a key of canonical JSON cannot; so it is read by itself, and as strictly.
"""

from __future__ import annotations

import json
from typing import Any

from ensue.cli.form import BYTES_MAX, read_source
from ensue.core.canonical import check_text
from ensue.errors import CanonicalError, FieldProblem, InvalidForm, InvalidJson, TooLarge

Expectations = dict[str, dict[str, str | None] | None]
EXPECTED = 'expected an object of tags, such as {"phone": "k1.…"}, or null for a row that was not there'


def read_expectations(source: str) -> Expectations:
    """
    The rows in *source*, each with the tags of fields, or null for a row that was not there.

    Raises:
        RequestError, InvalidJson, TooLarge: it cannot be read. InvalidForm: it is of another form.
    """
    data = read_source(source, "--expect")
    if len(data) > BYTES_MAX:
        raise TooLarge(f"--expect: larger than the limit of {BYTES_MAX} bytes; send only what the event is about.")
    try:
        given = json.loads(data.decode(), object_pairs_hook=single_keys)
    except UnicodeDecodeError as error:
        raise InvalidJson(f"--expect: not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise InvalidJson(f"--expect: not JSON at line {error.lineno} column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise InvalidJson("--expect: too many lists and objects inside one another.") from None
    if not isinstance(given, dict):
        raise InvalidJson(f"--expect: expected an object of rows, as `ensue tags` prints it; found {type(given).__name__}.")
    problems = [FieldProblem(row, "type", EXPECTED) for row, tags in given.items() if not (tags is None or is_tags(tags))]
    if problems:
        raise InvalidForm("--expect", problems)
    return given


def single_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once and are text. Raises InvalidJson."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise InvalidJson("--expect: a key stands more than once in one object; send each key once.")
    for key in members:
        checked(key)
    return members


def is_tags(value: Any) -> bool:
    """Whether *value* says of some fields which tag they had, or null for none."""
    return isinstance(value, dict) and all(tag is None or (isinstance(tag, str) and checked(tag)) for tag in value.values())


def checked(text: str) -> bool:
    """True for text. Raises InvalidJson for a NUL or a lone surrogate."""
    try:
        check_text(text)
    except CanonicalError as error:
        raise InvalidJson(f"--expect: {error}") from None
    return True
