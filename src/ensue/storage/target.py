"""
Target: an empty database that the rows of a ledger are written into anew, in one transaction.

Rows come and change in temporary tables without any rule but that of their ids, so that the order within a batch does
not matter: two events that swapped a unique value need not be told apart. At the end they move to the real tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Column, Connection, MetaData, Table, func, inspect, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.schema import CreateTable, DropTable

from ensue.core.app import App
from ensue.core.facts import Row
from ensue.errors import Fault, RequestError, Tampered, Unavailable
from ensue.storage.database import Storage
from ensue.storage.session import ModelTable, RowWrite
from ensue.storage.tables import table_of

STREAM: Final = {"yield_per": 500}


class Target:
    """A database being filled. Made by `filling`."""

    def __init__(self, connection: Connection, models: Mapping[str, ModelTable]) -> None:
        self._connection = connection
        self.models = models
        """The models whose tables are rebuilt: all but those over tables that others write too."""
        self._mark = "?" if connection.dialect.name == "sqlite" else "%s"
        self._staging = {name: _staging(table, number) for number, (name, table) in enumerate(models.items())}

    def write(self, writes: Sequence[RowWrite]) -> None:
        """Insert, update or delete rows. Raises Tampered where a row that is changed is not there."""
        for write in writes:
            table = self.models[write.model]
            result = self._connection.exec_driver_sql(self._statement(write), table.store(write.columns, write.rows))
            if write.kind != "insert" and result.rowcount not in (len(write.rows), -1):
                missing = len(write.rows) - result.rowcount
                message = (
                    f"{missing} rows of {write.model} are changed by events, but no event inserted them; "
                    "such rows cannot be rebuilt. Run `ensue verify` to see which."
                )
                raise Tampered([Fault("row", message)])

    def row(self, model: str, id: str) -> Row | None:
        """A row as it was written, None where there is none."""
        table = self.models[model]
        query = f"SELECT {table.select_list} FROM {self._staging[model].name} WHERE {table.quoted['id']} = {self._mark}"
        found = self._connection.exec_driver_sql(query, (id,)).one_or_none()
        return None if found is None else table.row(tuple(found))

    def _statement(self, write: RowWrite) -> str:
        quoted, mark = self.models[write.model].quoted, self._mark
        columns = [quoted[name] for name in write.columns]
        table = self._staging[write.model].name
        if write.kind == "insert":
            return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(mark for _ in columns)})"
        if write.kind == "delete":
            return f"DELETE FROM {table} WHERE {quoted['id']} = {mark}"
        return f"UPDATE {table} SET {', '.join(f'{name} = {mark}' for name in columns[:-1])} WHERE {quoted['id']} = {mark}"

    def finish(self) -> None:
        """Move the rows from the temporary tables to the real ones. Raises Tampered where they break a rule of these."""
        for name, table in self.models.items():
            staging = self._staging[name]
            try:
                columns = f"INSERT INTO {table.table} ({table.select_list}) SELECT {table.select_list} FROM {staging.name}"
                self._connection.exec_driver_sql(f"{columns} ORDER BY {table.quoted['id']}")
            except IntegrityError as error:
                message = f"The rows of {name} that the events made break a rule of its table: {error.orig}."
                raise Tampered([Fault("row", message)]) from error
            self._connection.execute(DropTable(staging))

    def counts(self) -> dict[str, int]:
        """How many rows there are, by model."""
        return {name: count_rows(self._connection, table) for name, table in self.models.items()}

    def rows(self, model: str) -> Iterator[Row]:
        """The rows of a model by id, once they have moved."""
        return ordered_rows(self._connection, self.models[model])


@contextmanager
def filling(app: App, url: str) -> Iterator[Target]:
    """
    A target at *url*, to be finished when all rows are in it. The transaction commits at the end; an exception undoes it.

    Tables that are missing are made. In a file that has none before, nothing is left behind by an exception but the empty file.

    Raises:
        RequestError: a table there has rows, or not the columns of its model.
        Unavailable: the database cannot be reached or written.
    """
    storage = Storage(app, url)
    ours = (model for model in app.models() if model.__ensue__.table is None)
    own = {model.__ensue__.name: ModelTable(model, table_of(model), storage.engine.dialect) for model in ours}
    try:
        with storage.engine.connect() as connection:
            if storage.is_sqlite:
                connection.exec_driver_sql("PRAGMA temp_store=FILE")  # however many rows there are
            connection.exec_driver_sql("BEGIN IMMEDIATE" if storage.is_sqlite else "BEGIN")
            try:
                target = Target(connection, own)
                for name, table in own.items():
                    _prepare(connection, table)
                    connection.execute(CreateTable(target._staging[name]))
                yield target
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                if not connection.invalidated:
                    connection.exec_driver_sql("ROLLBACK")
                raise
    except DBAPIError as error:
        raise Unavailable(f"{storage.url.render_as_string(hide_password=True)} cannot be written: {error.orig}.") from error
    finally:
        storage.close()


def be_patient(connection: Connection) -> None:
    """Let the snapshot of *connection* stay open while others work: PostgreSQL would end a transaction that is idle for a minute."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def _prepare(connection: Connection, table: ModelTable) -> None:
    made = table_of(table.model)
    seen = inspect(connection)
    if not seen.has_table(made.name):
        made.create(connection)
        return
    there = {column["name"] for column in seen.get_columns(made.name)}
    missing = [column.name for column in made.columns if column.name not in there]
    if missing:
        raise RequestError(f"The table {made.name} there has no column {', '.join(missing)}; rebuild into an empty database.")
    if connection.execute(select(func.count()).select_from(select(made).limit(1).subquery())).scalar_one():
        raise RequestError(f"The table {made.name} there has rows; rebuild into an empty database.")


def _staging(table: ModelTable, number: int) -> Table:
    made = table_of(table.model)
    columns = [Column(one.name, one.type, primary_key=one.primary_key, autoincrement=False) for one in made.columns]
    return Table(f"ensue_rebuild_{number}", MetaData(), *columns, prefixes=["TEMPORARY"])


def count_rows(connection: Connection, table: ModelTable) -> int:
    """How many rows a model's table has."""
    return int(connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table.table}").scalar_one())


def row_ids(connection: Connection, table: ModelTable) -> Iterator[str]:
    """The ids of a model's table."""
    for (id,) in connection.exec_driver_sql(f"SELECT {table.quoted['id']} FROM {table.table}", execution_options=STREAM):
        yield str(id)


def ordered_rows(connection: Connection, table: ModelTable) -> Iterator[Row]:
    """The rows of a model's table by id, in the order of code points on every database."""
    collation = "" if connection.dialect.name == "sqlite" else ' COLLATE "C"'
    query = f"SELECT {table.select_list} FROM {table.table} ORDER BY {table.quoted['id']}{collation}"
    for page in connection.exec_driver_sql(query, execution_options=STREAM).partitions():
        yield from map(table.row, page)
