"""The servers that tests run on are real ones: durable, of one's own, and gone afterwards."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from tests.postgresql_server import PostgresqlServer, find_wheel_binaries


def ask(url: str, question: str) -> object:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        return connection.execute(text(question)).scalar()


def test_a_test_has_an_empty_durable_database_of_its_own(postgresql_database_url: str) -> None:
    tables = ask(postgresql_database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    fsync = ask(postgresql_database_url, "SELECT current_setting('fsync')")

    assert tables == 0
    assert fsync == "on"


def test_what_was_committed_survives_the_death_of_the_server() -> None:
    with PostgresqlServer(find_wheel_binaries()) as server:
        with create_engine(server.url, poolclass=NullPool).begin() as connection:
            connection.execute(text("CREATE TABLE kept AS SELECT 41 AS number"))

        server.kill()
        server.start()

        assert ask(server.url, "SELECT number FROM kept") == 41


def test_a_server_leaves_nothing_behind() -> None:
    with PostgresqlServer(find_wheel_binaries()) as server:
        folder = Path(str(ask(server.url, "SHOW data_directory"))).parent
        assert folder.is_dir()

    assert not folder.exists()


def test_a_test_runs_on_each_kind_of_database(database_url: str) -> None:
    assert ask(database_url, "SELECT 1") == 1
