"""
Reading: what header and payload say, for whoever wants their content and not their proof.

As `parse_header` and `join(open_payload(…))`, but four times as quick: that the bytes are canonical is not looked at, which
`verify` does. Whatever is not as expected is read again by those two, which say what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

from ensue.core.canonical import Json, from_base64url, parse_trusted
from ensue.core.quick import quick
from ensue.errors import FormatError
from ensue.log.header import parse_header
from ensue.log.payload import find_name, join, open_payload

N = TypeVar("N")
LEAF: Final = b'"_leaf":'
"""How a leaf of its own is named in its place. Within a text the quotes would be escaped."""
LEAVES_MAX: Final = 64
KNOWN: tuple[str, ...] = ("form", "state")
FOLLOWED: tuple[str, ...] = ("operations", "effects")
MAIN: Final = (*KNOWN, *FOLLOWED)
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
        """The J1 bytes of `[operations, effects]`, every leaf in its place; None where something was erased, or there are very many."""
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
        """Form and state; of what followed only the bytes, where they can be told: to decide again needs no more."""
        form, _, rest = self._payload.partition(b"\n+ state ")
        state, _, rest = rest.partition(b"\n+ operations ")
        operations, _, rest = rest.partition(b"\n+ effects ")
        effects, end, rest = rest.partition(b"\n")
        if form[:7] == b"+ form " and end:
            both = b"[%b,%b]" % (form[7:], state), b"[%b,%b]" % (operations, effects)
            whole = _put_back(*both, rest) if rest else both
            read = None if whole is None else _parsed(KNOWN, whole[0])
            if whole is not None and read is not None:
                self._outcome = whole[1]
                return read
        return _in_parts(self._payload)

    def _finish(self, read: dict[str, Json]) -> dict[str, Json]:
        assert self._outcome is not None, "what was not read can be told"
        followed = _parsed(FOLLOWED, self._outcome)
        return _in_parts(self._payload) if followed is None else {**read, **followed}


def _put_back(known: bytes, followed: bytes, lines: bytes) -> tuple[bytes, bytes] | None:
    """
    Both with every leaf that has a line of its own in its place, as bytes.

    None where that is not all there is to it: something was erased, or named twice, or is no value; or there are too many lines
    to look for each.
    """
    leaves = lines.split(b"\n")
    if leaves.pop() or len(leaves) > LEAVES_MAX:
        return None
    values = []
    for line in leaves:
        mark, _, rest = line.partition(b" ")
        name, _, value = rest.partition(b" ")
        place = b'{"_leaf":"%b"}' % name
        if mark != b"+" or not value or find_name(name) is None:
            return None
        if known.count(place) == 1:
            known = known.replace(place, value)
        elif followed.count(place) == 1:
            followed = followed.replace(place, value)
        else:
            return None
        values.append(value)
    if LEAF in known or LEAF in followed or _parsed(range(len(values)), b"[%b]" % b",".join(values)) is None:
        return None
    return known, followed


def _in_parts(payload: bytes) -> dict[str, Json]:
    """The four, leaf by leaf."""
    document = join(open_payload(payload))
    missing = [name for name in MAIN if name not in document]
    if missing:
        raise FormatError(f"The payload has no leaf {', '.join(missing)}. Run `ensue verify`.")
    return document


def _parsed(names: Sequence[N], values: bytes) -> dict[N, Json] | None:
    """A JSON array as values by name; None where it is none, or has another number of values."""
    try:
        parsed: Any = parse_trusted(values)
    except FormatError:
        return None
    return dict(zip(names, parsed, strict=True)) if len(parsed) == len(names) else None
