"""Plan: one object to ask what follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ensue import App, Delete, Effect, Event, Increase, Insert, Model, Plan, Ref, Related, Update, View, related
from tests.core.deciding import plan_of


class Patient(Model, subject=True):
    name: str
    visits: int = 0


class PatientName(View[Patient]):
    name: str


class Note(Model, of=Patient):
    patient_id: str
    text: str = ""


class Push(Effect, kind="push.send"):
    text: str


class Visit(Event, type="visit.enter", version="2026-01-01"):
    patient: Ref[Patient]
    notes: Related[Note] = related()


ADA = Patient(id="p-1", name="Ada")
NOTE = Note(id="n-1", patient_id="p-1")
seen: list[Any] = []


def practice() -> App:
    app = App("practice")

    @app.step(Visit, since="2026-01-01")
    def first(event: Visit) -> Iterator[Insert[Note] | Update[Patient] | Update[Note] | Increase[Patient] | Push]:
        new = Note(id="n-2", patient_id="p-1", text="new")
        yield Insert(new)
        yield Update(new, text="newer")
        yield Update(event.patient, name="Eve")
        yield Increase(event.patient, visits=1)
        yield Increase(event.patient, visits=2)
        yield Push(text="hello")

    @app.step(Visit, since="2026-01-01")
    def second(event: Visit, so_far: Plan) -> Iterator[Delete[Note]]:
        seen[:] = [
            so_far.row(event.patient),
            so_far.row(so_far.row(event.patient)),
            so_far.row(event.notes[0]),
            so_far.row(so_far.inserted(Note)[0]),
            so_far.inserted(Note),
            so_far.updated(Patient),
            so_far.planned(Push),
            so_far.steps,
        ]
        yield Delete(event.notes[0])

    return app


def test_a_later_step_sees_rows_as_they_stand_after_the_earlier_ones() -> None:
    plan_of(practice(), Visit(patient="p-1"), ADA, NOTE)

    eve = Patient(id="p-1", name="Eve", visits=3)
    new = Note(id="n-2", patient_id="p-1", text="new")
    assert seen == [eve, eve, NOTE, Note(id="n-2", patient_id="p-1", text="newer"), (new,), (eve,), (Push(text="hello"),), ("first",)]


def test_a_plan_says_what_comes_into_being_what_changes_and_what_is_to_be_done() -> None:
    plan = plan_of(practice(), Visit(patient="p-1"), ADA, NOTE)

    assert plan.inserted(Note) == (Note(id="n-2", patient_id="p-1", text="new"),)
    assert plan.inserted(Patient) == ()
    assert plan.updated(Patient) == (Patient(id="p-1", name="Eve", visits=3),)
    assert plan.updated(Note) == (Note(id="n-2", patient_id="p-1", text="newer"),)
    assert plan.planned(Push) == (Push(text="hello"),)
    assert plan.effect_steps == ("first",)
    assert not plan.is_rejected


def test_a_row_read_through_a_view_stands_after_the_plan_as_that_view() -> None:
    plan = plan_of(practice(), Visit(patient="p-1"), ADA, NOTE)

    row = plan.row(PatientName(id="p-1", name="Ada"))

    assert row == PatientName(id="p-1", name="Eve")


def test_a_row_the_plan_does_not_touch_stands_as_it_is() -> None:
    other = Patient(id="p-2", name="Bob")

    assert plan_of(practice(), Visit(patient="p-1"), ADA, NOTE).row(other) is other


def test_an_update_through_a_view_is_of_that_view() -> None:
    class Rename(Event, type="patient.rename", version="2026-01-01"):
        patient: Ref[PatientName]

    app = App("practice")

    @app.step(Rename, since="2026-01-01")
    def rename(event: Rename) -> Iterator[Update[PatientName]]:
        yield Update(event.patient, name="Eve")

    plan = plan_of(app, Rename(patient="p-1"), ADA)

    assert plan.updated(PatientName) == (PatientName(id="p-1", name="Eve"),)
