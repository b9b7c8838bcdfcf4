"""The laws of deciding: a preview is what a submit would do, and deciding twice is deciding once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ensue
from ensue import EnsueError, Event, Plan, Rejected
from tests.laws.servers import PARAMS, place_for_ledgers
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.lives import ward_events
from tests.ledger.ward import ward

NOON = datetime(2024, 8, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module", params=PARAMS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where ledgers can be made."""
    yield from place_for_ledgers(request, tmp_path_factory)


@pytest.fixture(scope="module")
def ledger(server: str) -> Iterator[ensue.Ledger]:
    """A ledger in which one example after the other happens: each finds what the ones before it left."""
    with ensue.Database(ward, server, clock=lambda: NOON, tag_keys=TAG_KEYS).ledger("law_preview") as opened:
        yield opened


def previewed(ledger: ensue.Ledger, event: Event, key: str) -> Plan | str:
    """The plan, or the error instead of one."""
    try:
        return ledger.preview(event, actor="desk", key=key)
    except EnsueError as error:
        return str(error)


def submitted(ledger: ensue.Ledger, event: Event, key: str) -> Plan | str:
    """The same of what was submitted."""
    try:
        return ledger.submit(event, actor="desk", key=key).plan
    except Rejected as no:
        return Plan(rejections=no.reasons)
    except EnsueError as error:
        return str(error)


def essence(plan: Plan | str) -> object:
    """A plan; of a refused one, which steps had run before the reason is no part of the answer."""
    return Plan(rejections=plan.rejections) if isinstance(plan, Plan) and plan.is_rejected else plan


@given(life=st.lists(ward_events, min_size=1, max_size=8))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_with_the_same_key_clock_and_position_a_preview_is_what_is_recorded(ledger: ensue.Ledger, life: list[Event]) -> None:
    start = sum(1 for _ in ledger.records())
    for n, event in enumerate(life):
        key = f"{start}-{n}-{event!r}"[:200]

        first, second = previewed(ledger, event, key), previewed(ledger, event, key)
        done = submitted(ledger, event, key)

        assert first == second
        assert essence(first) == essence(done)


@given(life=st.lists(ward_events, min_size=1, max_size=8))
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_read_back_is_what_was_answered(ledger: ensue.Ledger, life: list[Event]) -> None:
    for event in life:
        try:
            record = ledger.submit(event, actor="desk", cause="a law", occurred=NOON)
        except EnsueError:
            continue

        stored = ledger.record(record.id)

        assert stored.document == record.document
        assert (stored.plan.effects, stored.plan.steps) == (record.plan.effects, record.plan.steps)
        assert (stored.plan.recorded_operations, stored.plan.recorded_effects) == (
            record.plan.recorded_operations,
            record.plan.recorded_effects,
        )
        assert (stored.form, stored.state, stored.event) == (record.form, record.state, record.event)
        assert (stored.place, stored.at, stored.cause, stored.occurred) == (record.place, record.at, record.cause, record.occurred)
