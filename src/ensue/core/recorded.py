"""
Recorded: whether what a record says can have been written by ensue.

Whoever reads takes records as they were written, and `verify` proves that they are. What somebody altered in between must not
come out as a row: it is of the form that design §5 draws, its values are those of its model's fields, or it is an error that
names the record. Where it is quicker to believe first, the record is looked at when something went wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import NoneType
from typing import Any, Final, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from ensue.core.correction import CORRECTION
from ensue.core.correction_shapes import form_of
from ensue.core.data import fields_of
from ensue.core.fields import DataField
from ensue.core.model import Model, may_have_changed
from ensue.core.record import Record
from ensue.errors import EnsueError, FormatError

T = TypeVar("T")
_Columns = dict[str, Any]
_FORMS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "form": TypeAdapter(_Columns),
    "effects": TypeAdapter(list[tuple[str, str, _Columns, str]]),
    "state": TypeAdapter(list[tuple[str, str, str, _Columns]]),
    "operations": TypeAdapter(
        list[
            tuple[Literal["insert"], str, str, None, _Columns, str]
            | tuple[Literal["update", "increase"], str, str, _Columns, _Columns, str]
            | tuple[Literal["delete"], str, str, _Columns, None, str]
            | tuple[Literal["cancel", "erase"], str, Any, Any, Any, str]
        ]
    ),
}
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {"integer": (int,), "boolean": (bool,), "json": (list, dict)}
"""What stands in J1 for values of a codec's kind, where that is not text."""


# ---- after something went wrong ------------------------------------------------------------------------------------
@contextmanager
def as_written(record: Record) -> Iterator[None]:
    """
    What goes wrong meanwhile because *record* is not as ensue writes it, is told of that record.

    Raises:
        FormatError: instead of what no code of ours foresees.
    """
    try:
        yield
    except EnsueError:
        raise
    except Exception as error:
        check_written(record, error)
        raise


def each_as_written(records: Iterable[Record], work: Callable[[Iterator[Record]], T]) -> T:
    """What *work* makes of *records*, one after the other; what goes wrong is told as by `as_written`. Raises FormatError."""
    latest: Record | None = None

    def note(record: Record) -> Record:
        nonlocal latest
        latest = record
        return record

    try:
        return work(map(note, records))
    except EnsueError:
        raise
    except Exception as error:
        if latest is not None:
            check_written(latest, error)
        raise


def check_written(record: Record, cause: Exception | None = None) -> None:
    """What *record* says can have been written by ensue. Raises FormatError, because of *cause*, which names the record."""
    try:
        check_said(record.document)
        _check_form(record)
        for _, model, id, columns in record.document["state"]:
            _check_side(record, model, id, columns, whole=False)
        for kind, model, id, before, after, _ in record.document["operations"]:
            for side in (before, after) if kind not in ("cancel", "erase") else ():
                _check_side(record, model, id, side, whole=kind in ("insert", "delete"))
    except FormatError as error:
        raise FormatError(
            f"{record.type} {record.id} at position {record.position} cannot be read: {error}. Run `ensue verify`."
        ) from cause


def _check_form(record: Record) -> None:
    if record.type == CORRECTION:
        form_of(record)
        return
    form, shape = record.document["form"], record.logic.shape
    for name, field in fields_of(shape).by_name.items():
        if name not in form:
            raise FormatError(f"form has no {name}")
        if not _can_be(field, form[name], nullable=False):
            raise FormatError(f"form/{name} is {form[name]!r:.60}, which is no value of its type, {field.codec.kind}")
    for one in shape.__ensue__.on_wire:
        if type(form.get(one.wire)) not in ((str,) if one.kind == "new" else (str, NoneType)):
            raise FormatError(f"form/{one.wire} is {form.get(one.wire)!r:.60}, which is no id")


def _check_side(record: Record, name: str, id: str, columns: Mapping[str, Any] | None, *, whole: bool) -> None:
    """What is said of one row; of its columns only where its model has had one shape: of others nobody knows the types."""
    model = record.app.find_model(name)
    if model is None:
        raise FormatError(f"it names a model {name}, which {record.app.name} does not declare")
    if columns is None or may_have_changed(model):
        return
    fields = fields_of(model).by_name
    wrong = columns.keys() - fields.keys()
    if whole:
        wrong |= {one.name for one in fields.values() if one.required} - columns.keys()
    if wrong:
        raise FormatError(f"{name}/{id} has other columns than {name}: {', '.join(sorted(wrong))}")
    check_columns(model, id, columns, nullable=model.__ensue__.table is not None)


# ---- before it is believed -----------------------------------------------------------------------------------------
def check_said(document: Mapping[str, Any]) -> None:
    """Form, state, operations and effects are of the form that ensue writes. Raises FormatError."""
    for name, form in _FORMS.items():
        try:
            form.validate_python(document[name])
        except ValidationError as error:
            place = "/".join(str(part) for part in (name, *error.errors(include_url=False)[0]["loc"][:1]))
            raise FormatError(f"{place} is not of the form that ensue writes") from None


def check_columns(model: type[Model], id: str, columns: Mapping[str, Any], *, whole: bool = False, nullable: bool = False) -> None:
    """
    What *columns* say of a row of *model* can be: each value is of its field's type. A column that the model has no more says nothing.

    Args:
        model: the model, in the shape that the columns have.
        id: the row's.
        columns: J1 values by column.
        whole: all of the model's columns are there.
        nullable: any column may be null, as in tables that others write too.

    Raises:
        FormatError: it cannot be.
    """
    name, fields = f"{model.__ensue__.name}/{id}", fields_of(model).by_name
    if columns.get("id", id) != id:
        raise FormatError(f"{name} has the id {columns['id']!r:.60}")
    missing = fields.keys() - columns.keys() if whole else ()
    if missing:
        raise FormatError(f"{name} has no {', '.join(sorted(missing))}")
    for column, value in columns.items():
        if column in fields and not _can_be(fields[column], value, nullable=nullable):
            raise FormatError(f"{column} of {name} is {value!r:.60}, which is no value of its type, {fields[column].codec.kind}")


def _can_be(field: DataField, value: Any, *, nullable: bool) -> bool:
    if value is None:
        return nullable or field.codec.optional
    if type(value) not in _TYPES.get(field.codec.kind, (str,)):
        return False
    try:
        field.codec.decode(value)
    except Exception:  # noqa: BLE001  # whatever a type makes of a value that it never wrote
        return False
    return True
