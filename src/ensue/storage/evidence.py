"""
Evidence: what is stored, exactly as it stands there, for verification.

As plain text, so that no type of ours stands between: whoever changes a database may have put anything into a column.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from ensue.storage.session import ModelTable

CHUNK: Final = 500
STREAM: Final = {"yield_per": CHUNK}


class Unreadable(Exception):
    """The database cannot be read further. `lost`: the connection broke; `undecodable`: a text in it is no UTF-8."""

    def __init__(self, error: DBAPIError) -> None:
        super().__init__(str(error.orig))
        self.lost = error.connection_invalidated
        self.undecodable = "decode to UTF-8" in str(error.orig)


@contextmanager
def reading() -> Iterator[None]:
    """Raise Unreadable where the driver gives up, whatever the database."""
    try:
        yield
    except DBAPIError as error:
        raise Unreadable(error) from error


class Entry(NamedTuple):
    """One entry of the log with whatever stands for it, as the driver gave it: missing parts are None, others may be of any type."""

    position: Any
    subject: Any
    seq: Any
    log_hash: Any
    id: Any
    type: Any
    version: Any
    actor: Any
    at: Any
    header: Any
    nonce: Any
    hash: Any
    payload: Any
    seed: Any
    request: Any


_WALK = text(
    "SELECT l.position, l.subject, l.seq, l.hash, e.id, e.type, e.version, e.actor, e.at, e.header, e.nonce, e.hash, "
    "p.bytes, p.seed, p.request FROM ensue_log l "
    "LEFT JOIN ensue_event e ON e.subject = l.subject AND e.seq = l.seq "
    "LEFT JOIN ensue_payload p ON p.subject = l.subject AND p.seq = l.seq "
    "WHERE l.position > :after ORDER BY l.position LIMIT :limit"
)
_LINKS = text(
    "SELECT k.event_subject, k.event_seq, k.subject, k.seq "
    "FROM ensue_log l JOIN ensue_link k ON k.event_subject = l.subject AND k.event_seq = l.seq "
    "WHERE l.position BETWEEN :first AND :last"
)
_EFFECTS = text(
    "SELECT f.subject, f.seq, f.n, f.event_id, f.kind, f.key, f.not_before, f.state "
    "FROM ensue_log l JOIN ensue_effect f ON f.subject = l.subject AND f.seq = l.seq "
    "WHERE l.position BETWEEN :first AND :last ORDER BY f.subject, f.seq, f.n"
)
BELONGING: Final = {
    "ensue_event": ("subject", "seq"),
    "ensue_payload": ("subject", "seq"),
    "ensue_link": ("event_subject", "event_seq"),
    "ensue_effect": ("subject", "seq"),
}
"""The tables whose rows belong to an entry of the log, and the columns that name it."""
BEFORE_ALL: Final = -(2**63)
"""Before every position, those below zero too."""

ByPlace = dict[tuple[Any, Any], list[tuple[Any, ...]]]
"""Rows by the subject and seq of the event they belong to."""


def walk(connection: Connection, after: int, limit: int) -> list[Entry]:
    """The log by position, each entry with whatever stands for it."""
    return [Entry._make(row) for row in connection.execute(_WALK, {"after": after, "limit": limit}).all()]


def links_between(connection: Connection, first: int, last: int) -> ByPlace:
    """Subject and seq of the stored links, by event, for the events from position *first* to *last*."""
    return _by_place(connection, _LINKS, first, last)


def effects_between(connection: Connection, first: int, last: int) -> ByPlace:
    """n, event id, kind, key, not_before and state of the stored effects, by event, for the events from position *first* to *last*."""
    return _by_place(connection, _EFFECTS, first, last)


def _by_place(connection: Connection, query: TextClause, first: int, last: int) -> ByPlace:
    found: ByPlace = {}
    for subject, seq, *rest in connection.execute(query, {"first": first, "last": last}).all():
        found.setdefault((subject, seq), []).append(tuple(rest))
    return found


def operations(connection: Connection) -> Iterator[tuple[Any, ...]]:
    """Every stored operation: subject, seq, n, kind, model, row id, columns; in no order."""
    query = text("SELECT subject, seq, n, kind, model, row_id, columns FROM ensue_operation")
    for page in connection.execute(query, execution_options=STREAM).partitions():
        yield from map(tuple, page)


def payloads_of_type(connection: Connection, type_: str) -> Iterator[tuple[Any, Any]]:
    """Bytes and seed of the payloads of one event type, in no order."""
    query = text(
        "SELECT p.bytes, p.seed FROM ensue_event e JOIN ensue_payload p ON p.subject = e.subject AND p.seq = e.seq WHERE e.type = :type"
    )
    for page in connection.execute(query, {"type": type_}, execution_options=STREAM).partitions():
        yield from map(tuple, page)


def rows(connection: Connection, model: ModelTable) -> Iterator[tuple[Any, ...]]:
    """Every row of a model's table as the driver gives it, in the order of `ModelTable.columns`."""
    result = connection.exec_driver_sql(f"SELECT {model.select_list} FROM {model.table}", execution_options=STREAM)
    for page in result.partitions():
        yield from map(tuple, page)


def ledger_rows(connection: Connection) -> list[tuple[Any, Any]]:
    """Uid and counter; there should be one row."""
    return [(uid, position) for uid, position in connection.execute(text("SELECT uid, position FROM ensue_ledger")).all()]


def heads(connection: Connection) -> Iterator[tuple[Any, ...]]:
    """Subject, seq, at and hash of every head."""
    for page in connection.execute(text("SELECT subject, seq, at, hash FROM ensue_head"), execution_options=STREAM).partitions():
        yield from map(tuple, page)


def logic_rows(connection: Connection) -> list[tuple[Any, Any]]:
    """The resolved steps and shapes: hash and document."""
    return [(hash, document) for hash, document in connection.execute(text("SELECT hash, document FROM ensue_logic")).all()]


def repeated_ids(connection: Connection) -> list[tuple[Any, Any, Any]]:
    """Subject, seq and id of events whose id another event has too."""
    query = text("SELECT subject, seq, id FROM ensue_event WHERE id IN (SELECT id FROM ensue_event GROUP BY id HAVING COUNT(*) > 1)")
    return [(subject, seq, id) for subject, seq, id in connection.execute(query).all()]


def count_belonging(connection: Connection) -> dict[str, int]:
    """How many rows there are in the tables whose rows belong to an entry of the log."""
    return {table: int(connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()) for table in BELONGING}


def unlogged(connection: Connection, table: str, limit: int) -> list[tuple[Any, Any]]:
    """Subject and seq of rows of *table* that belong to no entry of the log."""
    subject, seq = BELONGING[table]
    query = text(
        f"SELECT t.{subject}, t.{seq} FROM {table} t LEFT JOIN ensue_log l ON l.subject = t.{subject} AND l.seq = t.{seq} "
        f"WHERE l.position IS NULL ORDER BY t.{subject}, t.{seq} LIMIT :limit"
    )
    return [(one, other) for one, other in connection.execute(query, {"limit": limit}).all()]


@contextmanager
def any_text(connection: Connection) -> Iterator[None]:
    """Let texts that are no UTF-8 through, with lone surrogates for their bytes (PEP 383). Only a SQLite file can hold such texts."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str
