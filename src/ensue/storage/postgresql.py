"""
PostgreSQL: READ COMMITTED, row locks on the heads, and two round trips a batch by pipelining.

The first round trip begins, locks and reads; every read is a statement after the lock, so it sees what was committed
before the lock was had. The second writes, takes positions and commits. Rows travel as arrays, one a column: one
statement a table, whatever the size of the batch. A single row travels as plain values, since arrays of one cost a lone
caller half as much again. Numbers of rows are parameters, never text, so that each statement is prepared once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import errors

from ensue.core.facts import Facts, Needs
from ensue.storage.postgresql_faults import fault_of, first_line
from ensue.storage.session import Head, Lost, ModelTable, Opened, RowWrite, Stored, Writes, split_answers

# With the database's clock beside each head, and once where there is none. The last row's is read when the last lock was had.
LOOK: Final = "SELECT clock_timestamp(), h.subject, h.seq, h.at, h.hash FROM (SELECT 1) AS one LEFT JOIN ensue_head AS h ON h.subject"
LOCK: Final = "WITH h AS (SELECT subject, seq, at, hash FROM ensue_head WHERE subject"
LOCKED: Final = (
    " ORDER BY subject FOR UPDATE) SELECT clock_timestamp(), h.subject, h.seq, h.at, h.hash FROM (SELECT 1) AS one LEFT JOIN h ON true"
)
SNAPSHOT: Final = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
STORED: Final = (
    "SELECT e.id, e.subject, e.seq, p.seed, p.request FROM ensue_event e "
    "JOIN ensue_payload p ON p.subject = e.subject AND p.seq = e.seq WHERE e.id"
)
HEADS: Final = "SELECT subject, seq, at, hash FROM ensue_head WHERE subject"
LAST_WRITERS: Final = (
    "WITH wanted AS (SELECT * FROM unnest(%b::text[], %b::text[], %b::text[]) AS w (row_id, chain, model)), "
    "wrote AS (SELECT o.subject, o.seq, o.row_id, o.columns FROM wanted w "
    "JOIN ensue_operation o ON o.subject = w.chain AND o.model = w.model AND o.row_id = w.row_id WHERE o.kind <> 'read' "
    "UNION ALL SELECT o.subject, o.seq, o.row_id, o.columns FROM wanted w JOIN ensue_link k ON k.subject = w.chain "
    "JOIN ensue_operation o ON o.subject = k.event_subject AND o.model = w.model AND o.row_id = w.row_id AND o.seq = k.event_seq "
    "WHERE o.kind <> 'read') "
    "SELECT wrote.row_id, wrote.columns, e.id, l.position FROM wrote JOIN ensue_event e ON e.subject = wrote.subject AND e.seq = wrote.seq "
    "JOIN ensue_log l ON l.subject = wrote.subject AND l.seq = wrote.seq"
)
LAST_WRITERS_OF_REFERENCE_DATA: Final = (
    "SELECT o.row_id, o.columns, e.id, l.position FROM ensue_operation o JOIN ensue_event e ON e.subject = o.subject AND e.seq = o.seq "
    "JOIN ensue_log l ON l.subject = o.subject AND l.seq = o.seq "
    "WHERE o.subject LIKE 'system/%%' AND o.model = %s AND o.row_id = ANY(%b::text[]) AND o.kind <> 'read'"
)
PLACE: Final = (
    "WITH counter AS (UPDATE ensue_ledger SET position = position + %s RETURNING position - %s AS first), "
    "placed AS (INSERT INTO ensue_log (position, subject, seq, hash) "
    "SELECT counter.first + entry.n - 1, entry.subject, entry.seq, entry.hash "
    "FROM counter, unnest(%b::text[], %s::bigint[], %b::bytea[]) WITH ORDINALITY AS entry (subject, seq, hash, n)) "
    "SELECT first FROM counter"
)
PLACE_ONE: Final = (
    "WITH counter AS (UPDATE ensue_ledger SET position = position + 1 RETURNING position - 1 AS first), "
    "placed AS (INSERT INTO ensue_log (position, subject, seq, hash) SELECT counter.first, %b::text, %s::bigint, %b::bytea FROM counter) "
    "SELECT first FROM counter"
)


class _Statement(NamedTuple):
    """One change, for many rows as arrays and for a single row as values."""

    many: str
    one: str


def _insert(table: str, columns: str, types: str, conflict: str = "") -> _Statement:
    kinds = [(kind, "b" if kind in ("text", "bytea") else "s") for kind in types.split()]
    arrays, values = ", ".join(f"%{form}::{kind}[]" for kind, form in kinds), ", ".join(f"%{form}::{kind}" for kind, form in kinds)
    return _Statement(
        f"INSERT INTO {table} ({columns}) SELECT * FROM unnest({arrays}){conflict}",
        f"INSERT INTO {table} ({columns}) VALUES ({values}){conflict}",
    )


def _counted(change: str) -> str:
    """
    *change*, failing when it touches another number of rows than its last parameter says.

    The count is checked by the database, in the same round trip: a division by zero aborts the transaction before the
    COMMIT that is already on its way.
    """
    return f"WITH changed AS ({change} RETURNING 1) SELECT 1 / (CASE WHEN count(*) = %s THEN 1 ELSE 0 END) FROM changed"


MOVE_HEADS: Final = _Statement(
    _counted(
        "UPDATE ensue_head AS h SET seq = moved.seq, at = moved.at, hash = moved.hash "
        "FROM unnest(%s::bigint[], %b::text[], %b::bytea[], %b::text[], %s::bigint[]) AS moved (seq, at, hash, subject, seen) "
        "WHERE h.subject = moved.subject AND h.seq = moved.seen"
    ),
    _counted("UPDATE ensue_head SET seq = %s::bigint, at = %b::text, hash = %b::bytea WHERE subject = %b::text AND seq = %s::bigint"),
)
AGAIN: Final = " ON CONFLICT DO NOTHING"
"""For what may stand already: logic of another process, and a look that was noted before the connection broke."""
INSERTS: Final = {
    "heads_new": _insert("ensue_head", "subject, seq, at, hash", "text bigint text bytea"),
    "logic": _insert("ensue_logic", "hash, document", "bytea bytea", AGAIN),
    "events": _insert(
        "ensue_event",
        "subject, seq, id, type, version, actor, at, header, nonce, hash",
        "text bigint text text text text text bytea bigint bytea",
    ),
    "links": _insert("ensue_link", "subject, seq, event_subject, event_seq", "text bigint text bigint"),
    "payloads": _insert("ensue_payload", "subject, seq, bytes, seed, request", "text bigint bytea bytea bytea"),
    "operations": _insert("ensue_operation", "subject, seq, n, kind, model, row_id, columns", "text bigint bigint text text text text"),
    "effects": _insert(
        "ensue_effect", "subject, seq, n, event_id, kind, key, not_before, state", "text bigint bigint text text text text text"
    ),
    "attempts": _insert(
        "ensue_attempt",
        "id, at, expires_at, actor, type, version, key, subject, outcome, reasons, form",
        "text text text text text text text text text text text",
    ),
    "reads": _insert(
        "ensue_read", "subject, at, id, actor, purpose, action, rows, position", "text text text text text text text bigint", AGAIN
    ),
}


class PostgresqlSession:
    """The writing connection of a ledger in a PostgreSQL schema."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]], models: Mapping[str, ModelTable]) -> None:
        self._connection = connection
        self.models = models
        self._changes = connection.cursor()
        self._statements: dict[Any, _Statement] = {}
        self._locks = False
        """Whether rows of tables that others write too are locked as they are read."""
        self._looks = False
        """Whether its transactions are snapshots: a session that looks never writes."""

    def open(self, subjects: Sequence[str], event_ids: Sequence[str], needs: Needs, facts: Facts) -> Opened:
        """One round trip: begin, lock, look, read."""
        return self._begin("BEGIN", True, subjects, event_ids, needs, facts)

    def look(self, subjects: Sequence[str], event_ids: Sequence[str], needs: Needs, facts: Facts, *, whole: bool) -> Opened:
        """One round trip, on a snapshot. What is *whole* needs no BEGIN and leaves nothing to end: a pipeline is a transaction."""
        if not self._looks:
            self._run(f"SET SESSION CHARACTERISTICS AS TRANSACTION {SNAPSHOT}")
            self._looks = True
        return self._begin(None if whole else "BEGIN", False, subjects, event_ids, needs, facts)

    def _begin(
        self, begin: str | None, locks: bool, subjects: Sequence[str], event_ids: Sequence[str], needs: Needs, facts: Facts
    ) -> Opened:
        self._locks = locks
        try:
            with self._connection.pipeline():
                if begin is not None:
                    self._execute(begin)
                heads = self._among(LOCK, subjects, LOCKED) if locks else self._among(LOOK, subjects)
                learn = self._ask(needs, facts, lock=locks)
                # last: where a new subject's rows are seen, the event of another process that made them must be seen too
                stored = self._among(STORED, event_ids) if event_ids else None
            for one in learn:
                one()
            rows = heads.fetchall()
            return Opened(
                {subject: Head(seq, at, hash) for _, subject, seq, at, hash in rows if subject is not None},
                {row[0]: Stored(*row[1:]) for row in stored.fetchall()} if stored is not None else {},
                rows[-1][0].astimezone(UTC),
            )
        except psycopg.Error as error:
            raise self._fault(error, wrote=False) from error

    def load(self, needs: Needs, facts: Facts) -> None:
        """One round trip."""
        self._load(needs, facts, lock=self._locks)

    def peek(self, needs: Needs, facts: Facts) -> None:
        """One round trip, without locks."""
        self._load(needs, facts, lock=False)

    def hold_counter(self) -> int:
        """The lock that `finish` takes last, taken now: whoever commits already is waited for, everybody else waits."""
        return int(self._select(lambda: self._execute("SELECT position FROM ensue_ledger FOR UPDATE"))[0][0])

    def heads(self, subjects: Sequence[str]) -> dict[str, Head]:
        """The heads as they stand, not locked."""
        return {row[0]: Head(*row[1:]) for row in self._select(lambda: self._among(HEADS, subjects))}

    def stored(self, event_ids: Sequence[str]) -> dict[str, Stored]:
        """Which of these events stand already."""
        return {row[0]: Stored(*row[1:]) for row in self._select(lambda: self._among(STORED, event_ids))}

    def last_writers(self, model: str, rows: Mapping[str, str | None]) -> list[tuple[str, str, str]]:
        """Every write to these rows, oldest first."""
        chained = [id for id, chain in rows.items() if chain is not None]
        others = [id for id, chain in rows.items() if chain is None]
        found: list[tuple[Any, ...]] = []
        if chained:
            values = (chained, [rows[id] for id in chained], [model] * len(chained))
            found += self._select(lambda: self._execute(LAST_WRITERS, values))
        if others:
            found += self._select(lambda: self._execute(LAST_WRITERS_OF_REFERENCE_DATA, (model, others)))
        return [(row_id, columns, event_id) for row_id, columns, event_id, _ in sorted(found, key=lambda one: one[3])]

    def _run(self, statement: str) -> None:
        try:
            self._execute(statement)
        except psycopg.Error as error:
            raise self._fault(error, wrote=False) from error

    def _select(self, send: Callable[[], psycopg.Cursor[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
        try:
            return send().fetchall()
        except psycopg.Error as error:
            raise self._fault(error, wrote=False) from error

    def _load(self, needs: Needs, facts: Facts, *, lock: bool) -> None:
        try:
            with self._connection.pipeline():
                learn = self._ask(needs, facts, lock=lock)
            for one in learn:
                one()
        except psycopg.Error as error:
            raise self._fault(error, wrote=False) from error

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._connection.cursor().execute(statement, values, prepare=True)  # pyright: ignore[reportArgumentType]  # built here from fixed text and quoted names

    def _among(self, select: str, texts: Sequence[str], end: str = "") -> psycopg.Cursor[tuple[Any, ...]]:
        """*select*, which ends with a column, for rows whose column is one of *texts*."""
        if len(texts) == 1:
            return self._execute(f"{select} = %b::text{end}", texts)
        return self._execute(f"{select} = ANY(%b::text[]){end}", (list(texts),))

    def _ask(self, needs: Needs, facts: Facts, *, lock: bool) -> list[Callable[[], None]]:
        """Send the queries; what is returned takes the answers in, once the pipeline has ended."""
        return [
            *(self._ask_rows(self.models[name], ids, facts, lock=lock) for name, ids in needs.rows.items()),
            *(self._ask_related(self.models[name], columns, wanted, facts) for (name, columns), wanted in needs.queries.items()),
        ]

    def _ask_rows(self, model: ModelTable, ids: Iterable[str], facts: Facts, *, lock: bool) -> Callable[[], None]:
        end = f" ORDER BY {model.quoted['id']} FOR UPDATE" if lock and model.external else ""
        cursor = self._among(f"SELECT {model.select_list} FROM {model.table} WHERE {model.quoted['id']}", sorted(ids), end)
        return lambda: facts.learn(model.name, ids, {row[0]: model.row(row) for row in cursor.fetchall()})

    def _ask_related(
        self, model: ModelTable, columns: tuple[str, ...], wanted: Mapping[tuple[Any, ...], int], facts: Facts
    ) -> Callable[[], None]:
        if len(wanted) == 1:
            return self._ask_one_related(model, columns, wanted, facts)
        arrays = ", ".join(f"%s::{model.codecs[column].cast}[]" for column in columns)
        names = ", ".join(f"w{place}" for place in range(len(columns)))
        match = " AND ".join(
            f"t.{model.quoted[column]} {'=' if _never_null(wanted, place) else 'IS NOT DISTINCT FROM'} wanted.w{place}"
            for place, column in enumerate(columns)
        )
        listed = ", ".join(f"t.{model.quoted[column]}" for column in model.columns)
        rows_max = sum(wanted.values()) + len(wanted)
        cursor = self._execute(
            f"SELECT {listed} FROM {model.table} AS t JOIN unnest({arrays}) AS wanted ({names}) ON {match} LIMIT %s",
            (*_arrays(model.store(columns, list(wanted))), rows_max),
        )
        learn = self._learning(cursor, model, columns, wanted, facts)

        def learn_all() -> None:
            if cursor.rowcount < rows_max:
                learn()
                return
            for values, limit in wanted.items():  # one value's many rows may have left none of another's: each for itself
                self._ask_one_related(model, columns, {values: limit}, facts)()

        return learn_all

    def _ask_one_related(
        self, model: ModelTable, columns: tuple[str, ...], wanted: Mapping[tuple[Any, ...], int], facts: Facts
    ) -> Callable[[], None]:
        ((values, limit),) = wanted.items()
        match = " AND ".join(
            f"{model.quoted[column]} {'IS NOT DISTINCT FROM' if value is None else '='} %s::{model.codecs[column].cast}"
            for column, value in zip(columns, values, strict=True)
        )
        (stored,) = model.store(columns, [values])
        cursor = self._execute(f"SELECT {model.select_list} FROM {model.table} WHERE {match} LIMIT %s", (*stored, limit + 1))
        return self._learning(cursor, model, columns, wanted, facts)

    def _learning(
        self,
        cursor: psycopg.Cursor[tuple[Any, ...]],
        model: ModelTable,
        columns: tuple[str, ...],
        wanted: Mapping[tuple[Any, ...], int],
        facts: Facts,
    ) -> Callable[[], None]:
        def learn() -> None:
            rows = {row[0]: model.row(row) for row in cursor.fetchall()}
            for values, answer in split_answers(wanted, columns, rows).items():
                facts.learn_answer((model.name, columns, values), answer)

        return learn

    def finish(self, writes: Writes) -> int:
        """One round trip: every table, the heads, the positions, the commit."""
        placed = None
        try:
            with self._connection.pipeline():
                for write in writes.rows:
                    self._write_rows(write)
                for name, insert in INSERTS.items():
                    if rows := getattr(writes, name):
                        self._change(insert, rows)
                if writes.heads_moved:
                    self._change(MOVE_HEADS, writes.heads_moved, len(writes.heads_moved))
                if len(writes.log) == 1:
                    placed = self._execute(PLACE_ONE, writes.log[0])
                elif writes.log:
                    placed = self._execute(PLACE, (len(writes.log), len(writes.log), *_arrays(writes.log)))
                self._execute("COMMIT")
            return int(placed.fetchall()[0][0]) if placed is not None else -1
        except psycopg.Error as error:
            raise self._fault(error, wrote=True) from error

    def _write_rows(self, write: RowWrite) -> None:
        model = self.models[write.model]
        key = (write.kind, write.model, write.columns)
        statement = self._statements.get(key)
        if statement is None:
            statement = self._statements[key] = _row_statement(model, write)
        self._change(statement, model.store(write.columns, write.rows), *(() if write.kind == "insert" else (len(write.rows),)))

    def _change(self, statement: _Statement, rows: Sequence[tuple[Any, ...]], *expected: int) -> None:
        """Send a change of *rows*; nothing is read back, so all of them share a cursor."""
        if len(rows) == 1:
            self._changes.execute(statement.one, (*rows[0], *expected), prepare=True)  # pyright: ignore[reportArgumentType]  # built here from fixed text and quoted names
        else:
            self._changes.execute(statement.many, (*_arrays(rows), *expected), prepare=True)  # pyright: ignore[reportArgumentType]  # likewise

    def rollback(self) -> None:
        """Give up the transaction."""
        try:
            if not self._connection.closed and self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                self._connection.execute("ROLLBACK")
        except psycopg.Error:
            pass  # the connection is gone, and its transaction with it

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _fault(self, error: psycopg.Error, *, wrote: bool) -> Exception:
        lost = (
            self._connection.closed
            or self._connection.broken
            or isinstance(error, (errors.AdminShutdown, errors.CrashShutdown, errors.IdleInTransactionSessionTimeout))
        )
        if not lost:
            self.rollback()
            return fault_of(error, self.models)
        self.close()
        return Lost(f"The connection broke ({first_line(error)}).", wrote=wrote)


def _arrays(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Rows turned into one array a column."""
    return [list(column) for column in zip(*rows, strict=True)]


def _row_statement(model: ModelTable, write: RowWrite) -> _Statement:
    names = [model.quoted[column] for column in write.columns]
    casts = [model.codecs[column].cast for column in write.columns]
    arrays = ", ".join(f"%s::{cast}[]" for cast in casts)
    if write.kind == "insert":
        insert = f"INSERT INTO {model.table} ({', '.join(names)})"
        return _Statement(f"{insert} SELECT * FROM unnest({arrays})", f"{insert} VALUES ({', '.join(f'%s::{cast}' for cast in casts)})")
    rows = f"unnest({arrays}) AS w ({', '.join(f'w{place}' for place in range(len(names)))})"
    match, match_one = f"t.{names[-1]} = w.w{len(names) - 1}", f"{names[-1]} = %s::{casts[-1]}"
    if write.kind == "delete":
        return _Statement(
            _counted(f"DELETE FROM {model.table} AS t USING {rows} WHERE {match}"), _counted(f"DELETE FROM {model.table} WHERE {match_one}")
        )
    sets = ", ".join(f"{name} = w.w{place}" for place, name in enumerate(names[:-1]))
    sets_one = ", ".join(f"{name} = %s::{cast}" for name, cast in zip(names[:-1], casts[:-1], strict=True))
    return _Statement(
        _counted(f"UPDATE {model.table} AS t SET {sets} FROM {rows} WHERE {match}"),
        _counted(f"UPDATE {model.table} SET {sets_one} WHERE {match_one}"),
    )


def _never_null(wanted: Mapping[tuple[Any, ...], int], place: int) -> bool:
    return all(values[place] is not None for values in wanted)
