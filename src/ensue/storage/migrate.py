"""
Migrate: bring the framework's tables to this release, by Alembic, and say of which release they are.

The users' own tables are migrated by the users; `Storage.prepare` makes those that are missing. Every function takes a
connection in AUTOCOMMIT that is in no transaction: what changes tables begins its own, so that all of it is done or nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, create_mock_engine, insert, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema, CreateTable

from ensue.errors import ConfigurationError, NotMigrated
from ensue.storage import tables

VERSION_TABLE: Final = "ensue_migration"
RELEASE: Final = "0001"
"""The newest migration, which the tables in tables.py describe."""
FOLDER: Final = Path(__file__).parent / "migrations"

# As Alembic would make it, but made by us: it is what the transactions that change tables lock, the first one included. Read and
# written by us too, so that only who migrates loads Alembic: it is a seventh of what a program that opens a ledger imports.
_version_table: Final = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)
# unique_violation, duplicate_table: what PostgreSQL answers, IF NOT EXISTS or not, to the later of two that make one thing at the
# same moment. It has them wait for the first to commit, so the thing is there by then.
_MADE_MEANWHILE: Final = {"23505", "42P07"}
# Compiling them takes longer than the database does.
_made: Final[dict[str, tuple[str, ...]]] = {}
# `alembic.op` and `alembic.context` are global to the process. Taken after a database's lock, never before.
_alembic_in_use: Final = Lock()


def present_release(connection: Connection) -> str | None:
    """The migration the tables stand at; None where there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(_version_table.c.version_num)).scalar_one_or_none()


def create_schema(connection: Connection, name: str) -> None:
    """Make the PostgreSQL schema *name* that a ledger lives in, where it is not there."""
    try:
        connection.execute(CreateSchema(name, if_not_exists=True))
    except DBAPIError as error:
        if not _was_made_meanwhile(error):
            raise
        connection.rollback()


def create_tables(connection: Connection, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """
    All tables of this release at once, for an empty place: the same as every migration in turn, and quicker.

    Where another process was there first, its tables are left as they are. Returns the release that stands in the end.
    """
    with changing_tables(connection):
        present = present_release(connection)
        if present is None:
            for statement in _making_all(connection):
                connection.exec_driver_sql(statement)
            connection.execute(insert(_version_table).values(version_num=RELEASE))
            begin_ledger(connection, random_bytes)
    return present or RELEASE


def _making_all(connection: Connection) -> tuple[str, ...]:
    """The statements that make every table: one after the other on SQLite, all in one message on PostgreSQL."""
    dialect = connection.dialect
    if dialect.name not in _made:
        elements: list[Any] = [CreateTable(_version_table, if_not_exists=True)]
        tables.metadata.create_all(
            create_mock_engine(connection.engine.url, lambda element, *_: elements.append(element)), checkfirst=False
        )
        statements = tuple(str(element.compile(dialect=dialect)) for element in elements)
        _made[dialect.name] = statements if dialect.name == "sqlite" else ("; ".join(statements),)
    return _made[dialect.name]


def begin_ledger(connection: Connection, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
    """Give an empty ledger its identity, once."""
    if connection.execute(select(tables.ledger.c.uid)).first() is None:
        connection.execute(insert(tables.ledger).values(uid=random_bytes(16).hex(), epoch=random_bytes(8).hex(), position=0))


def migrate(connection: Connection, to: str = "head") -> list[str]:
    """
    Run the migrations that are missing up to *to*, all of them or none. Returns their names, oldest first.

    Tables that stand there already, or beyond it, are left as they are. A second process waits for the first, and
    then finds nothing to do.

    Raises:
        NotMigrated: a newer program made the tables.
        ConfigurationError: *to* is no release of this program.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))  # it interpolates
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    if to not in ("head", *known):
        raise ConfigurationError(
            f"There is no release {to!r} of the ledger's tables; this program knows {', '.join(known)}. Leave it out for the newest."
        )
    with changing_tables(connection), _alembic_in_use:
        present = present_release(connection)
        if present not in (None, *known):
            raise NotMigrated(
                f"The ledger's tables are of release {present}, newer than this program's {known[-1]}; use the newer program."
            )
        first = 0 if present is None else known.index(present) + 1
        last = len(known) if to == "head" else known.index(to) + 1
        missing = known[first:last]
        if missing:
            command.upgrade(config, missing[-1])
        begin_ledger(connection)
    return missing


@contextmanager
def changing_tables(connection: Connection) -> Iterator[None]:
    """
    A transaction in which no other process changes this ledger's tables. It commits at the end; an exception undoes it.

    Others who want the same wait, as long as their connection waits for locks at all. Readers and, until a table they
    need is changed, writers are not held up on PostgreSQL; SQLite has one writer anyway.
    """
    try:
        _begin_alone(connection)
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _begin_alone(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.exec_driver_sql("BEGIN")
    try:
        connection.execute(CreateTable(_version_table, if_not_exists=True))
    except DBAPIError as error:
        if not _was_made_meanwhile(error):
            raise
        connection.rollback()
        connection.exec_driver_sql("BEGIN")
    connection.exec_driver_sql(f"LOCK TABLE {VERSION_TABLE} IN SHARE ROW EXCLUSIVE MODE")


def _was_made_meanwhile(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _MADE_MEANWHILE
