"""Corrections over tables that were there before, whose foreign keys say which row must stand first, on every database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

import ensue
from ensue import Ledger, Record
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.shop import Add, Customer, Join, Leave, Marry, Order, Place, metadata, shop

VERSION = "2024-01-01"


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    engine = create_engine(make_url(database_url))
    metadata.create_all(engine)
    engine.dispose()
    with ensue.open(shop, database_url, tag_keys=TAG_KEYS) as opened:
        yield opened


def submit(ledger: Ledger, event: ensue.Event) -> Record:
    return ledger.submit(event, actor="web")


def test_a_customer_is_taken_back_with_all_orders_and_comes_again(ledger: Ledger) -> None:
    joined = submit(ledger, Join(name="Ada", customer="c1"))
    submit(ledger, Place(amount=5, customer="c1", order="o1"))
    submit(ledger, Place(amount=9, customer="c1", order="o2"))
    submit(ledger, Add(amount=1, customer="c1", order="o1"))
    submit(ledger, Marry(name="Ada B", customer="c1"))

    ledger.correct(ledger.undo_plan(joined), actor="chief", reason="a double")

    with pytest.raises(ensue.NotFound):
        ledger.get(Customer, "c1")

    ledger.correct(ledger.correction_plan({joined.id: VERSION}), actor="chief", reason="no double")

    assert ledger.get(Customer, "c1").name == "Ada B"
    assert [row.amount for row in ledger.snapshot("Customer/c1").of(Order)] == [6, 9]
    assert ledger.verify().is_clean


def test_a_customer_who_left_comes_back_and_leaves_again(ledger: Ledger) -> None:
    submit(ledger, Join(name="Ada", customer="c1"))
    submit(ledger, Place(amount=5, customer="c1", order="o1"))
    left = submit(ledger, Leave(customer="c1"))

    ledger.correct(ledger.undo_plan(left), actor="chief", reason="the wrong one")
    assert [row.amount for row in ledger.snapshot("Customer/c1").of(Order)] == [5]

    ledger.correct(ledger.correction_plan({left.id: VERSION}), actor="chief", reason="the right one")
    with pytest.raises(ensue.NotFound):
        ledger.get(Customer, "c1")
