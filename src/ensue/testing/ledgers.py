"""Ledgers for tests: real ones, on SQLite in memory, with a frozen clock and the same ids in every run."""

from __future__ import annotations

import atexit
import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

import ensue
from ensue.core.app import App
from ensue.core.model import Model
from ensue.runtime.ledger import Ledger
from ensue.runtime.randomness import PIECE_BYTES
from ensue.runtime.seeding import put_rows
from ensue.testing.clock import FrozenClock

KEPT_OPEN_MAX: Final = 32
_kept_open: Final[deque[Ledger]] = deque()


@contextmanager
def memory_ledger(app: App, *rows: Model, clock: Callable[[], datetime] | None = None) -> Iterator[Ledger]:
    """
    Open a ledger in memory, and close it at the end of the `with` block.

    Everything in it is real but the clock and the randomness: the same calls give the same ids, moments and hashes in
    every run. Steps are watched for impurity, as with `ensue.open(development=True)`. Every version is open, drafts too.

    Args:
        app: the application.
        rows: rows that are there already, written by no event.
        clock: its time; default: a `FrozenClock` at its start.

    Raises:
        DefinitionError: the application, or a row, cannot be.
    """
    ledger = open_ledger(app, rows, clock or FrozenClock())
    try:
        yield ledger
    finally:
        ledger.close()


def open_ledger(
    app: App,
    rows: tuple[Model, ...],
    clock: Callable[[], datetime],
    *,
    development: bool = True,
    first_event_id: str | None = None,
) -> Ledger:
    """
    As `memory_ledger`; the caller closes it. Steps are watched in *development*.

    The first event without a key gets *first_event_id*, where that is said.
    """
    ledger = ensue.open(
        app,
        "sqlite://",
        clock=clock,
        development=development,
        random_bytes=_SameBytes(b"" if first_event_id is None else UUID(first_event_id).bytes),
        tag_keys={"test": bytes(32)},
        cost=1,
        lock=None,  # drafts are what is tested most
    )
    try:
        put_rows(ledger, rows)
    except BaseException:
        ledger.close()
        raise
    return ledger


def keep_open(ledger: Ledger) -> Ledger:
    """Have *ledger* closed later, by `close_ledgers` or when KEPT_OPEN_MAX others were opened after it."""
    _kept_open.append(ledger)
    if len(_kept_open) > KEPT_OPEN_MAX:
        _kept_open.popleft().close()
    return ledger


def close_ledgers() -> None:
    """
    Close the ledgers that `given(…).when(…)` opened.

    The pytest plugin calls it after every test. With another test runner call it in the tear-down; else it happens when
    the program ends.
    """
    while _kept_open:
        _kept_open.popleft().close()


atexit.register(close_ledgers)


class _SameBytes:
    """Bytes that look random and are the same in every run; the first piece that an open ledger draws begins with *first*."""

    def __init__(self, first: bytes) -> None:
        self._calls = 0
        self._first = first

    def __call__(self, count: int) -> bytes:
        self._calls += 1
        made = hashlib.shake_256(self._calls.to_bytes(8, "big")).digest(count)
        if count < PIECE_BYTES:  # the ledger's own identity
            return made
        first, self._first = self._first, b""
        return first + made[len(first) :]
