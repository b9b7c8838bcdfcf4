"""
The environment Alembic runs migrations in: the connection it is given, inside the transaction that is open on it.

Run by `ensue.storage.migrate.migrate` alone, which begins that transaction and ends it.
"""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table=context.config.attributes["version_table"])
context.run_migrations()
