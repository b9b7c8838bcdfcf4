"""The schema of a class: types, constraints and purposes as JSON Schema, and how two of them differ."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import AwareDatetime, Field, PositiveInt, StringConstraints

from ensue import Event, Lookup, Model, New, Ref, Related, Sensitive, Value, new, optional, related
from ensue.source.schema import changed_fields, form_schema, object_schema, state_schema, type_schema


class Colour(Enum):
    RED = "red"


class Dose(Value):
    amount: int
    unit: str = "mg"


class Patient(Model, subject=True):
    name: Sensitive[str]


class Note(Model, of=Patient):
    patient_id: str


class Write(Event, type="note.write", version="2025-01-01"):
    text: Annotated[str, Field(max_length=80)]
    urgent: bool = False
    patient: Ref[Patient]
    other: Lookup[Patient | None] = optional()
    note: New[Note] = new()
    notes: Related[Note] = related()


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (PositiveInt, {"type": "integer", "minimum": -9007199254740991, "maximum": 9007199254740991, "exclusiveMinimum": 0}),
        (Annotated[Decimal, Field(decimal_places=2, ge=0)], {"type": "string", "format": "decimal", "minimum": 0, "decimalPlaces": 2}),
        (Sensitive[str], {"type": "string", "x-purpose": "sensitive"}),
        (str | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (Annotated[str | None, Field(max_length=3)], {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}),
        (Annotated[str, StringConstraints(pattern="^a")], {"type": "string", "pattern": "^a"}),
        (Annotated[tuple[int, ...], Field(min_length=1)], {"type": "array", "items": type_schema(int), "minItems": 1}),
        (frozenset[date], {"type": "array", "items": {"type": "string", "format": "date"}, "uniqueItems": True}),
        (Literal["a", "b"], {"enum": ["a", "b"]}),
        (Colour, {"enum": ["red"]}),
        (datetime, {"type": "string", "format": "date-time"}),
        (AwareDatetime, {"type": "string", "format": "date-time"}),
    ],
)
def test_types_and_their_constraints(annotation: Any, schema: dict[str, Any]) -> None:
    assert type_schema(annotation) == schema


def test_a_nested_value_stands_whole_with_its_defaults() -> None:
    assert object_schema(Dose) == type_schema(Dose)
    assert object_schema(Dose) == {
        "type": "object",
        "properties": {"amount": type_schema(int), "unit": {"type": "string", "default": "mg"}},
        "required": ["amount"],
        "additionalProperties": False,
    }


def test_the_form_is_what_callers_send_and_the_state_what_is_read() -> None:
    form = form_schema(Write)

    assert list(form["properties"]) == ["text", "urgent", "patient_id", "other_id", "note_id"]
    assert form["required"] == ["patient_id", "text"]
    assert state_schema(Write)["notes"] == {"kind": "related", "model": "Note", "row": object_schema(Note)}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"amount": int}, {"unit": "removed"}),
        ({"amount": int, "unit": str}, {"unit": "changed"}),
        ({"amount": str, "unit": (str, "mg")}, {"amount": "changed"}),
        ({"amount": int, "unit": (str, "g")}, {"unit": "changed"}),
        ({"amount": (int, 1), "unit": (str, "mg")}, {"amount": "changed"}),
        ({"amount": int, "unit": (str, "mg"), "note": (str, "")}, {"note": "added"}),
        ({"amount": int, "unit": (str, "mg"), "note": str}, {"note": "required"}),
    ],
)
def test_two_schemas_differ_by_field(fields: dict[str, Any], found: dict[str, str]) -> None:
    hints = {name: one[0] if isinstance(one, tuple) else one for name, one in fields.items()}
    defaults = {name: one[1] for name, one in fields.items() if isinstance(one, tuple)}
    after: Any = type("Dose", (Value,), {"__annotations__": hints, **defaults})

    assert changed_fields(object_schema(Dose), object_schema(after)) == found


def test_a_default_added_inside_a_nested_value_is_no_change() -> None:
    class Order(Value):
        doses: tuple[Dose, ...]

    wider: Any = type("Dose", (Value,), {"__annotations__": {"amount": int, "unit": str, "note": str}, "unit": "mg", "note": ""})
    after: Any = type("Order", (Value,), {"__annotations__": {"doses": tuple[wider, ...]}})

    assert changed_fields(object_schema(Order), object_schema(after)) == {}
