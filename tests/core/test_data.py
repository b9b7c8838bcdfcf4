"""Data: fields are checked when a thing is made, all at once; a thing that is made does not change."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import BaseModel, Field, NaiveDatetime, PositiveInt

from ensue import DefinitionError, Effect, Event, InvalidForm, Model, Ref, Value, by, column, related
from ensue.core.canonical import Json
from ensue.core.data import fields_of
from ensue.core.value import read_value


class Dose(Value):
    amount: Decimal
    unit: str = "mg"


class Course(Value):
    days: PositiveInt
    name: Annotated[str, Field(max_length=5)]
    doses: tuple[Dose, ...] = ()
    starts: datetime | None = None
    note: str = Field(default="", max_length=3)


class Patient(Model, subject=True):
    name: str


def make(cls: Any, **values: Any) -> Any:
    """A *cls*, past the eyes of the type checker."""
    return cls(**values)


def problems_of(call: Callable[[], Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidForm) as raised:
        call()
    return [(problem.path, problem.code) for problem in raised.value.problems]


def test_everything_wrong_is_told_at_once_with_its_path() -> None:
    wrong = {"days": 0, "name": "too long", "doses": (1,), "starts": datetime(2026, 1, 1), "colour": "red"}  # noqa: DTZ001  # what is refused

    found = problems_of(lambda: make(Course, **wrong))

    assert sorted(path for path, _ in found) == ["colour", "days", "doses.0", "name", "starts"]


def test_a_missing_field_is_told_beside_one_that_has_no_bytes() -> None:
    assert problems_of(lambda: make(Course, name="a\0")) == [("days", "missing"), ("name", "value")]


def test_the_error_says_what_and_where() -> None:
    with pytest.raises(
        InvalidForm, match=r"^Course: days: is required and was not given; colour: is no field of Course; its fields are days, name, "
    ):
        make(Course, name="a", colour="red")


@pytest.mark.parametrize("value", ["12", 1.0, True, Decimal(1), None])
def test_integers_are_strict(value: Any) -> None:
    assert problems_of(lambda: make(Course, days=value, name="a"))[0][0] == "days"


@pytest.mark.parametrize("value", [1, 1.5, "1", None])
def test_decimals_are_strict(value: Any) -> None:
    assert problems_of(lambda: make(Dose, amount=value))[0][0] == "amount"


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 2**53),
        (tuple[int, ...], (1, 2**53)),
        (tuple[str, ...], ("a", "b\0")),
        (str | None, "\ud800"),
        (frozenset[str], frozenset({"\0"})),
    ],
)
def test_what_has_no_bytes_is_refused_however_deep_it_stands(annotation: Any, value: Any) -> None:
    thing: Any = type("Thing", (Value,), {"__annotations__": {"size": annotation}})

    assert [path.partition(".")[0] for path, _ in problems_of(lambda: thing(size=value))] == ["size"]


def test_defaults_are_filled() -> None:
    assert Course(days=1, name="a") == Course(days=1, name="a", doses=(), starts=None, note="")


def test_values_are_brought_into_the_form_in_which_they_come_back() -> None:
    course = Course(
        days=1, name="a", doses=(Dose(amount=Decimal("1.50")),), starts=datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    )

    assert str(course.doses[0].amount) == "1.5"
    assert course.starts is not None
    assert course.starts.tzinfo is UTC
    assert course.starts.hour == 0


def test_a_form_from_outside_tells_wrong_types_and_broken_constraints_at_once() -> None:
    wrong: dict[str, Json] = {"days": 0, "name": 5, "doses": [{"amount": "1"}, {"amount": 1}], "starts": "2026-01-01", "colour": "red"}

    found = problems_of(lambda: read_value(Course, wrong))

    assert sorted(path for path, _ in found) == ["colour", "days", "doses.1.amount", "name", "starts"]


def test_a_form_from_outside_tells_what_is_missing_beside_what_is_wrong() -> None:
    assert problems_of(lambda: read_value(Course, {"name": 5})) == [("name", "type"), ("days", "missing")]


def test_a_form_from_outside_is_read_with_its_defaults() -> None:
    read = read_value(Course, {"days": 2, "name": "a", "doses": [{"amount": "2.0"}]})

    assert read == Course(days=2, name="a", doses=(Dose(amount=Decimal(2)),))


def change_by_attribute(dose: Any) -> None:
    dose.amount = Decimal(2)


def change_by_new_attribute(dose: Any) -> None:
    dose.colour = "red"


def change_by_deleting(dose: Any) -> None:
    del dose.amount


@pytest.mark.parametrize("change", [change_by_attribute, change_by_new_attribute, change_by_deleting])
def test_a_thing_that_is_made_does_not_change(change: Callable[[Any], None]) -> None:
    dose = Dose(amount=Decimal(1))

    with pytest.raises(AttributeError, match="Dose is frozen"):
        change(dose)

    assert dose == Dose(amount=Decimal(1))


def test_what_is_nested_cannot_be_changed_either() -> None:
    course: Any = Course(days=1, name="a", doses=(Dose(amount=Decimal(1)),))

    with pytest.raises(AttributeError, match="frozen"):
        course.doses[0].amount = Decimal(2)
    with pytest.raises(TypeError, match="item assignment"):
        course.doses[0] = Dose(amount=Decimal(2))


def test_a_changed_copy_is_checked() -> None:
    course = Course(days=1, name="a")

    assert course.__replace__(days=2) == Course(days=2, name="a")
    assert problems_of(lambda: course.__replace__(days=0)) == [("days", "greater_than")]


def test_two_are_equal_when_class_and_values_are() -> None:
    class Other(Value):
        amount: Decimal
        unit: str = "mg"

    assert Dose(amount=Decimal("1.0")) == Dose(amount=Decimal(1))
    assert hash(Dose(amount=Decimal("1.0"))) == hash(Dose(amount=Decimal(1)))
    assert Dose(amount=Decimal(1)) != Dose(amount=Decimal(2))
    assert make(Other, amount=Decimal(1)) != Dose(amount=Decimal(1))


def test_a_copy_is_the_thing_itself_and_a_pickle_an_equal_one() -> None:
    dose = Dose(amount=Decimal(1))

    assert copy.copy(dose) is dose
    assert copy.deepcopy(dose) is dose
    assert pickle.loads(pickle.dumps(dose)) == dose


def test_it_shows_its_fields() -> None:
    assert repr(Dose(amount=Decimal(1))) == "Dose(amount=Decimal('1'), unit='mg')"


def test_fields_are_inherited_with_their_defaults_and_columns() -> None:
    class Base(Model, subject=True):
        name: str = column("full_name")
        age: int = 5

    class Below(Base, name="Below", subject=True):
        colour: str = "red"
        age: int = 6

    fields = fields_of(Below).by_name

    assert list(fields) == ["id", "name", "age", "colour"]
    assert fields["name"].column == "full_name"
    assert make(Below, id="1", name="a").age == 6


def test_class_variables_are_no_fields() -> None:
    class Marked(Value):
        kind: ClassVar[str] = "x"
        amount: int

    assert fields_of(Marked).names == ("amount",)


# ---- definition errors -----------------------------------------------------------------------------------------------
@dataclass
class Plain:
    amount: int


class Other(BaseModel):
    amount: int


@pytest.mark.parametrize(
    ("annotation", "remedy"),
    [
        (float, "use Decimal"),
        (NaiveDatetime, "use datetime, which must have one"),
        (list[int], "use tuple[T, ...]"),
        (tuple[list[int], ...], "use tuple[T, ...]"),
        (dict[str, int], "derives from Value"),
        (set[str], "use frozenset[T]"),
        (Plain, "derive it from Value"),
        (Other, "derive it from Value"),
        (int | str, "one type and None"),
    ],
)
@pytest.mark.parametrize("base", [Value, Model, Effect, Event])
def test_a_type_that_cannot_be_is_one_sentence_with_class_field_and_remedy(annotation: Any, remedy: str, base: Any) -> None:
    keywords = {Effect: {"kind": "thing"}, Event: {"type": "a.b", "version": "2026-01-01"}}.get(base, {})

    with pytest.raises(DefinitionError, match=r"^Thing\.wrong: ") as raised:
        type(
            "Thing",
            (base,),
            {"__annotations__": {"wrong": annotation, "patient": Ref[Patient]} if base is Event else {"wrong": annotation}},
            **keywords,
        )

    assert remedy in str(raised.value)


def test_a_mutable_container_inside_a_value_is_refused_where_it_is_declared() -> None:
    with pytest.raises(DefinitionError, match=r"^Inner\.parts: a list can be changed"):

        class Inner(Value):
            parts: list[str]


@pytest.mark.parametrize("name", ["_hidden", "größe"])
def test_a_field_name_is_plain(name: str) -> None:
    with pytest.raises(DefinitionError, match=rf"^Thing\.{name}: .*rename it"):
        type("Thing", (Value,), {"__annotations__": {name: str}})


@pytest.mark.parametrize(("annotation", "default"), [(int, "a"), (PositiveInt, 0), (Decimal, 1), (datetime, datetime(2026, 1, 1))])  # noqa: DTZ001  # what is refused
def test_a_default_that_is_no_value_of_its_field_is_refused(annotation: Any, default: Any) -> None:
    with pytest.raises(DefinitionError, match=r"^Thing\.size: its default cannot be: .*; give a value of its type"):
        type("Thing", (Value,), {"__annotations__": {"size": annotation}, "size": default})


def test_a_default_made_anew_each_time_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"^Thing\.size: .*give a plain default"):
        type("Thing", (Value,), {"__annotations__": {"size": int}, "size": Field(default_factory=int)})


def test_a_second_name_for_a_field_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"^Thing\.size: a field has one name everywhere"):
        type("Thing", (Value,), {"__annotations__": {"size": int}, "size": Field(alias="Size")})


@pytest.mark.parametrize(("mark", "word"), [(by("x"), r"by\(…\)"), (related(), r"related\(…\)")])
def test_a_mark_of_state_beside_a_plain_field_is_refused(mark: Any, word: str) -> None:
    with pytest.raises(DefinitionError, match=rf"^Thing\.size: {word} belongs to a state field; annotate it Ref"):
        type("Thing", (Value,), {"__annotations__": {"size": int}, "size": mark})


def test_a_constraint_that_cannot_be_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"^Thing: .*regex parse error"):
        type("Thing", (Value,), {"__annotations__": {"size": Annotated[str, Field(pattern="(")]}})


def test_a_default_may_stand_in_the_annotation() -> None:
    class Thing(Value):
        size: Annotated[int, Field(default=3, gt=0)]

    assert make(Thing) == make(Thing, size=3)
    assert not fields_of(Thing).by_name["size"].required


def test_a_nested_value_is_of_exactly_its_class() -> None:
    class Stronger(Dose):
        colour: str = "red"

    strong: Any = Stronger(amount=Decimal(1))

    assert problems_of(lambda: make(Course, days=1, name="a", doses=(strong,))) == [("doses", "value")]
