"""check_shapes: every way between shapes is tried on many events and rows, and a mistake is shown by the smallest of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import Enum
from types import FunctionType
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, Field

from ensue import App, Event, Model, Ref, Value, lossy
from ensue.testing import check_shapes


class Person(Model, subject=True):
    name: str


class Unit(Enum):
    MG = "mg"
    ML = "ml"


class Dose(Value):
    amount: Annotated[Decimal, Field(gt=0, decimal_places=2)]
    unit: Unit = Unit.MG


def app_of(old: dict[str, Any], new: dict[str, Any], **written: Any) -> App:
    """An application with one event type in two shapes of these fields; *written* stands in the second."""
    line: dict[str, Any] = {"person": Ref[Person]}
    first: Any = type("Old", (Event,), {"__annotations__": {**line, **old}}, type="ward.note", version="2026-01-01")
    body = {"__annotations__": {**line, **new}, **{name: value for name, value in written.items() if name != "default"}}
    second: Any = type("New", (Event,), body, type="ward.note", version="2026-02-01", follows=first)
    app = App("ward")

    def decide(event: Any) -> None: ...

    for shape, since in ((first, "2026-01-01"), (second, "2026-02-01")):
        step: Any = FunctionType(decide.__code__, globals(), f"of_{shape.__name__.lower()}")
        step.__annotations__ = {"event": shape, "return": None}
        app.step(shape, since=since)(step)
    if written.get("down", ...) is None:
        app.end_step(app.steps("ward.note")[0].function, since="2026-02-01", why="Nothing leads down.")
    return app


def up(**values: Callable[[Any], Any]) -> Any:
    """An `up` that gives each field from the older event."""
    return classmethod(lambda cls, old: cls(person=old.person, **{name: value(old) for name, value in values.items()}))


def down(**values: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A `down` likewise."""
    return lambda self: type(self).__ensue__.follows(person=self.person, **{name: value(self) for name, value in values.items()})


def message_of(app: App, **options: Any) -> str:
    with pytest.raises(AssertionError) as raised:
        check_shapes(app, **options)
    return str(raised.value)


def test_ways_that_are_right_pass() -> None:
    check_shapes(app_of({"text": str}, {"words": str}, up=up(words=lambda old: old.text), down=down(text=lambda new: new.words)))


def test_derived_ways_of_every_type_pass() -> None:
    code = Annotated[str, Field(min_length=2, max_length=3)]
    fields = {
        "code": code,
        "a": int,
        "b": bool,
        "c": date,
        "d": Dose,
        "e": tuple[Dose, ...],
        "f": frozenset[int],
        "g": Unit | None,
        "h": bytes,
    }
    app = app_of(fields, fields)

    check_shapes(app)


def test_what_is_lost_on_the_way_is_shown_by_the_smallest_event() -> None:
    upper = app_of({"text": str}, {"text": str}, up=up(text=lambda old: old.text.upper()), down=down(text=lambda new: new.text))

    assert message_of(upper) == (
        "New: up and down do not give back Old(text='a', person='person-1'): it is Old(text='A', person='person-1') then. "
        'Put one of them right, mark down with @lossy("why"), or say down = None.'
    )


@pytest.mark.parametrize("way", [lossy("case is lost")(down(text=lambda new: new.text)), None])
def test_a_way_down_that_says_it_is_lossy_or_is_none_need_not_give_everything_back(way: Any) -> None:
    check_shapes(app_of({"text": str}, {"text": str}, up=up(text=lambda old: old.text.upper()), down=way))


def test_an_up_that_gives_no_valid_event_is_shown() -> None:
    app = app_of({"text": str}, {"text": Annotated[str, Field(min_length=1)]}, up=up(text=lambda old: old.text.strip()))

    assert "New.up: refused its own result: New: text: " in message_of(app)


def test_an_up_that_raises_is_shown() -> None:
    app = app_of({"count": int}, {"each": int}, up=up(each=lambda old: 100 // old.count), down=None)

    assert "New.up: raised ZeroDivisionError: " in (message := message_of(app))
    assert "for Old(count=0" in message


def test_a_down_that_gives_no_valid_event_is_shown() -> None:
    short = Annotated[str, Field(max_length=4)]
    app = app_of({"text": short}, {"text": str}, up=up(text=lambda old: old.text), down=down(text=lambda new: new.text))

    assert "New.down: refused its own result: Old: text: " in message_of(app)


def test_an_odd_value_among_many_is_found() -> None:
    leap = date(2000, 2, 29)
    app = app_of({"day": date}, {"day": date}, up=up(day=lambda old: old.day.replace(year=2001)), down=None)

    assert f"for Old(day={leap!r}" in message_of(app)


def checked(text: str) -> str:
    if not (text.startswith("K-") and text.endswith("7")):
        raise ValueError("no check digit")
    return text


def test_a_field_that_no_generator_fits_asks_for_examples() -> None:
    coded = Annotated[str, AfterValidator(checked)]
    app = app_of({"code": coded}, {"code": str}, up=up(code=lambda old: old.code[:-1]), down=None)
    old = app.shapes("ward.note")[0]

    assert message_of(app) == "Old.code: no value was found that it takes; give check_shapes some Old in examples=."
    check_shapes(app, examples=[old(code="K-17", person="p")])


def test_an_example_is_tried_like_the_others() -> None:
    coded = Annotated[str, AfterValidator(checked)]
    app = app_of({"code": coded}, {"code": int}, up=up(code=lambda old: int(old.code[2:])), down=None)

    assert "New.up: raised ValueError" in message_of(app, examples=[app.shapes("ward.note")[0](code="K-x7", person="p")])


def test_the_same_seed_finds_the_same_and_another_may_find_another() -> None:
    app = app_of({"text": str}, {"text": str}, up=up(text=lambda old: old.text * 2), down=down(text=lambda new: new.text))

    assert message_of(app, seed=1) == message_of(app, seed=1)


# ---- models ------------------------------------------------------------------------------------------------------------
class City(Model, subject=True):
    name: str
    inhabitants: int = 0


class City2(Model, version="2026-02-01", follows=City):
    name: str
    thousands: int = 0

    @classmethod
    def up(cls, old: City, present: City2 | None = None) -> City2:
        return cls(id=old.id, name=old.name, thousands=old.inhabitants // 1_000)

    def down(self) -> City:
        return City(id=self.id, name=self.name, inhabitants=self.thousands * 1_000)


def test_shapes_of_models_are_tried_too() -> None:
    app = App("map", models=[City2])

    class Found(Event, type="city.found", version="2026-01-01"):
        city: Ref[City2]

    @app.step(Found, since="2026-01-01")
    def nothing(event: Found) -> None: ...

    assert message_of(app).startswith("City2: up and down do not give back City(id='id-1', name='a', inhabitants=1)")
