"""State fields: rows that must be there, new ones, ones that are looked up, related ones, and views of some columns."""

from __future__ import annotations

import pytest

import ensue
from ensue import AlreadyExists, NotFound, StepError, TooLarge
from tests.ledger.batches import in_one_batch
from tests.ledger.ward import (
    AddAllergy,
    Allergy,
    Contact,
    Discharge,
    FewAllergies,
    Give,
    Patient,
    Promise,
    Register,
    SetPhoneByView,
    StockDrug,
)


def test_the_id_of_a_new_row_may_be_left_out_and_is_then_derived(ledger: ensue.Ledger) -> None:
    record = ledger.submit(Register(name="Ada"), actor="desk", key="one")

    (patient,) = record.plan.inserted(Patient)
    assert record.subject == f"Patient/{patient.id}"
    assert patient.id == record.event.new_id("patient")
    assert record.form == {"name": "Ada", "phone": None, "email": None, "patient_id": patient.id}


def test_a_new_row_that_stands_already_is_refused(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    with pytest.raises(AlreadyExists) as raised:
        ledger.submit(Register(name="Bea", patient="p1"), actor="desk")

    assert (raised.value.model, raised.value.fields) == ("Patient", "id")
    assert ledger.get(Patient, "p1").name == "Ada"


def test_a_new_row_that_no_step_inserts_is_a_fault(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    with pytest.raises(StepError, match="New field"):
        ledger.submit(Promise(patient="p1"), actor="desk")


def test_a_row_that_is_gone_can_come_again(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    ledger.submit(Discharge(patient="p1"), actor="desk")

    again = ledger.submit(Register(name="Bea", patient="p1"), actor="desk")

    assert again.seq == 3
    assert ledger.get(Patient, "p1").name == "Bea"
    assert ledger.verify().is_clean


def test_what_is_looked_up_is_read_and_not_locked(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    ledger.submit(StockDrug(name="aspirin", drug="x1"), actor="pharmacy")

    record = ledger.submit(Give(patient="p1", drug="x1"), actor="nurse")

    assert (record.subject, record.place.links) == ("Patient/p1", ())
    assert ledger.get(Patient, "p1").phone == "aspirin+nothing"
    assert ["drug", "Drug", "x1", {"id": "x1", "name": "aspirin"}] in record.state


def test_a_lookup_must_lead_to_a_row_unless_it_may_be_none(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    ledger.submit(StockDrug(name="aspirin", drug="x1"), actor="pharmacy")

    with pytest.raises(NotFound, match="Drug x9"):
        ledger.submit(Give(patient="p1", drug="x9"), actor="nurse")
    ledger.submit(Give(patient="p1", drug="x1", other="x9"), actor="nurse")

    assert ledger.get(Patient, "p1").phone == "aspirin+nothing"


def test_related_rows_are_those_of_the_patient_sorted_by_id(ledger: ensue.Ledger) -> None:
    for patient in ("p1", "p2"):
        ledger.submit(Register(name="Ada", patient=patient), actor="desk")
    for patient, allergy in (("p1", "b"), ("p2", "c"), ("p1", "a")):
        ledger.submit(AddAllergy(code=allergy, patient=patient, allergy=allergy), actor="desk")

    record = ledger.submit(AddAllergy(code="d", patient="p1", allergy="d"), actor="desk")

    assert isinstance(record.event, AddAllergy)
    assert [allergy.id for allergy in record.event.allergies] == ["a", "b"]
    assert ledger.record(record.id).event == record.event


def test_more_related_rows_than_the_limit_is_a_typed_error(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    for code in ("a", "b"):
        ledger.submit(AddAllergy(code=code, patient="p1"), actor="desk")
    ledger.submit(FewAllergies(patient="p1"), actor="desk")
    ledger.submit(AddAllergy(code="c", patient="p1"), actor="desk")

    with pytest.raises(TooLarge, match="allergies: more than 2"):
        ledger.submit(FewAllergies(patient="p1"), actor="desk")

    assert ledger.get(Patient, "p1").phone == "2"


def test_somebody_elses_many_rows_hide_none_of_mine_in_the_same_batch(ledger: ensue.Ledger) -> None:
    for patient, count in (("p1", 40), ("p2", 2), ("p3", 1)):
        ledger.submit(Register(name="Ada", patient=patient), actor="desk")
        ledger.submit_all([ensue.Request(AddAllergy(code=str(n), patient=patient)) for n in range(count)], actor="desk")

    with in_one_batch(ledger):
        answers = [ledger.submit_soon(FewAllergies(patient=patient), actor="desk") for patient in ("p1", "p2", "p3")]

    with pytest.raises(TooLarge):
        answers[0].result()
    assert [ledger.get(Patient, patient).phone for patient in ("p2", "p3")] == ["2", "1"]


def test_a_view_freezes_and_updates_only_the_columns_it_declares(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", phone="1", patient="p1"), actor="desk")

    record = ledger.submit(SetPhoneByView(phone="2", patient="p1"), actor="desk")

    assert record.state == [["patient", "Patient", "p1", {"id": "p1", "phone": "1"}]]
    assert ledger.get(Patient, "p1") == Patient(id="p1", name="Ada", phone="2")
    assert [row.phone for row in ledger.record(record.id).plan.updated(Contact)] == ["2"]
    with pytest.raises(AttributeError):
        _ = record.event.patient.name


def test_what_is_read_of_other_subjects_is_listed_with_the_event(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    ledger.submit(StockDrug(name="aspirin", drug="x1"), actor="pharmacy")
    record = ledger.submit(Give(patient="p1", drug="x1"), actor="nurse")

    with ledger.read() as connection:
        rows = connection.exec_driver_sql(
            f"SELECT kind, model, row_id, columns FROM ensue_operation WHERE subject = 'Patient/p1' AND seq = {record.seq} ORDER BY n"
        ).fetchall()

    assert [tuple(row) for row in rows] == [("update", "Patient", "p1", "phone"), ("read", "Drug", "x1", "id name")]


def test_a_row_of_the_own_subject_is_no_foreign_read(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    ledger.submit(AddAllergy(code="a", patient="p1"), actor="desk")
    ledger.submit(AddAllergy(code="b", patient="p1"), actor="desk")

    with ledger.read() as connection:
        kinds = connection.exec_driver_sql("SELECT DISTINCT kind FROM ensue_operation").scalars().all()

    assert kinds == ["insert"]
    assert {allergy.code for allergy in ledger.snapshot("Patient/p1").of(Allergy)} == {"a", "b"}
