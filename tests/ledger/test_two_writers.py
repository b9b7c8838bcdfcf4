"""Two writers of one ledger: chains never fork, nobody waits for ever, and every event has one place."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import ensue
from ensue import AlreadyExists, EnsueError, Record
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.ward import CountVisits, Meet, Patient, Register, SetEmail, ward


@pytest.fixture
def writers(database_url: str) -> Iterator[tuple[ensue.Ledger, ensue.Ledger]]:
    """Two ledgers over one database, as two processes would have them."""
    with ensue.open(ward, database_url, tag_keys=TAG_KEYS) as one, ensue.open(ward, database_url, tag_keys=TAG_KEYS) as other:
        yield one, other


def test_a_hot_subject_is_written_from_both_and_never_forks(writers: tuple[ensue.Ledger, ensue.Ledger]) -> None:
    writers[0].submit(Register(name="Ada", patient="p1"), actor="desk")

    def count(ledger: ensue.Ledger) -> list[Record]:
        answers = [ledger.submit_soon(CountVisits(visits=1, patient="p1"), actor="desk", version="2024-01-01") for _ in range(200)]
        return [answer.result() for answer in answers]

    with ThreadPoolExecutor(2) as threads:
        records = [record for one in threads.map(count, writers) for record in one]

    assert sorted(record.position for record in records) == list(range(1, 401))
    assert sorted(record.seq for record in records) == list(range(2, 402))
    assert writers[0].get(Patient, "p1").visits == 400
    assert writers[1].verify().is_clean


def test_a_new_subject_raced_from_both_has_one_winner(writers: tuple[ensue.Ledger, ensue.Ledger]) -> None:
    ready = Barrier(2, timeout=20)

    def race(place: int) -> list[Record | EnsueError]:
        outcomes: list[Record | EnsueError] = []
        for n in range(25):
            ready.wait()
            try:
                outcomes.append(writers[place].submit(Register(name=str(place), patient=f"p{n}"), actor=f"desk-{place}"))
            except AlreadyExists as no:
                outcomes.append(no)
        return outcomes

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(race, (0, 1))

    assert [{type(first), type(second)} for first, second in zip(one, other, strict=True)] == [{Record, AlreadyExists}] * 25
    assert [record.position for record in writers[0].records()] == list(range(25))
    assert writers[0].verify().is_clean


def test_one_value_raced_from_both_is_taken_once(writers: tuple[ensue.Ledger, ensue.Ledger]) -> None:
    for place in (0, 1):
        writers[0].submit(Register(name="Ada", patient=f"p{place}"), actor="desk")
    ready = Barrier(2, timeout=20)

    def race(place: int) -> list[str]:
        outcomes = []
        for n in range(15):
            ready.wait()
            try:
                writers[place].submit(SetEmail(email=f"{n}@x", patient=f"p{place}"), actor="desk")
                outcomes.append("taken")
            except AlreadyExists as no:
                outcomes.append(no.fields)
        return outcomes

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(race, (0, 1))

    assert [sorted(pair) for pair in zip(one, other, strict=True)] == [["email", "taken"]] * 15
    assert writers[0].verify().is_clean


def test_one_key_raced_from_both_is_one_event(writers: tuple[ensue.Ledger, ensue.Ledger]) -> None:
    ready = Barrier(2, timeout=20)

    def race(place: int) -> list[Record]:
        records = []
        for n in range(15):
            ready.wait()
            records.append(writers[place].submit(Register(name=str(n), patient=f"p{n}"), actor="desk", key=str(n)))
        return records

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(race, (0, 1))

    assert one == other
    assert [{first.repeated, second.repeated} for first, second in zip(one, other, strict=True)] == [{False, True}] * 15
    assert len(list(writers[0].records())) == 15


def test_events_of_three_subjects_in_any_order_never_wait_for_each_other(writers: tuple[ensue.Ledger, ensue.Ledger]) -> None:
    patients = [f"p{n}" for n in range(6)]
    for patient in patients:
        writers[0].submit(Register(name="Ada", patient=patient), actor="desk")

    def live(thread: int) -> int:
        dice = random.Random(thread)
        for _ in range(12):
            one, other, third = dice.sample(patients, 3)
            writers[thread % 2].submit(Meet(one=one, other=other, third=third), actor="desk")
        return 12

    with ThreadPoolExecutor(16) as threads:
        done = sum(threads.map(live, range(16)))

    assert sum(writers[0].get(Patient, patient).visits for patient in patients) == 3 * done
    assert [record.position for record in writers[0].records()] == list(range(6 + done))
    assert writers[0].verify().is_clean


WRITER = """
import sys
import ensue
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.ward import CountVisits, Register, ward

with ensue.open(ward, sys.argv[1], tag_keys=TAG_KEYS) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    answers = [
        ledger.submit_soon(CountVisits(visits=1, patient="hot"), actor=sys.argv[2], key=str(n), version="2024-01-01") for n in range(100)
    ]
    answers += [ledger.submit_soon(Register(name=sys.argv[2], patient=f"p{n}"), actor=sys.argv[2]) for n in range(30)]
    print(sum(answer.exception() is None for answer in answers))
"""


def test_two_processes_share_a_ledger(database_url: str) -> None:
    with ensue.open(ward, database_url, tag_keys=TAG_KEYS) as ledger:
        ledger.submit(Register(name="Ada", patient="hot"), actor="desk")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, database_url, name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
            )
            for name in ("one", "other")
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [int(process.communicate(timeout=60)[0]) for process in processes]

        assert sum(said) == 200 + 30
        assert ledger.get(Patient, "hot").visits == 200
        assert [record.position for record in ledger.records()] == list(range(231))
        assert ledger.verify().is_clean
