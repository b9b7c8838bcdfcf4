"""Subjects: whose rows an event may touch, and in which chains it stands."""

from __future__ import annotations

from typing import Any

import pytest

import ensue
from ensue import NotFound, Record, Request, StepError
from tests.ledger.batches import in_one_batch
from tests.ledger.ward import (
    AddAllergy,
    Allergy,
    CorrectAllergy,
    Drug,
    GiveNamesake,
    Hire,
    Meddle,
    Meet,
    Patient,
    Plant,
    Reason,
    Register,
    RemoveAllergy,
    See,
    StockDrug,
    Visit,
    WriteReference,
)


@pytest.fixture
def two(ledger: ensue.Ledger) -> ensue.Ledger:
    """Two patients with an allergy each, and a doctor."""
    for name in ("1", "2"):
        ledger.submit(Register(name=f"Patient {name}", patient=f"p{name}"), actor="desk")
        ledger.submit(AddAllergy(code=f"code {name}", patient=f"p{name}", allergy=f"a{name}"), actor="desk")
    ledger.submit(Hire(name="Dr. No", doctor="d1"), actor="chief")
    return ledger


def places(record: ensue.Record) -> dict[str, int]:
    """Every chain the record stands in, and where."""
    return dict([(record.subject, record.seq), *record.place.links])


def test_nobody_reaches_another_patients_row(two: ensue.Ledger) -> None:
    with pytest.raises(NotFound) as raised:
        two.submit(RemoveAllergy(patient="p1", allergy="a2"), actor="eve")

    assert (raised.value.model, raised.value.id) == ("Allergy", "a2")
    assert two.preview(RemoveAllergy(patient="p1", allergy="a2"), actor="eve").rejections == raised.value.reasons
    assert two.get(Allergy, "a2").code == "code 2"


def test_another_patients_row_is_not_found_as_one_that_is_not_there(two: ensue.Ledger) -> None:
    foreign = two.preview(RemoveAllergy(patient="p1", allergy="a2"), actor="eve").rejections
    absent = two.preview(RemoveAllergy(patient="p1", allergy="a9"), actor="eve").rejections

    assert [reason.values() for reason in foreign] == [{"model": "Allergy", "id": "a2"}]
    assert [reason.values() for reason in absent] == [{"model": "Allergy", "id": "a9"}]


def test_a_ref_to_a_child_brings_its_parents_into_the_chain(two: ensue.Ledger) -> None:
    seen = two.submit(See(reason="cough", patient="p1", doctor="d1", visit="v1"), actor="desk")
    reasoned = two.submit(Reason(reason="cold", visit="v1"), actor="desk")

    assert places(seen) == {"Patient/p1": 3, "Doctor/d1": 2}
    assert places(reasoned) == {"Patient/p1": 4, "Doctor/d1": 3}
    assert two.get(Visit, "v1").reason == "cold"
    assert [record.id for record in two.timeline("Doctor/d1")][1:] == [seen.id, reasoned.id]


def test_the_first_subject_is_the_events_own_and_a_subject_named_twice_is_one_link(two: ensue.Ledger) -> None:
    pair = two.submit(Meet(one="p2", other="p1"), actor="desk")
    same = two.submit(Meet(one="p2", other="p2", third="p2"), actor="desk")

    assert (pair.subject, places(pair)) == ("Patient/p2", {"Patient/p2": 3, "Patient/p1": 3})
    assert (same.subject, places(same)) == ("Patient/p2", {"Patient/p2": 4})
    assert two.get(Patient, "p2").visits == 2


def test_a_subject_found_by_a_path_is_the_events_own(two: ensue.Ledger) -> None:
    record = two.submit(CorrectAllergy(code="soap", allergy="a2"), actor="desk")

    assert places(record) == {"Patient/p2": 3}


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        (lambda: Meddle(patient="p1", other="p2"), "Patient/p2"),
        (lambda: Plant(patient="p1", elsewhere="p2"), "Patient/p2"),
        (lambda: WriteReference(patient="p1"), "reference data"),
    ],
)
def test_an_operation_outside_the_locked_subjects_is_a_fault_of_the_step(two: ensue.Ledger, event: Any, complaint: str) -> None:
    with pytest.raises(StepError, match=complaint):
        two.submit(event(), actor="eve")
    with pytest.raises(StepError, match=complaint):
        two.preview(event(), actor="eve")

    assert len(list(two.records())) == 5
    assert two.verify().is_clean


def test_a_row_may_be_planted_where_the_event_stands(two: ensue.Ledger) -> None:
    assert two.submit(Plant(patient="p1", elsewhere="p1"), actor="desk").plan.inserted(Allergy)


def test_reference_data_is_written_by_the_system_and_chained_there(two: ensue.Ledger) -> None:
    first = two.submit(StockDrug(name="aspirin", drug="x1"), actor="pharmacy")
    second = two.submit(StockDrug(name="heparin", drug="x2"), actor="pharmacy")

    assert (places(first), places(second)) == ({"system/formulary": 1}, {"system/formulary": 2})
    assert two.get(Drug, "x2").name == "heparin"


def test_a_child_made_in_the_same_batch_is_reached_through_its_path(two: ensue.Ledger) -> None:
    with in_one_batch(two):
        made = two.submit_soon(AddAllergy(code="pollen", patient="p1", allergy="a3"), actor="desk")
        corrected = two.submit_soon(CorrectAllergy(code="grass", allergy="a3"), actor="desk")
        removed = two.submit_soon(RemoveAllergy(patient="p1", allergy="a3"), actor="desk")

    assert [places(answer.result()) for answer in (made, corrected, removed)] == [{"Patient/p1": 3}, {"Patient/p1": 4}, {"Patient/p1": 5}]
    assert [change.kind for change in two.history("Allergy/a3")] == ["insert", "update", "delete"]
    assert two.verify().is_clean


@pytest.mark.parametrize("together", [False, True])
def test_a_subject_that_only_a_row_of_the_same_batch_names_is_found(two: ensue.Ledger, together: bool) -> None:
    requests = [Request(StockDrug(name="p2", drug="x1")), Request(GiveNamesake(drug="x1"))]

    if together:
        outcomes = two.submit_all(requests, actor="pharmacy", together=True)
    else:
        with in_one_batch(two):
            answers = [two.submit_soon(request.event, actor="pharmacy") for request in requests]
        outcomes = [answer.result() for answer in answers]

    assert [places(outcome) for outcome in outcomes if isinstance(outcome, Record)] == [{"system/formulary": 1}, {"Patient/p2": 3}]
    assert [record.position for record in two.records(after=4)] == [5, 6]
    assert two.get(Patient, "p2").phone == "x1"
    assert two.verify().is_clean
