"""Binding: which rows an event needs, wave by wave, and which chains it locks."""

from __future__ import annotations

from typing import Any

import pytest

from ensue import App, Event, Lookup, Model, New, NotFound, Ref, Related, Value, by, new, optional, related
from ensue.core.binding import Binding
from ensue.core.event import Context
from ensue.core.facts import Facts, Needs
from tests.core.deciding import AT, EVENT_ID, answer, standing


class Patient(Model, subject=True):
    name: str
    doctor_id: str | None = None


class Doctor(Model, subject=True):
    name: str


class Visit(Model, of=(Patient, Doctor)):
    patient_id: str
    doctor_id: str | None = None
    drug_id: str = "d-1"


class Drug(Model):
    label: str


class Inner(Value):
    drug_id: str | None = None


class Outer(Value):
    inner: Inner | None = None


class Move(Event, type="visit.move", version="2026-01-01"):
    reason: Outer = Outer()
    visit: Ref[Visit]
    patient: Ref[Patient] = by("visit.patient_id")
    doctor: Lookup[Doctor | None] = by("patient.doctor_id")
    drug: Lookup[Drug | None] = by("reason.inner.drug_id")
    others: Related[Visit] = related(patient_id=by("patient"), doctor_id=by("visit.doctor_id"))


class Book(Event, type="visit.book", version="2026-01-01"):
    doctor: Ref[Doctor | None] = optional()
    patient: Ref[Patient]
    same: Ref[Patient | None] = optional()
    visit: New[Visit] = new()


class Cancel(Event, type="visit.cancel", version="2026-01-01"):
    visit: Ref[Visit]
    patient: Ref[Patient]
    doctor: Ref[Doctor]


class Touch(Event, type="visit.touch", version="2026-01-01"):
    visit: Ref[Visit]


class Register(Event, type="patient.register", version="2026-01-01", system="reception"):
    doctor: Ref[Doctor]
    patient: New[Patient] = new()


ADA, BOB = Patient(id="p-1", name="Ada", doctor_id="d-1"), Patient(id="p-2", name="Bob")
EVE = Doctor(id="d-1", name="Eve")
ROWS: tuple[Model, ...] = (
    ADA, BOB, EVE,
    Visit(id="v-1", patient_id="p-1", doctor_id="d-1"),
    Visit(id="v-2", patient_id="p-1"),
    Visit(id="v-3", patient_id="p-2", doctor_id="d-1"),
    Drug(id="d-1", label="A"),
)  # fmt: skip


def binding_of(event: Event) -> Binding:
    app = App("practice")

    def decide(event: Any) -> None: ...

    decide.__annotations__ = {"event": type(event), "return": None}
    app.step(type(event), since="2026-01-01")(decide)
    app.check()
    return Binding(event, app.logic(event.__ensue__.type, app.line()[0]), EVENT_ID)


def waves_of(binding: Binding, facts: Facts) -> list[set[str]]:
    """What is asked for, one wave after the other, until all is known."""
    waves: list[set[str]] = []
    while True:
        needs = Needs()
        if binding.find(facts, needs):
            return waves
        wave = {f"{model}/{id}" for model, ids in needs.rows.items() for id in ids}
        wave |= {f"{model} {columns} {values}" for (model, columns), wanted in needs.queries.items() for values in wanted}
        waves.append(wave)
        answer(needs, facts, standing(ROWS))


def bound(event: Event) -> tuple[tuple[str, ...], Any]:
    """The chains and the loaded event."""
    binding, facts = binding_of(event), Facts()
    waves_of(binding, facts)
    found = binding.bind(facts, Context(EVENT_ID, AT, "ada"), binding.subjects(facts))
    return found.subjects, found.events[type(event)]


def test_rows_are_asked_for_wave_by_wave_as_paths_lead_to_them() -> None:
    binding = binding_of(Move(visit="v-1", reason=Outer(inner=Inner(drug_id="d-1"))))

    assert waves_of(binding, Facts()) == [
        {"Visit/v-1", "Drug/d-1"},
        {"Patient/p-1", "Visit ('doctor_id', 'patient_id') ('d-1', 'p-1')"},
        {"Doctor/d-1"},
    ]


def test_what_is_known_is_not_asked_for_again() -> None:
    binding, facts = binding_of(Move(visit="v-1")), Facts()

    waves_of(binding, facts)

    assert waves_of(binding, facts) == []


def test_a_path_that_ends_on_the_way_leads_to_nothing() -> None:
    _, event = bound(Move(visit="v-2"))

    assert event.drug is None
    assert event.doctor == EVE
    assert [visit.id for visit in event.others] == ["v-2"]


def test_a_loaded_event_has_its_rows() -> None:
    _, event = bound(Move(visit="v-1"))

    assert (event.visit.id, event.patient, event.doctor) == ("v-1", ADA, EVE)
    assert [visit.id for visit in event.others] == ["v-1"]


@pytest.mark.parametrize(
    ("event", "subjects"),
    [
        (Book(patient="p-1"), ("Patient/p-1",)),
        (Book(patient="p-1", doctor="d-1"), ("Doctor/d-1", "Patient/p-1")),
        (Book(patient="p-1", same="p-1"), ("Patient/p-1",)),
        (Book(patient="p-1", same="p-2"), ("Patient/p-1", "Patient/p-2")),
        (Touch(visit="v-1"), ("Patient/p-1", "Doctor/d-1")),
        (Touch(visit="v-2"), ("Patient/p-1",)),
        (Move(visit="v-3"), ("Patient/p-2", "Doctor/d-1")),
        (Cancel(visit="v-1", patient="p-1", doctor="d-1"), ("Patient/p-1", "Doctor/d-1")),
        (Register(doctor="d-1", patient="p-9"), ("system/reception", "Doctor/d-1", "Patient/p-9")),
    ],
)
def test_the_chains_are_those_of_refs_and_new_rows_in_order_each_once(event: Event, subjects: tuple[str, ...]) -> None:
    assert bound(event)[0] == subjects


@pytest.mark.parametrize(
    "event",
    [
        Book(patient="p-1"),
        Book(patient="p-1", doctor="d-1"),
        Book(patient="p-1", same="p-2"),
        Cancel(visit="v-1", patient="p-1", doctor="d-1"),
        Register(doctor="d-1", patient="p-9"),
    ],
)
def test_where_the_form_names_every_chain_no_row_is_looked_at(event: Event) -> None:
    by_form = binding_of(event).subjects_by_form()

    assert by_form is not None
    assert set(by_form) == set(bound(event)[0])


@pytest.mark.parametrize("event", [Touch(visit="v-1"), Move(visit="v-1")])
def test_where_a_row_names_a_chain_the_form_does_not_say_it(event: Event) -> None:
    assert binding_of(event).subjects_by_form() is None


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (Book(patient="p-9"), "Patient p-9"),
        (Book(patient="p-1", doctor="d-9"), "Doctor d-9"),
        (Touch(visit="v-9"), "Visit v-9"),
        (Cancel(visit="v-3", patient="p-1", doctor="d-1"), "Visit v-3"),
        (Cancel(visit="v-2", patient="p-1", doctor="d-1"), "Visit v-2"),
    ],
)
def test_a_ref_to_no_row_or_to_another_parents_is_not_found(event: Event, found: str) -> None:
    with pytest.raises(NotFound, match=f"There is no {found}"):
        bound(event)
