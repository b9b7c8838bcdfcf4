"""A PostgreSQL that goes away: at every point of a batch, with or without its answer, and comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

import ensue
from ensue import Record
from ensue.errors import LedgerError, Unavailable
from tests.ledger import ward
from tests.postgresql_server import PostgresqlServer
from tests.simulation.conftest import open_ward, open_watched_ward
from tests.simulation.faults import POINTS, Proxy


def count_visit(number: int = 0) -> ward.CountVisits:
    return ward.CountVisits(visits=1, patient=f"p-{number % 3}")


def positions(ledger: ensue.Ledger) -> list[int]:
    return [record.position for record in ledger.records()]


def connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    address = make_url(url)
    return psycopg.connect(host=str(address.query["host"]), user=address.username, dbname=address.database, autocommit=True)


def end_all_connections(url: str) -> None:
    with connect(url) as clerk:
        clerk.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("key", ["form-1", None])
@pytest.mark.parametrize("point", POINTS)
def test_a_connection_ended_at_any_point_costs_the_caller_nothing(postgresql_database_url: str, point: str, key: str | None) -> None:
    ledger, watch = open_watched_ward(postgresql_database_url)
    with ledger:
        watch.once_at(point, lambda: end_all_connections(postgresql_database_url))
        record = ledger.submit(count_visit(), actor="clerk", key=key, version="2024-01-01")

        after = ledger.submit(count_visit(), actor="clerk", version="2024-01-01")

        assert (record.position, after.position) == (3, 4)
        assert ledger.get(ward.Patient, "p-0").visits == 2
        assert ledger.verify().is_clean


@pytest.mark.parametrize("key", ["form-1", None])
@pytest.mark.parametrize("what", ["request", "answer"])
def test_a_lost_commit_is_looked_up_by_its_id(postgresql_url: str, postgresql_database_url: str, what: str, key: str | None) -> None:
    proxy = Proxy(postgresql_database_url)
    ledger, watch = open_watched_ward(proxy.url)
    with ledger:
        watch.once_at("before finish", lambda: proxy.lose(what))
        record = ledger.submit(count_visit(), actor="clerk", key=key, version="2024-01-01")

        assert watch.passed.count("before finish") == (2 if what == "request" else 1)
        assert record.position == 3
        assert positions(ledger) == [0, 1, 2, 3]
        assert ledger.get(ward.Patient, "p-0").visits == 1
        assert ledger.verify().is_clean
    proxy.close()


def test_a_look_on_record_whose_commit_was_lost_is_recorded_once(postgresql_database_url: str) -> None:
    proxy = Proxy(postgresql_database_url)
    ledger, watch = open_watched_ward(proxy.url)
    with ledger:
        watch.once_at("before finish", lambda: proxy.lose("answer"))
        patient = ledger.get(ward.Patient, "p-0", actor="dr-ada")

        assert patient.name == "Patient 0"
        assert [look["actor"] for look in ledger.reads("Patient/p-0")] == ["dr-ada"]
    proxy.close()


@pytest.mark.parametrize("point", POINTS)
def test_a_server_that_dies_and_comes_back_leaves_each_key_once(server: PostgresqlServer, mortal_url: str, point: str) -> None:
    ledger, watch = open_watched_ward(mortal_url)
    with ledger:
        watch.once_at(point, server.kill)
        answers = [
            ledger.submit_soon(count_visit(number), actor="clerk", key=f"form-{number}", version="2024-01-01") for number in range(64)
        ]
        time.sleep(0.5)
        server.start()
        outcomes = [answer.exception(timeout=60) for answer in answers]

        records = [ledger.submit(count_visit(number), actor="clerk", key=f"form-{number}", version="2024-01-01") for number in range(64)]

        assert all(outcome is None or isinstance(outcome, LedgerError) for outcome in outcomes)
        assert sorted(record.position for record in records) == list(range(3, 67))
        assert sum(ledger.get(ward.Patient, f"p-{number}").visits for number in range(3)) == 64
        assert ledger.verify().is_clean


def test_while_the_server_is_away_every_caller_is_told_and_later_served(server: PostgresqlServer, mortal_url: str) -> None:
    with open_ward(mortal_url) as ledger:
        server.stop()
        try:
            for _ in range(3):
                with pytest.raises(Unavailable, match="nothing"):
                    ledger.submit(count_visit(), actor="clerk", key="form-1", version="2024-01-01")
            for ask in (
                lambda: ledger.get(ward.Patient, "p-0"),
                lambda: ledger.timeline("Patient/p-0"),
                lambda: list(ledger.records()),
                ledger.verify,
            ):
                with pytest.raises(Unavailable):
                    ask()
            with pytest.raises(Unavailable):
                ledger.preview(count_visit(), actor="clerk", version="2024-01-01")
        finally:
            server.start()

        record = ledger.submit(count_visit(), actor="clerk", key="form-1", version="2024-01-01")

        assert record.position == 3
        assert ledger.get(ward.Patient, "p-0").visits == 1


def test_a_server_that_was_started_again_meanwhile_is_not_noticed(server: PostgresqlServer, mortal_url: str) -> None:
    with open_ward(mortal_url) as ledger:
        ledger.preview(count_visit(), actor="clerk", version="2024-01-01")
        server.kill()
        server.start()

        plan = ledger.preview(count_visit(), actor="clerk", version="2024-01-01")
        record = ledger.submit(count_visit(), actor="clerk", version="2024-01-01")

        assert plan.operations == record.plan.operations
        assert ledger.get(ward.Patient, "p-0").visits == 1


def test_a_server_killed_again_and_again_under_load_loses_nothing_that_was_promised(server: PostgresqlServer, mortal_url: str) -> None:
    promised: dict[str, int] = {}
    stop = threading.Event()

    def caller(name: str, ledger: ensue.Ledger) -> None:
        number = 0
        while not stop.is_set():
            key = f"{name}-{number}"
            try:
                record = ledger.submit(count_visit(number), actor="clerk", key=key, version="2024-01-01")
            except LedgerError:
                time.sleep(0.02)
                continue  # the same key again
            promised[key] = record.position
            number += 1

    with open_ward(mortal_url) as ledger:
        callers = [threading.Thread(target=caller, args=(f"caller-{number}", ledger)) for number in range(8)]
        for one in callers:
            one.start()
        for _ in range(3):
            time.sleep(0.4)
            server.kill()
            server.start()
        time.sleep(0.4)
        stop.set()
        for one in callers:
            one.join(60)

        assert len(promised) > 50
        stored = {record.position for record in ledger.records()}
        assert set(promised.values()) <= stored == set(range(len(stored)))
        assert len(stored) == 3 + len(promised)
        assert ledger.verify().is_clean


# ---- locks ---------------------------------------------------------------------------------------------------------
@contextmanager
def holding(url: str, statement: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Another program's transaction, in the middle of which *statement* has run."""
    with connect(url) as clerk:
        clerk.execute("SET deadlock_timeout = '20s'")  # if somebody must give way, it is the other
        clerk.execute("BEGIN")
        clerk.execute(statement)
        yield clerk


def test_a_head_that_others_hold_for_a_moment_is_waited_for(postgresql_database_url: str) -> None:
    with (
        open_ward(postgresql_database_url) as ledger,
        holding(postgresql_database_url, "SELECT 1 FROM ensue_head WHERE subject = 'Patient/p-0' FOR UPDATE") as clerk,
    ):
        answer = ledger.submit_soon(count_visit(), actor="clerk", version="2024-01-01")
        time.sleep(0.3)
        waited = not answer.done()
        clerk.execute("COMMIT")

        assert answer.result(timeout=30).position == 3
        assert waited


def test_a_head_that_others_hold_for_too_long_is_told_and_the_others_go_on(postgresql_database_url: str) -> None:
    with open_ward(f"{postgresql_database_url}&timeout=1") as ledger:
        with holding(postgresql_database_url, "SELECT 1 FROM ensue_head WHERE subject = 'Patient/p-0' FOR UPDATE") as clerk:
            start = time.monotonic()
            with pytest.raises(Unavailable, match="lock"):
                ledger.submit(count_visit(0), actor="clerk", key="form-1", version="2024-01-01")
            waited_seconds = time.monotonic() - start
            other = ledger.submit(count_visit(1), actor="clerk", version="2024-01-01")
            clerk.execute("ROLLBACK")

        assert 0.9 < waited_seconds < 10
        assert other.position == 3
        assert ledger.submit(count_visit(0), actor="clerk", key="form-1", version="2024-01-01").position == 4


def test_a_deadlock_with_another_program_is_decided_again(postgresql_database_url: str) -> None:
    with open_ward(postgresql_database_url) as ledger:
        with holding(postgresql_database_url, "SELECT 1 FROM ensue_ledger FOR UPDATE") as clerk:
            answer = ledger.submit_soon(count_visit(), actor="clerk", version="2024-01-01")
            time.sleep(0.3)  # it holds the head by now, and waits for the counter
            clerk.execute("SELECT 1 FROM ensue_head WHERE subject = 'Patient/p-0' FOR UPDATE")
            clerk.execute("COMMIT")

        record = answer.result(timeout=30)

        assert isinstance(record, Record)
        assert record.position == 3
        assert ledger.verify().is_clean
