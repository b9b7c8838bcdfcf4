"""Last writers: which event wrote a column of a row last, and the chain in which all that wrote it are."""

from __future__ import annotations

from ensue.core.facts import Row
from ensue.core.model import Model, subjects_of_row
from ensue.storage.session import Session

WHOLE_ROW = "*"
"""What stands for all columns of a row that was inserted or deleted."""


def chain_of(model: type[Model], id: str, row: Row | None) -> str | None:
    """A chain that every event which writes this row of the newest shape *model* is in; None for reference data."""
    chains = subjects_of_row(model, id, row)
    return chains[0] if chains else None


def last_writer(session: Session, model: str, id: str, column: str | None, chain: str | None) -> str | None:
    """The stored event that wrote a column of a row last; all that wrote it are in *chain*."""
    writes = session.last_writers(model, {id: chain})
    found = [event_id for _, columns, event_id in writes if column is None or columns == WHOLE_ROW or column in columns.split()]
    return found[-1] if found else None
