"""Seeding: rows that are there before the first event, as a test takes them for given."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ensue.core.canonical import Json
from ensue.core.codec import Codec, decimal_text
from ensue.core.data import fields_of
from ensue.core.facts import Change, Facts, Needs
from ensue.core.model import Model, encoded_row, newest
from ensue.core.shapes import row_brought_up
from ensue.errors import DefinitionError
from ensue.runtime.ledger import Ledger
from ensue.runtime.rows import group_changes
from ensue.storage.session import Writes


def put_rows(ledger: Ledger, rows: Iterable[Model]) -> None:
    """
    Write *rows* into their tables without an event; for tests alone, since `verify` rightly finds rows that nothing led to.

    A row in an older shape of its model is brought up to the newest. Of a view only its own columns are known: the others
    have their defaults, or are made up. Several views of a row are one.

    Raises:
        DefinitionError: a model is not the application's, or a view is of an older shape.
        Refused: the database does not take them, as two rows with one id.
    """
    changes = _changes(ledger, list(rows))
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


def _changes(ledger: Ledger, rows: list[Model]) -> list[Change]:
    whole = [row for row in rows if row.__ensue__.view_of is None]
    seen: dict[tuple[str, str], dict[str, Json]] = {}
    for view in rows:
        ledger.app.model(view.__ensue__.name)
        if view.__ensue__.view_of is not None:
            seen.setdefault((view.__ensue__.name, view.id), {}).update(_of_view(view))
    known = {(row.__ensue__.name, row.id) for row in whole}
    partly = [(name, id, columns) for (name, id), columns in seen.items() if (name, id) not in known]
    ids = [*known, *((name, id) for name, id, _ in partly)]
    changes = [Change(row.__ensue__.name, row.id, None, row_brought_up(row, None)) for row in whole]
    return changes + [Change(name, id, None, _made_whole(ledger.app.model(name), id, columns, ids)) for name, id, columns in partly]


def _of_view(view: Model) -> dict[str, Json]:
    of = view.__ensue__.view_of
    if of is None or newest(of) is not of:
        raise DefinitionError(f"{type(view).__name__} is a view of an older shape; give a whole {view.__ensue__.name}.")
    return encoded_row(view)


def _made_whole(model: type[Model], id: str, columns: dict[str, Json], ids: list[tuple[str, str]]) -> dict[str, Json]:
    """A whole row of which only some *columns* are known; its parent is the only row of that model among *ids*."""
    row: dict[str, Json] = {}
    for name, one in fields_of(model).by_name.items():
        parent = model.__ensue__.parent_columns.get(name)
        parents = [other for kind, other in ids if kind == parent]
        if name in columns:
            row[name] = columns[name]
        elif len(parents) == 1:
            row[name] = parents[0]
        else:
            row[name] = _made_up(one.codec, id) if one.required else one.codec.encode(one.default)
    return row


def _made_up(codec: Codec, id: str) -> Json:
    """Some value of a column's type; a text is the row's id, so that it is like no other where that is a rule."""
    described: Any = codec.describe
    choices = described.get("enum") or described.get("literal") if isinstance(described, dict) else None
    if choices:
        return choices[0]  # type: ignore[no-any-return]  # texts or integers
    scale = described.get("decimal") if isinstance(described, dict) else None
    made: dict[str, Json] = {
        "text": id,
        "integer": 0,
        "boolean": False,
        "decimal": decimal_text(Decimal(0), scale),
        "instant": "1970-01-01T00:00:00.000000Z",
        "date": "1970-01-01",
        "time": "00:00:00.000000",
        "uuid": "00000000-0000-0000-0000-000000000000",
        "bytes": "",
        "json": [],
    }
    return made[codec.kind]
