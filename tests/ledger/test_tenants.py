"""Tenants: each has a ledger of its own, and they share nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import ensue
from ensue import ConfigurationError, NotFound, NotMigrated
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.ward import Patient, Register, Rename, ward


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a place for many ledgers: a folder on SQLite, a database on PostgreSQL."""
    return f"sqlite:///{tmp_path / 'tenants'}" if request.param == "sqlite" else str(request.getfixturevalue("postgresql_database_url"))


@pytest.fixture
def database(place: str) -> ensue.Database:
    """Such a place, for the ward."""
    return ensue.Database(ward, place, tag_keys=TAG_KEYS)


def test_tenants_share_neither_rows_nor_keys_nor_positions(database: ensue.Database) -> None:
    with database.ledger("north") as north, database.ledger("south") as south:
        first = north.submit(Register(name="Ada", email="a@x", patient="p1"), actor="desk", key="one")
        second = south.submit(Register(name="Bea", email="a@x", patient="p1"), actor="desk", key="one")
        north.submit(Rename(name="Cia", patient="p1"), actor="desk")

        assert (first.position, second.position, second.repeated) == (0, 0, False)
        assert first.id != second.id
        assert north.uid != south.uid
        assert [ledger.get(Patient, "p1").name for ledger in (north, south)] == ["Cia", "Bea"]
        assert [len(list(ledger.records())) for ledger in (north, south)] == [2, 1]
        assert north.tags("Patient/p1")["email"] != south.tags("Patient/p1")["email"]
        north.timeline("Patient/p1")
        assert [len(ledger.reads("Patient/p1")) for ledger in (north, south)] == [4, 3]
        assert [ledger.verify().is_clean for ledger in (north, south)] == [True, True]


def test_a_tenant_is_found_again_by_its_name(database: ensue.Database) -> None:
    with database.ledger("north") as north:
        uid = north.uid
        north.submit(Register(name="Ada", patient="p1"), actor="desk", key="one")

    with database.ledger("north") as north:
        assert north.uid == uid
        assert north.submit(Register(name="Ada", patient="p1"), actor="desk", key="one").repeated


def test_a_record_of_one_tenant_is_not_found_in_another(database: ensue.Database) -> None:
    with database.ledger("north") as north, database.ledger("south") as south:
        record = north.submit(Register(name="Ada", patient="p1"), actor="desk")

        with pytest.raises(NotFound):
            south.record(record.id)
        with pytest.raises(NotFound):
            south.get(Patient, "p1")
        assert south.timeline("Patient/p1") == []


@pytest.mark.parametrize("name", ["", "North", "1st", "a-b", 'x"; DROP SCHEMA public; --', "../south", "a" * 42])
def test_a_name_is_plain(database: ensue.Database, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot name a ledger"):
        database.ledger(name)


def test_a_tenant_is_made_only_where_that_was_said(place: str) -> None:
    with pytest.raises(NotMigrated):
        ensue.Database(ward, place, tag_keys=TAG_KEYS, create=False).ledger("north")


def test_a_file_that_is_not_there_is_not_made_by_asking(sqlite_url: str) -> None:
    with pytest.raises(NotMigrated, match="There is no file"):
        ensue.open(ward, sqlite_url, create=False)

    assert not Path(sqlite_url.removeprefix("sqlite:///")).exists()
