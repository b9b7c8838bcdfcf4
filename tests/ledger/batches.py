"""How a test makes a batch: requests that are sure to be taken together, and a clock that tells which were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

from ensue import Ledger

START = datetime(2024, 8, 1, 9, tzinfo=UTC)


@contextmanager
def in_one_batch(ledger: Ledger) -> Iterator[None]:
    """What this thread submits meanwhile (with `submit_soon`) waits, and is taken as one batch at the end, as far as one may go."""
    writer = ledger._writer
    with writer._condition:
        while writer._in_flight or writer._pending:
            writer._condition.wait()
        yield


class TickingClock:
    """
    A second later at each look.

    A batch looks once, so events of one batch on fresh chains have the same moment, and those of two batches have not.
    """

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._seconds = count()  # many threads may look

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=next(self._seconds))
