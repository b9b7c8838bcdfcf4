"""SQLite: one writer, BEGIN IMMEDIATE, WAL with synchronous=FULL, so that what was answered is on the disk."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ensue.core.canonical import canonical_trusted
from ensue.core.facts import Facts, Needs
from ensue.errors import Refused, Unavailable
from ensue.storage.session import Head, ModelTable, Opened, Raced, RowWrite, Stored, Writes, split_answers

JOURNAL_TIMEOUT_SECONDS: Final = 30.0
CACHED_STATEMENTS: Final = 512
PRAGMAS: Final = ("synchronous=FULL", "foreign_keys=ON", "cache_size=-65536", "temp_store=MEMORY", "wal_autocheckpoint=16000")

AMONG: Final = " IN (SELECT value FROM json_each(?))"
HEADS: Final = "SELECT subject, seq, at, hash FROM ensue_head WHERE subject"
STORED: Final = (
    "SELECT e.id, e.subject, e.seq, p.seed, p.request FROM ensue_event e JOIN ensue_payload p ON p.subject = e.subject AND p.seq = e.seq "
    "WHERE e.id"
)
# CROSS JOIN is how SQLite is told to keep this order: from the rows asked for, by keys alone, never through the whole ledger.
LAST_WRITERS: Final = (
    "WITH wanted (row_id, chain) AS (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?1)), "
    "wrote (subject, seq, row_id, columns) AS ("
    "SELECT o.subject, o.seq, o.row_id, o.columns FROM wanted w "
    "CROSS JOIN ensue_operation o ON o.subject = w.chain AND o.model = ?2 AND o.row_id = w.row_id WHERE o.kind <> 'read' "
    "UNION ALL SELECT o.subject, o.seq, o.row_id, o.columns FROM wanted w CROSS JOIN ensue_link k ON k.subject = w.chain "
    "CROSS JOIN ensue_operation o ON o.subject = k.event_subject AND o.model = ?2 AND o.row_id = w.row_id AND o.seq = k.event_seq "
    "WHERE o.kind <> 'read' "
    "UNION ALL SELECT o.subject, o.seq, o.row_id, o.columns FROM wanted w "
    "CROSS JOIN ensue_operation o ON o.model = ?2 AND o.row_id = w.row_id "
    "WHERE w.chain IS NULL AND o.subject GLOB 'system/*' AND o.kind <> 'read') "
    "SELECT wrote.row_id, wrote.columns, e.id FROM wrote CROSS JOIN ensue_event e ON e.subject = wrote.subject AND e.seq = wrote.seq "
    "CROSS JOIN ensue_log l ON l.subject = wrote.subject AND l.seq = wrote.seq ORDER BY l.position"
)
INSERTS: Final = {
    "logic": "INSERT OR IGNORE INTO ensue_logic (hash, document) VALUES (?,?)",
    "events": "INSERT INTO ensue_event (subject, seq, id, type, version, actor, at, header, nonce, hash) VALUES (?,?,?,?,?,?,?,?,?,?)",
    "links": "INSERT INTO ensue_link (subject, seq, event_subject, event_seq) VALUES (?,?,?,?)",
    "payloads": "INSERT INTO ensue_payload (subject, seq, bytes, seed, request) VALUES (?,?,?,?,?)",
    "operations": "INSERT INTO ensue_operation (subject, seq, n, kind, model, row_id, columns) VALUES (?,?,?,?,?,?,?)",
    "effects": "INSERT INTO ensue_effect (subject, seq, n, event_id, kind, key, not_before, state) VALUES (?,?,?,?,?,?,?,?)",
    "attempts": "INSERT INTO ensue_attempt (id, at, expires_at, actor, type, version, key, subject, outcome, reasons, form) "
    "VALUES (?,?,?,?,?,?,?,?,?,?,?)",
    "reads": "INSERT INTO ensue_read (subject, at, id, actor, purpose, action, rows, position) VALUES (?,?,?,?,?,?,?,?)",
}


def configure(connection: sqlite3.Connection, *, memory: bool = False) -> None:
    """The settings every connection to a ledger's file needs; in *memory* there is no journal to keep."""
    if not memory:
        _keep_journal_ahead(connection)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _keep_journal_ahead(connection: sqlite3.Connection) -> None:
    # A property of the file, changed by whoever opens it first. SQLite's own time to wait for locks does not count for this change.
    give_up_at = time.monotonic() + JOURNAL_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)


class SqliteSession:
    """The writing connection of a ledger in a SQLite file."""

    def __init__(self, connection: sqlite3.Connection, models: Mapping[str, ModelTable]) -> None:
        self._connection = connection
        self.models = models
        self._selects: dict[tuple[str, str], str] = {}
        self._changes: dict[tuple[str, str, tuple[str, ...]], str] = {}

    def open(self, subjects: Sequence[str], event_ids: Sequence[str], needs: Needs, facts: Facts) -> Opened:
        """Take the one write lock, then read; there are no heads to lock beyond it."""
        return self._begin("BEGIN IMMEDIATE", subjects, event_ids, needs, facts)

    def look(self, subjects: Sequence[str], event_ids: Sequence[str], needs: Needs, facts: Facts, *, whole: bool) -> Opened:  # noqa: ARG002  # beginning costs nothing here
        """Read at one moment, beside the writer."""
        return self._begin("BEGIN", subjects, event_ids, needs, facts)

    def _begin(self, begin: str, subjects: Sequence[str], event_ids: Sequence[str], needs: Needs, facts: Facts) -> Opened:
        try:
            self._connection.execute(begin)
            heads = self._heads(subjects)
            stored = self._stored(event_ids) if event_ids else {}
            self._load(needs, facts)
        except sqlite3.Error as error:
            raise self._fault(error) from error
        return Opened(heads, stored, None)

    def _heads(self, subjects: Sequence[str]) -> dict[str, Head]:
        return {subject: Head(seq, at, hash) for subject, seq, at, hash in self._among(HEADS, subjects)} if subjects else {}

    def _stored(self, event_ids: Sequence[str]) -> dict[str, Stored]:
        return {row[0]: Stored(*row[1:]) for row in self._among(STORED, event_ids)}

    def _among(self, select: str, values: Sequence[Any]) -> sqlite3.Cursor:
        """*select*, which ends with a column, for rows whose column is one of *values*; a lone caller's single one needs no array."""
        if len(values) == 1:
            return self._connection.execute(f"{select} = ?", values)
        return self._connection.execute(select + AMONG, (_array(values),))

    def hold_counter(self) -> int:
        """There is one write lock, and `open` has it."""
        try:
            return int(self._connection.execute("SELECT position FROM ensue_ledger").fetchone()[0])
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def heads(self, subjects: Sequence[str]) -> dict[str, Head]:
        """The heads as they stand."""
        try:
            return self._heads(subjects)
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def stored(self, event_ids: Sequence[str]) -> dict[str, Stored]:
        """Which of these events stand already."""
        try:
            return self._stored(event_ids)
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def last_writers(self, model: str, rows: Mapping[str, str | None]) -> list[tuple[str, str, str]]:
        """Every write to these rows, oldest first."""
        try:
            return self._connection.execute(LAST_WRITERS, (_array([[id, chain] for id, chain in rows.items()]), model)).fetchall()
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def load(self, needs: Needs, facts: Facts) -> None:
        """One statement a model, and one a set of related columns."""
        try:
            self._load(needs, facts)
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def peek(self, needs: Needs, facts: Facts) -> None:
        """Nobody else writes through this connection, so looking outside the transaction is the same."""
        self.load(needs, facts)

    def _load(self, needs: Needs, facts: Facts) -> None:
        for name, ids in needs.rows.items():
            model = self.models[name]
            facts.learn(name, ids, {row[0]: model.row(row) for row in self._among(self._select(model, "id"), sorted(ids))})
        for (name, columns), wanted in needs.queries.items():
            model = self.models[name]
            rows = {str(row["id"]): row for row in map(model.row, self._query(model, columns, wanted))}
            for values, answer in split_answers(wanted, columns, rows).items():
                facts.learn_answer((name, columns, values), answer)

    def _query(self, model: ModelTable, columns: tuple[str, ...], wanted: Mapping[tuple[Any, ...], int]) -> Iterator[Any]:
        """One statement for many values of one column; of several columns, one for each set of values."""
        stored = model.store(columns, list(wanted))
        if len(columns) == 1 and all(type(row[0]) in (str, int) for row in stored):
            yield from self._among(self._select(model, columns[0]), [row[0] for row in stored])
            return
        condition = " AND ".join(f"{model.quoted[column]} IS ?" for column in columns)
        for values, limit in zip(stored, wanted.values(), strict=True):
            yield from self._connection.execute(
                f"SELECT {model.select_list} FROM {model.table} WHERE {condition} LIMIT {limit + 1}", values
            )

    def _select(self, model: ModelTable, column: str) -> str:
        select = self._selects.get((model.name, column))
        if select is None:
            select = f"SELECT {model.select_list} FROM {model.table} WHERE {model.quoted[column]}"
            self._selects[model.name, column] = select
        return select

    def finish(self, writes: Writes) -> int:
        """One statement a table, then the counter and the log, then one fsync."""
        connection = self._connection
        try:
            for rows in writes.rows:
                self._write_rows(rows)
            if writes.heads_new:
                connection.executemany("INSERT INTO ensue_head (subject, seq, at, hash) VALUES (?,?,?,?)", writes.heads_new)
            if writes.heads_moved:
                moved = connection.executemany(
                    "UPDATE ensue_head SET seq = ?, at = ?, hash = ? WHERE subject = ? AND seq = ?", writes.heads_moved
                )
                if moved.rowcount != len(writes.heads_moved):
                    raise Raced("A head moved while the batch was decided.")
            for name, insert in INSERTS.items():
                if rows_of_table := getattr(writes, name):
                    connection.executemany(insert, rows_of_table)
            first = self._place(writes.log)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._fault(error) from error
        return first

    def _place(self, log: list[tuple[str, int, bytes]]) -> int:
        if not log:
            return -1
        row = self._connection.execute("UPDATE ensue_ledger SET position = position + ? RETURNING position", (len(log),)).fetchone()
        first = int(row[0]) - len(log)
        self._connection.executemany(
            "INSERT INTO ensue_log (position, subject, seq, hash) VALUES (?,?,?,?)",
            [(first + place, *one) for place, one in enumerate(log)],
        )
        return first

    def _write_rows(self, write: RowWrite) -> None:
        model = self.models[write.model]
        key = (write.kind, write.model, write.columns)
        statement = self._changes.get(key)
        if statement is None:
            statement = self._changes[key] = _row_statement(model, write)
        done = self._connection.executemany(statement, model.store(write.columns, write.rows))
        if write.kind != "insert" and done.rowcount != len(write.rows):
            raise Raced(f"{model.name}: {len(write.rows)} rows were to {write.kind}, {done.rowcount} were there.")

    def rollback(self) -> None:
        """Give up the transaction, where SQLite has not done so itself (a full disk)."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # the connection is of no use any more; the next statement says so

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _fault(self, error: sqlite3.Error) -> Exception:
        self.rollback()
        return fault_of(error, self.models)


def fault_of(error: sqlite3.Error, models: Mapping[str, ModelTable]) -> Exception:
    """What a SQLite error means for the batch."""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        unique = "UNIQUE constraint failed" in text or "PRIMARY KEY" in text
        named = [one.rpartition(".") for one in text.partition("failed: ")[2].split(", ") if "." in one]
        table = named[0][0] if named else None
        if table in ("ensue_head", "ensue_event", "ensue_payload", "ensue_log"):
            return Raced(f"Somebody else wrote first: {text}.")
        model = next((one for one in models.values() if one.plain_name == table), None)
        columns = tuple(model.field_of_column.get(column, column) if model else column for _, _, column in named)
        return Refused(f"The database refused: {text}.", model.name if model else table, columns, unique=unique)
    if isinstance(error, (sqlite3.DataError, sqlite3.InterfaceError)) or "too big" in text or "datatype mismatch" in text:
        return Refused(f"The database refused: {text}.", None, (), unique=False)
    if "full" in text:
        return Unavailable(f"The disk is full ({text}); nothing of the request was saved. Make room, then send the same key again.")
    if "locked" in text or "busy" in text:
        return Unavailable(
            f"Another program has held the write lock for too long ({text}); nothing of the request was saved. Send the same key again."
        )
    return Unavailable(f"The database file cannot be used ({text}); nothing of the request was saved.")


def _row_statement(model: ModelTable, write: RowWrite) -> str:
    names = [model.quoted[column] for column in write.columns]
    if write.kind == "insert":
        return f"INSERT INTO {model.table} ({', '.join(names)}) VALUES ({','.join('?' * len(names))})"
    if write.kind == "update":
        return f"UPDATE {model.table} SET {', '.join(f'{name} = ?' for name in names[:-1])} WHERE {names[-1]} = ?"
    return f"DELETE FROM {model.table} WHERE {names[-1]} = ?"


def _array(values: Sequence[Any]) -> str:
    return canonical_trusted(list(values)).decode()
