"""
Tables: the framework's own, and the users', made from their models.

No foreign keys between the framework's tables, no triggers, no sequences; keys begin with the subject. Digests and
bytes are binary, instants are J1 text on every database, so that a copied column can be compared with its source.
A column added here needs a migration beside it (storage/migrations/versions).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, LargeBinary, MetaData, Table, Text, Time, UniqueConstraint, text
from sqlalchemy.types import TypeEngine

from ensue.core.data import fields_of
from ensue.core.fields import DataField
from ensue.core.model import Model, newest, snake
from ensue.storage.types import DecimalText, InstantText, JsonText, UuidText

metadata: Final = MetaData()

ledger = Table(
    "ensue_ledger",
    metadata,
    Column("uid", Text, primary_key=True, comment="the ledger's identity, in every chain's genesis"),
    Column("epoch", Text, nullable=False, comment="changes when a backup is restored, so that cursors notice"),
    Column("position", BigInteger, nullable=False, comment="the position the next event takes"),
)
head = Table(
    "ensue_head",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False, comment="of the chain's last event"),
    Column("at", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
event = Table(
    "ensue_event",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("id", name="ensue_event_id"),
)
link = Table(
    "ensue_link",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False, comment="the event's place in this subject's chain"),
    Column("event_subject", Text, nullable=False),
    Column("event_seq", BigInteger, nullable=False),
    Index("ensue_link_event", "event_subject", "event_seq"),
    sqlite_with_rowid=False,
)
payload = Table(
    "ensue_payload",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("seed", LargeBinary, comment="32 random bytes; gone after an erasure"),
    Column("request", LargeBinary, comment="the request digest of an event that had a key"),
)
operation = Table(
    "ensue_operation",
    metadata,
    Column("subject", Text, primary_key=True, comment="with seq: the event"),
    Column("model", Text, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False, comment="insert, update, increase, delete, cancel, erase; read: a row of another subject"),
    Column("columns", Text, nullable=False, comment="names, separated by spaces; * for all"),
    # Which chains a row was in before it was deleted: few rows, so it costs the hot path nothing (docs/decisions/0003).
    Index("ensue_operation_delete", "model", "row_id", sqlite_where=text("kind = 'delete'"), postgresql_where=text("kind = 'delete'")),
    sqlite_with_rowid=False,
)
log = Table(
    "ensue_log",
    metadata,
    Column(
        "position", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    ),  # on SQLite the row's own number
    Column("subject", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ensue_log_event", "subject", "seq"),
)
logic = Table(
    "ensue_logic",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("document", LargeBinary, nullable=False, comment="J1: the resolved steps and shapes"),
)
effect = Table(
    "ensue_effect",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("not_before", Text, nullable=False, comment="the earliest moment; the event's own where the step set none"),
    Column("state", Text, nullable=False, comment="pending"),
    sqlite_with_rowid=False,
)
attempt = Table(
    "ensue_attempt",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("key", Text),
    Column("subject", Text),
    Column("outcome", Text, nullable=False, comment="rejected or conflict"),
    Column("reasons", Text, nullable=False, comment="J1: [{code, field, message, values} …]"),
    Column("form", Text, nullable=False, comment="J1: the form as sent"),
    Index("ensue_attempt_subject", "subject", "at"),
    Index("ensue_attempt_expiry", "expires_at"),
)
read = Table(
    "ensue_read",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("at", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("actor", Text, comment="who looked; null where the program did not say"),
    Column("purpose", Text),
    Column("action", Text, nullable=False, comment="get, snapshot, timeline, history, tags or records"),
    Column("rows", Text, nullable=False, comment="J1: the rows that were shown, as Model/id"),
    Column("position", BigInteger, nullable=False, comment="the ledger's size when it was read"),
)


# ---- users' tables -------------------------------------------------------------------------------------------------
def table_of(model: type[Model]) -> Table:
    """
    The table of *model* in its newest shape: the one it was declared over, else one made from its fields.

    Shapes and views share it. A table given by name has the names and types that the model says, or those that `describe_as` told before.
    """
    latest = newest(model)
    known: Table | None = latest.__dict__.get("__ensue_table__")
    if known is None:
        given = latest.__ensue__.table
        known = given if isinstance(given, Table) else _made(latest, given)
        latest.__ensue_table__ = known  # type: ignore[attr-defined]  # kept with the class, as its fields are
    return known


def describe_as(model: type[Model], table: Table) -> None:
    """*table* is `Model.table` of a model that names it, unless somebody was told another: there is one for all ledgers of a process."""
    if "__ensue_table__" not in vars(model):
        model.__ensue_table__ = table  # type: ignore[attr-defined]


def _made(model: type[Model], name: str | None) -> Table:
    info = model.__ensue__
    schema, _, plain = (name or snake(info.name)).rpartition(".")
    fields = fields_of(model)
    columns = [_column(one) for one in fields.by_name.values()]
    table = Table(plain, MetaData(), *columns, schema=schema or None)
    for group in info.unique:
        table.append_constraint(
            UniqueConstraint(*(fields.by_name[column].column for column in group), name=f"{plain}_{'_'.join(group)}_unique")
        )
    for column in info.parent_columns:
        Index(f"{plain}_{column}", table.c[fields.by_name[column].column])
    return table


COLUMN_TYPES: Final[dict[str, Any]] = {
    "text": Text,
    "integer": BigInteger,
    "boolean": Boolean,
    "decimal": DecimalText,
    "instant": InstantText,
    "date": Date,
    "time": Time,
    "uuid": UuidText,
    "bytes": LargeBinary,
    "json": JsonText,
}


def _column(one: DataField) -> Column[Any]:
    made: type[TypeEngine[Any]] = COLUMN_TYPES[one.codec.kind]
    primary = one.name == "id"
    return Column(one.column, made(), primary_key=primary, autoincrement=False, nullable=one.codec.optional and not primary)


class _TableOfModel:
    """`Patient.table`: found when it is asked for, since a model's shape may be followed by another."""

    def __get__(self, instance: object, owner: type[Model]) -> Table:
        return table_of(owner)


Model.table = _TableOfModel()  # type: ignore[assignment]  # a descriptor; SQLAlchemy lives on this floor, the model below it
