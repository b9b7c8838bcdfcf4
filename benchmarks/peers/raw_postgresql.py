"""
The PostgreSQL baseline: the rows of "prescribe" through psycopg 3, with nothing decided or hashed. One statement a
table, arrays unnested on the server, prepared, and sent in pipeline mode: two round trips a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

import psycopg
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from benchmarks import workload
from benchmarks.measure import median
from benchmarks.peers.rows import ALLERGY, HEAD, LEDGER, LEDGER_UID, PATIENT, TABLES, Batch, Row, Rows
from benchmarks.servers import libpq_url

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no type for it
_ARRAYS = {"BIGINT": "bigint[]", "BYTEA": "bytea[]"}
_READ_PATIENTS = f"SELECT * FROM {PATIENT.name} WHERE id = ANY(%b::text[])".encode()
_READ_ALLERGIES = f"SELECT * FROM {ALLERGY.name} WHERE patient_id = ANY(%b::text[]) ORDER BY id".encode()
_UPDATE_PATIENTS = f"""
    UPDATE {PATIENT.name} AS stored SET prescription_count = new.count, last_drug = new.drug
    FROM unnest(%b::bigint[], %b::text[], %b::text[]) AS new (count, drug, id) WHERE stored.id = new.id""".encode()
_UPDATE_HEADS = f"""
    UPDATE {HEAD.name} AS stored SET seq = new.seq, at = new.at, hash = new.hash
    FROM unnest(%b::bigint[], %b::text[], %b::bytea[], %b::text[]) AS new (seq, at, hash, subject)
    WHERE stored.subject = new.subject""".encode()
_UPDATE_LEDGER = f"UPDATE {LEDGER.name} SET position = %b WHERE uid = %b".encode()


class RawPostgres:
    """The database at *url* with the workload's patients in it, and the batches to write next."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(libpq_url(url), autocommit=True, prepare_threshold=0)
        patients = workload.patients()
        self._rows = Rows(patients, workload.allergies(patients))
        self._forms = workload.forms(patients)
        self._inserts = {table.name: _insert(table) for table in TABLES}
        for table in TABLES:
            for statement in _schema(table):
                self._connection.execute(statement.encode())
        for name, rows in self._rows.initial().items():
            self._connection.execute(self._inserts[name], _columns(rows))
        self._connection.execute("ANALYZE")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def batched(self, batches_count: int, size: int = workload.CALLERS_COUNT) -> float:
        """Write *batches_count* transactions of *size* events; return events a second."""
        batches = self._rows.batches(self._forms, count=batches_count, size=size)
        start = perf_counter()
        for batch in batches:
            self._write(batch)
        return batches_count * size / (perf_counter() - start)

    def alone(self, events_count: int) -> float:
        """Write *events_count* events, each in a transaction of its own; return the median in milliseconds."""
        taken = []
        for batch in self._rows.batches(self._forms, count=events_count, size=1):
            start = perf_counter()
            self._write(batch)
            taken.append((perf_counter() - start) * 1000)
        return median(taken)

    def _write(self, batch: Batch) -> None:
        with self._connection.pipeline() as pipeline:
            execute = self._connection.execute
            execute("BEGIN")
            patients = execute(_READ_PATIENTS, [batch.patient_ids])
            allergies = execute(_READ_ALLERGIES, [batch.patient_ids])
            pipeline.sync()
            patients.fetchall()
            allergies.fetchall()
            for name, rows in batch.inserts.items():
                execute(self._inserts[name], _columns(rows))
            execute(_UPDATE_PATIENTS, _columns(batch.patient_updates))
            execute(_UPDATE_HEADS, _columns(batch.head_updates))
            execute(_UPDATE_LEDGER, [batch.position, LEDGER_UID])
            execute("COMMIT")


def _columns(rows: list[Row]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _insert(table: Table) -> bytes:
    # Through text[] where the driver has no array of the type: PostgreSQL casts dates and instants itself.
    types = [column.type.compile(_DIALECT) for column in table.columns]
    arrays = ", ".join(f"%b::{_ARRAYS.get(type_, 'text[]')}::{type_}[]" for type_ in types)
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})".encode()


def _schema(table: Table) -> Iterator[str]:
    yield str(CreateTable(table).compile(dialect=_DIALECT))
    for index in table.indexes:
        yield str(CreateIndex(index).compile(dialect=_DIALECT))
