"""
The laws of the past: a ledger told as of any place of it is what stood in the tables there.

Also after corrections, and after people decided about rows that somebody had changed beside the ledger: wherever `verify` finds
nothing, the newest place is what stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

import ensue
from ensue import Event, Ledger, Model, NotFound, Selection
from tests.laws.retold import FIRST, SECOND, THIRD, Account, Gift, Item, Rate, bank, before, events
from tests.laws.test_batch_laws import empty

NOON = datetime(2024, 8, 1, 12, tzinfo=UTC)
Rows = dict[tuple[str, str], Model | None]
ASKED = [(Account, id) for id in "abc"] + [(Rate, "r")]

lives = st.lists(events, min_size=1, max_size=8)
beside = st.sampled_from(
    [
        "UPDATE account SET name = 'out' WHERE id = 'a'",
        "UPDATE account SET balance = 50 WHERE id = 'a'",
        "UPDATE account SET visits = 7 WHERE id = 'b'",
        "DELETE FROM account WHERE id = 'b'",
        "DELETE FROM item WHERE id = 'i'",
        "UPDATE item SET amount = 1, label = 'w'",
        "DELETE FROM gift",
        "UPDATE rate SET percent = 9",
        "DELETE FROM rate",
        "INSERT INTO item (id, account_id, label, amount) VALUES ('j', 'a', 'z', 1)",
    ]
)
"""What somebody does to the tables, and not through the ledger."""


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    with ensue.open(bank, "sqlite://", clock=lambda: NOON, tag_keys={"k": bytes(32)}, random_bytes=Random(0).randbytes) as opened:
        yield opened


def told(ledger: Ledger, as_of: int | None = None) -> Rows:
    """Every row that can be asked for: accounts with their items and gifts, and the rate."""
    found: Rows = {}
    for model, id in ASKED:
        key = (model.__ensue__.name, id)
        try:
            if model is Rate:
                found[key] = ledger.get(model, id, as_of=as_of)
            else:
                snapshot = ledger.snapshot(f"Account/{id}", as_of=as_of)
                assert snapshot.subject == ledger.get(model, id, as_of=as_of)
                found |= {key: snapshot.subject, **{(type(row).__name__, row.id): row for row in (*snapshot.of(Item), *snapshot.of(Gift))}}
        except NotFound:
            found[key] = None
    return found


def submit(ledger: Ledger, event: Event, version: str) -> None:
    with suppress(ensue.Rejected):
        ledger.submit(event, actor="desk", version=version)


@given(life=lives, looked_at=st.integers(0, 10))
def test_every_place_is_told_as_it_stood(ledger: Ledger, life: list[Event], looked_at: int) -> None:
    empty(ledger)
    stood: dict[int, Rows] = {}
    for number, event in enumerate((*before, *life)):
        submit(ledger, event, FIRST)
        if number == looked_at:
            stood[len(list(ledger.records())) - 1] = told(ledger)
    ledger.correct(ledger.correction_plan(Selection(), version=SECOND), actor="chief", reason="the law")
    stood[len(list(ledger.records())) - 1] = told(ledger)

    assert {place: told(ledger, place) for place in stood} == stood


@given(life=lives, done=st.lists(beside, min_size=1, max_size=4), more=lives, data=st.data())
def test_where_nothing_is_wrong_the_newest_place_is_what_stands(
    ledger: Ledger, life: list[Event], done: list[str], more: list[Event], data: st.DataObject
) -> None:
    empty(ledger)
    for event in (*before, *life):
        submit(ledger, event, FIRST)
    for statement in done:
        with suppress(IntegrityError), ledger._storage.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    with suppress(ensue.PlanBlocked, ensue.PlanMoved):
        plan = ledger.correction_plan(Selection(), version=data.draw(st.sampled_from([SECOND, THIRD])))
        decisions = {one.row: data.draw(decided(one.why, one.target)) for one in plan.conflicts}
        ledger.correct(plan, actor="chief", reason="the law", decisions=decisions)
    for event in more:
        submit(ledger, event, SECOND)

    if ledger.verify().is_clean:
        newest = len(list(ledger.records())) - 1
        assert told(ledger, newest) == told(ledger)


def decided(why: str | None, target: Any) -> st.SearchStrategy[Any]:
    """What somebody may say of a conflict."""
    columns = {"balance": 70, "amount": 70, "percent": 70, "worth": 70}
    values = [{name: value} for name, value in columns.items() if name in (target or {})]
    return st.sampled_from(["keep"] if why == "gone" else ["keep", "keep", "force", *values])
