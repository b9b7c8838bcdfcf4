"""A ledger of the ward on each kind of database."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

import ensue
from tests.ledger.ward import ward
from tests.postgresql_server import database_of_its_own

TAG_KEYS = {"k1": bytes(range(32))}


@pytest.fixture(scope="module")
def module_database_url(postgresql_url: str) -> Iterator[str]:
    """The address of a PostgreSQL database for all tests of a module."""
    with database_of_its_own(postgresql_url) as url:
        yield url


@pytest.fixture(scope="module")
def installed_module_database_url(installed_postgresql_url: str) -> Iterator[str]:
    """The same on the server that is installed on this machine."""
    with database_of_its_own(installed_postgresql_url) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql", "installed-postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """As everywhere, but on PostgreSQL a schema instead of a database: made in a tenth of the time."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    name = "module_database_url" if request.param == "postgresql" else "installed_module_database_url"
    address = make_url(request.getfixturevalue(name))
    schema = f"test_{secrets.token_hex(8)}"
    with create_engine(address, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    return address.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)


@pytest.fixture
def ledger(database_url: str) -> Iterator[ensue.Ledger]:
    """An open ledger of its own for the test."""
    with ensue.open(ward, database_url, tag_keys=TAG_KEYS) as opened:
        yield opened
