"""Ledgers in memory: real, the same in every run, and closed when they should be."""

from __future__ import annotations

import pytest

from ensue import App, Closed, DefinitionError, Sensitive, View
from ensue.testing import close_ledgers, given, memory_ledger
from ensue.testing.ledgers import KEPT_OPEN_MAX
from tests.testing.bakery import ADA, BO, Customer, PlaceOrder2, bakery


class CustomerName(View[Customer]):
    name: Sensitive[str]


def test_a_ledger_holds_the_rows_that_are_given() -> None:
    with memory_ledger(bakery, ADA, BO) as ledger:
        assert [ledger.get(Customer, id) for id in ("ada", "bo")] == [ADA, BO]
        assert list(ledger.records()) == []


def test_two_ledgers_share_nothing_and_are_alike() -> None:
    with memory_ledger(bakery, ADA) as one, memory_ledger(bakery, ADA) as other:
        first = one.submit(PlaceOrder2(loaf="rye", customer="ada"), actor="desk")

        assert list(other.records()) == []
        assert other.submit(PlaceOrder2(loaf="rye", customer="ada"), actor="desk") == first


def test_a_ledger_is_closed_at_the_end_of_its_block() -> None:
    with memory_ledger(bakery, ADA) as ledger:
        pass

    with pytest.raises(Closed):
        ledger.submit(PlaceOrder2(loaf="rye", customer="ada"), actor="desk")


def test_what_given_opened_is_closed_when_it_is_asked() -> None:
    ledger = given(bakery, ADA).when(PlaceOrder2(loaf="rye", customer="ada")).ledger

    close_ledgers()

    with pytest.raises(Closed):
        ledger.submit(PlaceOrder2(loaf="rye", customer="ada"), actor="desk")


def test_only_the_latest_stay_open() -> None:
    ledgers = [given(bakery, ADA).when(PlaceOrder2(loaf="rye", customer="ada")).ledger for _ in range(KEPT_OPEN_MAX + 1)]

    ledgers[1].submit(PlaceOrder2(loaf="rye", customer="ada"), actor="desk")
    with pytest.raises(Closed):
        ledgers[0].submit(PlaceOrder2(loaf="rye", customer="ada"), actor="desk")


def test_of_a_view_nothing_more_may_be_read() -> None:
    with pytest.raises(DefinitionError, match="give a whole Customer"):
        given(bakery, CustomerName(id="ada", name="Ada")).when(PlaceOrder2(loaf="rye", customer="ada"))


def test_a_row_of_another_application_is_refused() -> None:
    with pytest.raises(DefinitionError, match="has no model 'Customer'"), memory_ledger(App("empty"), ADA):
        pass
