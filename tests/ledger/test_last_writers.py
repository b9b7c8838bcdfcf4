"""Who wrote a row last is found in a chain of the row's own, without reading the rest of the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import ensue
from ensue import App, Event, FieldConflict, Insert, Lookup, Model, New, Ref, Related, Update, by, new, related
from ensue.storage.sqlite import LAST_WRITERS
from tests.ledger.conftest import TAG_KEYS

market = App("market")


class Stall(Model, subject=True, strict=["place"]):
    place: str


class Price(Model):
    goods: str
    cents: int


class Open(Event, type="stall.open", version="2024-01-01"):
    place: str
    stall: New[Stall] = new()


@market.step(Open, since="2024-01-01")
def open_stall(event: Open) -> Iterator[Insert[Stall]]:
    yield Insert(Stall(id=event.stall, place=event.place))


class Swap(Event, type="stall.swap", version="2024-01-01"):
    """Its own chain is that of *one*; *other* is a link."""

    one: Ref[Stall]
    other: Ref[Stall]


@market.step(Swap, since="2024-01-01")
def swap(event: Swap) -> Iterator[Update[Stall]]:
    yield Update(event.one, place=event.other.place)
    yield Update(event.other, place=event.one.place)


class SetPrice(Event, type="price.set", version="2024-01-01", system="prices"):
    goods: str
    cents: int
    price: New[Price] = new()


@market.step(SetPrice, since="2024-01-01")
def set_price(event: SetPrice) -> Iterator[Insert[Price]]:
    yield Insert(Price(id=event.price, goods=event.goods, cents=event.cents))


class ChangePrice(Event, type="price.change", version="2024-01-01", system="prices"):
    cents: int
    price: Lookup[Price]


@market.step(ChangePrice, since="2024-01-01")
def change_price(event: ChangePrice) -> Iterator[Update[Price]]:
    yield Update(event.price, cents=event.cents)


class Sell(Event, type="stall.sell", version="2024-01-01"):
    goods: str
    stall: Ref[Stall]
    prices: Related[Price] = related(goods=by("goods"))


@market.step(Sell, since="2024-01-01")
def sell(event: Sell) -> None:
    """Nothing but the fact."""


@pytest.fixture
def opened(database_url: str) -> Iterator[ensue.Ledger]:
    with ensue.open(market, database_url, tag_keys=TAG_KEYS) as ledger:
        ledger.submit(Open(place="by the gate", stall="s1"), actor="warden")
        ledger.submit(Open(place="by the well", stall="s2"), actor="warden")
        yield ledger


def test_the_winner_is_found_where_its_own_chain_is_another_one(opened: ensue.Ledger) -> None:
    expect = {"Stall/s2": {"place": opened.tags("Stall/s2")["place"]}}
    swapped = opened.submit(Swap(one="s1", other="s2"), actor="warden")
    back = opened.submit(Swap(one="s1", other="s2"), actor="warden")

    with pytest.raises(FieldConflict) as raised:
        opened.submit(Sell(goods="eggs", stall="s2"), actor="hand", expect=expect)

    (clash,) = raised.value.clashes
    assert swapped.place.links == (("Stall/s2", 2),)
    assert (clash.value, clash.event_id) == ("by the well", back.id)


def test_reference_data_that_was_seen_is_compared_and_its_writer_named(opened: ensue.Ledger) -> None:
    opened.submit(SetPrice(goods="eggs", cents=30, price="p1"), actor="warden")
    event = Sell(goods="eggs", stall="s1")
    expect = opened.tags(event)
    assert opened.preview(event, actor="hand", expect=expect).rejections == ()

    changed = opened.submit(ChangePrice(cents=35, price="p1"), actor="warden")

    with pytest.raises(FieldConflict) as raised:
        opened.submit(event, actor="hand", expect=expect)
    (clash,) = raised.value.clashes
    assert (clash.row, clash.field, clash.event_id) == ("Stall/s1", "prices", changed.id)


def test_asking_reads_no_table_from_end_to_end(tmp_path: Path) -> None:
    with ensue.open(market, f"sqlite:///{tmp_path / 'market.db'}", tag_keys=TAG_KEYS):
        database = sqlite3.connect(tmp_path / "market.db")

    plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {LAST_WRITERS}", ('[["s1","Stall/s1"]]', "Stall"))]
    database.close()

    assert [step for step in plan if step.startswith("SCAN") and step.split()[1] not in ("w", "wrote", "json_each")] == []
