"""
Model tables: what must stand in a database for the models of an application.

Our own tables are made where they are missing. Those that others declared must be there, and each is described once, as
this database has it: in another one its types and keys may be others.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, MetaData, Table, inspect
from sqlalchemy.engine.reflection import ObjectKind, ObjectScope
from sqlalchemy.exc import NoSuchTableError

from ensue.core.data import fields_of
from ensue.core.model import Model
from ensue.errors import DefinitionError, NotMigrated
from ensue.storage.migrate import changing_tables
from ensue.storage.tables import describe_as, table_of

Place = tuple[str | None, str]
"""A table by its schema, None where the connection finds it, and its name."""


# ---- tables of others ----------------------------------------------------------------------------------------------
def check_declared(models: Iterable[type[Model]]) -> None:
    """The tables that models are declared over, where they are more than a name, have every field's column. Raises DefinitionError."""
    for model in models:
        if isinstance(model.__ensue__.table, Table):
            _check_fields(model, model.__ensue__.table)


def describe_tables(connection: Connection, models: Iterable[type[Model]]) -> dict[str, Table]:
    """
    The tables that others declared as this database has them, by model.

    Raises:
        NotMigrated: one is not there, or lacks a column that it was declared with.
        DefinitionError: one that was declared by its name has no column for a field.
    """
    described = {}
    for model in models:
        given = model.__ensue__.table
        if given is None:
            continue
        found = described[model.__ensue__.name] = _described(connection, model, given)
        if isinstance(given, Table):
            _check_columns(model, given, {column.name for column in found.columns})
        else:
            _check_fields(model, found)
            describe_as(model, found)
    return described


def _described(connection: Connection, model: type[Model], given: Table | str) -> Table:
    schema, _, name = given.rpartition(".") if isinstance(given, str) else (given.schema, "", given.name)
    try:
        return Table(name, MetaData(), autoload_with=connection, schema=schema or None, resolve_fks=False)
    except NoSuchTableError:
        raise NotMigrated(
            f"{model.__name__}: there is no table {given}; it is declared with table=, so it must be there before the ledger opens."
        ) from None


def _check_fields(model: type[Model], table: Table) -> None:
    lacking = [one.column for one in fields_of(model).by_name.values() if one.column not in table.c]
    if lacking:
        raise DefinitionError(f'{model.__name__}: the table {table.fullname} has no column {", ".join(lacking)}; use column("its name").')


# ---- our own -------------------------------------------------------------------------------------------------------
def prepare_own_tables(connection: Connection, models: Iterable[type[Model]], *, create: bool) -> None:
    """
    See that those of *models* that are not over others' tables have theirs; missing ones are made, all or none, where *create* is true.

    *connection* is in AUTOCOMMIT and in no transaction.

    Raises:
        NotMigrated: a table is absent, or lacks columns.
    """
    ours = {model: table_of(model) for model in models if model.__ensue__.table is None}
    stood = _columns_of(connection, ours.values())
    missing = []
    for model, table in ours.items():
        there = stood.get((table.schema, table.name))
        if there is not None:
            _check_columns(model, table, there)
        elif create:
            missing.append(table)
        else:
            raise NotMigrated(f"{model.__name__}: there is no table {table.fullname}; run `ensue db migrate`.")
    if missing:
        with changing_tables(connection):
            for table in missing:
                table.create(connection, checkfirst=True)  # another process may have made it meanwhile


def _columns_of(connection: Connection, tables: Iterable[Table]) -> dict[Place, set[str]]:
    """The columns of those tables that are there: one question for each schema, however many tables there are."""
    names: dict[str | None, list[str]] = {}
    for table in tables:
        names.setdefault(table.schema, []).append(table.name)
    seen = inspect(connection)
    return {
        place: {column["name"] for column in columns}
        for schema, ours in names.items()
        for place, columns in seen.get_multi_columns(schema, filter_names=ours, kind=ObjectKind.ANY, scope=ObjectScope.ANY).items()
    }


def _check_columns(model: type[Model], table: Table, there: set[str]) -> None:
    lacking = [column.name for column in table.columns if column.name not in there]
    if lacking:
        raise NotMigrated(
            f"{model.__name__}: the table {table.fullname} has no column {', '.join(lacking)}; "
            f"add it with a migration of your own (its columns are {', '.join(sorted(there))})."
        )
