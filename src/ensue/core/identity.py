r"""
Ids and random numbers, derived: the same ledger, actor and key give the same event id; the same event and label the same row id.

    event id    UUIDv8 of SHA-256("ensue/1 id\n"     ‖ J1([uid, actor, key]))[:16]
    row id      UUIDv8 of SHA-256("ensue/1 row\n"    ‖ J1([event id, label]))[:16]
    random      SHA-256("ensue/1 random\n" ‖ J1([event id, label]))[:16], as an integer, big-endian

A UUIDv8 (RFC 9562 §5.8) has 122 bits of the maker's choosing: version and variant overwrite six of the sixteen bytes' bits.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from ensue.core.canonical import Json, canonical_trusted, check_text

if TYPE_CHECKING:
    from _hashlib import HASH

# The first hexadecimal digit of byte 8 with its two high bits set to the variant 10 (RFC 9562 §4.1).
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def event_id(uid: str, actor: str, key: str) -> str:
    """
    Return the id of the event that *actor* submits under the idempotency *key* to the ledger *uid*.

    Raises:
        CanonicalError: A text holds a NUL or a lone surrogate.
    """
    return _uuid8(_digest(b"ensue/1 id\n", [uid, actor, key]).hexdigest())


def row_id(event_id: str, label: str) -> str:
    """
    Return the id of the row that the event calls *label*; another version of the logic gives the same row the same id.

    Raises:
        CanonicalError: A text holds a NUL or a lone surrogate.
    """
    return _uuid8(_digest(b"ensue/1 row\n", [event_id, label]).hexdigest())


def random_number(event_id: str, label: str) -> int:
    """
    Return the number, 0 to 2^128-1, that the event draws under *label*: evenly spread, and the same at each replay.

    Whoever knows the event id can compute it, so it is no secret.

    Raises:
        CanonicalError: A text holds a NUL or a lone surrogate.
    """
    return int.from_bytes(_digest(b"ensue/1 random\n", [event_id, label]).digest()[:16], "big")


def random_event_id(sixteen: bytes) -> str:
    """Return the id of an event without a key, from *sixteen* random bytes that the caller drew."""
    if len(sixteen) != 16:
        raise ValueError(f"An event id takes 16 random bytes, found {len(sixteen)}.")
    return _uuid8(sixteen.hex())


def _digest(prefix: bytes, texts: list[Json]) -> HASH:
    data = canonical_trusted(texts)
    if b"\\u0000" in data:  # how JSON writes a NUL; or the end of a text about it, after another backslash
        for text in texts:
            check_text(str(text))
    return sha256(prefix + data)


def _uuid8(digits: str) -> str:
    """The first 32 hexadecimal *digits* as a UUID."""
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"
