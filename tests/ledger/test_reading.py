"""Reading: rows, subjects, timelines, histories, records; and every look on record."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

import ensue
from ensue import Ledger, NotFound, Request, RequestError
from tests.ledger.ward import (
    AddAllergy,
    Allergy,
    Contact,
    Discharge,
    Doctor,
    Drug,
    Give,
    Hire,
    Patient,
    Register,
    RemoveAllergy,
    Rename,
    See,
    SetPhone,
    StockDrug,
    Visit,
)


@pytest.fixture
def told(ledger: Ledger) -> Ledger:
    """A ledger in which something has happened: six events on a patient, a doctor and a drug."""
    ledger.submit(Register(name="Ada", phone="1", patient="p1"), actor="desk")
    ledger.submit(Hire(name="Dr. No", doctor="d1"), actor="chief")
    ledger.submit(AddAllergy(code="nuts", patient="p1", allergy="a1"), actor="nurse")
    ledger.submit(SetPhone(phone="2", patient="p1"), actor="desk")
    ledger.submit(See(reason="cough", patient="p1", doctor="d1", visit="v1"), actor="nurse")
    ledger.submit(StockDrug(name="aspirin", drug="x1"), actor="pharmacy")
    return ledger


def test_a_row_is_read_whole_or_through_a_view(told: Ledger) -> None:
    assert told.get(Patient, "p1") == Patient(id="p1", name="Ada", phone="2")
    assert told.get(Contact, "p1").phone == "2"
    assert told.get(Drug, "x1").name == "aspirin"


def test_a_row_that_is_not_there_is_not_found(told: Ledger) -> None:
    with pytest.raises(NotFound, match="no Patient p9"):
        told.get(Patient, "p9")


def test_a_snapshot_has_the_subject_and_all_that_is_its_own(told: Ledger) -> None:
    snapshot = told.snapshot("Patient/p1")

    assert snapshot.subject == told.get(Patient, "p1")
    assert snapshot.of(Allergy) == (Allergy(id="a1", patient_id="p1", code="nuts"),)
    assert [visit.id for visit in snapshot.of(Visit)] == ["v1"]
    assert snapshot.position == 6
    assert [visit.id for visit in told.snapshot(told.get(Doctor, "d1")).of(Visit)] == ["v1"]


def test_a_timeline_has_every_event_that_links_the_subject_in_order(told: Ledger) -> None:
    timeline = told.timeline("Patient/p1")

    assert [record.type for record in timeline] == ["patient.register", "allergy.add", "patient.phone", "visit.see"]
    assert [record.type for record in told.timeline("Doctor/d1")] == ["doctor.hire", "visit.see"]
    assert [record.type for record in told.timeline("system/formulary")] == ["drug.stock"]
    assert [record.seq for record in told.timeline("Patient/p1", after_seq=1, limit=2)] == [2, 3]


def test_a_timeline_belongs_to_a_subject(told: Ledger) -> None:
    with pytest.raises(RequestError, match="no subject"):
        told.timeline("Allergy/a1")
    with pytest.raises(RequestError, match="Patient"):
        told.timeline("Ghost/g1")


def test_a_history_has_every_past_value_of_a_row_who_when_and_by_which_event(told: Ledger) -> None:
    told.submit(Discharge(patient="p1"), actor="desk")

    history = told.history("Patient/p1")

    assert [(change.kind, change.actor, change.type, change.position) for change in history] == [
        ("insert", "desk", "patient.register", 0),
        ("update", "desk", "patient.phone", 3),
        ("delete", "desk", "patient.discharge", 6),
    ]
    assert (history[1].before, history[1].after) == ({"phone": "1"}, {"phone": "2"})
    assert history[2].before is not None
    assert history[2].before["phone"] == "2"
    assert [change.event_id for change in history] == [told.timeline("Patient/p1")[place].id for place in (0, 2, 4)]


def test_a_history_reaches_back_to_the_subject_a_row_belonged_to_before(told: Ledger) -> None:
    told.submit(Register(name="Bo", phone="3", patient="p2"), actor="desk")
    told.submit(RemoveAllergy(patient="p1", allergy="a1"), actor="nurse")
    told.submit(AddAllergy(code="milk", patient="p2", allergy="a1"), actor="nurse")

    history = told.history("Allergy/a1")

    assert [(change.kind, (change.after or {}).get("patient_id")) for change in history] == [
        ("insert", "p1"),
        ("delete", None),
        ("insert", "p2"),
    ]


def test_a_row_that_never_was_has_no_history(told: Ledger) -> None:
    assert told.history("Allergy/a9") == []
    assert [change.type for change in told.history("Drug/x1")] == ["drug.stock"]


def test_records_are_read_in_the_order_of_the_ledger_from_any_position(told: Ledger) -> None:
    assert [record.position for record in told.records()] == [0, 1, 2, 3, 4, 5]
    assert [record.position for record in told.records(after=2)] == [3, 4, 5]
    assert [record.position for record in told.records(after=0, limit=2)] == [1, 2]
    assert list(told.records(after=5)) == []


def test_more_records_than_a_page_are_read_to_the_end(ledger: Ledger) -> None:
    ledger.submit_all((Request(Register(name=str(n))) for n in range(1_100)), actor="desk")

    assert [record.position for record in ledger.records(after=20, limit=1_050)] == list(range(21, 1_071))


def test_a_stored_record_says_what_its_answer_said(told: Ledger) -> None:
    answer = told.submit(AddAllergy(code="soap", patient="p1", allergy="a2"), actor="nurse", behalf="doctor", purpose="care")

    stored = told.record(answer.id)

    assert stored == answer
    assert (stored.place, stored.at, stored.actor, stored.behalf, stored.purpose) == (answer.place, answer.at, "nurse", "doctor", "care")
    assert stored.event == answer.event
    assert stored.plan == answer.plan
    assert stored.event.patient.name == "Ada"
    with pytest.raises(NotFound):
        told.record("no-such-event")


def test_ordinary_queries_run_at_one_moment_and_cannot_write(told: Ledger) -> None:
    with told.read() as connection:
        before = connection.execute(select(Patient.table.c.phone)).scalars().all()
        told.submit(SetPhone(phone="3", patient="p1"), actor="desk")
        during = connection.execute(select(Patient.table.c.phone)).scalars().all()

    assert before == during == ["2"]
    assert told.get(Patient, "p1").phone == "3"
    with told.read() as connection, pytest.raises(DBAPIError):
        connection.execute(insert(Drug.table).values(id="x9", name="smuggled"))
    assert told.verify().is_clean


# ---- reads on record -----------------------------------------------------------------------------------------------
LOOKS: dict[str, Callable[[Ledger], object]] = {
    "get": lambda ledger: ledger.get(Patient, "p1", actor="eve", purpose="care"),
    "snapshot": lambda ledger: ledger.snapshot("Patient/p1", actor="eve", purpose="care"),
    "timeline": lambda ledger: ledger.timeline("Patient/p1", actor="eve", purpose="care"),
    "history": lambda ledger: ledger.history("Patient/p1", actor="eve", purpose="care"),
    "tags": lambda ledger: ledger.tags("Patient/p1", actor="eve", purpose="care"),
    "records": lambda ledger: list(ledger.records(actor="eve", purpose="care")),
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_reading_function_says_who_looked_at_whom_and_why(told: Ledger, look: str) -> None:
    LOOKS[look](told)

    (read,) = told.reads("Patient/p1")
    assert (read["actor"], read["purpose"], read["action"], read["position"]) == ("eve", "care", look, 6)
    if look in ("get", "snapshot", "history", "tags"):
        assert '"Patient/p1"' in read["rows"]


def test_one_record_and_the_tags_of_an_event_are_looks_too(told: Ledger) -> None:
    told.record(next(told.records(limit=1)).id, actor="eve", purpose="care")
    told.tags(Rename(name="Bea", patient="p1"), actor="eve", purpose="care")

    assert [(read["action"], read["actor"]) for read in told.reads("Patient/p1")] == [
        ("records", None),
        ("records", "eve"),
        ("tags", "eve"),
    ]


def test_a_look_at_a_child_is_on_record_at_every_parent(told: Ledger) -> None:
    told.get(Visit, "v1", actor="eve")

    assert [read["rows"] for read in told.reads("Patient/p1")] == ['["Visit/v1"]']
    assert [read["rows"] for read in told.reads("Doctor/d1")] == ['["Visit/v1"]']


def test_a_snapshot_says_which_rows_were_shown(told: Ledger) -> None:
    told.snapshot("Patient/p1", actor="eve")

    assert [read["rows"] for read in told.reads("Patient/p1")] == ['["Patient/p1","Allergy/a1","Visit/v1"]']


def test_a_look_at_reference_data_is_about_nobody(told: Ledger) -> None:
    told.get(Drug, "x1", actor="eve")
    told.submit(Give(patient="p1", drug="x1"), actor="nurse")

    assert told.reads("Patient/p1") == []
    assert told.reads("system/formulary") == []


def test_looks_stay_on_record_after_reopening_and_take_no_position(told: Ledger, database_url: str) -> None:
    told.get(Patient, "p1", actor="eve")
    told.close()

    with ensue.open(told.app, database_url, tag_keys={"k1": bytes(32)}) as again:
        assert [read["actor"] for read in again.reads("Patient/p1")] == ["eve"]
        assert again.submit(Rename(name="Bea", patient="p1"), actor="desk").position == 6
        assert again.verify().is_clean
