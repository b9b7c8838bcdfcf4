r"""
The chain: each event's hash covers its header, and its header names the hash before it.

    header hash    SHA-256(header)                                              32 bytes
    event hash     SHA-256("ensue/1\n" ‖ header hash ‖ nonce)                   8 + 32 + 8 bytes (big-endian): one SHA-256 block
    stamp          valid if the event hash, as a number, is below 2^(256-cost): 2^cost tries on average
    genesis        SHA-256("ensue/1 genesis\n" ‖ J1([uid, subject])), the `prev` of a subject's first event

The cost is a price, not a lock: it makes events not free, and rewriting many of them noticeable. What makes
rewriting detectable is the chain and the log over it.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from itertools import count
from typing import Final

from ensue.core.canonical import canonical_trusted

COST_MIN: Final = 1
COST_MAX: Final = 20

_PREFIX: Final = b"ensue/1\n"
_FIRST_NONCES: Final = [nonce.to_bytes(8, "big") for nonce in range(128)]  # at the usual cost nearly every event finds its own among these


def genesis(uid: str, subject: str) -> bytes:
    """Return the 32 bytes that stand before the first event of *subject* in the ledger *uid*."""
    return sha256(b"ensue/1 genesis\n" + canonical_trusted([uid, subject])).digest()


def stamp(header: bytes, cost: int) -> tuple[int, bytes]:
    """
    Find the first nonce, from 0, that gives *header* a valid event hash; return both.

    Args:
        header: The J1 bytes of the header.
        cost: Bits of work, 1 to 20; 4 take about 16 tries.

    Raises:
        ValueError: *cost* is outside 1 to 20.
    """
    limit = _limit(cost)
    fixed = _PREFIX + sha256(header).digest()
    for nonce, written in enumerate(_FIRST_NONCES):
        event_hash = sha256(fixed + written).digest()
        if event_hash < limit:
            return nonce, event_hash
    for nonce in count(len(_FIRST_NONCES)):
        event_hash = sha256(fixed + nonce.to_bytes(8, "big")).digest()
        if event_hash < limit:
            return nonce, event_hash
    raise AssertionError("count() does not end")


def event_hash(header: bytes, nonce: int) -> bytes:
    """Return the 32 bytes of the event hash of *header* under *nonce*, 0 to 2^64-1."""
    return sha256(_PREFIX + sha256(header).digest() + nonce.to_bytes(8, "big")).digest()


def is_valid(hash: bytes, cost: int) -> bool:
    """
    Say whether the event hash *hash* has paid *cost* bits.

    Raises:
        ValueError: *cost* is outside 1 to 20.
    """
    return len(hash) == 32 and hash < _limit(cost)


@cache
def _limit(cost: int) -> bytes:
    # As 32 big-endian bytes, since bytes of one length compare as the numbers they are.
    if not COST_MIN <= cost <= COST_MAX:
        raise ValueError(f"The cost of an event is {COST_MIN} to {COST_MAX} bits, found {cost}.")
    return (1 << (256 - cost)).to_bytes(32, "big")
