r"""
The payload: what an event said and did, as leaves that can be proved, and erased, one by one.

Stored, one line a leaf:

    + name value           a leaf; its salt follows from the event's seed
    - digest               an erased leaf: only d is left                         } after an erasure,
    = name salt value      a leaf that survived an erasure and carries its salt   } when the seed is gone

    salt = base64url(HMAC-SHA256(seed, "salt\n" ‖ name)[:16])
    d    = SHA-256(base64url(J1([salt, name, value])))               the disclosure form of RFC 9901 §4.2
    root = the RFC 6962 §2.1 tree hash over the d, in order

The salt keeps a short value (a yes, a date of birth) from being guessed from its d. A name is segments joined by `/`;
the leaves `form`, `state`, `operations` and `effects` come first, and each value of theirs that must be erasable
alone stands as `{"_leaf": name}` there and in a leaf of its own, named by its path (`state/allergies/3/note`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from ensue.core.canonical import Json, base64url_bytes, canonical_trusted, from_base64url, parse_trusted
from ensue.errors import CanonicalError, FormatError

if TYPE_CHECKING:
    from _hashlib import HASH

Leaf: TypeAlias = tuple[str, Json]
"""A leaf's name and value."""

ERASED: Final[Json] = {"_erased": True}
"""What `join` puts where a leaf was erased; no value of an application looks like it, since field names do not begin with `_`."""

_NAME: Final = re.compile(r"[A-Za-z0-9_]+(?:/[A-Za-z0-9_]+)*")
_NAME_BYTES: Final = re.compile(_NAME.pattern.encode("ascii"))
_LINE: Final = re.compile(
    r"= (?P<kept_name>NAME) (?P<salt>[A-Za-z0-9_-]{22}) (?P<kept_value>.+)"
    r"|- (?P<digest>[A-Za-z0-9_-]{43})".replace("NAME", _NAME.pattern).encode("ascii")
)
_SALT_BYTES: Final = 16
_NESTED: Final = frozenset((list, dict))
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))  # RFC 2104 §2: the key's pads
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


class Payload(NamedTuple):
    """A sealed payload: the `data` to store, the `root` (32 bytes) and `leaf_count` that the header commits to."""

    data: bytes
    root: bytes
    leaf_count: int


def seal(leaves: Sequence[Leaf], seed: bytes) -> Payload:
    """
    Write *leaves*, in their order, and commit to them.

    Args:
        leaves: At least one, each name once; the values come from our own codecs and are not checked again.
        seed: 32 random bytes of this event's own, to be stored beside the payload until an erasure.

    Raises:
        ValueError: No leaf, or a name that is not segments of letters, digits and `_` joined by `/`.
    """
    if not leaves:
        raise ValueError("A payload has at least one leaf.")
    assert len({name for name, _ in leaves}) == len(leaves), "a leaf's name stands once"
    written = [(_name_bytes(name), canonical_trusted(value)) for name, value in leaves]
    digests = _leaf_digests(written, seed)
    return Payload(b"".join([b"+ %b %b\n" % leaf for leaf in written]), tree_root(digests), len(digests))


def payload_root(data: bytes, seed: bytes | None) -> tuple[int, bytes]:
    """
    Compute number of leaves and root again, from the stored bytes alone.

    Args:
        data: The stored payload.
        seed: The event's seed, or None after an erasure.

    Raises:
        FormatError: A line is malformed, has another mark than the seed's presence or absence calls for, or repeats a name.
    """
    count, root, _ = read_payload(data, seed)
    return count, root


def read_payload(data: bytes, seed: bytes | None) -> tuple[int, bytes, dict[str, Json]]:
    """
    As `payload_root` and `open_payload` at once: number of leaves, root, and the leaves that are left.

    Raises:
        FormatError: As those two.
    """
    if seed is None:
        return _read_erased(data)
    written: list[tuple[bytes, bytes]] = []
    leaves: dict[str, Json] = {}
    for number, text in enumerate(_split_lines(data), 1):
        named, _, value = text[2:].partition(b" ")
        name = find_name(named)
        if text[:2] != b"+ " or name is None or not value:
            raise _misplaced(_read_line(number, text), "an event that still has its seed")
        if name in leaves:
            raise _repeated(number, name)
        leaves[name] = _canonical_value(number, name, value)
        written.append((named, value))
    return len(written), tree_root(_leaf_digests(written, seed)), leaves


def _read_erased(data: bytes) -> tuple[int, bytes, dict[str, Json]]:
    digests = []
    leaves: dict[str, Json] = {}
    for line in _read_lines(data):
        if line.mark == "+":
            raise _misplaced(line, "an event without a seed, after an erasure")
        if line.mark == "-":
            digests.append(line.digest)
        else:
            leaves[line.name] = _canonical_value(line.number, line.name, line.value)
            digests.append(_leaf_digest(line.salt, line.name.encode(), line.value))
    return len(digests), tree_root(digests), leaves


def open_payload(data: bytes) -> dict[str, Json]:
    """
    Read the leaves that are left, by name, in their order; what stands in a leaf of its own is still `{"_leaf": name}`.

    Raises:
        FormatError: A line is malformed or repeats a name.
    """
    leaves: dict[str, Json] = {}
    for number, text in enumerate(_split_lines(data), 1):
        named, _, value = text[2:].partition(b" ")
        name = find_name(named) if text[:2] == b"+ " else None
        if name is None or not value:  # after an erasure, or malformed
            line = _read_line(number, text)
            if line.mark == "-":
                continue
            name, value = line.name, line.value
        if name in leaves:
            raise _repeated(number, name)
        leaves[name] = parse_trusted(value)
    return leaves


def join(leaves: Mapping[str, Json]) -> dict[str, Json]:
    """
    Put every leaf back in its place, and `ERASED` where it is gone; *leaves* is what `open_payload` returned.

    Returns `form`, `state`, `operations` and `effects` as they were before they were split.

    Raises:
        FormatError: Two places name the same leaf.
    """
    apart = {name: value for name, value in leaves.items() if "/" in name}
    taken: set[str] = set()

    def put_back(value: Json) -> Json:
        # Most values are texts and numbers, to be left as they are: they are told apart before the call, not in it.
        if isinstance(value, list):
            return [put_back(item) if type(item) in _NESTED else item for item in value]
        if not isinstance(value, dict):
            return value
        name = value.get("_leaf")
        if not isinstance(name, str):
            return {key: put_back(item) if type(item) in _NESTED else item for key, item in value.items()}
        if name in taken:
            raise FormatError(f"The payload names the leaf {name} in two places; each leaf has one. Run `ensue verify`.")
        taken.add(name)
        return put_back(apart[name]) if name in apart else ERASED

    return {name: put_back(value) for name, value in leaves.items() if name not in apart}


def request_digest(seed: bytes, actor: str, type_: str, version: str | None, form: Json) -> bytes:
    """
    Return the 32 bytes that tell a repeated request from another one under the same key.

    *version* is the one that was asked for, None where the request named none; *form* is as it was sent, before
    defaults were filled. Without the *seed* the digest says nothing about either.
    """
    inner, outer = _keyed(seed)
    inner.update(b"request\n" + canonical_trusted([actor, type_, version, form]))
    outer.update(inner.digest())
    return outer.digest()


def tree_root(entries: Sequence[bytes]) -> bytes:
    """
    Return the Merkle tree hash of RFC 6962 §2.1 over *entries*: leaves under 0x00, nodes under 0x01, the larger power of two on the left.

    Level by level, an odd last node moving up as it is, gives the RFC's recursive tree.
    """
    if not entries:
        return sha256().digest()
    level = [sha256(b"\x00" + entry).digest() for entry in entries]
    while len(level) > 1:
        above = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


# Leaves


def _leaf_digests(leaves: Sequence[tuple[bytes, bytes]], seed: bytes) -> list[bytes]:
    """The d of *leaves*, names and values as stored, whose salts follow from *seed*."""
    inner, outer = _keyed(seed)  # HMAC (RFC 2104) keyed once for all names of an event
    inner.update(b"salt\n")
    inner_keyed, outer_keyed = inner.copy, outer.copy
    macs = []
    for name, _ in leaves:
        inner = inner_keyed()
        inner.update(name)
        outer = outer_keyed()
        outer.update(inner.digest())
        macs.append(outer.digest()[:_SALT_BYTES])
    # All salts at once: 16 bytes and two zeros are 24 characters, of which the first 22 are the 16 bytes alone.
    salts = base64url_bytes(b"\0\0".join([*macs, b""]))
    return [_leaf_digest(salts[at : at + 22], name, value) for at, (name, value) in zip(count(0, 24), leaves)]


def _keyed(seed: bytes) -> tuple[HASH, HASH]:
    """
    HMAC-SHA256's inner and outer hash under *seed* (RFC 2104 §2).

    Put together here because `hmac.digest` lets go of the interpreter lock each time, and a busy thread beside the writer then keeps it.
    """
    if len(seed) != 32:
        raise ValueError(f"A seed has 32 bytes, found {len(seed)}.")
    block = seed.ljust(64, b"\0")
    return sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))


def _leaf_digest(salt: bytes, name: bytes, value: bytes) -> bytes:
    # J1([salt, name, value]) put together from parts that are canonical already; neither salt nor name needs an escape.
    return sha256(base64url_bytes(b'["%b","%b",%b]' % (salt, name, value))).digest()


@lru_cache(maxsize=8192)  # the same few hundred names in every event
def _name_bytes(name: str) -> bytes:
    if not _NAME.fullmatch(name):
        raise ValueError(f"A leaf's name is segments of letters, digits and _ joined by /, found {name[:80]!r}.")
    return name.encode("ascii")


# Lines


class _Line(NamedTuple):
    number: int
    mark: str
    name: str = ""
    salt: bytes = b""
    value: bytes = b""
    digest: bytes = b""


def _read_lines(data: bytes) -> Iterator[_Line]:
    names: set[str] = set()
    for number, text in enumerate(_split_lines(data), 1):
        line = _read_line(number, text)
        if line.name in names:
            raise _repeated(number, line.name)
        if line.name:
            names.add(line.name)
        yield line


def _split_lines(data: bytes) -> list[bytes]:
    *lines, rest = data.split(b"\n")
    if rest or not lines:
        raise FormatError(f"A payload is one or more lines that each end in a newline; found {len(lines)} and then {len(rest)} bytes.")
    return lines


def _read_line(number: int, text: bytes) -> _Line:
    if text[:2] == b"+ ":  # all there is before an erasure; its names repeat from event to event
        written, _, value = text[2:].partition(b" ")
        name = find_name(written)
        if name is not None and value:
            return _Line(number, "+", name, value=value)
    match = _LINE.fullmatch(text)
    if match is None:
        raise FormatError(
            f"Payload line {number} is none of '+ name value', '= name salt value', '- digest': it has been changed; run `ensue verify`."
        )
    kept_name, salt, kept_value, digest = match.groups()
    if kept_name:
        return _Line(number, "=", kept_name.decode(), salt, kept_value)
    return _Line(number, "-", digest=from_base64url(digest.decode()))


@lru_cache(maxsize=8192)
def find_name(written: bytes) -> str | None:
    """The name of a leaf as written in its line; None where that is no name."""
    return written.decode("ascii") if _NAME_BYTES.fullmatch(written) else None


def _canonical_value(number: int, name: str, data: bytes) -> Json:
    try:
        value = parse_trusted(data)
        if canonical_trusted(value) == data:
            return value
    except (FormatError, CanonicalError):
        pass  # a number or text that J1 has not; said below
    raise FormatError(f"Payload line {number}: the value of {name} is not canonical JSON.")


def _misplaced(line: _Line, where: str) -> FormatError:
    return FormatError(f"Payload line {line.number} begins with {line.mark!r}, which does not belong to {where}.")


def _repeated(number: int, name: str) -> FormatError:
    return FormatError(f"Payload line {number}: the leaf {name} stands there a second time.")
