"""Order: positions without a gap, subjects in the order they were submitted, and readers that never miss a record."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event as Flag

import pytest

import ensue
from ensue import Record, Rejected, StepError
from tests.ledger.batches import in_one_batch
from tests.ledger.ward import AddAllergy, CorrectAllergy, Crash, GiveNamesake, Meet, Patient, Register, Rename, StockDrug


def test_positions_have_no_gap_under_rejections_and_many_threads(ledger: ensue.Ledger) -> None:
    for n in range(4):
        ledger.submit(Register(name=str(n), patient=f"p{n}"), actor="desk")

    def live(thread: int) -> list[int]:
        dice, positions = random.Random(thread), []
        for n in range(30):
            patient = f"p{dice.randrange(4)}"
            event = dice.choice((Rename(name=" ", patient=patient), Crash(patient=patient), Rename(name=f"{thread}-{n}", patient=patient)))
            try:
                positions.append(ledger.submit(event, actor=f"desk-{thread}", key=str(n)).position)
            except (Rejected, StepError):
                continue
        return positions

    with ThreadPoolExecutor(8) as threads:
        positions = [position for one in threads.map(live, range(8)) for position in one]

    assert sorted(positions) == list(range(4, 4 + len(positions)))
    assert [record.position for record in ledger.records()] == list(range(4 + len(positions)))
    assert ledger.verify().is_clean


def test_a_reader_who_asks_for_what_is_new_misses_nothing_while_others_write(ledger: ensue.Ledger) -> None:
    for n in range(8):
        ledger.submit(Register(name=str(n), patient=f"p{n}"), actor="desk")
    done = Flag()

    def write(thread: int) -> None:
        for n in range(40):
            ledger.submit(Rename(name=str(n), patient=f"p{(thread + n) % 8}"), actor="desk")

    def follow() -> list[int]:
        seen: list[int] = []
        while True:
            last_look = done.is_set()
            seen += [record.position for record in ledger.records(after=seen[-1] if seen else -1)]
            if last_look:
                return seen

    with ThreadPoolExecutor(9) as threads:
        following = threads.submit(follow)
        list(threads.map(write, range(8)))
        done.set()
        seen = following.result()

    assert seen == list(range(8 + 8 * 40))


def test_events_of_one_subject_commit_in_the_order_they_were_submitted(ledger: ensue.Ledger) -> None:
    patients = [f"p{n}" for n in range(12)]
    for patient in patients:
        ledger.submit(Register(name="0", patient=patient), actor="desk")
        ledger.submit(AddAllergy(code="0", patient=patient, allergy=f"a-{patient}"), actor="desk")
    dice, answers = random.Random(7), []

    for n in range(900):
        patient = dice.choice(patients)
        # of every second event the ledger learns the subject only from a path
        event = Rename(name=str(n), patient=patient) if dice.random() < 0.5 else CorrectAllergy(code=str(n), allergy=f"a-{patient}")
        answers.append((patient, ledger.submit_soon(event, actor="desk")))

    for patient in patients:
        submitted = [answer.result().id for whose, answer in answers if whose == patient]
        assert [record.id for record in ledger.timeline(f"Patient/{patient}")][2:] == submitted


def test_events_of_several_subjects_keep_the_order_of_each(ledger: ensue.Ledger) -> None:
    patients = [f"p{n}" for n in range(6)]
    for patient in patients:
        ledger.submit(Register(name="0", patient=patient), actor="desk")
    dice = random.Random(11)

    pairs = [dice.sample(patients, 2) for _ in range(300)]
    answers = [ledger.submit_soon(Meet(one=one, other=other), actor="desk") for one, other in pairs]

    records: list[Record] = [answer.result() for answer in answers]
    for patient in patients:
        submitted = [record.id for record, pair in zip(records, pairs, strict=True) if patient in pair]
        assert [record.id for record in ledger.timeline(f"Patient/{patient}")][1:] == submitted
        assert ledger.get(Patient, patient).visits == len(submitted)
    assert ledger.verify().is_clean


def test_events_under_one_key_are_taken_in_the_order_they_were_submitted(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="0", patient="p0"), actor="desk")

    for n in range(50):
        answers = [ledger.submit_soon(Rename(name=f"{n} {turn}", patient="p0"), actor="desk", key=str(n)) for turn in range(3)]
        assert [answer.exception() is None for answer in answers] == [True, False, False]


# ---- two batches at once -------------------------------------------------------------------------------------------
@contextmanager
def nobody_gets_a_place(ledger: ensue.Ledger) -> Iterator[None]:
    """Meanwhile a batch can be decided, and waits for its positions, so that the other connection may take the next one."""
    if ledger._storage.is_sqlite:
        pytest.skip("SQLite has one writing connection.")
    with ledger._storage.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT position FROM ensue_ledger FOR UPDATE")
        yield
        connection.exec_driver_sql("ROLLBACK")


def wait_until_decided(ledger: ensue.Ledger) -> None:
    """Wait for a batch to be in flight, and give the other connection time to take what it may."""
    writer = ledger._writer
    with writer._condition:
        while not writer._in_flight:
            writer._condition.wait(0.01)
    time.sleep(0.3)


def test_what_waits_for_a_batch_in_flight_is_not_overtaken_on_its_other_subject(ledger: ensue.Ledger) -> None:
    for n in range(2):
        ledger.submit(Register(name="0", patient=f"p{n}"), actor="desk")

    with nobody_gets_a_place(ledger):
        first = ledger.submit_soon(Rename(name="1", patient="p0"), actor="desk")
        wait_until_decided(ledger)
        waiting = ledger.submit_soon(Meet(one="p0", other="p1"), actor="desk")
        behind = ledger.submit_soon(Rename(name="2", patient="p1"), actor="desk")
        wait_until_decided(ledger)

    submitted = [waiting.result().id, behind.result().id]
    assert [record.id for record in ledger.timeline("Patient/p1")][1:] == submitted
    assert first.result().position < waiting.result().position


def test_an_event_whose_subject_is_found_late_is_not_overtaken_by_a_later_one(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="0", patient="p1"), actor="desk")

    with nobody_gets_a_place(ledger):
        with in_one_batch(ledger):
            ledger.submit_soon(StockDrug(name="p1", drug="x1"), actor="pharmacy")
            late = ledger.submit_soon(GiveNamesake(drug="x1"), actor="pharmacy")
        wait_until_decided(ledger)
        behind = ledger.submit_soon(Rename(name="1", patient="p1"), actor="desk")
        wait_until_decided(ledger)

    submitted = [late.result().id, behind.result().id]
    assert [record.id for record in ledger.timeline("Patient/p1")][1:] == submitted
