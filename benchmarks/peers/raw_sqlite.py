"""
The SQLite baseline: the rows of "prescribe" through the standard sqlite3 module, with nothing decided or hashed. What a
framework can approach and not pass. Durable: WAL, synchronous=FULL.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from benchmarks import workload
from benchmarks.measure import median
from benchmarks.peers.rows import ALLERGY, HEAD, LEDGER, LEDGER_UID, PATIENT, TABLES, Batch, Rows


class RawSqlite:
    """A database at *path* with the workload's patients in it, and the batches to write next."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        # A checkpoint every 16,000 pages instead of 1,000: a batch touches a thousand scattered pages, and most of them again soon.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=16000"):
            self._connection.execute(f"PRAGMA {pragma}")
        patients = workload.patients()
        self._rows = Rows(patients, workload.allergies(patients))
        self._forms = workload.forms(patients)
        for statement in _schema():
            self._connection.execute(statement)
        self._connection.execute("BEGIN IMMEDIATE")
        for name, rows in self._rows.initial().items():
            self._connection.executemany(_insert(name, len(rows[0])), rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def batched(self, batches_count: int, size: int = workload.CALLERS_COUNT) -> float:
        """Write *batches_count* transactions of *size* events; return events a second."""
        batches = self.prepared(batches_count, size)
        start = perf_counter()
        self.write(batches)
        return batches_count * size / (perf_counter() - start)

    def prepared(self, batches_count: int, size: int = workload.CALLERS_COUNT) -> list[Batch]:
        """The next batches to `write`."""
        return self._rows.batches(self._forms, count=batches_count, size=size)

    def write(self, batches: list[Batch]) -> None:
        """Write prepared batches, a transaction each."""
        for batch in batches:
            for _ in self._write(batch):
                pass

    def alone(self, events_count: int) -> float:
        """Write *events_count* events, each in a transaction of its own; return the median in milliseconds."""
        taken = []
        for batch in self._rows.batches(self._forms, count=events_count, size=1):
            start = perf_counter()
            for _ in self._write(batch):
                pass
            taken.append((perf_counter() - start) * 1000)
        return median(taken)

    def costs(self, batches_count: int, size: int = workload.CALLERS_COUNT) -> dict[str, float]:
        """Where the time goes: microseconds an event for each statement of a transaction of *size* events."""
        seconds: Counter[str] = Counter()
        for batch in self._rows.batches(self._forms, count=batches_count, size=size):
            before = perf_counter()
            for what in self._write(batch):
                now = perf_counter()
                seconds[what] += now - before  # type: ignore[assignment]  # a Counter adds floats as well
                before = now
        return {what: taken * 1e6 / (batches_count * size) for what, taken in seconds.items()}

    def _write(self, batch: Batch) -> Iterator[str]:
        # One transaction; says after each statement what it was, so that `costs` can put a clock to each.
        execute, executemany = self._connection.execute, self._connection.executemany
        execute("BEGIN IMMEDIATE")
        yield "begin"
        ids = [*{*batch.patient_ids}]
        marks = ",".join("?" * len(ids))
        execute(f"SELECT * FROM {PATIENT.name} WHERE id IN ({marks})", ids).fetchall()
        yield "read patient"
        execute(f"SELECT * FROM {ALLERGY.name} WHERE patient_id IN ({marks}) ORDER BY id", ids).fetchall()
        yield "read allergy"
        for name, rows in batch.inserts.items():
            executemany(_insert(name, len(rows[0])), rows)
            yield f"insert {name}"
        executemany(f"UPDATE {PATIENT.name} SET prescription_count = ?, last_drug = ? WHERE id = ?", batch.patient_updates)
        yield f"update {PATIENT.name}"
        executemany(f"UPDATE {HEAD.name} SET seq = ?, at = ?, hash = ? WHERE subject = ?", batch.head_updates)
        yield f"update {HEAD.name}"
        execute(f"UPDATE {LEDGER.name} SET position = ? WHERE uid = ?", (batch.position, LEDGER_UID))
        yield f"update {LEDGER.name}"
        execute("COMMIT")
        yield "commit"


def _insert(table: str, columns_count: int) -> str:
    return f"INSERT INTO {table} VALUES ({','.join('?' * columns_count)})"


def _schema() -> Iterator[str]:
    for table in TABLES:
        yield str(CreateTable(table).compile(dialect=sqlite.dialect()))
        for index in table.indexes:
            yield str(CreateIndex(index).compile(dialect=sqlite.dialect()))
