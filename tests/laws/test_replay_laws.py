"""Laws of replay: whatever happened, deciding it again from the records alone gives what the records say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings

import ensue
from ensue import App, Request
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.lives import requests, ward_before, ward_events
from tests.ledger.ward import ward

UID = "0123456789abcdef0123456789abcdef"
NOON = datetime(2024, 8, 1, 12, tzinfo=UTC)


def outcomes_of_replay(app: App, before: Sequence[Request], asked: Sequence[Request]) -> list[str]:
    """What replay says of every record of a life, read from the database."""
    with ensue.open(app, "sqlite://", tag_keys=TAG_KEYS, clock=lambda: NOON) as ledger:
        ledger.submit_all([*before, *asked], actor="desk")
        return [ledger.replay(record).outcome for record in ledger.records()]


@given(asked=requests(ward_events, uid=UID))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_record_decided_again_is_the_same(asked: list[Request]) -> None:
    outcomes = outcomes_of_replay(ward, ward_before, asked)

    assert len(outcomes) >= len(ward_before)
    assert set(outcomes) == {"same"}
