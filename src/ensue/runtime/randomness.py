"""
Randomness: seeds and ids, drawn from the system in large pieces.

Each draw from the system lets go of the interpreter lock, which a busy thread beside the writer then keeps for
milliseconds; a piece serves some hundred events.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

PIECE_BYTES = 8_192


class RandomBytes:
    """Random bytes from *source*, which is asked for pieces. No byte is given twice; safe for threads."""

    def __init__(self, source: Callable[[int], bytes]) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._piece = b""
        self._at = 0

    def __call__(self, count: int) -> bytes:
        """*count* bytes that nobody else gets."""
        with self._lock:
            if self._at + count > len(self._piece):
                self._piece, self._at = self._source(max(PIECE_BYTES, count)), 0
            taken = self._piece[self._at : self._at + count]
            self._at += count
            return taken
