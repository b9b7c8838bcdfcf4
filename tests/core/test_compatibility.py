"""Compatibility is asymmetric: what breaks a caller is a narrower request, what breaks a reader a wider answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from ensue import Value
from ensue.core.compatibility import Description, StepDescription, compare, schema_changes, worst
from ensue.core.schema import Schema, fields_schema
from ensue.core.value import read_value
from ensue.errors import InvalidForm


def value(**fields: Any) -> type[Value]:
    """A class with these annotations; a pair is an annotation with its default."""
    body = {name: one[1] for name, one in fields.items() if isinstance(one, tuple)}
    hints = {name: one[0] if isinstance(one, tuple) else one for name, one in fields.items()}
    return type("Thing", (Value,), {"__annotations__": hints, "__module__": __name__, **body})


def schema(**fields: Any) -> Schema:
    return fields_schema(value(**fields))


@pytest.mark.parametrize(
    ("before", "after", "code", "request_class", "answer_class"),
    [
        ({}, {"a": (int, 1)}, "field_added", "additive", "additive"),
        ({}, {"a": int}, "field_added", "breaking", "additive"),
        ({"a": int}, {}, "field_removed", "breaking", "breaking"),
        ({"a": (int, 1)}, {"a": int}, "required", "breaking", "none"),
        ({"a": int}, {"a": (int, 1)}, "optional", "additive", "breaking"),
        ({"a": int}, {"a": str}, "type_changed", "breaking", "breaking"),
        ({"a": int}, {"a": int | None}, "null_allowed", "additive", "breaking"),
        ({"a": int | None}, {"a": int}, "null_refused", "breaking", "none"),
        ({"a": Literal["x"]}, {"a": Literal["x", "y"]}, "values_added", "additive", "breaking"),
        ({"a": Literal["x", "y"]}, {"a": Literal["x"]}, "values_removed", "breaking", "none"),
        ({"a": str}, {"a": Literal["x"]}, "values_limited", "breaking", "none"),
        ({"a": Annotated[int, Field(ge=1)]}, {"a": Annotated[int, Field(ge=2)]}, "minimum_changed", "breaking", "none"),
        ({"a": Annotated[int, Field(le=1)]}, {"a": Annotated[int, Field(le=2)]}, "maximum_changed", "additive", "breaking"),
        ({"a": Annotated[str, Field(max_length=9)]}, {"a": str}, "maxLength_changed", "additive", "breaking"),
        ({"a": str}, {"a": Annotated[str, Field(pattern="^x")]}, "pattern_changed", "breaking", "none"),
        ({"a": (int, 1)}, {"a": (int, 2)}, "default_changed", "behaviour", "behaviour"),
    ],
)
def test_each_change_of_a_field_has_a_class_for_callers_and_one_for_readers(
    before: dict[str, Any], after: dict[str, Any], code: str, request_class: str, answer_class: str
) -> None:
    for side, expected in (("request", request_class), ("answer", answer_class)):
        [change] = schema_changes(schema(**before), schema(**after), side, "form")  # type: ignore[arg-type]  # the two sides

        assert (change.code, change.compatibility, change.path) == (code, expected, "form.a")
        assert "`a`" in change.message
        assert change.message.endswith(".")


def test_changes_inside_nested_values_and_lists_are_found_with_their_path() -> None:
    [inside] = schema_changes(schema(part=value(a=int)), schema(part=value(a=str)), "request", "form")
    [items] = schema_changes(schema(many=tuple[value(a=int), ...]), schema(many=tuple[value(a=int, b=int), ...]), "request", "form")  # type: ignore[misc]  # made here

    assert (inside.path, items.path) == ("form.part.a", "form.many[].b")


FIELDS: list[Any] = [
    int, (int, 1), int | None, (int | None, None), Annotated[int, Field(ge=1)], Annotated[int, Field(gt=1, le=2)],
    str, Literal["x", "y"], Literal["y"], (Literal["x", "y"], "y"), Annotated[str, Field(min_length=2)],
    Annotated[str, Field(pattern="^x")],
    tuple[int, ...], Annotated[tuple[int, ...], Field(max_length=1)], frozenset[int],
]  # fmt: skip
VALUES: list[Any] = [None, 0, 1, 2, 3, "", "x", "y", "xx", "yy", [], [1], [1, 1], [1, 2]]
shapes = st.dictionaries(st.sampled_from("ab"), st.sampled_from(FIELDS), max_size=2)
values = st.dictionaries(st.sampled_from("ab"), st.sampled_from(VALUES), max_size=2)


def accepts(cls: type[Value], form: dict[str, Any]) -> bool:
    try:
        read_value(cls, form)
    except InvalidForm:
        return False
    return True


@given(shapes, shapes, values)
def test_what_was_accepted_is_accepted_after_a_change_of_requests_that_does_not_break(
    before: dict[str, Any], after: dict[str, Any], form: dict[str, Any]
) -> None:
    old, new = value(**before), value(**after)
    changes = schema_changes(fields_schema(old), fields_schema(new), "request")

    if worst(changes) != "breaking":
        assert accepts(new, form) or not accepts(old, form), changes


@given(shapes, shapes, values)
def test_what_is_told_can_be_read_by_the_old_reader_after_a_change_of_answers_that_does_not_break(
    before: dict[str, Any], after: dict[str, Any], told: dict[str, Any]
) -> None:
    old, new = value(**before), value(**after)
    changes = schema_changes(fields_schema(old), fields_schema(new), "answer")

    # What is told has every field, defaults filled; a reader passes over fields that it does not know.
    if worst(changes) != "breaking" and told.keys() == after.keys() and accepts(new, told):
        assert accepts(old, {name: one for name, one in told.items() if name in before}), changes


WRITE = StepDescription("write", "write")
TEXT = StepDescription("text", "text", "A text is sent.")


def description(**changes: Any) -> Description:
    return Description(**{"form": schema(a=int), "steps": (WRITE,), **changes})


@pytest.mark.parametrize(
    ("after", "code", "expected"),
    [
        (description(), None, "none"),
        (description(steps=(WRITE, TEXT)), "step_added", "behaviour"),
        (description(steps=(StepDescription("write_better", "write"),)), "step_replaced", "behaviour"),
        (description(steps=()), "step_ended", "behaviour"),
        (description(operations=frozenset({"insert Visit"})), "operation_added", "behaviour"),
        (description(effects=frozenset({"push.send"})), "effect_added", "behaviour"),
        (description(rejections={"visit.full": schema()}), "rejection_added", "breaking"),
        (description(demands=("patient.phone",)), "demand_added", "breaking"),
        (description(state={"visits": "Visit, related"}), "state_added", "none"),
        (None, "event_ended", "breaking"),
    ],
)
def test_each_change_of_an_event_type_has_its_class(after: Description | None, code: str | None, expected: str) -> None:
    changes = compare(description(), after)

    assert [one.code for one in changes] == ([code] if code else [])
    assert worst(changes) == expected


def test_a_new_event_type_breaks_nobody() -> None:
    assert [one.compatibility for one in compare(None, description())] == ["additive"]


def test_the_gravest_change_stands_first() -> None:
    changes = compare(description(), description(steps=(WRITE, TEXT), rejections={"visit.full": schema()}, state={"b": "Visit"}))

    assert [one.compatibility for one in changes] == ["breaking", "behaviour", "none"]


def test_steps_in_another_order_are_another_behaviour() -> None:
    [change] = compare(description(steps=(WRITE, TEXT)), description(steps=(TEXT, WRITE)))

    assert (change.code, change.compatibility) == ("steps_reordered", "behaviour")
