"""
Reading: what header and payload say, for whoever wants their content and not their proof.

As `parse_header` and `join(open_payload(…))`, but four times as quick: that the bytes are canonical is not looked at, which
`verify` does. Whatever is not as expected is read again by those two, which say what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ensue.core.canonical import Json, from_base64url, parse_trusted
from ensue.errors import FormatError
from ensue.log.header import parse_header
from ensue.log.payload import find_name, join, open_payload

LEAF = b'"_leaf"'
MAIN: Final = ["form", "state", "operations", "effects"]
"""The leaves that every payload has, first and in this order."""
_WHOLE: Final = re.compile(rb"\+ form (.+)\n\+ state (.+)\n\+ operations (.+)\n\+ effects (.+)\n")
"""A payload of which nothing has a leaf of its own, and nothing was erased: nearly every one."""


class Glance(NamedTuple):
    """What a record takes from its header."""

    links: tuple[tuple[str, int], ...]
    """Further subjects, and the event's place in their chains."""
    logic: bytes
    cause: Json = None
    corrects: Json = None
    occurred: str | None = None
    behalf: str | None = None
    purpose: str | None = None
    requested: str | None = None


def glance(header: bytes) -> Glance:
    """
    What a stored header says of its record.

    Raises:
        FormatError: as `parse_header`.
    """
    try:
        members: Any = parse_trusted(header)
        links = members["links"]
        further = () if len(links) == 1 else tuple([(link["subject"], link["seq"]) for link in links[1:]])
        return Glance(further, digest(members["logic"]), *map(members.get, Glance._fields[2:]))
    except (FormatError, LookupError, TypeError, AttributeError):
        parse_header(header)  # says what is wrong
        raise


@lru_cache(maxsize=1024)  # of the few logics of an application
def digest(text: str) -> bytes:
    """The 32 bytes that a header names."""
    return from_base64url(text)


def document_of(payload: bytes) -> dict[str, Json]:
    """
    The form, state, operations and effects of a stored payload, each value in its place.

    Raises:
        FormatError: as `open_payload` and `join`; or one of the four is missing.
    """
    leaves = _whole_leaves(payload)
    if leaves is not None and LEAF not in payload:
        return leaves
    document = join(open_payload(payload) if leaves is None else leaves)
    missing = [name for name in MAIN if name not in document]
    if missing:
        raise FormatError(f"The payload has no leaf {', '.join(missing)}. Run `ensue verify`.")
    return document


def outcome_of(payload: bytes) -> bytes | None:
    """The J1 bytes of `[operations, effects]`, as they stand; None where parts of them are leaves of their own, or are erased."""
    whole = _WHOLE.fullmatch(payload)
    return None if whole is None else b"[%b,%b]" % whole.groups()[2:]


def _whole_leaves(payload: bytes) -> dict[str, Json] | None:
    """The leaves of a payload of which nothing was erased, read in one go; None where it is not as expected."""
    whole = _WHOLE.fullmatch(payload)
    if whole is not None:
        return _parsed(MAIN, whole.groups())
    lines = payload.split(b"\n")
    if lines.pop() or not lines:
        return None
    names: list[str] = []
    values: list[bytes] = []
    for line in lines:
        mark, _, rest = line.partition(b" ")
        written, _, value = rest.partition(b" ")
        name = find_name(written)
        if mark != b"+" or name is None or not value:
            return None
        names.append(name)
        values.append(value)
    return _parsed(names, values) if names[: len(MAIN)] == MAIN else None


def _parsed(names: Sequence[str], values: Iterable[bytes]) -> dict[str, Json] | None:
    try:
        parsed: Any = parse_trusted(b"[" + b",".join(values) + b"]")
    except FormatError:
        return None
    leaves: dict[str, Json] = dict(zip(names, parsed, strict=False))
    return leaves if len(leaves) == len(names) == len(parsed) else None
