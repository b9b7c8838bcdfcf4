"""Attempts: the requests that a rule refused, as far as they are still kept, and the moments that tell where among the events they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, and_, select, tuple_

from ensue.core.correction import CORRECTION
from ensue.storage.read import STREAM
from ensue.storage.tables import attempt, event, log

REFUSED = (attempt.c.outcome == "rejected", attempt.c.type != CORRECTION)
"""A correction that was refused is no request of a user."""


class StoredAttempt(NamedTuple):
    """One attempt as stored, without its outcome and the moment at which it expires."""

    id: str
    at: str
    actor: str
    type: str
    version: str
    key: str | None
    subject: str
    reasons: str
    form: str


def refused_when(connection: Connection) -> list[tuple[str, str]]:
    """Moment and version of all that were refused, each pair once, by moment."""
    query = select(attempt.c.at, attempt.c.version).where(*REFUSED).distinct().order_by(attempt.c.at)
    return [(at, version) for at, version in connection.execute(query)]


def refused_after(connection: Connection, after: tuple[str, str], limit: int) -> list[StoredAttempt]:
    """What was refused behind that moment and id, by both, at most *limit*."""
    place = (attempt.c.at, attempt.c.id)
    columns = (*place[::-1], *(attempt.c[name] for name in StoredAttempt._fields[2:]))
    query = select(*columns).where(*REFUSED, tuple_(*place) > tuple_(*after)).order_by(*place)
    return [StoredAttempt(*row) for row in connection.execute(query.limit(limit))]


def moments(connection: Connection) -> Iterator[tuple[int, str]]:
    """Position and moment of every event, by position."""
    of_event = and_(log.c.subject == event.c.subject, log.c.seq == event.c.seq)
    query = select(log.c.position, event.c.at).join_from(log, event, of_event).order_by(log.c.position)
    yield from ((position, at) for position, at in connection.execute(query.execution_options(**STREAM)))
