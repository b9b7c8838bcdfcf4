"""Submitting: one at a time, soon, many in order, and all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

import ensue
from ensue import Closed, InvalidForm, KeyReused, NotFound, Record, Request, StepError, TooLarge, UnknownEventType
from tests.ledger.batches import in_one_batch
from tests.ledger.ward import Blank, CountVisits, Crash, Patient, Push, Register, Rename, SetPhone, ward


def test_a_submitted_event_is_saved_with_its_rows_and_effects(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    record = ledger.submit(SetPhone(phone="555", patient="p1"), actor="desk")

    assert (record.position, record.subject, record.seq) == (1, "Patient/p1", 2)
    assert ledger.get(Patient, "p1").phone == "555"
    assert [row.phone for row in record.plan.updated(Patient)] == ["555"]
    assert [push.to for push in record.plan.planned(Push)] == ["555"]
    assert ledger.verify().is_clean


def test_a_rejected_event_is_raised_as_its_typed_reason_and_saves_nothing(ledger: ensue.Ledger) -> None:
    with pytest.raises(Blank) as raised:
        ledger.submit(Register(name=" ", patient="p1"), actor="desk")

    assert [reason.code for reason in raised.value.reasons] == ["name.blank"]
    assert list(ledger.records()) == []
    with pytest.raises(NotFound):
        ledger.get(Patient, "p1")


def test_an_answer_to_come_is_joined_in_a_thread(ledger: ensue.Ledger) -> None:
    answers = [ledger.submit_soon(Register(name=str(n), patient=f"p{n}"), actor="desk") for n in range(20)]

    assert sorted(answer.result().position for answer in answers) == list(range(20))


def test_an_answer_to_come_is_awaited_in_a_coroutine(ledger: ensue.Ledger) -> None:
    async def life() -> tuple[list[Record], str]:
        records = list(await asyncio.gather(*(_submitted(ledger, n) for n in range(20))))
        try:
            await ledger.submit_soon(Rename(name=" ", patient="p1"), actor="desk")
        except Blank as no:
            return records, no.code
        return records, ""

    records, refused = asyncio.run(life())

    assert sorted(record.position for record in records) == list(range(20))
    assert refused == "name.blank"


async def _submitted(ledger: ensue.Ledger, n: int) -> Record:
    return await ledger.submit_soon(Register(name=str(n), patient=f"p{n}"), actor="desk")


def test_a_caller_who_gives_up_waiting_takes_nothing_from_the_others_of_the_batch(ledger: ensue.Ledger) -> None:
    async def life() -> list[Record]:
        with in_one_batch(ledger):
            answers = [ledger.submit_soon(Register(name=str(n), patient=f"p{n}"), actor="desk") for n in range(3)]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(answers[0], 0.001)
        return [await answer for answer in answers[1:]]

    records = asyncio.run(life())

    assert [record.plan.inserted(Patient)[0].id for record in records] == ["p1", "p2"]
    assert [record.subject for record in ledger.records()] == ["Patient/p0", "Patient/p1", "Patient/p2"]


def test_what_is_wrong_with_the_request_itself_is_raised_at_once(ledger: ensue.Ledger) -> None:
    with pytest.raises(InvalidForm, match="actor"):
        ledger.submit_soon(Register(name="Ada"), actor="")
    with pytest.raises(UnknownEventType):
        ledger.read_event("patient.unknown", {})


def test_outcomes_come_in_the_order_of_the_requests_whatever_they_are(ledger: ensue.Ledger) -> None:
    requests = [
        Request(Register(name="Ada", patient="p1"), key="one"),
        Request(Register(name=" ", patient="p2")),
        Request(Crash(patient="p1")),
        Request(Register(name="Ada", patient="p1"), key="one"),
        Request(Register(name="Bea", patient="p3"), key="one"),
        Request(Rename(name="Cia", patient="nobody")),
        Request(Rename(name="Dea", patient="p1"), actor_problem()),
        Request(Rename(name="Eva", patient="p1")),
    ]

    outcomes = ledger.submit_all(requests, actor="desk")

    assert [type(outcome) for outcome in outcomes] == [Record, Blank, StepError, Record, KeyReused, NotFound, InvalidForm, Record]
    assert outcomes[0] == outcomes[3]
    assert [record.id for record in ledger.records()] == [one.id for one in (outcomes[0], outcomes[7]) if isinstance(one, Record)]


def actor_problem() -> str:
    """A key that cannot be: refused at the door, among others that pass."""
    return "k" * 201


def test_more_requests_than_fit_the_queue_come_from_a_generator_and_are_answered_in_order(ledger: ensue.Ledger) -> None:
    taken = 0

    def requests() -> Iterator[Request]:
        nonlocal taken
        for n in range(1_500):
            taken += 1
            yield Request(Register(name=str(n), patient=f"p{n}"))

    outcomes = ledger.submit_all(requests(), actor="desk")

    assert taken == 1_500
    assert sorted(outcome.position for outcome in outcomes if isinstance(outcome, Record)) == list(range(1_500))
    assert [outcome.subject for outcome in outcomes if isinstance(outcome, Record)] == [f"Patient/p{n}" for n in range(1_500)]


def test_many_requests_may_say_another_version_than_the_newest(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    outcomes = ledger.submit_all(
        [Request(CountVisits(visits=1, patient="p1")), Request(CountVisits(visits=1, patient="p1"), version="2024-06-01")],
        actor="desk",
        version="2024-01-01",
    )

    assert [outcome.version for outcome in outcomes if isinstance(outcome, Record)] == ["2024-01-01", "2024-06-01"]
    assert ledger.get(Patient, "p1").visits == 3


# ---- together ------------------------------------------------------------------------------------------------------
def test_together_all_are_committed(ledger: ensue.Ledger) -> None:
    outcomes = ledger.submit_all([Request(Register(name=str(n), patient=f"p{n}")) for n in range(256)], actor="desk", together=True)

    assert [outcome.position for outcome in outcomes if isinstance(outcome, Record)] == list(range(256))


def test_together_one_refusal_is_the_refusal_of_all(ledger: ensue.Ledger) -> None:
    requests = [Request(Register(name="Ada", patient="p1"), key="one"), Request(Register(name=" ", patient="p2"))]

    with pytest.raises(Blank):
        ledger.submit_all(requests, actor="desk", together=True)

    assert list(ledger.records()) == []
    assert [attempt["outcome"] for attempt in ledger.attempts("Patient/p2")] == ["rejected"]
    assert not ledger.submit(Register(name="Ada", patient="p1"), actor="desk", key="one").repeated


def test_together_a_fault_of_a_step_leaves_nothing_behind(ledger: ensue.Ledger) -> None:
    requests = [Request(Register(name="Ada", patient="p1")), Request(Crash(patient="p1"))]

    with pytest.raises(StepError, match="by a step"):
        ledger.submit_all(requests, actor="desk", together=True)

    assert list(ledger.records()) == []


def test_together_later_requests_see_what_earlier_ones_decided(ledger: ensue.Ledger) -> None:
    requests = [
        Request(Register(name="Ada", patient="p1")),
        Request(Rename(name="Bea", patient="p1")),
        Request(CountVisits(visits=1, patient="p1")),
    ]

    ledger.submit_all(requests, actor="desk", together=True)

    patient = ledger.get(Patient, "p1")
    assert (patient.name, patient.visits) == ("Bea", 2)


def test_together_takes_at_most_256(ledger: ensue.Ledger) -> None:
    with pytest.raises(TooLarge, match="257"):
        ledger.submit_all([Request(Register(name=str(n))) for n in range(257)], actor="desk", together=True)

    assert list(ledger.records()) == []


def test_together_nothing_is_nothing(ledger: ensue.Ledger) -> None:
    assert ledger.submit_all([], actor="desk", together=True) == []


def test_what_was_submitted_before_closing_is_committed_and_nothing_after(database_url: str) -> None:
    ledger = ensue.open(ward, database_url, tag_keys={"k1": bytes(32)})
    answers = [ledger.submit_soon(Register(name=str(n)), actor="desk") for n in range(50)]

    ledger.close()

    assert all(answer.done() for answer in answers)
    assert sorted(answer.result().position for answer in answers) == list(range(50))
    with pytest.raises(Closed):
        ledger.submit(Register(name="late"), actor="desk")
