"""The laws of copying: rows made anew are the live ones, a record read back is the ledger's, and the past is what it was."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ensue
from ensue import Event, Ledger, Record
from ensue.core.canonical import canonical
from ensue.runtime import rebuild
from ensue.testing import FrozenClock, memory_ledger
from tests.ledger.lives import ward_before, ward_events
from tests.ledger.ward import ward

lives = st.lists(ward_events, max_size=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("copies")


def lived(ledger: Ledger, life: list[Event]) -> Iterator[Record]:
    """Whatever of *life* can happen, happens."""
    ledger.submit_all([*ward_before, *map(ensue.Request, life)], actor="desk")
    return ledger.records()


@given(life=lives, batch=st.sampled_from([1, 3, 1_000]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_rows_made_anew_are_the_live_ones(life: list[Event], batch: int) -> None:
    with memory_ledger(ward) as ledger, pytest.MonkeyPatch.context() as patched:
        patched.setattr(rebuild, "BATCH", batch)
        count = len(list(lived(ledger, life)))

        rebuilt = ledger.rebuild("sqlite://", check=True)

        assert (rebuilt.records, rebuilt.difference) == (count, None)


@given(life=lives, format=st.sampled_from(["jsonl", "cloudevents", "parquet"]), partitions=st.sampled_from([None, 1, 3]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_a_record_read_back_is_the_ledgers(folder: Path, life: list[Event], format: str, partitions: int | None) -> None:
    with memory_ledger(ward) as ledger:
        records = list(lived(ledger, life))
        place = folder / f"{format}-{partitions}"
        for part in place.iterdir() if place.is_dir() else ():
            part.unlink()
        ledger.export(place, format=format, partitions=partitions)
        first, second = io.BytesIO(), io.BytesIO()
        ledger.export(first)
        ledger.export(second)

    found = list(ensue.records_from(place, ward))

    assert found == records
    for one, other in zip(found, records, strict=True):
        assert canonical(dict(one.document)) == canonical(dict(other.document))
        assert (one.plan, one.event, one.at, one.place, one.logic_hash) == (
            other.plan,
            other.event,
            other.at,
            other.place,
            other.logic_hash,
        )
    assert first.getvalue() == second.getvalue()


@given(life=lives)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_subject_as_of_a_position_or_moment_is_what_it_was_then(life: list[Event]) -> None:
    clock = FrozenClock()
    subjects = ("Patient/p0", "Patient/p1", "Patient/p2")
    with memory_ledger(ward, clock=clock) as ledger:
        seen: list[tuple[int, datetime, str, object]] = []
        for event in [*(one.event for one in ward_before), *life]:
            clock.advance(seconds=1)
            try:
                record = ledger.submit(event, actor="desk")
            except ensue.EnsueError:
                continue
            seen += [(record.position, record.at, subject, told(ledger, subject)) for subject in subjects]

        for position, at, subject, then in seen:
            assert told(ledger, subject, as_of=position) == then
            assert told(ledger, subject, as_of=at) == then


def told(ledger: Ledger, subject: str, as_of: int | datetime | None = None) -> object:
    """A subject and its rows; None where it was not there."""
    try:
        snapshot = ledger.snapshot(subject, as_of=as_of)
    except ensue.NotFound:
        return None
    return snapshot.subject, snapshot.rows
