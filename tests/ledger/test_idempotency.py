"""Idempotency: one key, one event, one answer, for ever; and the key is the actor's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import ensue
from ensue import KeyReused, Record, Request
from tests.ledger.batches import in_one_batch
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.ward import AddAllergy, Allergy, CountVisits, Patient, Push, Register, Rename, SetPhone, ward


def test_the_same_key_and_request_give_the_same_record_once(ledger: ensue.Ledger) -> None:
    first = ledger.submit(Register(name="Ada", patient="p1"), actor="desk", key="one")

    again = ledger.submit(Register(name="Ada", patient="p1"), actor="desk", key="one")

    assert (first.repeated, again.repeated) == (False, True)
    assert again == first
    assert (again.position, again.place, again.at) == (first.position, first.place, first.at)
    assert len(list(ledger.records())) == 1


def test_the_answer_is_rebuilt_from_what_is_stored_after_reopening(database_url: str) -> None:
    with ensue.open(ward, database_url, tag_keys=TAG_KEYS) as ledger:
        ledger.submit(Register(name="Ada", phone="1", patient="p1"), actor="desk")
        first = ledger.submit(AddAllergy(code="nuts", patient="p1"), actor="desk", key="one")
        moved = ledger.submit(SetPhone(phone="2", patient="p1"), actor="desk", key="two")

    with ensue.open(ward, database_url, tag_keys=TAG_KEYS) as ledger:
        ledger.submit(SetPhone(phone="3", patient="p1"), actor="desk")
        again = ledger.submit(AddAllergy(code="nuts", patient="p1"), actor="desk", key="one")
        moved_again = ledger.submit(SetPhone(phone="2", patient="p1"), actor="desk", key="two")

    assert again.repeated
    assert again.plan == first.plan
    assert again.plan.inserted(Allergy) == first.plan.inserted(Allergy)
    assert [allergy.code for allergy in again.plan.inserted(Allergy)] == ["nuts"]
    assert [row.phone for row in moved_again.plan.updated(Patient)] == ["2"]
    assert moved_again.plan.planned(Push) == moved.plan.planned(Push)


def test_a_key_that_belongs_to_another_request_is_refused(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk", key="one")

    for other in (Register(name="Bea", patient="p1"), Rename(name="Ada", patient="p1"), Register(name="Ada", patient="p1", phone=None)):
        with pytest.raises(KeyReused, match="'one'"):
            ledger.submit(other, actor="desk", key="one")

    assert len(list(ledger.records())) == 1


def test_a_key_belongs_to_its_actor(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk", key="one")

    other = ledger.submit(Register(name="Bea", patient="p2"), actor="night", key="one")

    assert (other.repeated, other.position) == (False, 1)


def test_the_requested_version_is_part_of_the_request(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    ledger.submit(CountVisits(visits=1, patient="p1"), actor="desk", key="one", version="2024-01-01")

    assert ledger.submit(CountVisits(visits=1, patient="p1"), actor="desk", key="one", version="2024-01-01").repeated
    with pytest.raises(KeyReused):
        ledger.submit(CountVisits(visits=1, patient="p1"), actor="desk", key="one")
    with pytest.raises(KeyReused):
        ledger.submit(CountVisits(visits=1, patient="p1"), actor="desk", key="one", version="2024-06-01")
    assert ledger.get(Patient, "p1").visits == 1


def test_without_a_key_each_call_is_an_event_of_its_own(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    records = [ledger.submit(CountVisits(visits=1, patient="p1"), actor="desk", version="2024-01-01") for _ in range(2)]

    assert records[0].id != records[1].id
    assert ledger.get(Patient, "p1").visits == 2


def test_fifty_duplicates_at_once_are_one_event_and_fifty_equal_answers(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    ready = Barrier(50)

    def send(_: int) -> Record:
        ready.wait()
        return ledger.submit(CountVisits(visits=1, patient="p1"), actor="desk", key="one", version="2024-01-01")

    with ThreadPoolExecutor(50) as threads:
        records = list(threads.map(send, range(50)))

    assert len(set(records)) == 1
    assert {(record.position, record.seq) for record in records} == {(1, 2)}
    assert [record.repeated for record in records].count(False) == 1
    assert ledger.get(Patient, "p1").visits == 1
    assert len(list(ledger.records())) == 2


def test_duplicates_within_one_batch_are_one_event(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    with in_one_batch(ledger):
        answers = [ledger.submit_soon(CountVisits(visits=1, patient="p1"), actor="desk", key="one", version="2024-01-01") for _ in range(5)]
        other = ledger.submit_soon(Rename(name="Bea", patient="p1"), actor="desk", key="one")

    assert [answer.result().repeated for answer in answers] == [False, True, True, True, True]
    assert len({answer.result() for answer in answers}) == 1
    assert {answer.result().position for answer in answers} == {1}
    with pytest.raises(KeyReused):
        other.result()
    assert ledger.get(Patient, "p1").visits == 1


def test_a_duplicate_within_one_batch_under_another_version_is_another_request(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    with in_one_batch(ledger):
        first = ledger.submit_soon(CountVisits(visits=1, patient="p1"), actor="desk", key="one")
        other = ledger.submit_soon(CountVisits(visits=1, patient="p1"), actor="desk", key="one", version="2024-06-01")

    assert first.result().version == "2024-06-01"
    with pytest.raises(KeyReused):
        other.result()


def test_all_of_a_long_list_sent_again_adds_nothing_and_answers_the_same(ledger: ensue.Ledger) -> None:
    requests = [Request(Register(name=str(n), patient=f"p{n}"), key=f"line-{n}") for n in range(600)]
    first = ledger.submit_all(requests, actor="import")

    again = ledger.submit_all(requests, actor="import")

    assert again == first
    assert all(isinstance(record, Record) and record.repeated for record in again)
    assert sorted(record.position for record in again if isinstance(record, Record)) == list(range(600))
    assert len(list(ledger.records())) == 600


def test_what_was_committed_together_is_repeated_together(ledger: ensue.Ledger) -> None:
    requests = [Request(Register(name=str(n), patient=f"p{n}"), key=f"line-{n}") for n in range(3)]
    first = ledger.submit_all(requests, actor="import", together=True)

    again = ledger.submit_all([*requests, Request(Rename(name="Bea", patient="p1"))], actor="import", together=True)

    assert again[:3] == first
    assert [record.repeated for record in again if isinstance(record, Record)] == [True, True, True, False]
    assert len(list(ledger.records())) == 4
