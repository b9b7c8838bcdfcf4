"""
Migrate: bring the framework's tables to this release, by Alembic, and say of which release they are.

The users' own tables are migrated by the users; `Storage.prepare` makes those that are missing.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select

from ensue.storage import tables

VERSION_TABLE: Final = "ensue_migration"
RELEASE: Final = "0001"
"""The newest migration, which the tables in tables.py describe."""
FOLDER: Final = Path(__file__).parent / "migrations"


def present_release(connection: Connection) -> str | None:
    """The migration the tables stand at; None where there are none."""
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def create_tables(connection: Connection) -> None:
    """All tables of this release at once, for an empty place: the same as every migration in turn, and quicker."""
    tables.metadata.create_all(connection)
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    context._ensure_version_table()
    if context.get_current_revision() is None:
        context.stamp(ScriptDirectory(str(FOLDER)), RELEASE)
    begin_ledger(connection)


def begin_ledger(connection: Connection) -> None:
    """Give an empty ledger its identity, once."""
    if connection.execute(select(tables.ledger.c.uid)).first() is None:
        connection.execute(insert(tables.ledger).values(uid=secrets.token_hex(16), epoch=secrets.token_hex(8), position=0))


def migrate(connection: Connection, to: str = "head") -> list[str]:
    """Run the migrations that are missing up to *to*. Returns their names, oldest first."""
    before = present_release(connection)
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    begin_ledger(connection)
    scripts = ScriptDirectory(str(FOLDER))
    done = list(scripts.iterate_revisions(present_release(connection), before))
    return [script.revision for script in reversed(done)]
