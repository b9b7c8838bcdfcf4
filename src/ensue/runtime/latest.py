"""Latest: the latest correction of an event, which says what stands in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensue.core.correction import CORRECTION
from ensue.core.record import Record
from ensue.runtime.decoding import record_of
from ensue.storage import read
from ensue.storage.database import Storage

if TYPE_CHECKING:
    from sqlalchemy import Connection


def latest_correction(storage: Storage, connection: Connection, record: Record) -> Record | None:
    """The latest correction of *record*; it stands in the chain of the same subject."""
    found = read.records_of_type(connection, CORRECTION, record.subject)
    return next((one for stored in reversed(found) if (one := record_of(storage, stored)).corrects == record.id), None)
