"""Fields with a default that came without a new shape, after records were written: old records are the same as ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import ensue
from ensue import App, Effect, Event, Insert, Model, New, Record, new
from ensue.core.replay import replay

app = App("grown")


class Box(Model, subject=True):
    size: int
    colour: str = "grey"
    weight: int | None = None


class Label(Effect, kind="label.print"):
    text: str
    copies: int = 1


class Pack(Event, type="pack", version="2024-01-01"):
    size: int
    note: str = "none"
    box: New[Box] = new()


@app.step(Pack, since="2024-01-01")
def pack(event: Pack) -> Iterator[Insert[Box] | Label]:
    yield Insert(Box(id=event.box, size=event.size))
    yield Label(text=f"{event.size}, {event.note}")


@pytest.fixture
def record() -> Iterator[Record]:
    with ensue.open(app, "sqlite://") as ledger:
        yield ledger.record(ledger.submit(Pack(size=3), actor="desk").id)


def parts_of(record: Record) -> dict[str, Any]:
    """The form, the inserted row and the effect's body, as recorded."""
    document: Any = record.document
    return {"form": document["form"], "row": document["operations"][0][4], "effect": document["effects"][0][2]}


@pytest.mark.parametrize(("part", "field"), [("form", "note"), ("row", "colour"), ("row", "weight"), ("effect", "copies")])
def test_what_was_recorded_before_a_field_came_is_the_same(record: Record, part: str, field: str) -> None:
    del parts_of(record)[part][field]

    assert replay(record).outcome == "same"


def test_a_field_that_took_the_place_of_another_has_its_default(record: Record) -> None:
    form = parts_of(record)["form"]
    form["remark"] = form.pop("note")

    assert replay(record).outcome == "same"


def test_a_value_that_is_not_the_default_still_differs(record: Record) -> None:
    parts_of(record)["effect"]["copies"] = 2

    assert replay(record).signature == ("changed effect label.print",)


def test_a_field_that_has_no_default_is_an_input_that_is_missing(record: Record) -> None:
    del parts_of(record)["form"]["size"]

    diff = replay(record)

    assert diff.outcome == "unreplayable"
    assert diff.missing is not None
    assert "Pack.size, which was not recorded" in diff.missing
