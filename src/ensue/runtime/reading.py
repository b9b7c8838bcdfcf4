"""Reading: rows, subjects, timelines, histories and tags, for people; every look is on record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from ensue.core.app import App
from ensue.core.canonical import Json, canonical_trusted
from ensue.core.data import fields_of
from ensue.core.facts import Facts, Needs, Row
from ensue.core.model import Model, newest, row_key, subjects_of_row
from ensue.core.record import Record
from ensue.core.rejection import NotFound
from ensue.core.selection import Selection
from ensue.core.shapes import row_in_shape
from ensue.errors import RequestError
from ensue.runtime.as_of import AsOf, Standing, past_row, reading, row_from, selection_until
from ensue.runtime.batch import Surroundings
from ensue.runtime.decoding import record_of
from ensue.runtime.expectations import related_value, split_row_key
from ensue.runtime.last_writers import chain_of, last_writer
from ensue.runtime.preview import look
from ensue.runtime.request import Ticket
from ensue.runtime.selection import pages
from ensue.runtime.tags import TagKeys
from ensue.storage import read
from ensue.storage.database import Storage
from ensue.storage.session import Session

if TYPE_CHECKING:
    from sqlalchemy import Connection

M = TypeVar("M", bound=Model)
ROWS_MAX = 2**31
Note = Callable[[list[tuple[Any, ...]]], None]


@dataclass(frozen=True)
class Snapshot:
    """A subject with everything that is its own, as it stood at `position`: the ledger's size, or in the past its last record."""

    subject: Model
    rows: dict[type[Model], tuple[Model, ...]]
    position: int

    def of(self, model: type[M]) -> tuple[M, ...]:
        """The subject's rows of *model*, sorted by id."""
        return tuple(row for kind, rows in self.rows.items() if kind.__ensue__.name == model.__ensue__.name for row in rows)  # type: ignore[misc]  # rows of this model's name


@dataclass(frozen=True)
class Change:
    """One write to a row: who, when, by which event, and the columns before and after (None: the row was not there)."""

    event_id: str
    type: str
    actor: str
    at: datetime
    position: int
    kind: str
    before: dict[str, Json] | None
    after: dict[str, Json] | None


def columns_to(child: type[Model], parent: str) -> list[str]:
    """The columns by which rows of *child* belong to a *parent*."""
    return [column for column, name in child.__ensue__.parent_columns.items() if name == parent]


class Reading:
    """The reading functions of one ledger."""

    def __init__(self, app: App, storage: Storage, keys: TagKeys, note: Note) -> None:
        self._app = app
        self._storage = storage
        self._keys = keys
        self._note = note

    def _noted(self, action: str, actor: str | None, purpose: str | None, seen: list[tuple[str, list[str]]], position: int) -> None:
        """Put the look on record before its result leaves."""
        if seen:
            self._note([(subject, actor, purpose, action, canonical_trusted(list(rows)).decode(), position) for subject, rows in seen])

    def _find_row(self, session: Session, model: type[Model], id: str) -> Row | None:
        facts, needs = Facts(), Needs()
        needs.row(model.__ensue__.name, id)
        session.load(needs, facts)
        return facts.row(model.__ensue__.name, id)

    def _row(self, session: Session, model: type[Model], id: str) -> Row:
        row = self._find_row(session, model, id)
        if row is None:
            raise NotFound(model=model.__ensue__.name, id=id)
        return row

    def _model_and_id(self, row: Model | str) -> tuple[type[Model], str]:
        name, id = split_row_key(row) if isinstance(row, str) else (row.__ensue__.name, row.id)
        if name not in self._storage.models or not id:
            raise RequestError(f"{row!r} names no row; expected Model/id with one of {', '.join(sorted(self._storage.models))}.")
        return self._storage.models[name].model, id

    def get(self, model: type[M], id: str, actor: str | None, purpose: str | None, as_of: AsOf | None) -> M:
        """One row."""
        with self._storage.snapshot() as connection:
            session = self._storage.looking(connection)
            row = self._row(session, model, id) if as_of is None else self._past_row(connection, model, id, as_of)
            position = read.size(connection)
        key = row_key(model, id)
        self._noted("get", actor, purpose, [(subject, [key]) for subject in subjects_of_row(newest(model), id, row)], position)
        return row_in_shape(model, row) if as_of is None else row_from(model, row)

    def _past_row(self, connection: Connection, model: type[Model], id: str, as_of: AsOf) -> Row:
        name = model.__ensue__.name
        present = self._find_row(self._storage.looking(connection), model, id)
        row = past_row(self._storage, connection, name, id, as_of, present)
        if row is None:
            raise NotFound(model=name, id=id)
        return row

    def snapshot(self, subject: str | Model, actor: str | None, purpose: str | None, as_of: AsOf | None) -> Snapshot:
        """A subject and its rows."""
        if as_of is not None:
            return self._past_snapshot(subject, actor, purpose, as_of)
        model, id = self._model_and_id(subject)
        rows: dict[type[Model], tuple[Model, ...]] = {}
        with self._storage.snapshot() as connection:
            session = self._storage.looking(connection)
            own = row_in_shape(model, self._row(session, model, id))
            for child in self._app.models():
                columns = columns_to(child, model.__ensue__.name)
                if columns:
                    rows[child] = self._children(session, child, columns[0], id)
            position = read.size(connection)
        shown = [row_key(model, id), *(row_key(child, row.id) for child, found in rows.items() for row in found)]
        self._noted("snapshot", actor, purpose, [(row_key(model, id), shown)], position)
        return Snapshot(own, rows, position)

    def _past_snapshot(self, subject: str | Model, actor: str | None, purpose: str | None, as_of: AsOf) -> Snapshot:
        model, id = self._model_and_id(subject)
        key, name = self._subject_key(subject), model.__ensue__.name
        columns = {child: by[0] for child in self._app.models() if (by := columns_to(child, name))}
        names = {name, *(child.__ensue__.name for child in columns)}
        standing = Standing({one: self._storage.models[one] for one in names})
        with self._storage.reader() as connection:
            selection, size = selection_until(connection, as_of), read.size(connection)
        position = -1
        for page, _ in pages(self._storage, replace(selection, subject=key)):
            for stored in page:
                with reading(stored):
                    standing.take(record_of(self._storage, stored))
                position = stored.position
        if id not in standing.rows[name]:
            raise NotFound(model=name, id=id)
        own = row_from(model, standing.rows[name][id])
        rows = {
            child: tuple(row_from(child, row) for _, row in sorted(standing.rows[child.__ensue__.name].items()) if row.get(column) == id)
            for child, column in columns.items()
        }
        shown = [row_key(type(own), id), *(row_key(child, row.id) for child, found in rows.items() for row in found)]
        self._noted("snapshot", actor, purpose, [(key, shown)], size)
        return Snapshot(own, rows, position)

    def _children(self, session: Session, child: type[Model], column: str, id: str) -> tuple[Model, ...]:
        facts, needs = Facts(), Needs()
        query = (child.__ensue__.name, (column,), (id,))
        needs.query(query, ROWS_MAX)
        session.load(needs, facts)
        return tuple(row for one in sorted(facts.answer(query) or ()) if (row := facts.instance(child, one)) is not None)

    def timeline(self, subject: str | Model, actor: str | None, purpose: str | None, after_seq: int, limit: int | None) -> list[Record]:
        """A chain's records."""
        key = self._subject_key(subject)
        with self._storage.snapshot() as connection:
            records = [
                record_of(self._storage, stored) for stored in read.records_of_subject(connection, key, after_seq=after_seq, limit=limit)
            ]
            position = read.size(connection)
        self._noted("timeline", actor, purpose, [(key, [])], position)
        return records

    def _subject_key(self, subject: str | Model) -> str:
        if isinstance(subject, str) and subject.startswith("system/"):
            return subject
        model, id = self._model_and_id(subject)
        if not model.__ensue__.subject:
            raise RequestError(f"{row_key(model, id)} is no subject; ask for the subject it belongs to, or for its history.")
        return row_key(model, id)

    def history(self, row: Model | str, actor: str | None, purpose: str | None) -> list[Change]:
        """A row's past."""
        model, id = self._model_and_id(row)
        changes: list[Change] = []
        subjects: dict[str, None] = {}
        with self._storage.snapshot() as connection:
            present = self._find_row(self._storage.looking(connection), model, id)
            for stored in read.records_of_row(connection, model.__ensue__.name, id, subjects_of_row(model, id, present)):
                with reading(stored):
                    record = record_of(self._storage, stored)
                    for kind, name, row_id, before, after, _ in record.document["operations"]:
                        if (name, row_id) == (model.__ensue__.name, id) and kind not in ("cancel", "erase"):
                            changes.append(Change(record.id, record.type, record.actor, record.at, record.position, kind, before, after))
                for subject in (record.subject, *(link for link, _ in record.place.links)):
                    subjects[subject] = None
            position = read.size(connection)
        self._noted("history", actor, purpose, [(subject, [row_key(model, id)]) for subject in subjects], position)
        return changes

    def record(self, id: str, actor: str | None, purpose: str | None) -> Record:
        """One record."""
        with self._storage.snapshot() as connection:
            stored = read.records_by_id(connection, [id]).get(id)
            position = read.size(connection)
        if stored is None:
            raise NotFound(model="event", id=id)
        self._noted("records", actor, purpose, [(stored.subject, [])], position)
        return record_of(self._storage, stored)

    def records(self, selection: Selection, limit: int | None, actor: str | None, purpose: str | None) -> Iterator[Record]:
        """Records in order, a page at a time."""
        for page, position in pages(self._storage, selection, limit):
            self._noted(
                "records", actor, purpose, [(subject, []) for subject in dict.fromkeys(stored.subject for stored in page)], position
            )
            for stored in page:
                yield record_of(self._storage, stored)

    def tags(self, row: Model | str, actor: str | None, purpose: str | None) -> dict[str, str]:
        """The tags of a row's fields."""
        model, id = self._model_and_id(row)
        shown = type(row) if isinstance(row, Model) else model
        with self._storage.snapshot() as connection:
            session = self._storage.looking(connection)
            found = self._row(session, model, id)
            tags = self._tags(session, model, id, found, fields_of(shown).names)
            position = read.size(connection)
        self._noted("tags", actor, purpose, [(subject, [row_key(model, id)]) for subject in subjects_of_row(model, id, found)], position)
        return tags

    def _tags(self, session: Session, model: type[Model], id: str, row: Row, columns: tuple[str, ...]) -> dict[str, str]:
        info = model.__ensue__
        tags: dict[str, str] = {}
        for column in columns:
            if column == "id" or column not in row:
                continue
            strict = column in info.strict
            last = last_writer(session, info.name, id, column, chain_of(model, id, row)) if strict else None
            tags[column] = str(self._keys.make(self._storage.uid, info.name, id, column, row[column], last, strict=strict))
        return tags

    def tags_of_event(self, ticket: Ticket, around: Surroundings, actor: str | None, purpose: str | None) -> dict[str, Any]:
        """The tags of all that an event would read, of its own subjects."""
        expect: dict[str, Any] = {}
        with self._storage.looker() as session:
            batch, subjects = look(ticket, session, around, whole=False)
            for name, one in ticket.binding.event.__ensue__.state.items():
                target = ticket.binding.targets[0][name]
                if one.kind == "related" and subjects:
                    model, id = split_row_key(subjects[0])
                    value = related_value(one, target, batch.facts, session, {})
                    expect.setdefault(subjects[0], {})[name] = self._keys.make(self._storage.uid, model, id, name, value)
                elif one.kind == "ref" and target is not None:
                    row = batch.facts.row(one.model.__ensue__.name, target)
                    latest = newest(one.model)
                    if row is None:
                        expect[row_key(one.model, target)] = None
                    else:
                        columns = fields_of(one.model).names if one.model.__ensue__.view_of else fields_of(latest).names
                        expect.setdefault(row_key(one.model, target), {}).update(self._tags(session, latest, target, row, columns))
        with self._storage.reader() as connection:
            position = read.size(connection)
        self._noted("tags", actor, purpose, [(subject, list(expect)) for subject in subjects], position)
        return expect

    def attempts(self, subject: str | Model) -> list[dict[str, Any]]:
        """Rejected and conflicting attempts."""
        with self._storage.reader() as connection:
            return read.attempts_of(connection, self._subject_key(subject))

    def reads(self, subject: str | Model) -> list[dict[str, Any]]:
        """Looks on record."""
        with self._storage.reader() as connection:
            return read.reads_of(connection, self._subject_key(subject))
