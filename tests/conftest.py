"""What every test may ask for: databases of its own, SQLite and real PostgreSQL servers, and how hard Hypothesis tries."""

from __future__ import annotations

import compileall
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.forking import Forking
from tests.postgresql_server import PostgresqlServer, database_of_its_own, find_installed_binaries, find_memory, find_wheel_binaries
from tests.source_tree import SOURCE

# No deadline: on a busy machine one example may take long, and a test that fails by chance says nothing.
settings.register_profile("fast", max_examples=50, deadline=None)
settings.register_profile("thorough", max_examples=2_000, deadline=None)
settings.load_profile(os.environ.get("ENSUE_TEST_PROFILE", "fast"))


def pytest_configure(config: pytest.Config) -> None:
    """Compile ensue once, before the programs that tests start do it, each again where nobody else keeps their bytecode."""
    if not hasattr(config, "workerinput"):  # pytest-xdist configures its workers later
        compileall.compile_dir(SOURCE, quiet=1)


@pytest.fixture(scope="session", autouse=True)
def no_bytecode() -> Iterator[None]:
    """Keep no bytecode of what tests write: a file that is changed within a second, to the same length, would be read as it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        yield


# What is asked of an installed server too: that ledgers are made there, and that whole applications run. The rest of the
# suite says the same of it as of the wheel's server, in twice the time; ENSUE_TEST_INSTALLED_POSTGRESQL=1 runs it all.
ON_INSTALLED_SERVERS = ("examples", "storage")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what need not run on an installed PostgreSQL as well."""
    if os.environ.get("ENSUE_TEST_INSTALLED_POSTGRESQL"):
        return
    left_out = [item for item in items if "installed-postgresql" in item.name and item.path.parent.name not in ON_INSTALLED_SERVERS]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(scope="session")
def forking() -> Iterator[Forking]:
    """The process from which programs are forked that need not import ensue."""
    with Forking() as started:
        yield started


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of a running PostgreSQL: ENSUE_TEST_POSTGRESQL_URL where it is set, else a server started from the wheel."""
    given = os.environ.get("ENSUE_TEST_POSTGRESQL_URL")
    if given:
        yield given
    else:
        with PostgresqlServer(find_wheel_binaries(), find_memory()) as server:
            yield server.url


@pytest.fixture(scope="session")
def installed_postgresql_url() -> Iterator[str]:
    """The address of a server started from the PostgreSQL that is installed on this machine."""
    binaries = find_installed_binaries()
    if binaries is None:
        pytest.skip("No PostgreSQL server is installed on this machine (no pg_config on the path, nothing in /usr/lib/postgresql).")
    with PostgresqlServer(binaries, find_memory()) as server:
        yield server.url


@pytest.fixture
def postgresql_database_url(postgresql_url: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database that belongs to this test alone."""
    with database_of_its_own(postgresql_url) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that belongs to this test alone and does not exist yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(params=["sqlite", "postgresql", "installed-postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database: a test that asks for it runs on each kind in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
    else:
        server_url = request.getfixturevalue("postgresql_url" if request.param == "postgresql" else "installed_postgresql_url")
        with database_of_its_own(server_url) as url:
            yield url
