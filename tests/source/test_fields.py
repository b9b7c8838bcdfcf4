"""Which fields differ between two schemas, and that only a default may be added without a new shape."""

from __future__ import annotations

from typing import Any

import pytest

from ensue import Value
from ensue.core.schema import fields_schema
from ensue.source.fields import changed_fields


class Dose(Value):
    amount: int
    unit: str = "mg"


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

    assert changed_fields(fields_schema(Dose), fields_schema(after)) == found


def test_a_default_added_inside_a_nested_value_is_no_change() -> None:
    class Order(Value):
        doses: tuple[Dose, ...]

    wider: Any = type("Dose", (Value,), {"__annotations__": {"amount": int, "unit": str, "note": str}, "unit": "mg", "note": ""})
    after: Any = type("Order", (Value,), {"__annotations__": {"doses": tuple[wider, ...]}})

    assert changed_fields(fields_schema(Order), fields_schema(after)) == {}
