"""A ledger that holds the story, on each kind of database; a tool to tamper with it, which puts everything back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

import ensue
from tests.ledger.ward import ward
from tests.postgresql_server import database_of_its_own
from tests.verification.story import tell
from tests.verification.tampering import Tampering

TAG_KEYS = {"k1": bytes(range(32))}


@dataclass(frozen=True)
class Told:
    """A ledger with the story in it, and what can be done to its database."""

    ledger: ensue.Ledger
    tampering: Tampering


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    if request.param == "sqlite":
        yield from _told(f"sqlite:///{tmp_path_factory.mktemp('told') / 'ledger.db'}")
    else:
        with database_of_its_own(request.getfixturevalue("postgresql_url")) as url:
            yield from _told(url)


def _told(url: str) -> Iterator[Told]:
    with ensue.open(ward, url, tag_keys=TAG_KEYS) as ledger:
        tell(ledger)
        with closing(Tampering(url)) as tampering:
            yield Told(ledger, tampering)
        assert ledger.verify().is_clean, "a test has left something behind"
