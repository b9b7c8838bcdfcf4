"""
The tables of the first release.

Written out, and never from tables.py: a migration is history, and says what was made then. There is no way back from
it, since records are never dropped.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text, UniqueConstraint, text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    make_places()
    make_records()
    make_effects()
    make_journals()


def make_places() -> None:
    """The ledger itself, where each chain stands, and the order of all records."""
    op.create_table(
        "ensue_ledger",
        Column("uid", Text, primary_key=True, comment="the ledger's identity, in every chain's genesis"),
        Column("epoch", Text, nullable=False, comment="changes when a backup is restored, so that cursors notice"),
        Column("position", BigInteger, nullable=False, comment="the position the next event takes"),
    )
    op.create_table(
        "ensue_head",
        Column("subject", Text, primary_key=True),
        Column("seq", BigInteger, nullable=False, comment="of the chain's last event"),
        Column("at", Text, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ensue_log",
        Column("position", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
        Column("subject", Text, nullable=False),
        Column("seq", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
    )
    op.create_index("ensue_log_event", "ensue_log", ["subject", "seq"])


def make_records() -> None:
    """What is kept of an event: its header, its payload, its places in other chains, what it wrote, and the logic it ran."""
    op.create_table(
        "ensue_event",
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
    op.create_table(
        "ensue_link",
        Column("subject", Text, primary_key=True),
        Column("seq", BigInteger, primary_key=True, autoincrement=False, comment="the event's place in this subject's chain"),
        Column("event_subject", Text, nullable=False),
        Column("event_seq", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ensue_link_event", "ensue_link", ["event_subject", "event_seq"])
    op.create_table(
        "ensue_payload",
        Column("subject", Text, primary_key=True),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("bytes", LargeBinary, nullable=False),
        Column("seed", LargeBinary, comment="32 random bytes; gone after an erasure"),
        Column("request", LargeBinary, comment="the request digest of an event that had a key"),
    )
    op.create_table(
        "ensue_operation",
        Column("subject", Text, primary_key=True, comment="with seq: the event"),
        Column("model", Text, primary_key=True),
        Column("row_id", Text, primary_key=True),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("n", BigInteger, primary_key=True, autoincrement=False),
        Column("kind", Text, nullable=False, comment="insert, update, increase, delete, cancel, erase; read: a row of another subject"),
        Column("columns", Text, nullable=False, comment="names, separated by spaces; * for all"),
        sqlite_with_rowid=False,
    )
    deletes = text("kind = 'delete'")
    op.create_index("ensue_operation_delete", "ensue_operation", ["model", "row_id"], sqlite_where=deletes, postgresql_where=deletes)
    op.create_table(
        "ensue_logic",
        Column("hash", LargeBinary, primary_key=True),
        Column("document", LargeBinary, nullable=False, comment="J1: the resolved steps and shapes"),
    )


def make_effects() -> None:
    """What is still to be done outside."""
    op.create_table(
        "ensue_effect",
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


def make_journals() -> None:
    """What is not chained: events that were refused, and who looked."""
    op.create_table(
        "ensue_attempt",
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
    )
    op.create_index("ensue_attempt_subject", "ensue_attempt", ["subject", "at"])
    op.create_index("ensue_attempt_expiry", "ensue_attempt", ["expires_at"])
    op.create_table(
        "ensue_read",
        Column("subject", Text, primary_key=True),
        Column("at", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        Column("actor", Text, comment="who looked; null where the program did not say"),
        Column("purpose", Text),
        Column("action", Text, nullable=False, comment="get, snapshot, timeline, history, tags or records"),
        Column("rows", Text, nullable=False, comment="J1: the rows that were shown, as Model/id"),
        Column("position", BigInteger, nullable=False, comment="the ledger's size when it was read"),
    )
