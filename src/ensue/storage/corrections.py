"""Corrections: which events of a ledger are corrections, found without reading every event for its type, of which there is no index."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from sqlalchemy import Connection, and_, select

from ensue.core.correction import CORRECTION
from ensue.storage.read import CHUNK, StoredRecord, records_at, records_by_id
from ensue.storage.tables import event, head, link, log, logic

_MARK: Final = f'"type":"{CORRECTION}"'.encode()
"""In the document of every logic that decided a correction."""


def has_corrections(connection: Connection) -> bool:
    """
    Whether there is any correction.

    The logic that decides an event is committed with it, once: so the few logics of a ledger tell.
    """
    return any(_MARK in bytes(document) for document in connection.scalars(select(logic.c.document)))


def corrections(connection: Connection) -> Iterator[StoredRecord]:
    """Every correction, by position. Where there is none nothing is searched."""
    if not has_corrections(connection):
        return
    its = and_(log.c.subject == event.c.subject, log.c.seq == event.c.seq)
    # Sorted here: in the order of the log every event would be looked up by its key to see its type, at three times the cost.
    positions = sorted(connection.scalars(select(log.c.position).join(event, its).where(event.c.type == CORRECTION)))
    for start in range(0, len(positions), CHUNK):
        yield from records_at(connection, positions[start : start + CHUNK])


def corrections_in(connection: Connection, chains: Collection[str], after: int) -> list[StoredRecord]:
    """The corrections behind the position *after* that are in one of these chains, for that of one system in that of any; by position."""
    searched = {*chains}
    if any(one.startswith("system/") for one in chains):  # reference data, which every system may write
        searched.update(connection.scalars(select(head.c.subject).where(head.c.subject.startswith("system/"))))
    by_link = and_(link.c.event_subject == event.c.subject, link.c.event_seq == event.c.seq)
    corrections = select(event.c.id).where(event.c.type == CORRECTION)
    ids = {
        *connection.scalars(corrections.where(event.c.subject.in_(searched))),
        *connection.scalars(corrections.join(link, by_link).where(link.c.subject.in_(searched))),
    }
    found = records_by_id(connection, sorted(ids)).values()
    return sorted((one for one in found if one.position > after), key=lambda one: one.position)
