"""Batches: what shares a transaction has the outcome it would have had alone."""

from __future__ import annotations

import pytest

import ensue
from ensue import AlreadyExists, NotFound, Record, Refused, Request
from tests.ledger.batches import TickingClock, in_one_batch
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.ward import (
    AddAllergy,
    Allergy,
    Blank,
    CountVisits,
    Crash,
    Discharge,
    Known,
    Patient,
    Register,
    RemoveAllergy,
    Rename,
    ward,
)


def test_requests_that_wait_together_are_committed_together(database_url: str) -> None:
    with ensue.open(ward, database_url, clock=TickingClock(), tag_keys=TAG_KEYS) as ledger:
        with in_one_batch(ledger):
            answers = [ledger.submit_soon(Register(name=str(n)), actor="desk") for n in range(200)]
        moments = {answer.result().at for answer in answers}
        alone = ledger.submit(Register(name="alone"), actor="desk")

    assert len(moments) == 1
    assert alone.at not in moments


def test_amounts_of_many_events_add_up(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    with in_one_batch(ledger):
        answers = [ledger.submit_soon(CountVisits(visits=n, patient="p1"), actor="desk", version="2024-01-01") for n in range(1, 101)]

    assert [answer.result().plan.updated(Patient)[0].visits for answer in answers][:3] == [1, 3, 6]
    assert ledger.get(Patient, "p1").visits == 5050
    assert [change.after for change in ledger.history("Patient/p1")][-1] == {"visits": 5050}
    assert ledger.verify().is_clean


def test_a_row_is_deleted_and_made_again(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    ledger.submit(AddAllergy(code="old", patient="p1", allergy="a1"), actor="desk")

    with in_one_batch(ledger):
        answers = [
            ledger.submit_soon(RemoveAllergy(patient="p1", allergy="a1"), actor="desk"),
            ledger.submit_soon(AddAllergy(code="new", patient="p1", allergy="a1"), actor="desk"),
            ledger.submit_soon(Discharge(patient="p1"), actor="desk"),
            ledger.submit_soon(Rename(name="ghost", patient="p1"), actor="desk"),
            ledger.submit_soon(Register(name="Bea", patient="p1"), actor="desk"),
            ledger.submit_soon(AddAllergy(code="last", patient="p1", allergy="a1"), actor="desk"),
        ]

    assert [type(answer.exception()) for answer in answers] == [type(None)] * 3 + [NotFound] + [type(None)] * 2
    assert ledger.get(Patient, "p1").name == "Bea"
    assert ledger.get(Allergy, "a1").code == "last"
    assert [change.kind for change in ledger.history("Allergy/a1")] == ["insert", "delete", "insert", "delete", "insert"]
    assert ledger.verify().is_clean


def test_what_one_event_decided_the_next_one_reads(ledger: ensue.Ledger) -> None:
    with in_one_batch(ledger):
        answers = [
            ledger.submit_soon(Register(name="Ada", patient="p1"), actor="desk"),
            ledger.submit_soon(AddAllergy(code="nuts", patient="p1"), actor="desk"),
            ledger.submit_soon(AddAllergy(code="nuts", patient="p1"), actor="night"),
            ledger.submit_soon(Register(name="Bea", patient="p1"), actor="night"),
        ]

    assert [type(answer.exception()) for answer in answers] == [type(None), type(None), Known, AlreadyExists]


def test_faults_and_rejections_leave_no_gap(ledger: ensue.Ledger) -> None:
    with in_one_batch(ledger):
        answers = [ledger.submit_soon(Register(name="Ada", patient="p1"), actor="desk")]
        for n in range(20):
            event = (Crash(patient="p1"), Rename(name=" ", patient="p1"), Rename(name=f"n{n}", patient="p1"))[n % 3]
            answers += [ledger.submit_soon(event, actor="desk")]

    committed = [answer.result() for answer in answers if answer.exception() is None]
    assert [record.position for record in committed] == list(range(7))
    assert [record.seq for record in committed] == list(range(1, 8))
    assert len(ledger.attempts("Patient/p1")) == 7
    assert ledger.verify().is_clean


@pytest.mark.parametrize("bad", [0, 31, 63])
def test_one_event_that_the_database_refuses_takes_none_of_the_others_with_it(ledger: ensue.Ledger, bad: int) -> None:
    _forbid_name(ledger, "forbidden")

    with in_one_batch(ledger):
        answers = [
            ledger.submit_soon(Register(name="forbidden" if n == bad else str(n), patient=f"p{n}"), actor="desk", key=str(n))
            for n in range(64)
        ]

    refused = answers[bad].exception()
    assert isinstance(refused, Refused)
    assert "not_forbidden" in str(refused)
    records = [answer.result() for n, answer in enumerate(answers) if n != bad]
    assert sorted(record.position for record in records) == list(range(63))
    assert {record.subject for record in ledger.records()} == {f"Patient/p{n}" for n in range(64) if n != bad}
    assert ledger.verify().is_clean


def test_what_was_built_on_a_refused_event_is_decided_again_without_it(ledger: ensue.Ledger) -> None:
    _forbid_name(ledger, "forbidden")

    with in_one_batch(ledger):
        answers = [
            ledger.submit_soon(Register(name="Ada", patient="p1"), actor="desk"),
            ledger.submit_soon(Register(name="forbidden", patient="p2"), actor="desk"),
            ledger.submit_soon(AddAllergy(code="nuts", patient="p2"), actor="desk"),
            ledger.submit_soon(Register(name="Cia", patient="p2"), actor="desk"),
            ledger.submit_soon(Rename(name=" ", patient="p1"), actor="desk"),
        ]

    assert [type(answer.exception()) for answer in answers] == [type(None), Refused, NotFound, type(None), Blank]
    assert ledger.get(Patient, "p2").name == "Cia"
    assert [attempt["outcome"] for attempt in ledger.attempts("Patient/p1")] == ["rejected"]
    assert ledger.verify().is_clean


def test_a_whole_request_that_the_database_refuses_leaves_nothing(ledger: ensue.Ledger) -> None:
    _forbid_name(ledger, "forbidden")
    requests = [Request(Register(name=name, patient=f"p{name}"), key=name) for name in ("Ada", "forbidden", "Bea")]

    with pytest.raises(Refused):
        ledger.submit_all(requests, actor="desk", together=True)

    assert list(ledger.records()) == []
    outcomes = ledger.submit_all([requests[0], requests[2]], actor="desk", together=True)
    assert [outcome.repeated for outcome in outcomes if isinstance(outcome, Record)] == [False, False]


def _forbid_name(ledger: ensue.Ledger, name: str) -> None:
    """A rule that the database alone knows: no patient has this name."""
    with ledger._storage.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(
                f"CREATE TRIGGER not_forbidden BEFORE INSERT ON patient WHEN NEW.name = '{name}' "
                "BEGIN SELECT RAISE(ABORT, 'not_forbidden'); END"
            )
        else:
            connection.exec_driver_sql(f"ALTER TABLE patient ADD CONSTRAINT not_forbidden CHECK (name <> '{name}')")
