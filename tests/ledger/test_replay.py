"""Replay and compare of single records, on every database: nothing is read but what the record holds, or what its past was."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

import ensue
from ensue import (
    App,
    Delete,
    Effect,
    Event,
    Increase,
    Insert,
    Ledger,
    Lookup,
    Model,
    New,
    Record,
    Ref,
    Rejection,
    Related,
    Update,
    View,
    new,
    related,
)

shop = App("replayed")
OLD, MIDDLE, LATE = "2024-01-01", "2024-06-01", "2025-01-01"


class Person(Model, subject=True):
    name: str
    phone: str | None = None
    points: int = 0


class Phone(View[Person]):
    phone: str | None = None


class Order(Model, of=Person):
    person_id: str
    amount: Decimal


class Price(Model):
    amount: Decimal


class Sms(Effect, kind="sms"):
    to: str
    text: str


class TooMany(Rejection, code="order.too_many"):
    """There are {count} orders already."""

    count: int


class Join(Event, type="join", version=OLD):
    name: str
    person: New[Person] = new()


@shop.step(Join, since=OLD)
def join(event: Join) -> Iterator[Insert[Person]]:
    yield Insert(Person(id=event.person, name=event.name, phone="1"))


class Buy(Event, type="buy", version=OLD):
    amount: Decimal
    person: Ref[Phone]


@shop.step(Buy, since=OLD)
def buy(event: Buy) -> Iterator[Insert[Order] | Sms]:
    yield Insert(Order(id=event.new_id("order"), person_id=event.person.id, amount=event.amount))
    yield Sms(to=event.person.phone or "", text=f"Bought for {event.amount}")


class Buy2(Event, type="buy", version=MIDDLE, follows=Buy):
    amount: Decimal
    person: Ref[Person]
    orders: Related[Order] = related()


@shop.step(Buy2, since=MIDDLE, rejects=[TooMany])
def give_points(event: Buy2) -> Iterator[Increase[Person] | Update[Person] | Sms]:
    """Each order gives points; the third is refused."""
    if len(event.orders) > 1:
        raise TooMany(count=len(event.orders))
    yield Increase(event.person, points=len(event.person.name) + len(event.orders))
    if event.amount > 100:
        yield Update(event.person, name=f"{event.person.name}!")


@shop.step(Buy2, since=LATE, replaces=buy)
def buy_later(event: Buy2) -> Iterator[Insert[Order] | Sms]:
    yield Insert(Order(id=event.new_id("order"), person_id=event.person.id, amount=event.amount * 2))
    if event.amount == 13:
        raise ValueError("thirteen")


class Clear(Event, type="clear", version=OLD):
    person: Ref[Person]
    orders: Related[Order] = related()
    price: Lookup[Price | None] = ensue.optional()


@shop.step(Clear, since=OLD)
def clear(event: Clear) -> Iterator[Delete[Order] | Update[Person]]:
    for order in event.orders:
        yield Delete(order)
    yield Update(event.person, phone=None)


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with ensue.open(shop, database_url, tag_keys={"k": bytes(32)}) as opened:
        opened.submit(Join(name="Ada", person="p"), actor="desk", version=OLD)
        yield opened


def submit(ledger: Ledger, event: Event, version: str = OLD) -> Record:
    """Submit, and read back what was stored."""
    return ledger.record(ledger.submit(event, actor="desk", version=version).id)


def test_a_record_decided_again_is_the_same_whatever_stands_today(ledger: Ledger) -> None:
    record = submit(ledger, Buy(amount=Decimal("2.50"), person="p"))
    submit(ledger, Clear(person="p"))

    diff = ledger.replay(record)

    assert (diff.outcome, bool(diff), diff.added, diff.dropped, diff.changed) == ("same", False, (), (), ())


def test_state_that_only_the_new_version_reads_is_told_from_the_past(ledger: Ledger) -> None:
    first = submit(ledger, Buy(amount=Decimal(1), person="p"))
    second = submit(ledger, Buy(amount=Decimal(2), person="p"))
    third = submit(ledger, Buy(amount=Decimal(3), person="p"))
    submit(ledger, Clear(person="p"))

    diffs = [ledger.compare(one, version=MIDDLE) for one in (first, second, third)]

    assert [diff.outcome for diff in diffs] == ["differs", "differs", "newly_rejected"]
    ada = Person(id="p", name="Ada", phone="1")
    assert [one.added for one in diffs[:2]] == [(Increase(ada, points=3),), (Increase(ada, points=4),)]
    assert [one["code"] for one in diffs[2].rejections] == ["order.too_many"]
    assert diffs[2].dropped == (third.plan.operations[0], Sms(to="1", text="Bought for 3"))


def test_a_changed_value_is_named_with_both_values(ledger: Ledger) -> None:
    record = submit(ledger, Buy(amount=Decimal(4), person="p"))

    diff = ledger.compare(record, version=LATE)

    (changed,) = diff.changed
    assert (changed.kind, changed.row, changed.column, changed.base, changed.new) == (  # type: ignore[union-attr]  # of a row
        "changed", record.plan.operations[0].row and f"Order/{record.plan.inserted(Order)[0].id}", "amount", "4", "8",  # type: ignore[attr-defined]
    )  # fmt: skip
    assert diff.dropped == (Sms(to="1", text="Bought for 4"),)
    assert diff.signature == ("added Person.points", "changed Order.amount", "dropped effect sms")


def test_a_step_that_fails_is_an_outcome_with_its_line(ledger: Ledger) -> None:
    diff = ledger.compare(submit(ledger, Buy(amount=Decimal(13), person="p")), version=LATE)

    assert diff.outcome == "raised"
    assert diff.raised is not None
    assert "buy_later" in diff.raised
    assert "thirteen" in diff.raised
    assert "test_replay.py:" in diff.raised


def test_a_version_that_is_not_on_the_line_is_named(ledger: Ledger) -> None:
    record = submit(ledger, Buy(amount=Decimal(1), person="p"))

    with pytest.raises(ensue.VersionError, match="2024-01-01 and 2024-06-01") as error:
        ledger.compare(record, version="2024-02-02")

    assert error.value.code == "unknown"


def test_nothing_is_written_by_deciding_again(ledger: Ledger) -> None:
    record = submit(ledger, Buy(amount=Decimal(1), person="p"))
    before: list[Any] = [one.id for one in ledger.records()]

    ledger.replay(record)
    ledger.compare(record, version=LATE)

    assert [one.id for one in ledger.records()] == before
    assert ledger.get(Person, "p").points == 0
