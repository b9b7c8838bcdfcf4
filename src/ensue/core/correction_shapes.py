"""
Correction shapes: what the form of a correction says of rows, in the newest shapes of their models.

A correction holds rows and columns by name, as the tables were when it was made. Where a model has a newer shape since,
they are brought up like the rows that a record froze, so that a correction can be decided again and told again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

from pydantic import TypeAdapter, ValidationError

from ensue.core.app import App
from ensue.core.brought_up import Rest, brought_up, shape_of
from ensue.core.codec import add, subtract
from ensue.core.data import fields_of, trusted
from ensue.core.facts import Row
from ensue.core.model import Model, may_have_changed
from ensue.core.shapes import changes_brought_up, some_row_of
from ensue.core.wanted import Wanted
from ensue.errors import FormatError, RequestError

_Side = dict[str, Any] | None
_PARTS: Final[Mapping[str, TypeAdapter[Any]]] = {
    **{name: TypeAdapter(str) for name in ("original", "base", "plan", "reason")},
    "target": TypeAdapter(str | None),
    "changes": TypeAdapter(
        list[
            tuple[str, str, Literal["insert", "delete"], _Side, _Side, str]
            | tuple[str, str, Literal["update"], _Side, dict[str, Any], str]
            | tuple[str, str, Literal["increase"], None, dict[str, Any], str]
        ]
    ),
    "kept": TypeAdapter(list[tuple[str, str, _Side]]),
    "effects": TypeAdapter(list[tuple[str, str, dict[str, Any]]]),
    "subjects": TypeAdapter(list[str]),
    "wanted": TypeAdapter(_Side),
    "records": TypeAdapter(int),
}
"""The parts of a form that core/correction.py draws: nothing else may come of bytes that somebody altered."""


class CorrectionSaid(Protocol):
    """What is asked of a correction: its record, or what stands for one."""

    @property
    def id(self) -> str:
        """The event's id."""
        ...

    @property
    def app(self) -> App:
        """The application, which knows the models."""
        ...

    @property
    def document(self) -> Mapping[str, Any]:
        """Its form and its state."""
        ...

    @property
    def table_shapes(self) -> Mapping[str, str] | None:
        """The shapes that the tables had then."""
        ...


def form_of(record: CorrectionSaid) -> dict[str, Any]:
    """The form of a correction as it was recorded. Raises FormatError where it is none."""
    form: Any = record.document["form"]
    try:
        for name, checked in _PARTS.items():
            checked.validate_python(form[name])
    except (LookupError, TypeError, ValidationError):
        raise FormatError(f"Correction {record.id}: the form is not that of a correction. Run `ensue verify`.") from None
    return dict(form)


def wanted_of(record: CorrectionSaid) -> Wanted | None:
    """What the plan of a correction was asked for; None where another one of that plan says it. Raises FormatError."""
    asked: Any = record.document["form"]["wanted"]
    try:
        return None if asked is None else Wanted.from_json(asked)
    except (LookupError, TypeError, ValueError, AttributeError, RequestError) as error:
        raise FormatError(f"Correction {record.id}: what its plan was asked for cannot be read: {error}. Run `ensue verify`.") from None


def form_brought_up(record: CorrectionSaid) -> dict[str, Any]:
    """The form of a correction with its changes in the newest shapes. Raises Missing, StepError, FormatError."""
    form = form_of(record)
    if not any(may_have_changed(record.app.model(model)) for model, *_ in form["changes"]):
        return form
    standing = {(model, id): columns for _, model, id, columns in record.document["state"]}
    return {**form, "changes": [_change_brought_up(record, one, standing) for one in form["changes"]]}


def _change_brought_up(record: CorrectionSaid, change: list[Any], standing: Mapping[tuple[str, str], Row]) -> list[Any]:
    model, id, kind, expected, target, decision = change
    latest, row = record.app.model(model), standing.get((model, id))

    def risen(columns: Row) -> Row:
        return brought_up(latest, columns, lambda: record.table_shapes)

    if not may_have_changed(latest):
        return change
    if kind in ("insert", "delete"):
        return [model, id, kind, *(None if side is None else risen(side) for side in (expected, target)), decision]
    if row is None:  # an update of a row that is not there: it is refused in any shape
        return change
    fields = fields_of(latest).by_name
    if kind == "increase":
        was, now = risen(row), risen({**row, **_increased(record, latest, row, target)})
        amounts = {
            name: fields[name].codec.encode(subtract(fields[name].codec.decode(value), fields[name].codec.decode(was[name])))
            for name, value in now.items()
            if value != was[name]
        }
        return [model, id, kind, None, amounts, decision]
    was, now = risen({**row, **(expected or {})}), risen({**row, **target})
    columns = [name for name, value in now.items() if value != was[name]]
    return [model, id, kind, {name: was[name] for name in columns}, {name: now[name] for name in columns}, decision]


def _increased(record: CorrectionSaid, latest: type[Model], row: Row, amounts: Row) -> Row:
    """The columns that *amounts* are added to, in the shape of the record."""
    fields = fields_of(shape_of(latest, row, lambda: record.table_shapes)).by_name
    return {
        name: fields[name].codec.encode(add(fields[name].codec.decode(row[name]), fields[name].codec.decode(amount)))
        for name, amount in amounts.items()
    }


# ---- what people decided -------------------------------------------------------------------------------------------
def kept_operations(record: CorrectionSaid, row_of: Rest) -> list[Any]:
    """
    What people decided to leave as it is, as operations on the rows of a telling, which *row_of* knows.

    A row that is not there in that telling has no columns to keep; one that was kept whole is there after all.
    """
    operations: list[Any] = []
    for model, id, kept in form_of(record)["kept"]:
        row = row_of(model, id)
        if kept is None:
            operations += [["delete", model, id, row, None, ""]] if row is not None else []
            continue
        latest = record.app.model(model)
        if row is not None:
            operations.append(["update", model, id, None, _kept_of(record, latest, row, kept), ""])
        elif fields_of(shape_of(latest, kept, lambda: record.table_shapes, whole=False)).by_name.keys() <= kept.keys():
            operations.append(["insert", model, id, None, brought_up(latest, kept, lambda: record.table_shapes), ""])
    return operations


def _kept_of(record: CorrectionSaid, latest: type[Model], row: Row, kept: Row) -> Row:
    """The columns that were kept, in the newest shape, where the row now stands as *row*."""
    shape = shape_of(latest, kept, lambda: record.table_shapes, whole=False)
    if shape is latest:
        return kept
    changes = {name: value for name, value in some_row_of(shape, kept).__dict__.items() if name != "id"}
    return changes_brought_up(trusted(shape, {"id": row["id"]}), changes, row)
