"""
Recorded: what a record says of rows, looked at before anybody believes it.

Whoever reads takes records as they were written, and `verify` proves that they are. What somebody altered in between must not
come out as a row: it is of the form that design §5 draws, its values are those of its model's fields, or it is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from ensue.core.data import fields_of
from ensue.core.fields import DataField
from ensue.core.model import Model
from ensue.errors import FormatError

_Columns = dict[str, Any]
_FORMS: Final[Mapping[str, TypeAdapter[Any]]] = {
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


def check_rows_said(document: Mapping[str, Any]) -> None:
    """State and operations are lists of what ensue writes there. Raises FormatError."""
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
        if column in fields and not _can_be(fields[column], value, nullable):
            raise FormatError(f"{column} of {name} is {value!r:.60}, which is no value of its type, {fields[column].codec.kind}")


def _can_be(field: DataField, value: Any, nullable: bool) -> bool:
    if value is None:
        return nullable or field.codec.optional
    if type(value) not in _TYPES.get(field.codec.kind, (str,)):
        return False
    try:
        field.codec.decode(value)
    except Exception:  # noqa: BLE001  # whatever a type makes of a value that it never wrote
        return False
    return True
