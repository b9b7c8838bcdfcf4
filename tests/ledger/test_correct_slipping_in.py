"""Corrections while others go on writing: events that slip in between plan and commit, on every database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ensue
from ensue import App, Event, Increase, Insert, Ledger, Lookup, Model, New, Record, Ref, new
from ensue.runtime.request import Unit

sheet = App("sheet")
OLD, NEW = "2024-01-01", "2024-07-01"


class Cell(Model, subject=True):
    value: int


class Write(Event, type="write", version=OLD):
    value: int
    cell: New[Cell] = new()


@sheet.step(Write, since=OLD)
def write(event: Write) -> Iterator[Insert[Cell]]:
    yield Insert(Cell(id=event.cell, value=event.value))


@sheet.step(Write, since=NEW, replaces=write)
def write_tenfold(event: Write) -> Iterator[Insert[Cell]]:
    """Values count tenfold."""
    yield Insert(Cell(id=event.cell, value=event.value * 10))


class Copy(Event, type="copy", version=OLD):
    source: Lookup[Cell]
    target: New[Cell] = new()


@sheet.step(Copy, since=OLD)
def copy(event: Copy) -> Iterator[Insert[Cell]]:
    yield Insert(Cell(id=event.target, value=event.source.value + 1))


class Add(Event, type="add", version=OLD):
    amount: int
    cell: Ref[Cell]


@sheet.step(Add, since=OLD)
def add(event: Add) -> Iterator[Increase[Cell]]:
    yield Increase(event.cell, value=event.amount)


@sheet.step(Add, since=NEW, replaces=add)
def add_tenfold(event: Add) -> Iterator[Increase[Cell]]:
    """Amounts count tenfold."""
    yield Increase(event.cell, value=event.amount * 10)


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with ensue.open(sheet, database_url, tag_keys={"k": bytes(32)}) as opened:
        yield opened


@pytest.fixture
def written(ledger: Ledger) -> Record:
    """The event to be corrected, from whose cell others are copied, one from the other."""
    return ledger.submit(Write(value=1, cell="c0"), actor="desk", version=OLD)


def slip_in(ledger: Ledger, *events: Event) -> None:
    """Before each of the next commits of corrections somebody submits one of *events*."""
    put, waiting = ledger._correcting._put, iter(events)

    def put_after_another(units: list[Unit]) -> None:
        event = next(waiting, None)
        if event is not None:
            ledger.submit(event, actor="desk", version=OLD)
        put(units)

    ledger._correcting._put = put_after_another


def values(ledger: Ledger, count: int) -> list[int]:
    return [ledger.get(Cell, f"c{n}").value for n in range(count)]


def test_what_slipped_in_and_read_the_old_value_refuses_the_plan_and_is_in_the_next(ledger: Ledger, written: Record) -> None:
    slip_in(ledger, Copy(source="c0", target="c1"))

    with pytest.raises(ensue.PlanMoved, match="no longer holds"):
        ledger.correct(ledger.correction_plan({written.id: NEW}), actor="chief", reason="r")

    assert values(ledger, 2) == [1, 2]
    records = ledger.correct(ledger.correction_plan({written.id: NEW}), actor="chief", reason="r")
    assert len(records) == 2
    assert values(ledger, 2) == [10, 11]
    assert not ledger.correction_plan({written.id: NEW})


def test_an_amount_that_slipped_in_stays_whatever_is_corrected_before_it(ledger: Ledger, written: Record) -> None:
    added = ledger.submit(Add(amount=2, cell="c0"), actor="desk", version=OLD)
    slip_in(ledger, Add(amount=3, cell="c0"))

    ledger.correct(ledger.correction_plan({added.id: NEW}), actor="chief", reason="r")
    assert values(ledger, 1) == [1 + 20 + 3]

    ledger.correct(ledger.correction_plan({added.id: OLD}), actor="chief", reason="r")
    assert values(ledger, 1) == [1 + 2 + 3]
