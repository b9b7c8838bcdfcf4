"""The writer: every caller is answered, whatever happens in its thread; what is queued is committed; sizes that are too much are told."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ensue
from ensue import App, Event, Insert, Model, Record, Ref, Related, Request, StepError, new, related
from ensue import New as NewRow
from ensue.errors import Closed, LedgerError, TooLarge
from tests.ledger import ward
from tests.simulation.faults import on_connect


def count_visit(number: int = 0) -> ward.CountVisits:
    return ward.CountVisits(visits=1, patient=f"p-{number % 3}")


# ---- faults of our own ---------------------------------------------------------------------------------------------
def test_a_fault_in_our_own_code_fails_the_event_that_brings_it_out_and_no_other(
    ledger: ensue.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = ledger._around.recorder
    record = recorder.record

    def broken(ticket: Any, *rest: Any) -> Record:
        if ticket.request.key == "form-13":
            raise ZeroDivisionError("a fault of ours")
        return record(ticket, *rest)

    monkeypatch.setattr(recorder, "record", broken)
    answers = [ledger.submit_soon(count_visit(number), actor="clerk", key=f"form-{number}", version="2024-01-01") for number in range(64)]
    errors = [answer.exception(timeout=30) for answer in answers]

    assert [number for number, error in enumerate(errors) if error is not None] == [13]
    assert type(errors[13]) is LedgerError
    assert "a fault of ours" in str(errors[13])
    assert ledger.verify().records == 3 + 63
    assert ledger.verify().is_clean


def test_a_step_that_ends_the_program_ends_only_its_event(sqlite_url: str) -> None:
    app = App("leaving")

    class Room(Model, subject=True):
        name: str

    class Leave(Event, type="room.leave", version="2024-01-01"):
        name: str
        room: NewRow[Room] = new()

    @app.step(Leave, since="2024-01-01")
    def leave(event: Leave) -> Iterator[Insert[Room]]:
        if event.name == "exit":
            raise SystemExit(3)
        yield Insert(Room(id=event.room, name=event.name))

    with ensue.open(app, sqlite_url) as ledger:
        answers = [ledger.submit_soon(Leave(name="exit" if number == 5 else "stay"), actor="clerk") for number in range(10)]
        errors = [answer.exception(timeout=30) for answer in answers]

        assert [number for number, error in enumerate(errors) if error is not None] == [5]
        assert isinstance(errors[5], (StepError, LedgerError))


# ---- closing -------------------------------------------------------------------------------------------------------
def test_what_is_queued_when_the_ledger_closes_is_committed(url: str) -> None:
    ledger = ensue.open(ward.ward, url)
    ledger.submit(ward.Register(name="Ada", patient="p-0"), actor="clerk")
    answers = [ledger.submit_soon(ward.CountVisits(visits=1, patient="p-0"), actor="clerk", version="2024-01-01") for _ in range(600)]

    ledger.close()

    assert [answer.result(timeout=0).position for answer in answers] == list(range(1, 601))
    with pytest.raises(Closed):
        ledger.submit(count_visit(), actor="clerk")
    with pytest.raises(Closed):
        ledger.submit_all([Request(count_visit())], actor="clerk")
    ledger.close()  # a second time does nothing


# ---- many at once --------------------------------------------------------------------------------------------------
def test_sixty_four_threads_that_do_everything_at_once_agree_in_the_end(ledger: ensue.Ledger) -> None:
    stop_at = time.monotonic() + 3
    committed, failures = [0] * 64, []

    def caller(number: int) -> None:
        patient = f"p-{number % 3}"
        try:
            turn = 0
            while time.monotonic() < stop_at:
                turn += 1
                what = (number + turn) % 6
                if what in (0, 1, 2):
                    ledger.submit(
                        ward.CountVisits(visits=1, patient=patient), actor=f"actor-{number}", key=f"turn-{turn}", version="2024-01-01"
                    )
                    committed[number] += 1
                elif what == 3:
                    ledger.preview(ward.CountVisits(visits=1, patient=patient), actor=f"actor-{number}")
                elif what == 4:
                    ledger.get(ward.Patient, patient, actor=f"actor-{number}")
                else:
                    with pytest.raises(ward.Blank):
                        ledger.submit(ward.Rename(name=" ", patient=patient), actor=f"actor-{number}")
        except BaseException as error:  # noqa: BLE001  # told in the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)

    assert failures == []
    assert sum(ledger.get(ward.Patient, f"p-{number}").visits for number in range(3)) == sum(committed) > 64
    assert [record.position for record in ledger.records()] == list(range(3 + sum(committed)))
    assert ledger.verify().is_clean


def test_memory_stays_flat_over_many_events(sqlite_url: str) -> None:
    with ensue.open(ward.ward, sqlite_url) as ledger:
        on_connect(ledger, "PRAGMA cache_size=-2000")  # SQLite's own cache would grow to 64 MiB first
        ledger.submit(ward.Register(name="Ada", patient="p-0"), actor="clerk")

        def submit(count: int) -> int:
            for _ in range(count // 500):
                outcomes = ledger.submit_all([Request(ward.CountVisits(visits=1, patient="p-0"))] * 500, actor="clerk")
                assert all(isinstance(outcome, Record) for outcome in outcomes)
                del outcomes
            gc.collect()
            return _resident_bytes()

        settled = submit(3_000)
        after = submit(8_000)

    assert after - settled < 5_000_000


def _resident_bytes() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("This system does not say how much memory a process has.")
    return next(int(line.split()[1]) * 1_024 for line in status.read_text().splitlines() if line.startswith("VmRSS"))


# ---- sizes ---------------------------------------------------------------------------------------------------------
def test_a_form_of_more_than_a_mebibyte_is_refused_at_the_door(ledger: ensue.Ledger) -> None:
    with pytest.raises(TooLarge, match="1048576"):
        ledger.submit(ward.Rename(name="x" * 5_000_000, patient="p-0"), actor="clerk")

    almost = ledger.submit(ward.Rename(name="x" * 1_000_000, patient="p-0"), actor="clerk")

    assert almost.position == 3
    assert len(ledger.get(ward.Patient, "p-0").name) == 1_000_000
    assert ledger.verify().is_clean


crowd = App("crowd")


class Hall(Model, subject=True):
    name: str


class Seat(Model, of=Hall):
    hall_id: str
    number: int


class Furnish(Event, type="hall.furnish", version="2024-01-01"):
    seats: int
    hall: NewRow[Hall] = new()


class Clear(Event, type="hall.clear", version="2024-01-01"):
    hall: Ref[Hall]
    seats: Related[Seat] = related(limit=1_000_000)


@crowd.step(Furnish, since="2024-01-01")
def furnish(event: Furnish) -> Iterator[Insert[Hall] | Insert[Seat]]:
    yield Insert(Hall(id=event.hall, name="Great Hall"))
    for number in range(event.seats):
        yield Insert(Seat(id=event.new_id(f"seat-{number}"), hall_id=event.hall, number=number))


@crowd.step(Clear, since="2024-01-01")
def clear(event: Clear) -> Iterator[ensue.Delete[Seat]]:
    for seat in event.seats:
        yield ensue.Delete(seat)


def test_ten_thousand_operations_of_one_event_are_one_transaction(url: str) -> None:
    with ensue.open(crowd, url) as ledger:
        furnished = ledger.submit(Furnish(seats=9_999, hall="h-1"), actor="clerk")
        with pytest.raises(StepError, match="10000"):
            ledger.submit(Furnish(seats=10_000, hall="h-2"), actor="clerk")
        full = ledger.verify()
        cleared = ledger.submit(Clear(hall="h-1"), actor="clerk")

        assert len(furnished.plan.operations) == 10_000
        assert len(cleared.plan.operations) == 9_999
        assert (full.rows, ledger.verify().rows) == (10_000, 1)
        assert full.is_clean
        assert ledger.verify().is_clean
