"""Record: from a payload back to the event, its rows and its plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Self

import pytest

from ensue import App, Cancel, Delete, Effect, Erase, Event, Increase, Insert, Model, New, Record, Ref, Related, Update, View, new, related
from ensue.core.binding import Binding
from ensue.core.decide import decide
from ensue.core.event import Context
from ensue.core.facts import Facts, Needs
from ensue.core.record import Place
from ensue.core.version import Version
from ensue.errors import FormatError
from tests.core.deciding import AT, EVENT_ID, answer, standing


class Patient(Model, subject=True):
    name: str
    phone: str | None = None
    visits: int = 0


class Patient2(Model, version="2026-02-01", follows=Patient):
    name: str
    mobile: str | None = None
    visits: int = 0

    @classmethod
    def up(cls, old: Patient) -> Self:
        return cls(id=old.id, name=old.name, mobile=old.phone, visits=old.visits)

    def down(self) -> Patient:
        return Patient(id=self.id, name=self.name, phone=self.mobile, visits=self.visits)


class Note(Model, of=Patient):
    patient_id: str
    text: str = ""


class NoteText(View[Note]):
    text: str


class Push(Effect, kind="push.send"):
    text: str


class Visit(Event, type="visit.enter", version="2026-01-01"):
    text: str = "none"
    patient: Ref[Patient]
    note: Ref[NoteText]
    notes: Related[Note] = related()
    entry: New[Note] = new()


class Visit2(Event, type="visit.enter", version="2026-02-01", follows=Visit):
    text: str = "none"
    patient: Ref[Patient2]
    note: Ref[NoteText]
    notes: Related[Note] = related()
    entry: New[Note] = new()


def practice() -> App:
    app = App("practice")

    @app.step(Visit, since="2026-01-01")
    def first(event: Visit) -> Iterator[Insert[Note] | Update[Patient] | Increase[Patient] | Update[NoteText] | Push]:
        yield Insert(Note(id=event.entry, patient_id="p-1", text=event.text))
        yield Update(event.patient, phone="000")
        yield Increase(event.patient, visits=2)
        yield Update(event.note, text="seen")
        yield Push(text="hello")
        yield Push(text="again", key="k")

    @app.step(Visit, since="2026-01-01")
    def nothing(event: Visit) -> None: ...

    @app.step(Visit, since="2026-01-01")
    def last(event: Visit) -> Iterator[Delete[Note] | Cancel[Push] | Cancel[Effect] | Erase[Patient]]:
        yield Delete(event.notes[1])
        yield Cancel(Push, key="k")
        yield Cancel(Effect)
        yield Erase(event.patient, "ads")

    return app


ADA = Patient2(id="p-1", name="Ada", mobile="077")
NOTES = (Note(id="n-1", patient_id="p-1"), Note(id="n-2", patient_id="p-1", text="two"))


def recorded(event: Event, version: str) -> tuple[Record, Record]:
    """The record that a decision leaves, and the one that is read back from its payload."""
    app = practice()
    app.check()
    binding = Binding(event, app.logic("visit.enter", Version.parse(version)), EVENT_ID)
    facts, needs = Facts(), Needs()
    while not binding.find(facts, needs):
        answer(needs, facts, standing((ADA, *NOTES)))
        needs = Needs()
    bound = binding.bind(facts, Context(EVENT_ID, AT, "ada"), binding.subjects(facts))
    plan = decide(binding.logic, bound, facts).plan
    document: dict[str, Any] = {
        "form": binding.form,
        "state": bound.state,
        "operations": list(plan.recorded_operations),
        "effects": list(plan.recorded_effects),
    }
    about: dict[str, Any] = {"id": EVENT_ID, "type": "visit.enter", "version": version, "actor": "ada", "at": AT, "hash": bytes(32)}
    about["place"] = Place("Patient/p-1", 3, 7)
    return Record(app, **about, document=document, plan=plan), Record(app, **about, document=document)


EVENTS: list[tuple[Event, str]] = [
    (Visit(text="cough", patient="p-1", note="n-1"), "2026-01-01"),
    (Visit2(text="cough", patient="p-1", note="n-1", entry="n-9"), "2026-02-01"),
]


@pytest.mark.parametrize(("event", "version"), EVENTS)
def test_a_plan_read_back_equals_the_one_that_was_decided(event: Event, version: str) -> None:
    decided, read = recorded(event, version)

    assert read.plan == decided.plan
    assert read.plan.steps == ("first", "nothing", "last")
    assert read.plan.operation_steps == decided.plan.operation_steps
    assert [type(one) for one in read.plan.operations] == [type(one) for one in decided.plan.operations]
    assert read == decided


@pytest.mark.parametrize(("event", "version"), EVENTS)
def test_rows_are_read_in_every_shape_from_both(event: Event, version: str) -> None:
    for record in recorded(event, version):
        (note,) = record.plan.inserted(Note)
        assert (note.patient_id, note.text) == ("p-1", "cough")
        assert record.plan.updated(Patient2) == (Patient2(id="p-1", name="Ada", mobile="000", visits=2),)
        assert record.plan.updated(Patient) == (Patient(id="p-1", name="Ada", phone="000", visits=2),)


def test_operations_are_read_back_as_they_were_meant() -> None:
    _, read = recorded(*EVENTS[0])

    update, increase = read.plan.operations[1:3]
    assert isinstance(update, Update)
    assert update.changes == {"mobile": "000"}
    assert isinstance(increase, Increase)
    assert increase.amounts == {"visits": 2}
    assert read.plan.operations[4:] == (
        Delete(NOTES[1]),
        Cancel(Push, key="k"),
        Cancel(Effect),
        Erase(Patient2(id="p-1", name="Ada", mobile="000", visits=2), "ads"),
    )


def test_effects_are_read_back_with_their_keys() -> None:
    _, read = recorded(*EVENTS[0])

    assert [
        (effect.text, recorded_effect[1])
        for effect, recorded_effect in zip(read.plan.planned(Push), read.plan.recorded_effects, strict=True)
    ] == [
        ("hello", "first/1"),
        ("again", "k"),
    ]


def test_the_event_is_read_back_with_the_rows_its_decision_saw() -> None:
    _, read = recorded(*EVENTS[0])

    event: Any = read.event

    assert type(event) is Visit
    assert event.text == "cough"
    assert event.patient == Patient(id="p-1", name="Ada", phone="077")
    assert event.note == NoteText(id="n-1", text="")
    assert event.notes == NOTES
    assert event.new_id("x") == event.new_id("x")
    assert (event.id, event.at, event.actor) == (EVENT_ID, AT, "ada")


def test_a_record_says_where_it_stands() -> None:
    record, _ = recorded(*EVENTS[0])

    assert (record.subject, record.seq, record.position) == ("Patient/p-1", 3, 7)
    assert repr(record) == f"Record(visit.enter {EVENT_ID}, Patient/p-1 3, position 7)"
    assert record.as_repeat().repeated
    assert not record.repeated
    assert record.as_repeat() == record
    assert hash(record.as_repeat()) == hash(record)


def test_what_was_said_beside_is_told_as_it_was_written() -> None:
    record, _ = recorded(*EVENTS[0])
    assert (record.cause, record.occurred, record.behalf, record.purpose, record.requested, record.corrects) == (None,) * 6

    record.said = {"cause": "e-1", "behalf": "dr-grace", "occurred": "2026-01-31T08:00:00.000000Z"}

    assert (record.cause, record.behalf, record.purpose) == ("e-1", "dr-grace", None)
    assert record.occurred == datetime(2026, 1, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize("written", ["yesterday", 7, ["2026-01-31"]])
def test_an_occurred_that_is_no_instant_was_altered(written: Any) -> None:
    record, _ = recorded(*EVENTS[0])
    record.said = {"occurred": written}

    with pytest.raises(FormatError, match=r"occurred is .* which is no instant and not what was written\. Run `ensue verify`"):
        _ = record.occurred
