"""Models over tables that were there before and that others write too: their keys count, and their changes are no tampering."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

import ensue
from ensue import AlreadyExists, Event, NotMigrated, Refused, Request
from tests.ledger.batches import in_one_batch
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.shop import Add, Customer, Join, Leave, Marry, Order, Place, metadata, shop


def write_outside(url: str, statement: str) -> None:
    """What another program does to the tables."""
    engine = create_engine(make_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def shop_url(database_url: str) -> str:
    """A database in which the tables stand, and one customer."""
    engine = create_engine(make_url(database_url))
    metadata.create_all(engine)
    engine.dispose()
    write_outside(database_url, "INSERT INTO shop_customers (id, full_name, mail) VALUES ('c0', 'Old', 'old@x')")
    return database_url


@pytest.fixture
def ledger(shop_url: str) -> Iterator[ensue.Ledger]:
    """A ledger over these tables."""
    with ensue.open(shop, shop_url, tag_keys=TAG_KEYS) as opened:
        yield opened


def test_tables_that_are_not_there_are_asked_for(database_url: str) -> None:
    with pytest.raises(NotMigrated, match="shop_"):
        ensue.open(shop, database_url, tag_keys=TAG_KEYS)


def test_rows_are_written_under_the_columns_names_and_others_columns_keep_their_defaults(ledger: ensue.Ledger) -> None:
    moment = datetime(2024, 8, 1, 9, 30, 0, 123456, tzinfo=UTC)
    ledger.submit(Join(name="Ada", mail="ada@x", since=moment, customer="c1"), actor="web")
    ledger.submit(Place(amount=5, customer="c1", order="o1"), actor="web")

    with ledger.read() as connection:
        row = connection.exec_driver_sql("SELECT full_name, mail, legacy FROM shop_customers WHERE id = 'c1'").one()

    assert tuple(row) == ("Ada", "ada@x", 7)
    assert ledger.get(Customer, "c1") == Customer(id="c1", name="Ada", mail="ada@x", since=moment)
    assert ledger.get(Order, "o1").amount == 5
    assert ledger.verify().is_clean


def test_a_row_that_was_there_before_is_read_and_changed(ledger: ensue.Ledger) -> None:
    ledger.submit(Marry(name="New", customer="c0"), actor="web")

    assert ledger.get(Customer, "c0") == Customer(id="c0", name="New", mail="old@x")
    (change,) = ledger.history("Customer/c0")
    assert (change.before, change.after) == ({"name": "Old"}, {"name": "New"})
    assert ledger.verify().is_clean


def test_what_others_changed_is_reported_as_outside_and_not_as_tampering(ledger: ensue.Ledger, shop_url: str) -> None:
    ledger.submit(Join(name="Ada", customer="c1"), actor="web")
    ledger.submit(Join(name="Bea", customer="c2"), actor="web")
    write_outside(shop_url, "UPDATE shop_customers SET full_name = 'Eve' WHERE id = 'c1'")
    write_outside(shop_url, "DELETE FROM shop_customers WHERE id = 'c2'")

    report = ledger.verify()

    assert report.is_clean
    assert sorted((fault.kind, fault.message.partition(":")[0]) for fault in report.outside) == [
        ("changed outside", "Customer/c1"),
        ("changed outside", "Customer/c2"),
    ]
    assert ledger.submit(Marry(name="Ada B", customer="c1"), actor="web").plan.recorded_operations[0][3] == {"name": "Eve"}


def test_a_key_that_only_the_table_knows_is_already_exists_with_the_models_fields(ledger: ensue.Ledger) -> None:
    with pytest.raises(AlreadyExists) as raised:
        ledger.submit(Join(name="Ada", mail="old@x", customer="c1"), actor="web")

    assert (raised.value.model, raised.value.fields) == ("Customer", "mail")


@pytest.mark.parametrize(
    "event", [Place(amount=-1, customer="c0"), Join(name="too long a name", customer="c1"), Join(name="Ada", customer="c" * 21)]
)
def test_a_rule_that_only_the_table_knows_is_refused(ledger: ensue.Ledger, event: Event) -> None:
    if ledger._storage.is_sqlite and isinstance(event, Join):
        pytest.skip("SQLite does not keep to the length of a VARCHAR.")

    with pytest.raises(Refused):
        ledger.submit(event, actor="web")

    assert list(ledger.records()) == []


def test_keys_between_tables_hold_however_events_are_grouped(ledger: ensue.Ledger) -> None:
    with in_one_batch(ledger):
        answers = [
            ledger.submit_soon(Place(amount=1, customer="c0"), actor="web"),
            ledger.submit_soon(Join(name="Ada", mail="ada@x", customer="c1"), actor="web"),
            ledger.submit_soon(Place(amount=2, customer="c1", order="o1"), actor="web"),
            ledger.submit_soon(Place(amount=2, customer="c1"), actor="web"),
            ledger.submit_soon(Add(amount=1, customer="c1", order="o1"), actor="web"),
            ledger.submit_soon(Place(amount=2, customer="c1"), actor="web"),
            ledger.submit_soon(Place(amount=0, customer="c0"), actor="web"),
            ledger.submit_soon(Leave(customer="c0"), actor="web"),
            ledger.submit_soon(Join(name="Bea", mail="old@x", customer="c0"), actor="web"),
            ledger.submit_soon(Place(amount=9, customer="c0"), actor="web"),
        ]

    refused = {3: AlreadyExists, 6: Refused}
    assert [type(answer.exception()) for answer in answers] == [refused.get(n, type(None)) for n in range(10)]
    assert sorted(order.amount for order in ledger.snapshot("Customer/c1").of(Order)) == [2, 3]
    assert ledger.get(Customer, "c0").name == "Bea"
    assert ledger.verify().is_clean


def test_a_rule_that_only_the_table_knows_holds_for_what_each_event_leaves_behind(ledger: ensue.Ledger) -> None:
    ledger.submit(Place(amount=5, customer="c0", order="o1"), actor="web")

    with in_one_batch(ledger):
        answers = [ledger.submit_soon(Add(amount=amount, customer="c0", order="o1"), actor="web") for amount in (-4, -3, 10, -7, 1)]

    assert [type(answer.exception()) for answer in answers] == [type(None), Refused, type(None), type(None), type(None)]
    assert [change.after for change in ledger.history("Order/o1")][1:] == [{"amount": 1}, {"amount": 11}, {"amount": 4}, {"amount": 5}]
    assert ledger.verify().is_clean


def test_keys_between_tables_hold_within_a_whole_request(ledger: ensue.Ledger) -> None:
    ledger.submit_all(
        [
            Request(Place(amount=1, customer="c0")),
            Request(Leave(customer="c0")),
            Request(Join(name="Ada", mail="old@x", customer="c1")),
            Request(Place(amount=1, customer="c1")),
            Request(Join(name="Bea", customer="c0")),
            Request(Place(amount=1, customer="c0")),
        ],
        actor="web",
        together=True,
    )

    assert [len(ledger.snapshot(f"Customer/{id}").of(Order)) for id in ("c0", "c1")] == [1, 1]
    assert ledger.verify().is_clean
