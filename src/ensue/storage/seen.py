"""Seen: how often each thing happened in a ledger, by event type and version. Each is one statement that the database counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, LargeBinary, and_, func, literal, select

from ensue.core.description import operation_text
from ensue.storage.read import CHUNK, STREAM
from ensue.storage.tables import attempt, effect, event, operation

CAUSE = b'"cause":'
"""How a header, which is J1, begins the name of its cause; inside a text the quotes would be escaped."""
ID_CHARACTERS = 36


Count = tuple[str, str, str, int]
"""Event type, version, a name, and how many."""


def event_counts(connection: Connection) -> list[tuple[str, str, int, str, str]]:
    """Type, version, how many, and the moments of the first and the last."""
    query = select(event.c.type, event.c.version, func.count(), func.min(event.c.at), func.max(event.c.at)).group_by(
        event.c.type, event.c.version
    )
    return sorted((type_, version, count, first, last) for type_, version, count, first, last in connection.execute(query))


def operation_counts(connection: Connection) -> list[Count]:
    """Operations by `kind model`, without the rows that were only read."""
    of_event = and_(event.c.subject == operation.c.subject, event.c.seq == operation.c.seq)
    query = (
        select(event.c.type, event.c.version, operation.c.kind, operation.c.model, func.count())
        .join_from(operation, event, of_event)
        .where(operation.c.kind != "read")
        .group_by(event.c.type, event.c.version, operation.c.kind, operation.c.model)
    )
    return sorted((type_, version, operation_text(kind, model), count) for type_, version, kind, model, count in connection.execute(query))


def effect_counts(connection: Connection) -> list[Count]:
    """Effects by kind."""
    of_event = and_(event.c.subject == effect.c.subject, event.c.seq == effect.c.seq)
    query = (
        select(event.c.type, event.c.version, effect.c.kind, func.count())
        .join_from(effect, event, of_event)
        .group_by(event.c.type, event.c.version, effect.c.kind)
    )
    return sorted((type_, version, kind, count) for type_, version, kind, count in connection.execute(query))


def rejection_counts(connection: Connection) -> list[Count]:
    """Rejections by code, of the attempts that are still kept; an attempt with several reasons counts for each."""
    query = (
        select(attempt.c.type, attempt.c.version, attempt.c.reasons, func.count())
        .where(attempt.c.outcome == "rejected")
        .group_by(attempt.c.type, attempt.c.version, attempt.c.reasons)
        .execution_options(**STREAM)
    )
    counted: Counter[tuple[str, str, str]] = Counter()
    for type_, version, reasons, count in connection.execute(query):
        for code in {reason["code"] for reason in json.loads(reasons)}:
            counted[type_, version, code] += count
    return _sorted(counted)


def cause_counts(connection: Connection) -> list[Count]:
    """Records that name another record, or an effect of it, as their cause: by that record's type."""
    query = select(event.c.type, event.c.version, event.c.header).where(_has_cause(connection)).execution_options(**STREAM)
    counted: Counter[tuple[str, str, str]] = Counter()
    for rows in connection.execute(query).partitions(CHUNK):
        causes = [(type_, version, json.loads(header)["cause"]) for type_, version, header in rows]
        types = _types_of(connection, {cause[:ID_CHARACTERS] for _, _, cause in causes})
        counted.update((type_, version, types[cause[:ID_CHARACTERS]]) for type_, version, cause in causes if cause[:ID_CHARACTERS] in types)
    return _sorted(counted)


def _has_cause(connection: Connection) -> ColumnElement[bool]:
    needle = literal(CAUSE, LargeBinary)
    if connection.dialect.name == "sqlite":
        return func.instr(event.c.header, needle) > 0
    return func.position(needle.op("IN")(event.c.header)) > 0


def _types_of(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    found = connection.execute(select(event.c.id, event.c.type).where(event.c.id.in_(sorted(ids))))
    return {row.id: row.type for row in found}


def _sorted(counted: Counter[tuple[str, str, str]]) -> list[Count]:
    return sorted((*names, count) for names, count in counted.items())
