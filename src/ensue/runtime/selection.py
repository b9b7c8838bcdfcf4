"""Selection over a ledger: its records as stored, page by page, so that a million of them need no more memory than a thousand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from ensue.core.record import Record
from ensue.core.selection import Selection
from ensue.storage import read
from ensue.storage.database import Storage
from ensue.storage.read import StoredRecord

PAGE: Final = 1_000
TOLD: Final = 100
"""After how many records progress is told."""


def bounded(storage: Storage, selection: Selection) -> Selection:
    """*selection* with an end: what is committed later is no longer part of it."""
    with storage.reader() as connection:
        newest = read.size(connection) - 1
    return selection if selection.last is not None and selection.last <= newest else replace(selection, last=max(newest, 0))


def pages(storage: Storage, selection: Selection, limit: int | None = None) -> Iterator[tuple[list[StoredRecord], int]]:
    """
    The records that *selection* takes, at most *limit*, in the ledger's order: pages that are not empty, each with the ledger's size then.

    Each page is a snapshot of its own, behind the position where the one before it ended, so that a long walk holds no
    snapshot open. Records never change, so all of them together are one.
    """
    after, left = selection.first - 1, limit
    while left is None or left > 0:
        with storage.snapshot() as connection:
            page = read.records_selected(connection, selection, after, PAGE if left is None else min(PAGE, left))
            size = read.size(connection)
        if not page:
            return
        yield page, size
        after = page[-1].position
        left = None if left is None else left - len(page)


def watched(records: Iterable[Record], selection: Selection, progress: Callable[[int, int], None] | None) -> Iterator[Record]:
    """*records* of a selection that has an end; *progress* is told how many of its positions are passed, and how many there are."""
    if progress is None:
        yield from records
        return
    assert selection.last is not None, "it was bounded"
    total = max(0, selection.last + 1 - selection.first)
    for number, record in enumerate(records):
        yield record
        if number % TOLD == 0:
            progress(record.position + 1 - selection.first, total)
    progress(total, total)
