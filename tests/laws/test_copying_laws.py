"""The laws of copying: rows made anew from the records are the live ones, and a record read back from a file is the ledger's."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ensue
from ensue import Event, Ledger, Record
from ensue.core.canonical import canonical
from ensue.runtime import rebuild
from ensue.testing import memory_ledger
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
