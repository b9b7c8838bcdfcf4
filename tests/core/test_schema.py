"""Schemas say what the wire forms are: a value that the codecs write fits, every constraint and purpose is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import Field, PositiveInt, StringConstraints

from ensue import Effect, Event, Lookup, Model, New, Purpose, Ref, Rejection, Related, Sensitive, Value, new, optional, related
from ensue.core.schema import annotation_schema, body_schema, form_schema, row_schema, values_schema

DECIMAL = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


class Unit(Enum):
    PIECE = "piece"
    KILOGRAM = "kg"


class Dose(Value):
    amount: int
    unit: Unit = Unit.PIECE


class Person(Model, subject=True):
    name: Sensitive[str]


class Visit(Model, of=Person):
    person_id: str


class Drug(Model):
    name: str


class Prescribe(Event, type="drug.prescribe", version="2024-01-01"):
    """Somebody prescribes."""

    visit: New[Visit] = new()
    dose: Dose
    person: Ref[Person]
    drug: Lookup[Drug | None] = optional()
    visits: Related[Visit] = related()
    reason: str | None = None


class Call(Effect, kind="call.make"):
    """A call."""

    to: Sensitive[str]


class Full(Rejection, code="visit.full"):
    """There is no room for {count}."""

    count: int


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (int | None, {"type": ["integer", "null"]}),
        (PositiveInt, {"type": "integer", "exclusiveMinimum": 0}),
        (Annotated[int, Field(ge=1, le=9, multiple_of=2)], {"type": "integer", "minimum": 1, "maximum": 9, "multipleOf": 2}),
        (Annotated[str, StringConstraints(min_length=2, pattern="^a")], {"type": "string", "minLength": 2, "pattern": "^a"}),
        (Annotated[tuple[int, ...], Field(max_length=3)], {"type": "array", "items": {"type": "integer"}, "maxItems": 3}),
        (frozenset[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
        (Unit | None, {"type": ["string", "null"], "enum": ["piece", "kg", None], "title": "Unit"}),
        (Literal[1, 2], {"type": "integer", "enum": [1, 2]}),
        (datetime, {"type": "string", "format": "date-time"}),
        (date, {"type": "string", "format": "date"}),
        (UUID, {"type": "string", "format": "uuid"}),
        (Sensitive[str] | None, {"type": ["string", "null"], "x-ensue-purpose": "sensitive"}),
        (Annotated[str, Purpose("newsletter"), Field(description="Where to write.")],
         {"type": "string", "x-ensue-purpose": "newsletter", "description": "Where to write."}),
        (Annotated[Decimal, Field(gt=0, decimal_places=2)],
         {"type": "string", "format": "decimal", "pattern": DECIMAL, "x-ensue-exclusiveMinimum": "0", "x-ensue-decimal_places": 2}),
        (Annotated[date, Field(ge=date(2020, 1, 1))], {"type": "string", "format": "date", "x-ensue-minimum": "2020-01-01"}),
    ],
)  # fmt: skip
def test_a_type_and_its_constraints_are_told(annotation: Any, schema: dict[str, Any]) -> None:
    assert annotation_schema(annotation) == schema


def test_a_form_has_its_fields_and_the_ids_that_stand_on_the_wire_in_the_order_of_the_class() -> None:
    schema = form_schema(Prescribe)

    assert list(schema["properties"]) == ["visit_id", "dose", "person_id", "drug_id", "reason"]
    assert schema["required"] == ["dose", "person_id"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["drug_id"]["type"] == ["string", "null"]
    assert schema["properties"]["person_id"]["x-ensue-model"] == "Person"
    assert schema["properties"]["reason"]["default"] is None
    assert schema["properties"]["dose"]["properties"]["unit"]["default"] == "piece"


def test_rows_effects_and_rejections_have_their_own_fields() -> None:
    assert list(row_schema(Visit)["properties"]) == ["id", "person_id"]
    assert list(body_schema(Call)["properties"]) == ["to"]
    assert values_schema(Full)["properties"] == {"count": {"type": "integer"}}
    assert values_schema(Full)["title"] == "Full"


@pytest.mark.parametrize("moment", [time(9, 30), time(23, 59, 59, 1)])
def test_a_time_of_day_fits_its_pattern(moment: time) -> None:
    import re

    assert re.search(annotation_schema(time)["pattern"], moment.isoformat(timespec="microseconds"))
    assert not re.search(annotation_schema(time)["pattern"], datetime(2024, 1, 1, tzinfo=UTC).isoformat())
