"""Expectations: does every field still have the value the caller says it saw? Compared under the lock (design §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ensue.core.canonical import Json
from ensue.core.data import fields_of
from ensue.core.facts import Facts, Needs, Row
from ensue.core.model import Model, newest, subjects_of_row
from ensue.core.state import StateField
from ensue.errors import Clash, ExpectationMissing, FieldConflict, FieldProblem, InvalidForm
from ensue.runtime.last_writers import chain_of, last_writer
from ensue.runtime.request import Expectations, Ticket
from ensue.runtime.tags import TagKeys, key_id_of
from ensue.storage.session import ModelTable, Session

Written = dict[tuple[str, str, str], str]
"""Model, row id and column to the id of the event of this batch that wrote it last."""


def split_row_key(key: str) -> tuple[str, str]:
    """`Patient/p-17` as model and id."""
    model, _, id = key.partition("/")
    return model, id


def ask(ticket: Ticket, models: Mapping[str, ModelTable], needs: Needs, facts: Facts) -> bool:
    """Ask for the rows that the caller says it saw. True when all are known. Raises InvalidForm for a row no model has."""
    complete = True
    for key in ticket.request.expect or {}:
        model, id = split_row_key(key)
        if model not in models or not id:
            raise InvalidForm(
                "expect", [FieldProblem(key, "unknown", f"names no row; expected Model/id with one of {', '.join(sorted(models))}")]
            )
        if not facts.knows(model, id):
            needs.row(model, id)
            complete = False
    return complete


def check_seen(ticket: Ticket) -> None:
    """The event type's `seen=` fields have tags. Raises ExpectationMissing."""
    event = ticket.binding.event
    if not event.__ensue__.seen:
        return
    expect: Expectations = ticket.request.expect or {}
    missing = []
    for path in event.__ensue__.seen:
        field, _, column = path.partition(".")
        state = event.__ensue__.state[field]
        id = ticket.binding.targets[0].get(field)
        tags = expect.get(f"{state.model.__ensue__.name}/{id}", {}) if id is not None else {}
        if tags is not None and column not in tags and id is not None:
            missing.append(path)
    if missing:
        raise ExpectationMissing(event.__ensue__.type, missing)


def check(ticket: Ticket, subjects: tuple[str, ...], facts: Facts, session: Session, keys: TagKeys, uid: str, written: Written) -> None:
    """
    Every tag still holds.

    Raises:
        FieldConflict: with all the fields that have changed, their present values and tags, and the event that changed each.
        InvalidForm: a row is not of the event's own subjects, or a field is none of the row's.
    """
    clashes: list[Clash] = []
    for key, tags in (ticket.request.expect or {}).items():
        model_name, id = split_row_key(key)
        row = facts.row(model_name, id)
        table = session_model(session, model_name)
        if row is not None and not set(subjects_of_row(table.model, id, row)) & set(subjects):
            raise InvalidForm(
                "expect",
                [
                    FieldProblem(
                        key,
                        "foreign",
                        f"belongs to none of the event's subjects ({', '.join(subjects)}); only what they own can be expected",
                    )
                ],
            )
        if tags is None:
            if row is not None:
                clashes.append(Clash(key, "", "changed", None, None, _last(session, table, id, row, None, written)))
            continue
        for field, tag in tags.items():
            clash = _compare(ticket, table, key, id, row, field, tag, facts, session, keys, uid, written)
            if clash is not None:
                clashes.append(clash)
    if clashes:
        raise FieldConflict(clashes)


def _compare(
    ticket: Ticket, table: ModelTable, key: str, id: str, row: Row | None, field: str, tag: str | None,
    facts: Facts, session: Session, keys: TagKeys, uid: str, written: Written,
) -> Clash | None:  # fmt: skip
    related = ticket.binding.event.__ensue__.state.get(field)
    kid = key_id_of(tag) if tag else None
    if row is None:
        return None if tag is None else Clash(key, field, "absent", None, None, None)
    if field in table.columns:
        strict = field in table.model.__ensue__.strict
        last = _last(session, table, id, row, field, written) if strict else None
        value: Any = row[field]
        made = keys.make(uid, table.name, id, field, value, last, strict=strict, kid=kid)
        fresh = keys.make(uid, table.name, id, field, value, last, strict=strict)
        shown: Any = fields_of(table.model).by_name[field].codec.decode(value)
    elif related is not None and related.kind == "related":
        value = related_value(related, ticket.binding.targets[0][field], facts, session, written)
        made, fresh, shown = keys.make(uid, table.name, id, field, value, kid=kid), keys.make(uid, table.name, id, field, value), None
    else:
        raise InvalidForm(
            "expect",
            [
                FieldProblem(
                    f"{key}.{field}",
                    "unknown",
                    f"is no column of {table.name} and no related field of the event; it has {', '.join(table.columns)}",
                )
            ],
        )
    if made is not None and made == tag:
        return None
    reason = "stale" if tag is not None and made is None else "changed"
    if field in table.columns:
        winner = _last(session, table, id, row, field, written)
    else:
        assert related is not None, "what is no column is a related field"
        winner = _last_of_rows(session, newest(related.model), [row_id for row_id, _ in value], facts, written)
    return Clash(key, field, reason, shown, fresh, winner)


def related_value(field: StateField, query: Any, facts: Facts, session: Session, written: Written) -> Json:
    """What the tag of a `Related` covers: ids and last events, sorted by id."""
    ids = sorted(facts.answer(query) or ())
    model = newest(field.model)
    name = model.__ensue__.name
    lasts: dict[str, str] = (
        {row_id: event_id for row_id, _, event_id in session.last_writers(name, _chains(model, ids, facts))} if ids else {}
    )
    for (written_model, row_id, _), event_id in written.items():
        if written_model == name and row_id in ids:
            lasts[row_id] = event_id
    return [[id, lasts.get(id)] for id in ids]


def _chains(model: type[Model], ids: Sequence[str], facts: Facts) -> dict[str, str | None]:
    return {id: chain_of(model, id, facts.row(model.__ensue__.name, id)) for id in ids}


def _last(session: Session, table: ModelTable, id: str, row: Row, column: str | None, written: Written) -> str | None:
    """The event that wrote a column of a row last, or the row where *column* is None."""
    here = [event_id for (name, row_id, one), event_id in written.items() if (name, row_id) == (table.name, id) and column in (None, one)]
    if here:
        return here[-1]
    return last_writer(session, table.name, id, column, chain_of(table.model, id, row))


def _last_of_rows(session: Session, model: type[Model], ids: Sequence[str], facts: Facts, written: Written) -> str | None:
    """The event that wrote any of these rows last."""
    name = model.__ensue__.name
    here = [event_id for (written_model, row_id, _), event_id in written.items() if written_model == name and row_id in ids]
    stored = session.last_writers(name, _chains(model, ids, facts)) if ids and not here else []
    return here[-1] if here else stored[-1][2] if stored else None


def session_model(session: Session, name: str) -> ModelTable:
    """How a model stands in the session's database."""
    return session.models[name]
