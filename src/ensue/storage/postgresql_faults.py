"""PostgreSQL's faults: what an error of the server means for the batch. Decide again, refuse it, or say that the database is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import errors

from ensue.errors import Refused, Unavailable
from ensue.storage.session import ModelTable, Raced

RACES: Final = (errors.SerializationFailure, errors.DeadlockDetected, errors.DivisionByZero)


def first_line(error: psycopg.Error) -> str:
    """What the server says, without the lines of detail that may hold values of rows."""
    return str(error).strip().partition("\n")[0]


def fault_of(error: psycopg.Error, models: Mapping[str, ModelTable]) -> Exception:
    """What a PostgreSQL error means for the batch."""
    text = first_line(error)
    if isinstance(error, RACES):
        return Raced(f"Somebody else was there first: {text}.")
    if isinstance(error, errors.LockNotAvailable):
        return Unavailable(
            f"Another program has held a lock for too long ({text}); nothing of the request was saved. Send the same key again."
        )
    table = error.diag.table_name
    if isinstance(error, errors.UniqueViolation) and table in ("ensue_head", "ensue_event", "ensue_payload", "ensue_log", "ensue_link"):
        return Raced(f"Somebody else wrote first: {text}.")
    if isinstance(error, (psycopg.IntegrityError, psycopg.DataError)):
        model = next((one for one in models.values() if one.plain_name == table), None)
        columns = _columns_of(error)
        named = tuple(model.field_of_column.get(column, column) for column in columns) if model else columns
        return Refused(
            f"The database refused: {text}.", model.name if model else table, named, unique=isinstance(error, errors.UniqueViolation)
        )
    return Unavailable(f"The database cannot be used ({text}); nothing of the request was saved. Send the same key again.")


def _columns_of(error: psycopg.Error) -> tuple[str, ...]:
    """The columns of an integrity error: named by the server, or read from its detail: "Key (a, b)=(…) already exists"."""
    if error.diag.column_name:
        return (error.diag.column_name,)
    detail = error.diag.message_detail or ""
    if not detail.startswith("Key ("):
        return ()
    return tuple(column.strip().strip('"') for column in detail[5:].partition(")")[0].split(","))
