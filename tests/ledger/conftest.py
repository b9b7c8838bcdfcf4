"""A ledger of the ward on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ensue
from tests.ledger.ward import ward

TAG_KEYS = {"k1": bytes(range(32))}


@pytest.fixture
def ledger(database_url: str) -> Iterator[ensue.Ledger]:
    """An open ledger of its own for the test."""
    with ensue.open(ward, database_url, tag_keys=TAG_KEYS) as opened:
        yield opened
