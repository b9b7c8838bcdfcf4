"""Decoding: records from what is stored. Cheap until somebody asks for a record's content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ensue.core.app import App
from ensue.core.canonical import Json
from ensue.core.record import Place, Record
from ensue.log.header import parse_header
from ensue.log.payload import join, open_payload
from ensue.storage.read import StoredRecord


def record_of(app: App, stored: StoredRecord) -> Record:
    """The record of a stored event; its payload is opened when its form, state or plan is asked for."""
    header = parse_header(bytes(stored.header))
    return Record(
        app,
        id=stored.id,
        type=stored.type,
        version=stored.version,
        actor=stored.actor,
        at=datetime.fromisoformat(stored.at),
        place=Place(stored.subject, stored.seq, stored.position, tuple((link.subject, link.seq) for link in header.links[1:])),
        hash=bytes(stored.hash),
        document=lambda: join(open_payload(bytes(stored.payload))),
        cause=_text(header.cause),
        occurred=datetime.fromisoformat(header.occurred) if header.occurred else None,
        behalf=header.behalf,
        purpose=header.purpose,
        requested=header.requested,
        corrects=_text(header.corrects),
        logic_hash=header.logic,
    )


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def records_of(app: App, stored: Sequence[StoredRecord]) -> list[Record]:
    """As `record_of`, for many."""
    return [record_of(app, one) for one in stored]
