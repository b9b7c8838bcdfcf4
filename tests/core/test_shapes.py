"""Shapes: an old step sees what it was written for, and what it changes lands in the newest table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import pytest

from ensue import App, DefinitionError, Event, Insert, Model, New, Plan, Ref, Related, StepError, Update, View, by, lossy, new, related
from ensue.core.binding import Binding
from ensue.core.event import Context
from ensue.core.facts import Facts, Needs
from ensue.core.identity import row_id
from ensue.core.model import encoded_row
from ensue.core.shapes import (
    changes_brought_up,
    event_in_shape,
    line_of,
    row_brought_up,
    row_in_shape,
    shape_at,
)
from ensue.core.version import Version
from tests.core.deciding import AT, EVENT_ID, answer, decision_of, plan_of, standing


# ---- a model and an event, each in three shapes -----------------------------------------------------------------------
class Person(Model, subject=True):
    full_name: str
    phone: str | None = None


class Person2(Model, version="2026-02-01", follows=Person):
    full_name: str
    mobile: str | None = None

    @classmethod
    def up(cls, old: Person) -> Self:
        return cls(id=old.id, full_name=old.full_name, mobile=old.phone)

    def down(self) -> Person:
        return Person(id=self.id, full_name=self.full_name, phone=self.mobile)


class Person3(Model, version="2026-03-01", follows=Person2):
    given_name: str
    family_name: str
    mobile: str | None = None
    city: str = "Bern"

    @classmethod
    def up(cls, old: Person2, present: Self | None = None) -> Self:
        given_name, _, family_name = old.full_name.partition(" ")
        return cls(id=old.id, given_name=given_name, family_name=family_name, mobile=old.mobile, city=present.city if present else "Bern")

    @lossy("the names cannot be told apart")
    def down(self) -> Person2:
        return Person2(id=self.id, full_name=f"{self.given_name} {self.family_name}", mobile=self.mobile)


class Visit(Model, of=Person):
    person_id: str
    reason: str


class PersonPhone(View[Person]):
    phone: str | None


class Register(Event, type="visit.register", version="2026-01-01"):
    motive: str
    person: Ref[Person]
    visits: Related[Visit] = related(person_id=by("person"), reason="cough")
    visit: New[Visit] = new()


class Register2(Event, type="visit.register", version="2026-02-01", follows=Register):
    reason: str
    person: Ref[Person2]
    visits: Related[Visit] = related()
    visit: New[Visit] = new()

    @classmethod
    def up(cls, old: Register) -> Self:
        return cls(reason=old.motive, person=old.person.id)

    def down(self) -> Register:
        return Register(motive=self.reason, person=self.person.id)


class Register3(Event, type="visit.register", version="2026-03-01", follows=Register2):
    reason: str
    channel: str = "desk"
    person: Ref[Person3]
    visits: Related[Visit] = related()
    visit: New[Visit] = new()


ADA = Person3(id="p-1", given_name="Ada", family_name="Lovelace", mobile="077", city="London")
ADA_J1 = encoded_row(ADA)
COUGH = Visit(id="v-1", person_id="p-1", reason="cough")
FEVER = Visit(id="v-2", person_id="p-1", reason="fever")


def registry() -> App:
    """Steps of all three dates: the first two are still those of the old shapes."""
    app = App("registry")

    @app.step(Register, since="2026-01-01")
    def write_visit(event: Register) -> Iterator[Insert[Visit]]:
        if len(event.visits) < 2:
            yield Insert(Visit(id=event.visit, person_id=event.person.id, reason=event.motive))

    @app.step(Register, since="2026-01-01")
    def write_phone(event: Register) -> Iterator[Update[Person]]:
        yield Update(event.person, phone=f"{event.person.phone}-{len(event.visits)}")

    @app.step(Register3, since="2026-03-01")
    def write_city(event: Register3, so_far: Plan) -> Iterator[Update[Person3]]:
        yield Update(event.person, city=f"{so_far.row(event.person).mobile} {len(event.visits)} {event.channel}")

    return app


# ---- events ----------------------------------------------------------------------------------------------------------
def test_the_shape_of_a_version_is_the_last_that_had_begun() -> None:
    line: list[Any] = [Register, Register2, Register3]

    assert line_of(Register2) == line
    assert shape_at(Register, Version.parse("2026-01-31")) is Register
    assert shape_at(Register, Version.parse("2026-02-01")) is Register2
    assert shape_at(Register, Version.parse("2027-01-01")) is Register3
    assert shape_at(Register, Version.parse("2025-12-31")) is None


def test_an_event_goes_down_and_up_its_line_by_what_is_written_and_derived() -> None:
    newest = Register3(reason="cough", channel="web", person="p-1", visit="v-9")

    oldest = event_in_shape(newest, Register)
    back = event_in_shape(oldest, Register3)

    assert oldest == Register(motive="cough", person="p-1")
    assert back == Register3(reason="cough", person="p-1")
    assert event_in_shape(newest, Register3) is newest


@pytest.mark.parametrize("version", ["2026-01-01", "2026-02-01", "2026-03-01"])
def test_a_step_receives_the_shape_it_names_whatever_the_events_version(version: str) -> None:
    events: dict[str, Event] = {
        "2026-01-01": Register(motive="cough", person="p-1"),
        "2026-02-01": Register2(reason="cough", person="p-1"),
        "2026-03-01": Register3(reason="cough", person="p-1"),
    }

    decided = plan_of(registry(), events[version], ADA, COUGH, FEVER, version=version)

    (visit,) = decided.inserted(Visit)
    assert visit.id == row_id(EVENT_ID, "visit")
    assert (visit.person_id, visit.reason) == ("p-1", "cough")


def test_a_row_to_come_has_the_id_that_was_sent_in_every_shape() -> None:
    decided = plan_of(registry(), Register3(reason="cough", person="p-1", visit="v-9"), ADA)

    assert [visit.id for visit in decided.inserted(Visit)] == ["v-9"]


def test_what_an_old_step_writes_lands_in_the_newest_columns() -> None:
    decided = plan_of(registry(), Register(motive="cough", person="p-1"), ADA, COUGH, version="2026-01-01")

    assert decided.recorded_operations[1] == ["update", "Person", "p-1", {"mobile": "077"}, {"mobile": "077-1"}, "write_phone"]


def test_a_later_step_sees_in_its_own_shape_what_an_old_one_wrote() -> None:
    decided = plan_of(registry(), Register3(reason="cough", channel="web", person="p-1"), ADA, COUGH, FEVER)

    assert decided.recorded_operations[2][4] == {"city": "077-1 2 web"}


def test_state_is_frozen_once_a_shape_where_the_same_field_means_other_rows() -> None:
    app = registry()
    decision = decision_of(app, Register3(reason="cough", person="p-1"), ADA, COUGH, FEVER)

    assert [recorded[0] for recorded in decision.plan.recorded_operations] == ["insert", "update", "update"]
    assert frozen_state(app) == {
        ("person", "Person", "p-1"),
        ("visits", "Visit", "v-1"),
        ("visits", "Visit", "v-2"),
        ("visits__2026_01_01", "Visit", "v-1"),
    }


def frozen_state(app: App) -> set[tuple[str, str, str]]:
    binding = Binding(Register3(reason="cough", person="p-1"), app.logic("visit.register", app.line()[-1]), EVENT_ID)
    facts, needs = Facts(), Needs()
    binding.find(facts, needs)
    answer(needs, facts, standing((ADA, COUGH, FEVER)))
    binding.find(facts, Needs())
    bound = binding.bind(facts, Context(EVENT_ID, AT, "ada"), binding.subjects(facts))
    state: list[Any] = bound.state
    return {(slot, model, id) for slot, model, id, _ in state}


def test_up_or_down_that_fails_is_the_applications_failure() -> None:
    class First(Event, type="ward.first", version="2026-01-01"):
        size: int
        person: Ref[Person]

    class Second(Event, type="ward.first", version="2026-02-01", follows=First):
        size: int
        person: Ref[Person]

        @classmethod
        def up(cls, old: First) -> Any:
            return old if old.size else cls(size="many", person=old.person.id)  # type: ignore[arg-type]  # what is refused

        def down(self) -> First:
            raise ZeroDivisionError("no way down")

    with pytest.raises(StepError, match=r"^Step Second\.up: expected a Second, found First"):
        event_in_shape(First(size=1, person="p-1"), Second)
    with pytest.raises(StepError, match=r"^Step Second\.up: refused its own result: Second: size: "):
        event_in_shape(First(size=0, person="p-1"), Second)
    with pytest.raises(StepError, match=r"^Step Second\.down: raised ZeroDivisionError: no way down"):
        event_in_shape(Second(size=1, person="p-1"), First)


# ---- rows ------------------------------------------------------------------------------------------------------------
def test_a_row_is_read_in_every_shape() -> None:
    assert row_in_shape(Person3, ADA_J1) == ADA
    assert row_in_shape(Person2, ADA_J1) == Person2(id="p-1", full_name="Ada Lovelace", mobile="077")
    assert row_in_shape(Person, ADA_J1) == Person(id="p-1", full_name="Ada Lovelace", phone="077")


def test_a_view_of_an_old_shape_is_read_through_down() -> None:
    assert row_in_shape(PersonPhone, ADA_J1).__dict__ == {"id": "p-1", "phone": "077"}


@pytest.mark.parametrize("row", [row_in_shape(Person, ADA_J1), row_in_shape(PersonPhone, ADA_J1)])
def test_a_change_of_an_old_column_goes_back_through_up(row: Model) -> None:
    assert changes_brought_up(row, {"phone": "000"}, ADA_J1) == {"mobile": "000"}


def test_what_an_old_shape_does_not_know_stays_as_it_is() -> None:
    changed = changes_brought_up(row_in_shape(Person, ADA_J1), {"full_name": "Ada King"}, ADA_J1)

    assert changed == {"family_name": "King"}


def test_a_row_inserted_in_an_old_shape_stands_in_the_newest() -> None:
    assert row_brought_up(Person(id="p-2", full_name="Bob Hope"), None) == {
        "id": "p-2",
        "given_name": "Bob",
        "family_name": "Hope",
        "mobile": None,
        "city": "Bern",
    }


def test_an_old_step_inserts_a_row_of_the_newest_shape() -> None:
    class Enrol(Event, type="person.enrol", version="2026-01-01"):
        person: New[Person] = new()

    app = App("registry")

    @app.step(Enrol, since="2026-01-01")
    def enrol(event: Enrol) -> Iterator[Insert[Person]]:
        yield Insert(Person(id=event.person, full_name="Bob Hope", phone="077"))

    decided = plan_of(app, Enrol(person="p-2"), version="2026-01-01")

    bob = Person3(id="p-2", given_name="Bob", family_name="Hope", mobile="077")
    assert decided.recorded_operations == (["insert", "Person", "p-2", None, encoded_row(bob), "enrol"],)
    assert decided.inserted(Person3) == (bob,)


def test_a_derived_way_up_keeps_what_stands_in_added_columns() -> None:
    class Room(Model, subject=True):
        name: str

    class Room2(Model, version="2026-02-01", follows=Room):
        name: str
        beds: int = 1

    present = encoded_row(Room2(id="r-1", name="North", beds=4))

    assert changes_brought_up(Room(id="r-1", name="North"), {"name": "South"}, present) == {"name": "South"}
    assert row_brought_up(Room(id="r-1", name="North"), None) == {"id": "r-1", "name": "North", "beds": 1}


def test_a_row_keeps_its_id() -> None:
    class Room(Model, subject=True):
        name: str

    class Room2(Model, version="2026-02-01", follows=Room):
        name: str

        @classmethod
        def up(cls, old: Room) -> Self:
            return cls(id="other", name=old.name)

    with pytest.raises(StepError, match=r"^Step Room2\.up: gave r-1 the id other; a row keeps its id"):
        row_brought_up(Room(id="r-1", name="North"), None)


def test_a_model_without_a_way_down_refuses_who_reads_the_one_before() -> None:
    class Room(Model, subject=True):
        name: str

    class Enter(Event, type="room.enter", version="2026-01-01"):
        room: Ref[Room]

    class Room2(Model, version="2026-02-01", follows=Room):
        name: str
        down = None

    def decide(event: Enter) -> None: ...

    app = App("house")
    app.step(Enter, since="2026-01-01")(decide)

    with pytest.raises(DefinitionError, match=r"^Enter\.room reads Room, but Room2 has no down"):
        app.check()


def test_related_columns_are_those_of_the_newest_shape() -> None:
    class Room(Model, subject=True):
        floor: str

    class Bed(Model, of=Room):
        room_id: str
        colour: str

    class Enter(Event, type="room.enter", version="2026-01-01"):
        room: Ref[Room]
        beds: Related[Bed] = related(room_id=by("room"), colour="red")

    class Bed2(Model, version="2026-02-01", follows=Bed):
        room_id: str
        paint: str

        @classmethod
        def up(cls, old: Bed) -> Self:
            return cls(id=old.id, room_id=old.room_id, paint=old.colour)

        def down(self) -> Bed:
            return Bed(id=self.id, room_id=self.room_id, colour=self.paint)

    def decide(event: Enter) -> None: ...

    app = App("house")
    app.step(Enter, since="2026-01-01")(decide)

    with pytest.raises(
        DefinitionError, match=r"^Enter\.beds: related\(colour=…\) asks for a column that Bed2 has not; it has id, room_id, paint"
    ):
        app.check()


# ---- a lossy way down --------------------------------------------------------------------------------------------------
def test_a_lossy_way_down_says_why_and_works() -> None:
    down: Any = Person3.down

    assert down.__ensue_lossy__ == "the names cannot be told apart"
    assert ADA.down().full_name == "Ada Lovelace"
