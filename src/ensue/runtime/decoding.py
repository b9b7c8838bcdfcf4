"""Decoding: records from what is stored. Cheap until somebody asks for a record's content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from ensue.core.app import App
from ensue.core.canonical import Json
from ensue.core.record import Place, Record
from ensue.log.reading import document_of, glance
from ensue.storage.read import StoredRecord


def record_of(app: App, stored: StoredRecord) -> Record:
    """The record of a stored event; its payload is opened when its form, state or plan is asked for."""
    seen = glance(bytes(stored.header))
    return Record(
        app,
        id=stored.id,
        type=stored.type,
        version=stored.version,
        actor=stored.actor,
        at=datetime.fromisoformat(stored.at),
        place=Place(stored.subject, stored.seq, stored.position, seen.links),
        hash=bytes(stored.hash),
        document=partial(document_of, stored.payload),
        cause=_text(seen.cause),
        occurred=datetime.fromisoformat(seen.occurred) if seen.occurred else None,
        behalf=seen.behalf,
        purpose=seen.purpose,
        requested=seen.requested,
        corrects=_text(seen.corrects),
        logic_hash=seen.logic,
    )


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def records_of(app: App, stored: Sequence[StoredRecord]) -> list[Record]:
    """As `record_of`, for many."""
    return [record_of(app, one) for one in stored]
