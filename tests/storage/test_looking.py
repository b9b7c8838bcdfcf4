"""A session that only looks: one moment, however many statements; and nothing left open behind it."""

from __future__ import annotations

import threading
import time
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import ensue
from ensue.core.facts import Facts, Needs
from ensue.storage.database import Storage
from tests.ledger.ward import AddAllergy, Allergy, Patient, Register, SetPhone, ward

LOCK = 17
WAITS = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
    "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
)
ROWS = "SELECT count(*) FROM ensue_logic"
INSERT = "INSERT INTO ensue_logic (hash, document) VALUES ('\\x01', '\\x01')"
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%%'"


def address_of(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def test_statements_that_are_sent_together_see_one_moment(postgresql_database_url: str) -> None:
    storage = Storage(ward, postgresql_database_url)
    storage.prepare(create=True)
    engine = create_engine(address_of(postgresql_database_url), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as other, storage.looker() as session:
        session.look([], [], Needs(), Facts(), whole=True)
        connection: Any = session
        driver = connection._connection
        other.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")

        def commit_in_between() -> None:
            with engine.connect() as third:
                while not third.exec_driver_sql(WAITS).scalar():
                    time.sleep(0.01)
            other.exec_driver_sql(INSERT)
            other.exec_driver_sql(f"SELECT pg_advisory_unlock({LOCK})")

        between = threading.Thread(target=commit_in_between)
        between.start()
        with driver.pipeline():
            before = driver.execute(ROWS)
            driver.execute(f"SELECT pg_advisory_lock({LOCK})")
            after = driver.execute(ROWS)
        between.join()
        later = driver.execute(ROWS)

        assert [one.fetchone()[0] for one in (before, after, later)] == [0, 0, 1]
    storage.close()


def test_no_preview_leaves_a_transaction_open(postgresql_database_url: str) -> None:
    with ensue.open(ward, postgresql_database_url) as ledger:
        ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

        by_form_alone = ledger.preview(AddAllergy(code="nuts", patient="p1"), actor="desk")
        with_a_unique_rule = ledger.preview(SetPhone(phone="555", patient="p1"), actor="desk")

        assert [row.code for row in by_form_alone.inserted(Allergy)] == ["nuts"]
        assert [row.phone for row in with_a_unique_rule.updated(Patient)] == ["555"]
        engine = create_engine(address_of(postgresql_database_url), poolclass=NullPool)
        with engine.connect() as other:
            assert other.exec_driver_sql(OPEN).scalar() == 0
