"""
Reading: what header and payload say, for whoever wants their content and not their proof.

As `parse_header` and `join(open_payload(…))`, but four times as quick: that the bytes are canonical is not looked at, which
`verify` does. Whatever is not as expected is read again by those two, which say what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from ensue.core.canonical import Json, from_base64url, parse_trusted
from ensue.core.quick import quick
from ensue.errors import FormatError
from ensue.log.header import parse_header
from ensue.log.payload import find_name, join, open_payload

MAIN: Final = ("form", "state", "operations", "effects")
"""The leaves that every payload has, first and in this order."""
SAID: Final = ("cause", "corrects", "occurred", "behalf", "purpose", "requested")
"""What may be said of an event beside, and a record tells. The rest of a header is not kept: records are held by the thousand."""


class Glance(NamedTuple):
    """What a record takes from its header."""

    links: tuple[tuple[str, int], ...]
    """Further subjects, and the event's place in their chains."""
    logic: bytes
    said: Mapping[str, Any]
    """What is set of `SAID`, as it is written."""


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
        said = {}
        for name in SAID:
            if name in members:
                said[name] = members[name]
        return quick(Glance, (further, digest(members["logic"]), said))
    except (FormatError, LookupError, TypeError, AttributeError):
        parse_header(header)  # says what is wrong
        raise


@lru_cache(maxsize=1024)  # of the few logics of an application
def digest(text: str) -> bytes:
    """The 32 bytes that a header names."""
    return from_base64url(text)


class Document(Mapping[str, Json]):
    """
    The form, state, operations and effects of a stored payload, each value in its place, read when somebody asks.

    Raises:
        FormatError: when read, as `open_payload` and `join`; or one of the four is missing.
    """

    __slots__ = ("_outcome", "_payload", "_read")

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._read: dict[str, Json] | None = None
        self._outcome: bytes | None = None

    def outcome(self) -> bytes | None:
        """The J1 bytes of `[operations, effects]`, as they stand; None where parts of them are leaves of their own, or are erased."""
        if self._read is None:
            self._read = self._begin()
        return self._outcome

    def __getitem__(self, name: str) -> Json:
        read = self._read
        if read is None:
            read = self._read = self._begin()
        if name not in read and name in MAIN:
            read = self._read = self._finish(read)
        return read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(MAIN)

    def __len__(self) -> int:
        return len(MAIN)

    def _begin(self) -> dict[str, Json]:
        """Form and state; of what followed only the bytes, where all stands together: to decide again needs no more."""
        form, _, rest = self._payload.partition(b"\n+ state ")
        state, _, rest = rest.partition(b"\n+ operations ")
        operations, _, rest = rest.partition(b"\n+ effects ")
        effects, end, rest = rest.partition(b"\n")
        if form[:7] == b"+ form " and end and not rest:
            try:
                read = {"form": parse_trusted(form[7:]), "state": parse_trusted(state)}
                self._outcome = b"[%b,%b]" % (operations, effects)
                return read
            except FormatError:
                pass  # a line stands where none should; said below
        return _in_parts(self._payload)

    def _finish(self, read: dict[str, Json]) -> dict[str, Json]:
        assert self._outcome is not None, "what was not read stands together"
        try:
            read["operations"], read["effects"] = cast(list[Json], parse_trusted(self._outcome))
        except (FormatError, ValueError):
            return _in_parts(self._payload)
        return read


def _in_parts(payload: bytes) -> dict[str, Json]:
    """The four, leaf by leaf."""
    leaves = _leaves(payload)
    document = join(open_payload(payload) if leaves is None else leaves)
    missing = [name for name in MAIN if name not in document]
    if missing:
        raise FormatError(f"The payload has no leaf {', '.join(missing)}. Run `ensue verify`.")
    return document


def _leaves(payload: bytes) -> dict[str, Json] | None:
    """The leaves of a payload of which nothing was erased, read in one go; None where it is not as expected."""
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
    return _parsed(names, values) if tuple(names[: len(MAIN)]) == MAIN else None


def _parsed(names: Sequence[str], values: Iterable[bytes]) -> dict[str, Json] | None:
    try:
        parsed: Any = parse_trusted(b"[" + b",".join(values) + b"]")
    except FormatError:
        return None
    leaves: dict[str, Json] = dict(zip(names, parsed, strict=False))
    return leaves if len(leaves) == len(names) == len(parsed) else None
