"""Forecast: what would become of a difference if it were applied today. The rows as they stand are asked, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator

from ensue.core.app import App
from ensue.core.data import fields_of
from ensue.core.diff import WHOLE, ColumnDifference, Diff, EffectDifference, same_value
from ensue.core.facts import Facts, Needs, Row
from ensue.core.group import Forecast, Verdict
from ensue.core.model import newest, subjects_of_row
from ensue.runtime.last_writers import chain_of, last_writer
from ensue.storage.database import Storage
from ensue.storage.session import Session


def forecast_of(storage: Storage, diff: Diff) -> Forecast:
    """What would become of each row and effect of *diff*."""
    effects = tuple(_effect(storage.app, one) for one in diff.effects)
    if not diff.rows:
        return effects
    with storage.snapshot() as connection:
        session = storage.looking(connection)
        facts, needs = Facts(), Needs()
        for model, id in {(one.model, one.id) for one in diff.rows if one.model in storage.models}:
            needs.row(model, id)
        session.load(needs, facts)
        return (*_rows(storage, diff, session, facts), *effects)


def _rows(storage: Storage, diff: Diff, session: Session, facts: Facts) -> Iterator[Verdict]:
    for one in diff.rows:
        name = one.row if one.column == WHOLE else f"{one.row} {one.column}"
        if not facts.knows(one.model, one.id):  # a model that only another checkout has
            yield Verdict(name, "foreign")
            continue
        if not _is_here(storage, one):
            continue
        present = facts.row(one.model, one.id)
        verdict = _verdict(one, present)
        if verdict is not None:
            yield Verdict(name, verdict)
            continue
        writer = _writer(storage, session, one, present)
        later = writer is not None and writer != diff.record.id
        yield Verdict(name, "superseded", writer) if later else Verdict(name, "gone" if present is None else "foreign")


def _is_here(storage: Storage, one: ColumnDifference) -> bool:
    """Whether it is told in the columns that the table has; of those of another checkout it cannot be said what would become of them."""
    columns = set(fields_of(newest(storage.models[one.model].model)).names)
    if one.column != WHOLE:
        return one.column in columns
    return all(row.keys() == columns for row in (one.was, one.base, one.new) if isinstance(row, dict))


def _verdict(one: ColumnDifference, present: Row | None) -> str | None:
    """`apply` or `no-op` by the row as it stands; None where it is neither what the event made it nor what it should be."""
    if one.column == WHOLE:
        return "no-op" if present == one.new else "apply" if present == one.base else None
    if present is None or one.column not in present:
        return None
    if one.relative:
        return "apply"
    value = present[one.column]
    return "no-op" if same_value(value, one.new) else "apply" if same_value(value, one.base) else None


def _writer(storage: Storage, session: Session, one: ColumnDifference, present: Row | None) -> str | None:
    """The id of the event that wrote it last."""
    model = storage.models[one.model].model
    row = present if present is not None else one.was if isinstance(one.was, dict) else one.base if isinstance(one.base, dict) else None
    subjects = subjects_of_row(model, one.id, row) if row is not None or model.__ensue__.subject else ()
    chain = chain_of(model, one.id, present) if present is not None else next(iter(subjects), None)
    return last_writer(session, one.model, one.id, None if one.column == WHOLE else one.column, chain)


def _effect(app: App, one: EffectDifference) -> Verdict:
    """What is new is sent where its kind is allowed; for the rest is made up where that is declared, else a person looks."""
    name = f"{one.effect} {one.key}"
    if one.kind == "added":
        return Verdict(name, "send", is_effect=True)
    effect = app.effects().get(one.effect)
    can = effect is not None and getattr(effect.__ensue__, "on_drop", None) is not None
    return Verdict(name, "compensate" if can else "task", is_effect=True)
