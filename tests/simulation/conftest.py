"""A ward with three patients, on each kind of database; and PostgreSQL servers that may be killed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import ensue
from tests.ledger import ward
from tests.postgresql_server import PostgresqlServer, database_of_its_own, find_memory, find_wheel_binaries
from tests.simulation.faults import Watch
from tests.simulation.worker import TAG_KEYS


def open_ward(url: str) -> ensue.Ledger:
    """The ward at *url*, with patients p-0, p-1 and p-2."""
    ledger = ensue.open(ward.ward, url, tag_keys=TAG_KEYS)
    register_patients(ledger)
    return ledger


def open_watched_ward(url: str) -> tuple[ensue.Ledger, Watch]:
    """The same, with a watch over its writer."""
    ledger = ensue.open(ward.ward, url, tag_keys=TAG_KEYS)
    watch = Watch(ledger)
    register_patients(ledger)
    return ledger, watch


def register_patients(ledger: ensue.Ledger) -> None:
    """Patients p-0, p-1 and p-2."""
    for number in range(3):
        ledger.submit(ward.Register(name=f"Patient {number}", patient=f"p-{number}"), actor="clerk", key=f"register-{number}")


def environment() -> dict[str, str]:
    """For processes of their own: they find ensue and the tests as this one does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(["src", ".", os.environ.get("PYTHONPATH", "")])}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
    else:
        yield request.getfixturevalue("postgresql_database_url")


@pytest.fixture
def ledger(url: str) -> Iterator[ensue.Ledger]:
    with open_ward(url) as opened:
        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """A server that the tests of one module may stop and kill."""
    with PostgresqlServer(find_wheel_binaries(), find_memory()) as started:
        yield started


@pytest.fixture
def mortal_url(server: PostgresqlServer) -> Iterator[str]:
    """An empty database on that server."""
    with database_of_its_own(server.url) as given:
        yield given
