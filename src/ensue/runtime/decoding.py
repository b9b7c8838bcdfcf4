"""Decoding: records from what is stored. Cheap until somebody asks for a record's content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ensue.core.app import App
from ensue.core.quick import quick
from ensue.core.record import Place, Record
from ensue.log.reading import Document, glance
from ensue.storage.database import Storage
from ensue.storage.read import StoredRecord


def record_of(storage: Storage, stored: StoredRecord, app: App | None = None) -> Record:
    """The record of a stored event, for *app* (default: the storage's); its payload is opened when its form, state or plan is asked for."""
    seen, document = glance(stored.header), Document(stored.payload)
    return Record(
        storage.app if app is None else app,
        id=stored.id,
        type=stored.type,
        version=stored.version,
        actor=stored.actor,
        at=datetime.fromisoformat(stored.at),
        place=quick(Place, (stored.subject, stored.seq, stored.position, seen.links)),
        hash=bytes(stored.hash),
        document=document,
        said=seen.said,
        table_shapes=storage.logics.table_shapes,
        logic_hash=seen.logic,
        erased=stored.seed is None,
        outcome=document.outcome,
    )


def records_of(storage: Storage, stored: Sequence[StoredRecord]) -> list[Record]:
    """As `record_of`, for many."""
    return [record_of(storage, one) for one in stored]
