"""Ways between shapes: derived where names and types agree, and looked for when the application opens, not when a step runs."""

from __future__ import annotations

from typing import Any

import pytest

from ensue import App, DefinitionError, Event, Model, Ref
from ensue.core.shapes import (
    check_line,
    check_way_down,
    event_in_shape,
)


class Person(Model, subject=True):
    full_name: str


def shapes(before: dict[str, Any], after: dict[str, Any], **written: Any) -> tuple[Any, Any]:
    """Two shapes of an event about a person, with these further fields; *written* stands in the second."""
    line: dict[str, Any] = {"person": Ref[Person]}
    old: Any = type("Old", (Event,), {"__annotations__": {**line, **before}}, type="ward.thing", version="2026-01-01")
    body = {"__annotations__": {**line, **after}, **written}
    return old, type("Newer", (Event,), body, type="ward.thing", version="2026-02-01", follows=old)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ({}, {"size": int}, r"^Newer\.up cannot be derived: Newer\.size has no source and no default; write `up`, or give it a default"),
        ({"size": str}, {"size": int}, r"^Newer\.up cannot be derived: Newer\.size has another type; write `up`"),
        ({"size": int}, {"size": int | None}, r"^Newer\.up cannot be derived: Newer\.size has another type"),
        ({}, {"other": Ref[Person]}, r"^Newer\.up cannot be derived: Newer\.other has no source and no default"),
    ],
)
def test_a_way_up_is_derived_only_where_names_and_types_agree(before: dict[str, Any], after: dict[str, Any], message: str) -> None:
    old, _ = shapes(before, after)

    with pytest.raises(DefinitionError, match=message):
        check_line(old)


def test_a_field_with_a_default_may_be_added() -> None:
    old, newer = shapes({}, {"size": int}, size=5)

    check_line(old)

    assert event_in_shape(old(person="p-1"), newer) == newer(person="p-1", size=5)


def test_a_way_down_is_looked_for_only_where_a_step_needs_it() -> None:
    old, newer = shapes({"size": int}, {})

    check_line(old)
    with pytest.raises(
        DefinitionError,
        match=r"^Newer\.down cannot be derived, which step decide needs: Old\.size has no source and no default; write `down`",
    ):
        check_way_down(newer, old, "step decide")


@pytest.mark.parametrize("since", ["2026-01-01", "2026-02-01"])
def test_a_shape_without_a_way_down_refuses_the_steps_of_the_one_before_at_start(since: str) -> None:
    old, newer = shapes({}, {}, down=None)

    def decide(event: Any) -> None: ...
    def decide_anew(event: Any) -> None: ...

    decide.__annotations__ = {"event": old, "return": None}
    decide_anew.__annotations__ = {"event": newer, "return": None}
    app = App("ward")
    app.step(old, since="2026-01-01")(decide)

    with pytest.raises(DefinitionError, match=r"^step decide reads Old, but Newer has no down; replace or end the step from 2026-02-01 on"):
        app.check()

    app.step(newer, since="2026-02-01", replaces=decide)(decide_anew)
    app.check()
