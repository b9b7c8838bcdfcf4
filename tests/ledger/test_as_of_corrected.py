"""The past of a ledger in which people decided about rows that somebody had changed beside it, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

import ensue
from ensue import Ledger, NotFound, Selection
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.desk import NEW, OLD, Arrive, Guest, Lodge, Praise, Stay, desk


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    """Ada in room 7 for a night; position 0 and 1."""
    with ensue.open(desk, database_url, tag_keys=TAG_KEYS) as opened:
        opened.submit(Arrive(name="Ada", guest="g"), actor="desk")
        opened.submit(Lodge(room="7", guest="g", stay="s"), actor="desk", version=OLD)
        yield opened


def beside(database_url: str, statement: str) -> None:
    engine = create_engine(make_url(database_url))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def correct(ledger: Ledger, decisions: dict[str, Any]) -> None:
    plan = ledger.correction_plan(Selection(types=("lodge",)), version=NEW)
    assert {one.row for one in plan.conflicts} == decisions.keys()
    ledger.correct(plan, actor="chief", reason="r", decisions=decisions)


def at(ledger: Ledger, as_of: int | None) -> tuple[Guest, list[Stay]]:
    snapshot = ledger.snapshot("Guest/g", as_of=as_of)
    assert ledger.get(Guest, "g", as_of=as_of) == snapshot.subject
    assert isinstance(snapshot.subject, Guest)
    return snapshot.subject, list(snapshot.of(Stay))


@pytest.mark.parametrize(("decision", "room"), [("keep", "attic"), ("force", "1/7"), ({"room": "cellar"}, "cellar")])
def test_what_people_decided_about_a_row_holds_from_there_on(ledger: Ledger, database_url: str, decision: Any, room: str) -> None:
    beside(database_url, "UPDATE guest SET room = 'attic'")

    correct(ledger, {"Guest/g": decision})

    newest = len(list(ledger.records())) - 1
    assert at(ledger, newest) == at(ledger, None) == (Guest(id="g", name="Ada", room=room), [Stay(id="s", guest_id="g", nights=2)])
    assert at(ledger, 1) == (Guest(id="g", name="Ada", room="7"), [Stay(id="s", guest_id="g", nights=1)])
    assert ledger.verify().is_clean


def test_a_row_that_people_let_be_gone_is_gone_from_there_on(ledger: Ledger, database_url: str) -> None:
    beside(database_url, "DELETE FROM stay")

    correct(ledger, {"Stay/s": "keep"})

    newest = len(list(ledger.records())) - 1
    assert at(ledger, newest)[1] == at(ledger, None)[1] == []
    assert [stay.id for stay in at(ledger, 1)[1]] == ["s"]
    with pytest.raises(NotFound):
        ledger.get(Stay, "s", as_of=newest)


def test_what_nobody_decided_about_is_told_as_the_events_left_it(ledger: Ledger, database_url: str) -> None:
    beside(database_url, "UPDATE guest SET room = 'attic', name = 'Eve'")

    correct(ledger, {"Guest/g": "keep"})

    newest = len(list(ledger.records())) - 1
    assert (at(ledger, newest)[0].name, at(ledger, None)[0].name) == ("Ada", "Eve")
    assert [fault.message for fault in ledger.verify().faults] == ["Guest/g: the row is not what its events made it in name."]


def test_an_event_decided_otherwise_reads_what_was_kept(ledger: Ledger, database_url: str) -> None:
    beside(database_url, "UPDATE guest SET room = 'attic'")
    before = ledger.submit(Praise(guest="g"), actor="desk", version=OLD)
    correct(ledger, {"Guest/g": "keep"})
    after = ledger.submit(Praise(guest="g"), actor="desk", version=OLD)
    ledger.submit(Lodge(room="12", guest="g", stay="t"), actor="desk", version=OLD)

    assert [ledger.compare(one, version=NEW).rows[0].new for one in (before, after)] == [10 + len("7"), 10 + len("attic")]
    many = ledger.compare(Selection(types=("praise",)), version=NEW)
    samples = sorted((sample.position, sample.content) for group in many.groups for sample in group.samples)
    assert [content["rows"][0]["new"] for _, content in samples] == [10 + len("7"), 10 + len("attic")]
