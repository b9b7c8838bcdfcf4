"""Changes: what a step may do to rows, and how often in one plan."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest

from ensue import (
    AlreadyExists,
    Delete,
    Erase,
    Event,
    Lookup,
)
from tests.core.bank import ADA, BOB, FIRST, RATE, Account, Bank, Decide, Entry, Move, Rate, app_of, failure, increase, insert, plan, update
from tests.core.deciding import decision_of


def test_an_update_that_changes_nothing_leaves_nothing() -> None:
    assert (
        plan(lambda event: [update(event.account, owner="Ada", balance=Decimal("70.0")), increase(event.account, visits=0)]).operations
        == ()
    )


def test_increases_of_one_column_add_up() -> None:
    decided = plan(lambda event: [increase(event.account, balance=Decimal(1)), increase(event.account, balance=Decimal(2))], lambda event: [
        increase(event.account, balance=Decimal(-3), visits=1)
    ])  # fmt: skip

    assert [recorded[4] for recorded in decided.recorded_operations] == [
        {"balance": "71"},
        {"balance": "73"},
        {"balance": "70", "visits": 1},
    ]


def test_sums_are_exact_whatever_the_decimal_context_is() -> None:
    rich = Account(id="a-1", owner="Ada", balance=Decimal(12345678901234567890123456789012345))

    with localcontext() as context:
        context.prec = 3
        decided = plan(lambda event: [increase(event.account, balance=Decimal("0.01"))], rows=(rich,))

    assert decided.recorded_operations[0][4] == {"balance": "12345678901234567890123456789012345.01"}


@pytest.mark.parametrize(
    ("first", "second", "earlier"),
    [
        (lambda row: update(row, visits=1), lambda row: update(row, visits=2), "update"),
        (lambda row: update(row, visits=1), lambda row: increase(row, visits=2), "update"),
        (lambda row: increase(row, visits=1), lambda row: update(row, visits=5), "increase"),
    ],
)
def test_a_column_has_one_writer_in_a_plan(first: Decide, second: Decide, earlier: str) -> None:
    expected = f"sets Account/a-1 visits after an {earlier} by step_1; in one plan a column is updated once"

    assert expected in failure(lambda event: [first(event.account), second(event.account)])
    assert expected in failure(lambda event: [first(event.account)], lambda event: [second(event.account)])


def test_a_column_that_an_earlier_step_set_cannot_be_set_back() -> None:
    assert "step_2: sets Account/a-1 visits back after an earlier step set it" in failure(
        lambda event: [update(event.account, visits=1)], lambda event: [update(event.account, visits=0)]
    )


def test_a_value_that_an_earlier_step_has_set_already_may_be_said_again() -> None:
    decided = plan(lambda event: [update(event.account, visits=1)], lambda event: [update(event.account, visits=1)])

    assert len(decided.operations) == 1


def test_different_columns_of_one_row_have_different_writers() -> None:
    decided = plan(lambda event: [update(event.account, visits=1)], lambda event: [update(event.account, owner="Eve")])

    assert [recorded[3] for recorded in decided.recorded_operations] == [{"visits": 0}, {"owner": "Ada"}]


def test_a_row_is_inserted_once() -> None:
    def step(event: Any) -> Any:
        return [insert(Entry(id="e-2", account_id="a-1"))]

    assert "inserts Entry/e-2 a second time; give each row an id of its own" in failure(step, step)
    assert "inserts Entry/e-2 a second time" in failure(
        lambda event: [*step(event), Delete(Entry(id="e-2", account_id="a-1")), *step(event)]
    )


def test_a_row_that_is_there_already_is_a_rejection() -> None:
    decided = plan(lambda event: [insert(FIRST)])

    assert decided.rejections == (AlreadyExists(model="Entry", fields="id"),)


def test_a_row_that_is_deleted_makes_place_for_another() -> None:
    decided = plan(lambda event: [Delete(event.entries[0]), insert(Entry(id="e-1", account_id="a-1", amount=Decimal(9)))])

    assert [recorded[0] for recorded in decided.recorded_operations] == ["delete", "insert"]


def test_a_row_that_the_plan_inserts_may_be_changed_by_it() -> None:
    entry = Entry(id="e-2", account_id="a-1")

    decided = plan(lambda event: [insert(entry)], lambda event: [update(entry, amount=Decimal(3))])

    assert [recorded[4] for recorded in decided.recorded_operations] == [{"id": "e-2", "account_id": "a-1", "amount": "0"}, {"amount": "3"}]


@pytest.mark.parametrize("change", [lambda row: Delete(row), lambda row: update(row, amount=Decimal(1))])
def test_a_row_that_is_deleted_cannot_be_changed(change: Decide) -> None:
    assert "of Entry/e-1, which this event deletes" in failure(
        lambda event: [Delete(event.entries[0])], lambda event: [change(event.entries[0])]
    )


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda row: update(row, owner="Eve"), "Update"),
        (lambda row: Delete(row), "Delete"),
        (lambda row: increase(row, visits=1), "Increase"),
    ],
)
def test_only_rows_that_the_event_was_shown_are_changed(change: Decide, word: str) -> None:
    assert failure(lambda event: [change(BOB)], rows=(ADA, BOB)) == (
        f"Step step_1: {word} of Account/a-2, which is not in the event's state; declare it as a Ref, Lookup or Related."
    )


def test_only_rows_whose_subjects_are_locked_are_touched() -> None:
    assert "touches Entry/e-9, which belongs to Account/a-2; the event has locked Account/a-1: add a Ref to" in failure(
        lambda event: [insert(Entry(id="e-9", account_id="a-2"))]
    )
    assert "touches Bank/b-1, which belongs to Bank/b-1" in failure(lambda event: [insert(Bank(id="b-1", name="B"))])
    assert "touches Bank/b-1, which belongs to Bank/b-1" in failure(lambda event: [Erase(Bank(id="b-1", name="B"), "ads")])


def test_reference_data_is_written_by_system_events_alone() -> None:
    message = "touches Rate/r-1, which is reference data; only an event that says system=… writes it"

    assert message in failure(
        lambda event: [update(event.rate, percent=Decimal(3))], rows=(ADA, RATE), event=Move(account="a-1", rate="r-1")
    )
    assert "touches Rate/r-2, which is reference data" in failure(lambda event: [insert(Rate(id="r-2", percent=Decimal(1)))])


def test_a_system_event_writes_reference_data() -> None:
    class SetRate(Event, type="rate.set", version="2026-01-01", system="rates"):
        rate: Lookup[Rate]

    decision = decision_of(app_of(lambda event: [update(event.rate, percent=Decimal(3))], event=SetRate), SetRate(rate="r-1"), RATE)

    assert decision.plan.recorded_operations == (["update", "Rate", "r-1", {"percent": "2"}, {"percent": "3"}, "step_1"],)


def test_what_is_none_cannot_be_increased() -> None:
    assert (
        failure(lambda event: [increase(event.account, score=1)])
        == "Step step_1: increases Account/a-1 score, which is None; set it with an Update."
    )


def test_a_sum_outside_the_columns_constraints_is_the_steps_failure() -> None:
    assert "raised InvalidForm: Account: balance: input should be greater than or equal to 0" in failure(
        lambda event: [increase(event.account, balance=Decimal(-71))]
    )
