"""Read: what the ledger holds, for people and for verification. Plain selects over the framework's tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, or_, select, union

from ensue.core.codec import instant_text
from ensue.core.selection import Selection
from ensue.storage.tables import attempt, event, ledger, link, log, operation, payload, read

CHUNK = 500
STREAM = {"yield_per": CHUNK}


class StoredRecord(NamedTuple):
    """One event as stored: the columns of event, payload and log together."""

    subject: str
    seq: int
    id: str
    type: str
    version: str
    actor: str
    at: str
    header: bytes
    nonce: int
    hash: bytes
    payload: bytes
    seed: bytes | None
    request: bytes | None
    position: int
    log_hash: bytes


_RECORD = (
    select(
        event.c.subject, event.c.seq, event.c.id, event.c.type, event.c.version, event.c.actor, event.c.at,
        event.c.header, event.c.nonce, event.c.hash, payload.c.bytes, payload.c.seed, payload.c.request, log.c.position, log.c.hash,
    )
    .select_from(event)
    .join(payload, and_(payload.c.subject == event.c.subject, payload.c.seq == event.c.seq))
    .join(log, and_(log.c.subject == event.c.subject, log.c.seq == event.c.seq))
)  # fmt: skip


def _stored(row: Any) -> StoredRecord:  # a row of _RECORD; SQLAlchemy 2.0 and 2.1 name its type differently
    return StoredRecord(*row)


def records_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, StoredRecord]:
    """The events of these ids that there are."""
    found: dict[str, StoredRecord] = {}
    for start in range(0, len(ids), CHUNK):
        for row in connection.execute(_RECORD.where(event.c.id.in_(ids[start : start + CHUNK]))):
            stored = _stored(row)
            found[stored.id] = stored
    return found


def records_at(connection: Connection, positions: Sequence[int]) -> list[StoredRecord]:
    """The events at these positions, by position."""
    found: list[StoredRecord] = []
    for start in range(0, len(positions), CHUNK):
        wanted = log.c.position.in_(positions[start : start + CHUNK])
        found += [_stored(row) for row in connection.execute(_RECORD.where(wanted).order_by(log.c.position))]
    return found


def records_selected(connection: Connection, selection: Selection, after: int, limit: int) -> list[StoredRecord]:
    """The events that *selection* takes behind the position *after*, by position, at most *limit*."""
    if selection.subject is None:
        query = _RECORD.order_by(log.c.position)
    else:  # the order of a chain is that of the ledger
        query = _chained(selection.subject, _place_in_chain(connection, selection.subject, after))
    query = query.where(log.c.position > after)
    if selection.last is not None:
        query = query.where(log.c.position <= selection.last)
    if selection.since is not None:
        query = query.where(event.c.at >= instant_text(selection.since))
    if selection.until is not None:
        query = query.where(event.c.at <= instant_text(selection.until))
    if selection.types:
        query = query.where(event.c.type.in_(selection.types))
    result = connection.execute(query.limit(limit))
    assert result.cursor is not None, "it selects"
    rows = result.cursor.fetchall()  # at once, and as the driver gives them: a page of a walk through the whole ledger
    result.close()
    return [StoredRecord._make(row) for row in rows]


def records_of_type(connection: Connection, type_: str, subject: str | None = None) -> list[StoredRecord]:
    """Every event of one type by position; or those whose own chain is that of *subject*."""
    query = _RECORD.where(event.c.type == type_).order_by(log.c.position)
    return [_stored(row) for row in connection.execute(query if subject is None else query.where(event.c.subject == subject))]


def records_of_subject(connection: Connection, subject: str, *, after_seq: int = 0, limit: int | None = None) -> list[StoredRecord]:
    """The events of one chain, its own and those that link it, by their place in it."""
    return [_stored(row) for row in connection.execute(_chained(subject, after_seq).limit(limit))]


def _chained(subject: str, after_seq: int) -> Any:  # a select over _RECORD; SQLAlchemy 2.0 and 2.1 name its type differently
    """The events of one chain behind the place *after_seq*, by their place in it."""
    own = select(event.c.seq.label("place"), event.c.subject, event.c.seq).where(event.c.subject == subject, event.c.seq > after_seq)
    linked = select(link.c.seq.label("place"), link.c.event_subject, link.c.event_seq).where(
        link.c.subject == subject, link.c.seq > after_seq
    )
    places = own.union_all(linked).subquery()
    return _RECORD.join(places, and_(places.c.subject == event.c.subject, places.c.seq == event.c.seq)).order_by(places.c.place)


def _place_in_chain(connection: Connection, subject: str, position: int) -> int:
    """The place in a chain of the event at *position*; 0 where that is no event of it, so that nothing of the chain is left out."""
    in_chain = and_(link.c.event_subject == log.c.subject, link.c.event_seq == log.c.seq, link.c.subject == subject)
    own_or_linked = or_(log.c.subject == subject, link.c.seq.is_not(None))
    query = select(log.c.subject, log.c.seq, link.c.seq).select_from(log).outerjoin(link, in_chain)
    found = connection.execute(query.where(log.c.position == position, own_or_linked)).one_or_none()
    return 0 if found is None else int(found[1] if found[0] == subject else found[2])


def records_of_row(connection: Connection, model: str, row_id: str, chains: Collection[str]) -> list[StoredRecord]:
    """
    The events that wrote one row, oldest first.

    *chains* are the subjects the row belongs to now. Where it was deleted before, which has an index of its own, the
    chains of those events are looked through as well: a row that comes again may come to another subject.
    """
    of_row = and_(operation.c.model == model, operation.c.row_id == row_id, operation.c.kind != "read")
    columns = select(operation.c.subject, operation.c.seq)
    linked_by = and_(link.c.event_subject == operation.c.subject, link.c.event_seq == operation.c.seq)
    searched = set(chains)
    for subject, seq in connection.execute(columns.where(of_row, operation.c.kind == "delete")).all():
        searched.add(subject)
        searched.update(connection.scalars(select(link.c.subject).where(link.c.event_subject == subject, link.c.event_seq == seq)))
    wrote = union(
        columns.where(operation.c.subject.in_(searched), of_row),
        columns.join(link, linked_by).where(link.c.subject.in_(searched), of_row),
        columns.where(operation.c.subject.startswith("system/"), of_row),
    ).subquery()
    written = and_(wrote.c.subject == event.c.subject, wrote.c.seq == event.c.seq)
    return [_stored(row) for row in connection.execute(_RECORD.join(wrote, written).order_by(log.c.position))]


def rows_written_since(connection: Connection, model: str, position: int) -> set[str]:
    """The ids of the rows of *model* that the event at *position*, or a later one, wrote."""
    wrote = (
        select(operation.c.row_id)
        .join(log, and_(log.c.subject == operation.c.subject, log.c.seq == operation.c.seq))
        .where(log.c.position >= position, operation.c.model == model, operation.c.kind.not_in(("read", "cancel", "erase")))
    )
    return set(connection.scalars(wrote.distinct()))


def size(connection: Connection) -> int:
    """The position the next event takes: how many there are."""
    return int(connection.execute(select(ledger.c.position)).scalar_one())


def attempts_of(connection: Connection, subject: str) -> list[dict[str, Any]]:
    """The attempts on a subject that were rejected or in conflict, oldest first."""
    return [dict(row._mapping) for row in connection.execute(select(attempt).where(attempt.c.subject == subject).order_by(attempt.c.at))]


def reads_of(connection: Connection, subject: str) -> list[dict[str, Any]]:
    """Who looked at a subject, oldest first."""
    return [dict(row._mapping) for row in connection.execute(select(read).where(read.c.subject == subject).order_by(read.c.at))]
