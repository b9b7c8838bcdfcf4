"""The framework's tables come about whole: at once or by migrations, the same either way, and never half."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, StaticPool

from ensue.errors import ConfigurationError, NotMigrated
from ensue.storage import migrate as module
from ensue.storage import tables
from ensue.storage.migrate import RELEASE, VERSION_TABLE, changing_tables, create_schema, create_tables, migrate, present_release
from tests.source_tree import SOURCE

WAITING_SECONDS = 30.0

AFTER_0001 = '''
"""A later release, for these tests."""
from alembic import op
from sqlalchemy import Column, Text

revision = "0002"
down_revision = "0001"

def upgrade():
    op.add_column("ensue_head", Column("note", Text))
    op.create_table("ensue_later", Column("id", Text, primary_key=True))
'''

# What one of several processes runs: it says that it is ready, waits for the word, and prints the migrations it ran.
PROCESS = """
import sys
from sqlalchemy import create_engine, event
from ensue.storage.migrate import create_tables, migrate
from ensue.storage.sqlite import configure

engine = create_engine(sys.argv[1], isolation_level="AUTOCOMMIT")
if engine.dialect.name == "sqlite":
    event.listen(engine, "connect", lambda connection, _: configure(connection))
print("ready", flush=True)
sys.stdin.readline()
with engine.connect() as connection:
    print(migrate(connection) if sys.argv[2] == "migrate" else create_tables(connection))
"""


def open_engine(url: str) -> Engine:
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)


@contextmanager
def a_place(url: str, name: str) -> Iterator[Connection]:
    """An empty place of that name at *url*: a file of its own on SQLite, a schema on PostgreSQL."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        address = address.set(database=f"{address.database}.{name}")
    else:
        with open_engine(url).connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        address = address.update_query_dict({"options": f"-csearch_path={name}"})
    with open_engine(address.render_as_string(hide_password=False)).connect() as connection:
        yield connection


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with open_engine(database_url).connect() as connection:
        yield connection


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make this program one release newer: its second migration has the given text."""

    def release(migration: str) -> None:
        folder = tmp_path / "100% migrations"
        shutil.copytree(module.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "0002_later.py").write_text(migration, encoding="utf-8")
        monkeypatch.setattr(module, "FOLDER", folder)

    return release


def describe_index(index: Mapping[str, Any]) -> dict[str, Any]:
    """An index as it was read; the condition of a partial one as its text, since two readings make two objects of it."""
    options = {name: str(option) for name, option in index.get("dialect_options", {}).items()}
    return {**index, "dialect_options": options}


def describe(connection: Connection) -> dict[str, dict[str, Any]]:
    """Everything the database knows of its tables, by their names."""
    connection.commit()  # what an earlier inspection saw is not seen again
    seen = inspect(connection)
    described: dict[str, dict[str, Any]] = {}
    for name in seen.get_table_names():
        described[name] = {
            "columns": [{**column, "type": column["type"].compile(connection.dialect)} for column in seen.get_columns(name)],
            "primary key": seen.get_pk_constraint(name),
            "indexes": sorted((describe_index(index) for index in seen.get_indexes(name)), key=lambda index: str(index["name"])),
            "unique": sorted(seen.get_unique_constraints(name), key=lambda unique: str(unique["name"])),
            "checks": seen.get_check_constraints(name),
            "foreign keys": seen.get_foreign_keys(name),
        }
        if connection.dialect.name == "sqlite":
            written = text("SELECT sql FROM sqlite_master WHERE tbl_name = :name AND sql IS NOT NULL ORDER BY name")
            described[name]["sql"] = [" ".join(row.sql.split()) for row in connection.execute(written, {"name": name})]
    return described


def identities(connection: Connection) -> list[str]:
    return list(connection.execute(select(tables.ledger.c.uid)).scalars())


def test_the_release_of_this_program_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(module.FOLDER)).get_heads() == [RELEASE]


def test_tables_made_at_once_are_those_of_every_migration_in_turn(database_url: str) -> None:
    with a_place(database_url, "at_once") as at_once, a_place(database_url, "in_turn") as in_turn:
        create_tables(at_once)
        migrate(in_turn)

        made = describe(at_once)
        assert made == describe(in_turn)
        assert present_release(at_once) == present_release(in_turn) == RELEASE
        assert set(made) == {*tables.metadata.tables, VERSION_TABLE}
        if at_once.dialect.name == "sqlite":
            assert any("WITHOUT ROWID" in sql for sql in made["ensue_operation"]["sql"])


def test_a_ledger_begins_with_one_identity_of_its_own(database_url: str) -> None:
    with a_place(database_url, "north") as north, a_place(database_url, "south") as south:
        migrate(north)
        assert present_release(south) is None  # neither a file nor a schema sees its neighbour
        create_tables(south)

        found = identities(north) + identities(south)

        assert len(found) == len(set(found)) == 2


def test_migrations_that_ran_do_not_run_again(connection: Connection) -> None:
    assert present_release(connection) is None

    first = migrate(connection)
    second = migrate(connection)

    assert (first, second) == ([RELEASE], [])
    assert len(identities(connection)) == 1


def test_making_tables_where_they_are_changes_nothing(connection: Connection) -> None:
    create_tables(connection)
    before = describe(connection), identities(connection)

    create_tables(connection)

    assert (describe(connection), identities(connection)) == before


def test_migrations_run_in_turn_as_far_as_is_asked(connection: Connection, later: Callable[[str], None]) -> None:
    later(AFTER_0001)

    first = migrate(connection, to="0001")
    released = present_release(connection)
    rest = migrate(connection)

    assert (first, released, rest) == (["0001"], "0001", ["0002"])
    assert "ensue_later" in describe(connection)
    assert migrate(connection, to="0001") == []  # never backwards
    assert present_release(connection) == "0002"


def test_a_failed_migration_leaves_the_tables_as_they_were(connection: Connection, later: Callable[[str], None]) -> None:
    create_tables(connection)
    before = describe(connection), identities(connection)
    later(AFTER_0001 + "    raise ArithmeticError('half way')\n")

    with pytest.raises(ArithmeticError, match="half way"):
        migrate(connection)

    assert (describe(connection), identities(connection)) == before
    assert present_release(connection) == "0001"


def test_a_failed_migration_leaves_an_empty_place_empty(connection: Connection, later: Callable[[str], None]) -> None:
    later(AFTER_0001 + "    op.execute('SELECT nonsense FROM nowhere')\n")

    with pytest.raises(DBAPIError, match="nowhere"):
        migrate(connection)

    assert describe(connection) == {}


def test_tables_of_others_under_our_names_are_refused_whole(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE ensue_log (note TEXT)")

    with pytest.raises(DBAPIError, match="already exists"):
        create_tables(connection)

    assert list(describe(connection)) == ["ensue_log"]


def test_tables_of_a_newer_program_are_left_alone(connection: Connection) -> None:
    create_tables(connection)
    connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    before = describe(connection)

    with pytest.raises(NotMigrated, match=f"release 9999, newer than this program's {RELEASE}"):
        migrate(connection)
    create_tables(connection)

    assert describe(connection) == before
    assert present_release(connection) == "9999"


def test_a_release_that_does_not_exist_is_named_and_nothing_made(connection: Connection) -> None:
    with pytest.raises(ConfigurationError, match=r"no release '1\.5' .* knows 0001"):
        migrate(connection, to="1.5")

    assert describe(connection) == {}


@pytest.mark.parametrize("there_before", [False, True], ids=["empty", "migrated"])
def test_who_comes_second_waits_for_the_first(database_url: str, *, there_before: bool) -> None:
    """The second is seen to wait: on the table of versions where there is one, and on its making where there is none."""
    answers: list[list[str]] = []
    started = Event()

    def come_second() -> None:
        with open_engine(database_url).connect() as second:
            second.exec_driver_sql("SELECT 1")
            started.set()
            answers.append(migrate(second))

    with open_engine(database_url).connect() as first:
        if there_before:
            migrate(first)
        thread = Thread(target=come_second, daemon=True)
        with changing_tables(first):
            thread.start()
            assert started.wait(WAITING_SECONDS)
            thread.join(0.3)
            waited = thread.is_alive()
        thread.join(WAITING_SECONDS)

        assert waited
        assert answers == [[] if there_before else [RELEASE]]
        assert len(identities(first)) == 1


def test_two_that_make_one_schema_at_once_both_have_it(postgresql_database_url: str) -> None:
    failures: list[Exception] = []

    def come_second() -> None:
        try:
            with open_engine(postgresql_database_url).connect() as second:
                create_schema(second, "north")
        except DBAPIError as error:
            failures.append(error)

    with open_engine(postgresql_database_url).connect() as first:
        first.exec_driver_sql("BEGIN")
        create_schema(first, "north")
        thread = Thread(target=come_second, daemon=True)
        thread.start()
        thread.join(0.3)
        waited = thread.is_alive()
        first.exec_driver_sql("COMMIT")
        thread.join(WAITING_SECONDS)

        assert waited
        assert failures == []
        assert "north" in inspect(first).get_schema_names()


def test_processes_that_begin_at_once_make_one_ledger(database_url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE.parent)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, database_url, how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for how in ("migrate", "create", "migrate")
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", process.communicate()[1]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        ended = [process.communicate(timeout=WAITING_SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()

    assert [process.returncode for process in processes] == [0, 0, 0], ended
    assert [out for out, _ in ended].count(f"{[RELEASE]}\n") <= 1
    with open_engine(database_url).connect() as connection:
        assert present_release(connection) == RELEASE
        assert len(identities(connection)) == 1


def test_an_empty_ledger_in_memory_is_there_within_20_milliseconds() -> None:
    needed_seconds = []
    for _ in range(5):
        engine = create_engine("sqlite://", isolation_level="AUTOCOMMIT", poolclass=StaticPool)
        with engine.connect() as connection:
            begun = time.process_time()
            create_tables(connection)
            needed_seconds.append(time.process_time() - begun)

    assert min(needed_seconds) < 0.020
