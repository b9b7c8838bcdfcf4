"""As of: rows as they once stood, at a position or at a moment, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, update

import ensue
from ensue import Ledger, Model, NotFound, RequestError
from ensue.runtime.seeding import put_rows
from tests.ledger.batches import START, TickingClock
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.shop import Customer, Join, Leave, Marry, Order, Place, customers, metadata, shop
from tests.ledger.ward import (
    AddAllergy,
    Allergy,
    Contact,
    CountVisits,
    Discharge,
    Doctor,
    Drug,
    Hire,
    Patient,
    Register,
    RemoveAllergy,
    See,
    SetPhone,
    StockDrug,
    Visit,
    ward,
)

LIFE = (
    Register(name="Ada", phone="1", patient="p1"),
    Hire(name="Dr. No", doctor="d1"),
    AddAllergy(code="nuts", patient="p1", allergy="a1"),
    SetPhone(phone="2", patient="p1"),
    See(reason="cough", patient="p1", doctor="d1", visit="v1"),
    StockDrug(name="aspirin", drug="x1"),
    RemoveAllergy(patient="p1", allergy="a1"),
    CountVisits(visits=2, patient="p1"),  # and one more, from June on
    Discharge(patient="p1"),
    Register(name="Ada again", patient="p1"),
)


@pytest.fixture
def told(database_url: str) -> Iterator[Ledger]:
    """A life, an event a second."""
    with ensue.open(ward, database_url, tag_keys=TAG_KEYS, clock=TickingClock()) as ledger:
        for event in LIFE:
            ledger.submit(event, actor="desk")
        yield ledger


def test_a_subject_is_told_as_it_stood_after_each_event(told: Ledger) -> None:
    ada = Patient(id="p1", name="Ada", phone="1")
    allergy, visit = Allergy(id="a1", patient_id="p1", code="nuts"), Visit(id="v1", patient_id="p1", doctor_id="d1", reason="cough")
    renumbered = Patient(id="p1", name="Ada", phone="2")
    expected: dict[int, tuple[Model, list[Model]]] = {
        0: (ada, []),
        1: (ada, []),
        2: (ada, [allergy]),
        3: (renumbered, [allergy]),
        4: (renumbered, [allergy, visit]),
        5: (renumbered, [allergy, visit]),
        6: (renumbered, [visit]),
        7: (Patient(id="p1", name="Ada", phone="2", visits=3), [visit]),
        9: (Patient(id="p1", name="Ada again"), [visit]),
    }
    moments = [record.at for record in told.records()]

    for position, (subject, rows) in expected.items():
        for as_of in (position, moments[position]):
            snapshot = told.snapshot("Patient/p1", as_of=as_of)
            assert (snapshot.subject, [*snapshot.of(Allergy), *snapshot.of(Visit)]) == (subject, rows)


def test_the_newest_position_is_as_of_now(told: Ledger) -> None:
    for subject in ("Patient/p1", "Doctor/d1"):
        then, now = told.snapshot(subject, as_of=9), told.snapshot(subject)
        assert (then.subject, then.rows) == (now.subject, now.rows)
    assert told.snapshot("Doctor/d1", as_of=9).position == 4


@pytest.mark.parametrize("as_of", [8, START - timedelta(days=1)])
def test_a_subject_that_was_not_there_is_not_found(told: Ledger, as_of: Any) -> None:
    with pytest.raises(NotFound, match="no Patient p1"):
        told.snapshot("Patient/p1", as_of=as_of)
    with pytest.raises(NotFound, match="no Patient p1"):
        told.get(Patient, "p1", as_of=as_of)


def test_one_row_is_told_whole_or_through_a_view(told: Ledger) -> None:
    assert [told.get(Contact, "p1", as_of=position).phone for position in (2, 3)] == ["1", "2"]
    assert told.get(Allergy, "a1", as_of=5).code == "nuts"
    assert told.get(Doctor, "d1", as_of=1).name == "Dr. No"
    assert told.get(Drug, "x1", as_of=5).name == "aspirin"
    for model, id, position in ((Allergy, "a1", 6), (Allergy, "a1", 1), (Drug, "x1", 4), (Patient, "p9", 9)):
        with pytest.raises(NotFound):
            told.get(model, id, as_of=position)


@pytest.mark.parametrize(("as_of", "said"), [(10, "the newest is 9"), (-1, "no position -1"), (datetime(2024, 8, 1), "time zone")])  # noqa: DTZ001
def test_a_place_that_is_none_is_refused(told: Ledger, as_of: Any, said: str) -> None:
    for ask in (lambda: told.snapshot("Patient/p1", as_of=as_of), lambda: told.get(Patient, "p1", as_of=as_of)):
        with pytest.raises(RequestError, match=said):
            ask()


@pytest.mark.parametrize("subject", ["system/formulary", "Allergy/a1", "Nothing/1", "Patient"])
def test_what_is_no_subject_has_no_snapshot(told: Ledger, subject: str) -> None:
    with pytest.raises(RequestError):
        told.snapshot(subject, as_of=9)


def test_an_empty_ledger_has_no_past(ledger: Ledger) -> None:
    with pytest.raises(RequestError, match="nothing has happened yet"):
        ledger.snapshot("Patient/p1", as_of=0)


def test_a_moment_takes_in_every_record_that_shares_it(database_url: str) -> None:
    with ensue.open(ward, database_url, tag_keys=TAG_KEYS, clock=lambda: START) as ledger:
        ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
        ledger.submit(SetPhone(phone="1", patient="p1"), actor="desk")
        ledger.submit(SetPhone(phone="2", patient="p1"), actor="desk")

        assert [ledger.get(Patient, "p1", as_of=place).phone for place in (0, 1, 2, START)] == [None, "1", "2", "2"]
        assert ledger.snapshot("Patient/p1", as_of=START).subject == ledger.get(Patient, "p1")
        with pytest.raises(NotFound):
            ledger.snapshot("Patient/p1", as_of=START - timedelta(microseconds=1))


def test_a_look_at_the_past_is_on_record(told: Ledger) -> None:
    told.snapshot("Patient/p1", as_of=3, actor="auditor", purpose="complaint")
    told.get(Allergy, "a1", as_of=3, actor="auditor", purpose="complaint")

    looks = [one for one in told.reads("Patient/p1") if one["actor"] == "auditor"]
    assert sorted((one["action"], one["purpose"]) for one in looks) == [("get", "complaint"), ("snapshot", "complaint")]


def test_a_row_that_no_event_inserted_is_known_from_the_first_event_that_saw_it(ledger: Ledger) -> None:
    put_rows(ledger, [Patient(id="p1", name="Ada", phone="0"), Patient(id="p2", name="Bea")])
    ledger.submit(StockDrug(name="aspirin"), actor="pharmacy")
    ledger.submit(SetPhone(phone="1", patient="p1"), actor="desk")

    with pytest.raises(NotFound):
        ledger.snapshot("Patient/p1", as_of=0)
    assert ledger.snapshot("Patient/p1", as_of=1).subject == Patient(id="p1", name="Ada", phone="1")
    assert ledger.get(Patient, "p1", as_of=0).phone == "0"
    assert ledger.get(Patient, "p2", as_of=0).name == "Bea"


def test_tables_that_others_write_too_are_told_as_events_saw_them(database_url: str) -> None:
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    metadata.create_all(engine)
    with ensue.open(shop, database_url, tag_keys=TAG_KEYS) as ledger:
        ledger.submit(Join(name="Ada", customer="c1"), actor="desk")
        with engine.begin() as connection:
            connection.execute(update(customers).values(full_name="Eve"))
            connection.execute(customers.insert().values(id="c2", full_name="Bea"))
        ledger.submit(Place(amount=3, customer="c1", order="o1"), actor="desk")
        ledger.submit(Marry(name="Cia", customer="c2"), actor="desk")
        ledger.submit(Leave(customer="c1"), actor="desk")

        assert [ledger.snapshot("Customer/c1", as_of=place).subject.name for place in (0, 1, 2)] == ["Ada", "Eve", "Eve"]  # type: ignore[attr-defined]  # a customer
        assert ledger.snapshot("Customer/c1", as_of=2).of(Order) == (Order(id="o1", customer_id="c1", amount=3),)
        assert ledger.get(Customer, "c2", as_of=2).name == "Cia"
        for subject, place in (("Customer/c2", 1), ("Customer/c1", 3)):
            with pytest.raises(NotFound):
                ledger.snapshot(subject, as_of=place)
        with pytest.raises(NotFound):
            ledger.get(Customer, "c2", as_of=1)
    engine.dispose()
