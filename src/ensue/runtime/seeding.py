"""Seeding: rows that are there before the first event, as a test takes them for given."""

from __future__ import annotations

from collections.abc import Iterable

from ensue.core.facts import Change, Facts, Needs
from ensue.core.model import Model
from ensue.core.shapes import row_brought_up
from ensue.errors import DefinitionError
from ensue.runtime.ledger import Ledger
from ensue.runtime.rows import group_changes
from ensue.storage.session import Writes


def put_rows(ledger: Ledger, rows: Iterable[Model]) -> None:
    """
    Write *rows* into their tables without an event; for tests alone, since `verify` rightly finds rows that nothing led to.

    A row in an older shape of its model is brought up to the newest.

    Raises:
        DefinitionError: a row is a view, or its model is not the application's.
        Refused: the database does not take them, as two rows with one id.
    """
    changes = [_change(ledger, row) for row in rows]
    if not changes:
        return
    with ledger._storage.writing():
        session = ledger._storage.session()
        try:
            session.open([], [], Needs(), Facts())
            session.finish(Writes(rows=group_changes(changes)))
        except BaseException:
            session.rollback()
            raise
        finally:
            if not ledger._storage.is_memory:  # there the one connection is the ledger's own
                session.close()


def _change(ledger: Ledger, row: Model) -> Change:
    info = row.__ensue__
    if info.view_of is not None:
        raise DefinitionError(f"{type(row).__name__} is a view and has only some columns; give a whole {info.name}.")
    ledger.app.model(info.name)
    return Change(info.name, row.id, None, row_brought_up(row, None))
