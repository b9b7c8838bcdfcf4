"""Laws of correction: corrected history is the history that would have been, row for row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ensue
from ensue import Event, Ledger, Record, Request
from ensue.core.selection import ALL
from ensue.core.wanted import Wanted
from tests.laws.retold import FIRST, SECOND, THIRD, bank, before, events
from tests.laws.test_batch_laws import empty

NOON = datetime(2024, 8, 1, 12, tzinfo=UTC)
Tables = dict[str, list[tuple[Any, ...]]]
lives = st.lists(events, min_size=1, max_size=12)


@pytest.fixture(scope="module")
def banks() -> Iterator[tuple[Ledger, Ledger]]:
    """Two ledgers of one identity, so that the same keys give the same ids: one to be corrected, one that tells what would have been."""
    with a_bank() as corrected, a_bank() as other:
        assert corrected.uid == other.uid
        yield corrected, other


def a_bank() -> Ledger:
    return ensue.open(bank, "sqlite://", clock=lambda: NOON, tag_keys={"k": bytes(32)}, random_bytes=Random(0).randbytes)


def live(ledger: Ledger, life: Sequence[Event], versions: Mapping[int, str | None], otherwise: str) -> dict[int, Record]:
    """Submit a life, each event under its version (None: not at all). The records of those that were accepted, by their place in it."""
    asked = [
        (place, Request(event, key=str(place), version=version))
        for place, event in enumerate((*before, *life))
        if (version := versions.get(place, otherwise)) is not None
    ]
    outcomes = ledger.submit_all([request for _, request in asked], actor="desk")
    return {place: outcome for (place, _), outcome in zip(asked, outcomes, strict=True) if isinstance(outcome, Record)}


def tables(ledger: Ledger) -> Tables:
    """Every row of the application."""
    with ledger.read() as connection:
        return {
            model.__ensue__.name: sorted((tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {model.table.name}")), key=repr)
            for model in bank.models()
        }


def would_have_been(
    ledger: Ledger, life: Sequence[Event], accepted: Mapping[int, Record], versions: Mapping[int, str | None], otherwise: str
) -> Tables:
    """The tables of a ledger in which the same events ran under these versions from the start."""
    missing = dict.fromkeys(place for place in range(len(before) + len(life)) if place not in accepted)
    empty(ledger)
    live(ledger, life, {**versions, **missing}, otherwise)
    return tables(ledger)


def correct(ledger: Ledger, wanted: Wanted) -> list[Record]:
    """Plan and perform; afterwards there is nothing left to do, and everything still proves and replays."""
    records = ledger.correct(ledger.correction_plan(wanted), actor="chief", reason="the law")
    assert not ledger.correction_plan(wanted)
    assert ledger.verify().faults == ()
    assert {ledger.replay(record).outcome for record in ledger.records()} == {"same"}
    return records


@given(life=lives)
def test_all_events_corrected_to_a_version_are_as_if_it_had_ruled_from_the_start(banks: tuple[Ledger, Ledger], life: list[Event]) -> None:
    ledger, other = banks
    empty(ledger)
    accepted = live(ledger, life, {}, FIRST)

    correct(ledger, Wanted(selection=ALL, version=SECOND))

    assert tables(ledger) == would_have_been(other, life, accepted, {}, SECOND)


@given(life=lives, data=st.data())
def test_some_events_corrected_are_as_if_they_alone_had_been_decided_otherwise(
    banks: tuple[Ledger, Ledger], life: list[Event], data: st.DataObject
) -> None:
    ledger, other = banks
    empty(ledger)
    accepted = live(ledger, life, {}, FIRST)
    chosen = data.draw(st.lists(st.sampled_from(sorted(accepted)), min_size=1, max_size=3, unique=True))
    versions = {place: data.draw(st.sampled_from([SECOND, THIRD, None])) for place in chosen}

    correct(ledger, Wanted({accepted[place].id: version for place, version in versions.items()}))

    assert tables(ledger) == would_have_been(other, life, accepted, versions, FIRST)


@given(life=lives, more=st.lists(events, max_size=6))
def test_a_history_corrected_twice_is_as_the_last_version_says_and_goes_on_from_there(
    banks: tuple[Ledger, Ledger], life: list[Event], more: list[Event]
) -> None:
    ledger, other = banks
    empty(ledger)
    accepted = live(ledger, life, {}, FIRST)
    correct(ledger, Wanted(selection=ALL, version=SECOND))
    whole = [*life, *more]
    accepted |= live(ledger, whole, dict.fromkeys(range(len(before) + len(life))), FIRST)

    correct(ledger, Wanted(selection=ALL, version=THIRD))

    assert tables(ledger) == would_have_been(other, whole, accepted, {}, THIRD)
