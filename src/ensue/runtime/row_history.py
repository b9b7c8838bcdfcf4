"""Row history: the records that say how one row came to stand as it does."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ensue.core.facts import Row
from ensue.core.model import newest, subjects_of_row
from ensue.errors import FormatError
from ensue.log.header import parse_header
from ensue.storage import read
from ensue.storage.corrections import corrections_in, has_corrections
from ensue.storage.database import Storage
from ensue.storage.read import StoredRecord

if TYPE_CHECKING:
    from sqlalchemy import Connection


def row_history(storage: Storage, connection: Connection, model: str, id: str, present: Row | None) -> list[StoredRecord]:
    """
    The events that wrote a row, oldest first, and the corrections since that may say what holds of it without writing it.

    *present* is the row as it stands, which tells whose it is.
    """
    wrote = read.records_of_row(connection, model, id, subjects_of_row(newest(storage.models[model].model), id, present))
    if not wrote or not has_corrections(connection):
        return wrote
    chains: set[str] = set()
    for one in wrote:
        with suppress(FormatError):  # whoever reads that record will say what is wrong with it
            chains.update(link.subject for link in parse_header(one.header).links)
    ids = {one.id for one in wrote}
    said = [one for one in corrections_in(connection, chains, wrote[0].position) if one.id not in ids]
    return sorted([*wrote, *said], key=lambda one: one.position)
