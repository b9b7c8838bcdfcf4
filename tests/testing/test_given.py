"""given, when, then: what follows from an event, exactly, in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import process_time

import pytest

from ensue import Cancel, Delete, Erase, Increase, Insert, InvalidForm, NotFound, Operation, Refused, StepError, Update, VersionError
from ensue.core.effect import Effect
from ensue.testing import ANY_ID, START, Outcome, given
from tests.testing.bakery import ADA, BO, Customer, Forget, Line, Order, Oven, Peek, PlaceOrder, PlaceOrder2, SoldOut, Text, bakery

HOUR = timedelta(hours=1)


def order_rye() -> Outcome:
    return given(bakery, ADA).when(PlaceOrder(loaf="rye", customer="ada"), version="2024-01-01")


def all_that_follows() -> list[Operation[object] | Effect]:
    return [
        Insert(Order(id=ANY_ID, customer_id="ada", loaf="rye")),
        Insert(Line(id=ANY_ID, customer_id="ada", order_id=ANY_ID, text="One rye")),
        Increase(ADA, spent=Decimal("2.50")),
        Update(ADA, orders=1),
        Oven(loaf="rye"),
        Text(to="Ada", body="Thank you", key=ANY_ID, not_before=START + HOUR),
    ]


def test_exactly_what_follows_is_expected() -> None:
    order_rye().then(*all_that_follows())


def test_the_order_of_what_is_expected_does_not_matter() -> None:
    order_rye().then(*reversed(all_that_follows()))


@pytest.mark.parametrize("left_out", range(6))
def test_nothing_more_may_follow(left_out: int) -> None:
    expected = all_that_follows()
    del expected[left_out]

    with pytest.raises(AssertionError, match="unexpected"):
        order_rye().then(*expected)


@pytest.mark.parametrize("place", range(6))
def test_nothing_less_may_follow(place: int) -> None:
    expected = all_that_follows()

    with pytest.raises(AssertionError, match="missing"):
        order_rye().then(*expected, expected[place])


@pytest.mark.parametrize(
    "wrong",
    [
        (0, Insert(Order(id=ANY_ID, customer_id="ada", loaf="wheat"))),
        (0, Insert(Order(id="o1", customer_id="ada", loaf="rye"))),
        (0, Insert(Order(id=ANY_ID, customer_id="ada", loaf="rye", note=ANY_ID))),
        (1, Insert(Line(id=ANY_ID, customer_id="ada", order_id="o1", text="One rye"))),
        (2, Increase(ADA, spent=Decimal("2.51"))),
        (2, Update(ADA, spent=Decimal("12.50"))),
        (3, Update(ADA, orders=2)),
        (3, Update(BO, orders=1)),
        (4, Oven(loaf="rye", key="mine")),
        (4, Oven(loaf="rye", not_before=START)),
        (5, Text(to="Ada", body="Thank you", not_before=START + HOUR)),
        (5, Text(to="Ada", body="Thank you", key=ANY_ID)),
        (5, Text(to="Ada", body="Thank you", key=ANY_ID, not_before=START)),
    ],
    ids=repr,
)
def test_one_wrong_value_fails(wrong: tuple[int, Operation[object] | Effect]) -> None:
    expected = all_that_follows()
    expected[wrong[0]] = wrong[1]

    with pytest.raises(AssertionError, match="not what was expected"):
        order_rye().then(*expected)


def test_an_effect_may_be_expected_by_its_default_key() -> None:
    expected = all_that_follows()
    expected[4] = Oven(loaf="rye", key="tell/1")

    order_rye().then(*expected)


def test_any_id_finds_the_one_that_leaves_something_for_the_others() -> None:
    outcome = order_rye()
    (order,) = outcome.plan.inserted(Order)
    expected = all_that_follows()
    expected[0] = Insert(Order(id=order.id, customer_id="ada", loaf="rye"))

    outcome.then(*expected)


def test_an_expected_update_is_compared_with_the_row_as_it_stands() -> None:
    unlike = Customer(id="ada", name="?", spent=Decimal(99), orders=7)
    expected = all_that_follows()
    expected[2:4] = [Increase(unlike, spent=Decimal("2.5")), Update(unlike, orders=1)]

    order_rye().then(*expected)


def test_an_expected_update_that_changes_nothing_is_nothing() -> None:
    order_rye().then(*all_that_follows(), Update(ADA, name="Ada"), Increase(ADA, spent=Decimal(0)))


def test_deletes_cancellations_and_erasures_are_expected_as_they_are_yielded() -> None:
    order = Order(id="o1", customer_id="ada", loaf="rye")

    given(bakery, ADA, order).when(Forget(customer="ada"), version="2024-01-01").then(
        Delete(order), Cancel(Text, key="o1"), Erase(ADA, "sensitive")
    )


@pytest.mark.parametrize("wrong", [Cancel(Text), Cancel(Text, key="o2"), Cancel(Effect, key="o1"), Cancel(Oven, key="o1")], ids=repr)
def test_another_cancellation_fails(wrong: Cancel[Effect]) -> None:
    order = Order(id="o1", customer_id="ada", loaf="rye")

    with pytest.raises(AssertionError, match="Cancel Text, key o1"):
        given(bakery, ADA, order).when(Forget(customer="ada"), version="2024-01-01").then(Delete(order), wrong, Erase(ADA, "sensitive"))


def test_a_rejection_is_expected_with_its_values() -> None:
    outcome = given(bakery, ADA).when(PlaceOrder(loaf="cake", customer="ada"), version="2024-01-01").then(SoldOut(loaf="cake"))

    assert outcome.record is None
    with pytest.raises(AssertionError, match="not the same"):
        outcome.then(SoldOut(loaf="rye"))
    with pytest.raises(AssertionError, match="unexpected"):
        outcome.then()


def test_a_row_that_is_not_given_is_not_found() -> None:
    given(bakery).when(PlaceOrder(loaf="rye", customer="ada"), version="2024-01-01").then(NotFound(model="Customer", id="ada"))


def test_the_moment_is_the_first_of_january_2025_or_the_one_that_is_said() -> None:
    moment = datetime(2030, 5, 1, 12, tzinfo=UTC)

    begun = given(bakery, ADA)
    later = begun.at(moment).when(PlaceOrder(loaf="rye", customer="ada"), version="2024-01-01")
    first = begun.when(PlaceOrder(loaf="rye", customer="ada"), version="2024-01-01")

    assert [one.record.at for one in (first, later) if one.record] == [datetime(2025, 1, 1, tzinfo=UTC), moment]


def test_the_same_test_gives_the_same_ids_and_hashes_every_time() -> None:
    one, other = order_rye(), order_rye()

    assert one.record is not None
    assert one.record == other.record
    assert one.plan.inserted(Order) == other.plan.inserted(Order)


def test_the_actor_and_the_key_are_those_that_are_said() -> None:
    outcome = given(bakery, ADA).when(PlaceOrder(loaf="rye", customer="ada"), version="2024-01-01", actor="desk", key="form-1", cause="c")

    assert outcome.record is not None
    assert (outcome.record.actor, outcome.record.cause) == ("desk", "c")
    assert outcome.record.id != getattr(order_rye().record, "id", None)


def test_the_ledger_can_be_asked_for_more() -> None:
    ledger = order_rye().ledger

    assert ledger.get(Customer, "ada") == Customer(id="ada", name="Ada", spent=Decimal("12.50"), orders=1)
    assert [record.type for record in ledger.timeline("Customer/ada")] == ["order.place"]


def test_without_a_version_it_is_the_newest() -> None:
    outcome = given(bakery, ADA).when(PlaceOrder2(loaf="rye", customer="ada"))

    assert outcome.record is not None
    assert outcome.record.version == "2024-06-01"


def test_an_event_in_another_shape_than_its_version_is_the_tests_fault() -> None:
    with pytest.raises(InvalidForm, match="send PlaceOrder2"):
        given(bakery, ADA).when(PlaceOrder(loaf="rye", customer="ada"), version="2024-06-01")


def test_an_impure_step_is_caught() -> None:
    with pytest.raises(StepError, match="reads the clock"):
        given(bakery, ADA).when(Peek(customer="ada"), version="2024-01-01")


def test_two_rows_of_one_id_cannot_be_given() -> None:
    with pytest.raises(Refused):
        given(bakery, ADA, ADA).when(PlaceOrder(loaf="rye", customer="ada"), version="2024-01-01")


def test_only_operations_effects_and_rejections_can_be_expected() -> None:
    with pytest.raises(TypeError, match="found Customer"):
        order_rye().then(ADA)  # type: ignore[arg-type]  # that is the point


# ---- another version -----------------------------------------------------------------------------------------------
def test_the_difference_to_another_version_is_what_is_added_and_what_is_dropped() -> None:
    june = given(bakery, ADA).when(PlaceOrder2(loaf="rye", customer="ada"), version="2024-06-01")

    june.differs_from("2024-01-01").added(Increase(ADA, spent=Decimal("0.10"))).dropped(
        Text(to="Ada", body="Thank you", key=ANY_ID, not_before=START + HOUR)
    )


def test_the_event_is_lifted_to_the_shape_of_the_other_version() -> None:
    difference = order_rye().differs_from("2024-06-01")

    difference.added(Text(to="Ada", body="Thank you", key=ANY_ID, not_before=START + HOUR)).dropped(Increase(ADA, spent=Decimal("0.10")))
    assert difference.other.record is not None
    assert type(difference.other.record.event) is PlaceOrder2


def test_a_version_that_decides_alike_does_not_differ() -> None:
    order_rye().differs_from("2024-01-01").added().dropped()


def test_a_difference_that_is_not_the_expected_one_fails() -> None:
    difference = order_rye().differs_from("2024-06-01")

    with pytest.raises(AssertionError, match=r"what it adds to 2024-06-01 is not what was expected\nunexpected +Text, key"):
        difference.added()
    with pytest.raises(AssertionError, match=r"not the same +Increase Customer/ada"):
        difference.dropped(Increase(ADA, spent=Decimal("0.20")))


def test_a_version_that_is_none_is_refused() -> None:
    with pytest.raises(VersionError):
        order_rye().differs_from("yesterday")


# ---- time ----------------------------------------------------------------------------------------------------------
def test_a_test_takes_less_than_15_milliseconds() -> None:
    order_rye()  # whatever is made once

    took = []
    for _ in range(9):
        begun = process_time()
        order_rye().then(*all_that_follows())
        took.append(process_time() - begun)

    assert sorted(took)[1] < 0.015  # of the processor, so that other work on the machine does not count
