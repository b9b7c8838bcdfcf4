"""Corrections over tables that others write too: what no record saw is a missing input and never guessed, on every database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine
from sqlalchemy.engine import make_url

import ensue
from ensue import (
    App,
    Event,
    Insert,
    Ledger,
    Lookup,
    Model,
    New,
    Record,
    Ref,
    Related,
    Update,
    View,
    by,
    new,
    optional,
    related,
)  # fmt: skip
from tests.ledger.test_decisions import beside

market = App("market")
metadata = MetaData()
OLD, NEW = "2024-01-01", "2024-07-01"

goods = Table(
    "market_goods",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("price", Integer, nullable=False),
    Column("shelf", String(20), nullable=False),
    Column("label", String(20)),
)


class Buyer(Model, subject=True):
    spent: int = 0
    note: str = ""


class Good(Model, subject=True, table=goods, unique=[("label",)]):
    price: int
    shelf: str
    label: str | None = None


class Price(View[Good]):
    price: int


class Arrive(Event, type="arrive", version=OLD):
    buyer: New[Buyer] = new()


@market.step(Arrive, since=OLD)
def arrive(event: Arrive) -> Iterator[Insert[Buyer]]:
    yield Insert(Buyer(id=event.buyer))


class Buy(Event, type="buy", version=OLD):
    """Costs five, and since NEW what stands on the label."""

    what: str
    buyer: Ref[Buyer]


@market.step(Buy, since=OLD)
def buy(event: Buy) -> Iterator[Update[Buyer]]:
    yield Update(event.buyer, spent=event.buyer.spent + 5)


class Buy2(Event, type="buy", version=NEW, follows=Buy):
    """The good is looked up."""

    what: str
    buyer: Ref[Buyer]
    good: Lookup[Good] = by("what")


@market.step(Buy2, since=NEW, replaces=buy)
def buy_at_price(event: Buy2) -> Iterator[Update[Buyer]]:
    """The price is that of the good."""
    yield Update(event.buyer, spent=event.buyer.spent + event.good.price)


class Look(Event, type="look", version=OLD):
    buyer: Ref[Buyer]
    good: Lookup[Good | None] = optional()


@market.step(Look, since=OLD)
def look(event: Look) -> Iterator[Update[Buyer]]:
    yield Update(event.buyer, note=f"{event.good.price if event.good else 'nothing'} after {event.buyer.spent}")


class Glance(Event, type="glance", version=OLD):
    """Sees the price alone, and since NEW the shelf as well."""

    buyer: Ref[Buyer]
    good: Lookup[Price]


@market.step(Glance, since=OLD)
def glance(event: Glance) -> Iterator[Update[Buyer]]:
    yield Update(event.buyer, note=f"{event.good.price} after {event.buyer.spent}")


class Glance2(Event, type="glance", version=NEW, follows=Glance):
    """The whole good is read."""

    buyer: Ref[Buyer]
    good: Lookup[Good]


@market.step(Glance2, since=NEW, replaces=glance)
def glance_at_shelf(event: Glance2) -> Iterator[Update[Buyer]]:
    """The note says where it stands."""
    yield Update(event.buyer, note=event.good.shelf)


class Browse(Event, type="browse", version=OLD):
    shelf: str
    buyer: Ref[Buyer]
    goods: Related[Good] = related(shelf=by("shelf"))


@market.step(Browse, since=OLD)
def browse(event: Browse) -> Iterator[Update[Buyer]]:
    yield Update(event.buyer, note=f"{[one.id for one in event.goods]} after {event.buyer.spent}")


class Offer(Event, type="offer", version=OLD):
    """Puts a good on a shelf, and since NEW on the one below, with a label."""

    shelf: str
    good: New[Good] = new()


@market.step(Offer, since=OLD)
def offer(event: Offer) -> Iterator[Insert[Good]]:
    yield Insert(Good(id=event.good, price=1, shelf=event.shelf))


@market.step(Offer, since=NEW, replaces=offer)
def offer_below(event: Offer) -> Iterator[Insert[Good]]:
    """On the shelf below."""
    yield Insert(Good(id=event.good, price=1, shelf=f"below {event.shelf}", label=event.shelf if event.shelf == "top" else None))


class Reprice(Event, type="reprice", version=OLD):
    """Shown the price alone, it changes that alone."""

    price: int
    good: Ref[Price]


@market.step(Reprice, since=OLD)
def reprice(event: Reprice) -> Iterator[Update[Price]]:
    yield Update(event.good, price=event.price)


@market.step(Reprice, since=NEW, replaces=reprice)
def reprice_in_cents(event: Reprice) -> Iterator[Update[Price]]:
    """Prices are in cents."""
    yield Update(event.good, price=event.price * 100)


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    engine = create_engine(make_url(database_url))
    metadata.create_all(engine)
    engine.dispose()
    beside(database_url, "INSERT INTO market_goods (id, price, shelf) VALUES ('tea', 7, 'low')")
    with ensue.open(market, database_url, tag_keys={"k": bytes(32)}) as opened:
        submit(opened, Arrive(buyer="b"))
        yield opened


def submit(ledger: Ledger, event: Event) -> Record:
    return ledger.submit(event, actor="desk", version=OLD)


def note(ledger: Ledger) -> str:
    return ledger.get(Buyer, "b").note


def correct(ledger: Ledger, event: Record, version: str = NEW) -> None:
    ledger.correct(ledger.correction_plan({event.id: version}), actor="chief", reason="r")


def missing(ledger: Ledger, event: Record, version: str | None = NEW) -> list[str | None]:
    """What a plan for *event* does not know; it cannot be performed, and nothing happens."""
    plan = ledger.correction_plan({event.id: version})
    size = len(list(ledger.records()))
    assert plan
    with pytest.raises(ensue.PlanBlocked, match=r"cannot be decided again: Good.* is not known"):
        ledger.correct(plan, actor="chief", reason="r")
    assert len(list(ledger.records())) == size
    return [one.missing for one in plan.blocked]


def test_a_row_that_no_event_ever_saw_is_a_missing_input(ledger: Ledger) -> None:
    bought = submit(ledger, Buy(what="tea", buyer="b"))

    assert missing(ledger, bought) == ["Good/tea, as others may have left it by then,"]
    assert ledger.get(Buyer, "b").spent == 5


def test_what_another_event_saw_of_a_row_may_have_changed_since(ledger: Ledger, database_url: str) -> None:
    submit(ledger, Look(buyer="b", good="tea"))
    beside(database_url, "UPDATE market_goods SET price = 9")
    bought = submit(ledger, Buy(what="tea", buyer="b"))

    assert missing(ledger, bought) == ["Good/tea, as others may have left it by then,"]


def test_a_row_that_only_a_view_showed_is_missing_in_its_other_columns(ledger: Ledger) -> None:
    glanced = submit(ledger, Glance(buyer="b", good="tea"))

    assert missing(ledger, glanced) == ["Good/tea shelf, as others may have left it by then,"]


def test_what_the_event_itself_saw_is_known(ledger: Ledger, database_url: str) -> None:
    bought = submit(ledger, Buy(what="tea", buyer="b"))
    submit(ledger, Look(buyer="b", good="tea"))
    submit(ledger, Glance(buyer="b", good="tea"))
    beside(database_url, "UPDATE market_goods SET price = 9")

    correct_undo(ledger, bought)

    assert note(ledger) == "7 after 0"


def correct_undo(ledger: Ledger, event: Record) -> None:
    ledger.correct(ledger.undo_plan(event), actor="chief", reason="r")


def test_what_an_event_looked_for_in_vain_was_gone_whoever_saw_it_before(ledger: Ledger, database_url: str) -> None:
    bought = submit(ledger, Buy(what="tea", buyer="b"))
    submit(ledger, Look(buyer="b", good="tea"))
    beside(database_url, "DELETE FROM market_goods")
    submit(ledger, Look(buyer="b", good="tea"))

    correct_undo(ledger, bought)

    assert note(ledger) == "nothing after 0"


def test_a_row_that_others_deleted_is_made_again_in_every_telling(ledger: Ledger, database_url: str) -> None:
    first = submit(ledger, Offer(shelf="high", good="milk"))
    beside(database_url, "DELETE FROM market_goods WHERE id = 'milk'")
    second = submit(ledger, Offer(shelf="high", good="milk"))

    assert ledger.correction_plan({first.id: NEW}).blocked == ()
    correct(ledger, second)

    assert ledger.get(Good, "milk").shelf == "below high"


def test_related_rows_are_those_that_the_event_saw_but_for_what_the_telling_changed(ledger: Ledger, database_url: str) -> None:
    submit(ledger, Offer(shelf="high", good="milk"))
    moved = submit(ledger, Offer(shelf="low", good="oil"))
    beside(database_url, "DELETE FROM market_goods WHERE id = 'milk'")
    beside(database_url, "INSERT INTO market_goods (id, price, shelf) VALUES ('rum', 2, 'high')")
    submit(ledger, Browse(shelf="low", buyer="b"))
    assert note(ledger) == "['oil', 'tea'] after 0"

    correct(ledger, moved)
    assert note(ledger) == "['tea'] after 0"

    submit(ledger, Browse(shelf="high", buyer="b"))
    correct(ledger, moved, OLD)
    assert note(ledger) == "['rum'] after 0"


def test_a_row_that_only_the_telling_puts_among_the_related_is_missing_where_the_event_did_not_see_it(ledger: Ledger) -> None:
    moved = submit(ledger, Offer(shelf="high", good="milk"))
    submit(ledger, Browse(shelf="below high", buyer="b"))

    assert missing(ledger, moved) == ["Good by shelf, as others may have left it by then,"]


def test_whether_others_have_a_unique_value_is_known_only_of_values_that_the_event_took(ledger: Ledger) -> None:
    high = submit(ledger, Offer(shelf="high", good="milk"))
    top = submit(ledger, Offer(shelf="top", good="oil"))

    correct(ledger, high)
    assert missing(ledger, top) == ["Good by label, as others may have left it by then,"]


def test_a_row_of_which_only_a_view_was_seen_keeps_its_unique_values(ledger: Ledger) -> None:
    priced = submit(ledger, Reprice(price=8, good="tea"))

    correct(ledger, priced)

    assert ledger.get(Good, "tea") == Good(id="tea", price=800, shelf="low")
