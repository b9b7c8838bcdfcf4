"""Unique rules: a value stands at most once, as decided and before the database has to say so."""

from __future__ import annotations

import pytest

import ensue
from ensue import AlreadyExists, Request
from tests.ledger.batches import in_one_batch
from tests.ledger.ward import Discharge, Patient, Register, SetEmail, ShareEmail, StockDrug, SwapEmails


@pytest.fixture
def two(ledger: ensue.Ledger) -> ensue.Ledger:
    """Ada has an address, Bea has another."""
    ledger.submit(Register(name="Ada", email="ada@x", patient="p1"), actor="desk")
    ledger.submit(Register(name="Bea", email="bea@x", patient="p2"), actor="desk")
    return ledger


def emails(ledger: ensue.Ledger) -> list[str | None]:
    """The addresses of Ada and Bea."""
    return [ledger.get(Patient, id).email for id in ("p1", "p2")]


def test_a_value_that_stands_already_is_refused_with_its_fields(two: ensue.Ledger) -> None:
    for event in (Register(name="Cia", email="ada@x", patient="p3"), SetEmail(email="ada@x", patient="p2")):
        with pytest.raises(AlreadyExists) as raised:
            two.submit(event, actor="desk")
        assert (raised.value.model, raised.value.fields) == ("Patient", "email")
        assert two.preview(event, actor="desk").rejections == raised.value.reasons

    assert [attempt["outcome"] for attempt in two.attempts("Patient/p3")] == ["rejected"]


def test_the_same_value_again_on_the_same_row_is_no_clash(two: ensue.Ledger) -> None:
    assert two.submit(SetEmail(email="ada@x", patient="p1"), actor="desk").plan.operations == ()


def test_what_is_not_there_clashes_with_nothing(two: ensue.Ledger) -> None:
    two.submit(SetEmail(email=None, patient="p1"), actor="desk")
    two.submit(SetEmail(email=None, patient="p2"), actor="desk")

    assert emails(two) == [None, None]


def test_a_value_clashes_within_one_batch_too(two: ensue.Ledger) -> None:
    with in_one_batch(two):
        first = two.submit_soon(Register(name="Cia", email="new@x", patient="p3"), actor="desk")
        second = two.submit_soon(Register(name="Dea", email="new@x", patient="p4"), actor="desk")
        drugs = [two.submit_soon(StockDrug(name="aspirin"), actor="pharmacy") for _ in range(3)]

    assert first.result().position == 2
    with pytest.raises(AlreadyExists, match="email"):
        second.result()
    assert [type(drug.exception()) for drug in drugs] == [type(None), AlreadyExists, AlreadyExists]


def test_a_value_given_up_can_be_taken_in_the_same_batch(two: ensue.Ledger) -> None:
    with in_one_batch(two):
        answers = [
            two.submit_soon(SetEmail(email="new@x", patient="p1"), actor="desk"),
            two.submit_soon(SetEmail(email="ada@x", patient="p2"), actor="desk"),
            two.submit_soon(Register(name="Cia", email="bea@x", patient="p3"), actor="desk"),
            two.submit_soon(Discharge(patient="p3"), actor="desk"),
            two.submit_soon(Register(name="Dea", email="bea@x", patient="p4"), actor="desk"),
        ]

    assert [answer.result().position for answer in answers] == [2, 3, 4, 5, 6]
    assert emails(two) == ["new@x", "ada@x"]
    assert two.get(Patient, "p4").email == "bea@x"
    assert two.verify().is_clean


def test_one_event_may_swap_two_values(two: ensue.Ledger) -> None:
    assert not two.preview(SwapEmails(one="p1", other="p2"), actor="desk").is_rejected

    record = two.submit(SwapEmails(one="p1", other="p2"), actor="desk")

    assert emails(two) == ["bea@x", "ada@x"]
    assert [kind for kind, *_ in record.plan.recorded_operations] == ["update", "update"]
    assert two.verify().is_clean


def test_one_event_may_not_give_two_rows_one_value(two: ensue.Ledger) -> None:
    event = ShareEmail(email="new@x", one="p1", other="p2")

    with pytest.raises(AlreadyExists) as raised:
        two.submit(event, actor="desk")

    assert two.preview(event, actor="desk").rejections == raised.value.reasons
    assert emails(two) == ["ada@x", "bea@x"]


def test_a_swap_among_others_of_its_batch_is_a_swap(two: ensue.Ledger) -> None:
    with in_one_batch(two):
        answers = [
            two.submit_soon(Register(name="Cia", email="cia@x", patient="p3"), actor="desk"),
            two.submit_soon(SwapEmails(one="p1", other="p2"), actor="desk"),
            two.submit_soon(SwapEmails(one="p2", other="p3"), actor="desk"),
            two.submit_soon(Register(name="Dea", email="bea@x", patient="p4"), actor="desk"),
        ]

    assert [type(answer.exception()) for answer in answers] == [type(None), type(None), type(None), AlreadyExists]
    assert [two.get(Patient, id).email for id in ("p1", "p2", "p3")] == ["bea@x", "cia@x", "ada@x"]
    assert two.verify().is_clean


def test_a_value_given_up_can_be_taken_by_a_later_request_of_the_same_whole(two: ensue.Ledger) -> None:
    two.submit_all(
        [
            Request(Discharge(patient="p1")),
            Request(Register(name="Cia", email="ada@x", patient="p3")),
            Request(SetEmail(email="new@x", patient="p2")),
            Request(Register(name="Dea", email="bea@x", patient="p1")),
        ],
        actor="desk",
        together=True,
    )

    assert [two.get(Patient, id).email for id in ("p1", "p2", "p3")] == ["bea@x", "new@x", "ada@x"]
    assert [record.position for record in two.records()] == [0, 1, 2, 3, 4, 5]
    assert two.verify().is_clean
