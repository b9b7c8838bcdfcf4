"""The tables of the models: whether they stand as the models say, and those that are missing made."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, MetaData, Table, inspect
from sqlalchemy.engine.reflection import ObjectKind, ObjectScope

from ensue.core.model import Model
from ensue.errors import NotMigrated
from ensue.storage.migrate import changing_tables
from ensue.storage.tables import table_of

Place = tuple[str | None, str]
"""A table by its schema, None where the connection finds it, and its name."""


def prepare_models(connection: Connection, models: Iterable[type[Model]], *, create: bool) -> None:
    """
    See that every one of *models* has its table; those that are missing are made, all or none, where *create* is true.

    *connection* is in AUTOCOMMIT and in no transaction.

    Raises:
        NotMigrated: a table is absent and not ours to make, or lacks columns.
    """
    ours = {model: table_of(model) for model in models}
    stood = _columns_of(connection, ours.values())
    missing = []
    for model, table in ours.items():
        there = stood.get((table.schema, table.name))
        if there is None:
            _check_ours_to_make(model, table, create=create)
            missing.append(table)
            continue
        lacking = [column.name for column in table.columns if column.name not in there]
        if lacking:
            raise NotMigrated(
                f"{model.__name__}: the table {table.fullname} has no column {', '.join(lacking)}; "
                f"add it with a migration of your own (its columns are {', '.join(sorted(there))})."
            )
        if model.__ensue__.table is not None:
            model.__ensue__.described = Table(table.name, MetaData(), autoload_with=connection, schema=table.schema, resolve_fks=False)
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


def _check_ours_to_make(model: type[Model], table: Table, *, create: bool) -> None:
    if model.__ensue__.table is not None:
        raise NotMigrated(
            f"{model.__name__}: there is no table {table.fullname}; it is declared with table=, "
            "so it must be there before the ledger opens."
        )
    if not create:
        raise NotMigrated(f"{model.__name__}: there is no table {table.fullname}; run `ensue db migrate`.")
