"""A database in trouble while a plan is performed: a typed error or none at all, nothing half written, and the same plan once more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import make_url

from ensue import Ledger
from ensue.errors import Unavailable
from tests.laws.retold import SECOND, SetRate
from tests.laws.test_correct_laws import tables
from tests.postgresql_server import PostgresqlServer
from tests.simulation.correcting import ALL_NEW, assert_sound, corrections, live, open_bank
from tests.simulation.faults import AMID_FINISH, POINTS, Proxy, Watch, on_connect
from tests.simulation.test_postgresql_gone import connect, end_all_connections
from tests.simulation.test_sqlite_trouble import give_room


@contextmanager
def watched_bank(url: str) -> Iterator[tuple[Ledger, Watch]]:
    with open_bank(url) as ledger:
        watch = Watch(ledger)
        live(ledger)
        yield ledger, watch


def perform(ledger: Ledger, plan: object = None) -> list[int]:
    """The positions of the corrections."""
    made = ledger.correction_plan(ALL_NEW) if plan is None else plan
    return [one.position for one in ledger.correct(made, actor="chief", reason="r")]  # type: ignore[call-overload]  # it is a plan


DONE = list(range(6, 12))
"""Where the six corrections stand: once, behind the six events."""


@pytest.mark.parametrize("point", [*POINTS, AMID_FINISH])
def test_a_connection_ended_at_any_point_costs_a_correction_nothing(postgresql_database_url: str, point: str) -> None:
    with watched_bank(postgresql_database_url) as (ledger, watch):
        plan = ledger.correction_plan(ALL_NEW)
        watch.once_at(point, lambda: end_all_connections(postgresql_database_url))

        assert perform(ledger, plan) == DONE
        assert_sound(ledger)


@pytest.mark.parametrize("what", ["request", "answer"])
def test_a_commit_of_corrections_that_was_lost_is_looked_up(postgresql_database_url: str, what: str) -> None:
    proxy = Proxy(postgresql_database_url)
    with watched_bank(proxy.url) as (ledger, watch):
        plan = ledger.correction_plan(ALL_NEW)
        watch.once_at("before finish", lambda: proxy.lose(what))

        assert perform(ledger, plan) == DONE
        assert watch.passed.count("before finish") == (2 if what == "request" else 1)
        assert_sound(ledger)
    proxy.close()


def test_a_connection_that_breaks_under_the_last_look_refuses_all_and_frees_the_locks(
    postgresql_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look is by another connection than the writer's, which must not be taken for broken."""
    url = postgresql_database_url
    with watched_bank(url) as (ledger, watch), open_bank(url) as other:
        plan = ledger.correction_plan(ALL_NEW)
        look, looks = ledger._correcting._present, [0]

        def look_without_connection(*asked: object) -> object:
            looks[0] += 1
            if looks[0] == 2:
                end_all_connections(url)
            return look(*asked)  # type: ignore[arg-type]  # whatever was asked

        def slip() -> None:
            other.submit(SetRate(percent=1, place="r"), actor="desk", version=SECOND)

        def slip_twice() -> None:
            watch.once_at("before open", slip)
            slip()

        monkeypatch.setattr(ledger._correcting, "_present", look_without_connection)
        watch.once_at("before open", slip_twice)
        with pytest.raises(Unavailable, match="cannot be read"):
            perform(ledger, plan)

        assert corrections(ledger) == []
        assert len(perform(ledger, plan)) == len(DONE)
        assert_sound(ledger)


def test_a_database_that_may_only_be_read_takes_no_corrections(url: str) -> None:
    with open_bank(url) as ledger:
        live(ledger)
    with open_bank(url) as ledger:
        plan, before = ledger.correction_plan(ALL_NEW), tables(ledger)
        with read_only(ledger, url), pytest.raises(Unavailable, match=r"read-?only"):
            perform(ledger, plan)

        assert (tables(ledger), corrections(ledger)) == (before, [])
    with open_bank(url) as ledger:
        assert perform(ledger, plan) == DONE
        assert_sound(ledger)


@contextmanager
def read_only(ledger: Ledger, url: str) -> Iterator[None]:
    """No connection made from now on can write."""
    if url.startswith("sqlite"):
        on_connect(ledger, "PRAGMA query_only=ON")
        yield
        return
    name = make_url(url).database
    with connect(url) as clerk:
        clerk.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        ledger._storage.engine.dispose()
        yield
        clerk.execute("SET default_transaction_read_only = off")
        clerk.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


def test_a_disk_that_is_full_takes_all_corrections_or_none(sqlite_url: str) -> None:
    with open_bank(sqlite_url) as ledger:
        live(ledger)
    with open_bank(sqlite_url) as ledger:
        plan, before = ledger.correction_plan(ALL_NEW), tables(ledger)
        with ledger.read() as connection:
            pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
        give_room(ledger, pages=pages)
        with pytest.raises(Unavailable, match="full"):
            perform(ledger, plan)
        give_room(ledger, pages=10 * pages)

        assert (tables(ledger), corrections(ledger)) == (before, [])
        assert perform(ledger, plan) == DONE
        assert_sound(ledger)


def test_a_server_that_is_away_is_told_and_the_plan_waits(server: PostgresqlServer, mortal_url: str) -> None:
    with watched_bank(mortal_url) as (ledger, watch):
        plan = ledger.correction_plan(ALL_NEW)
        server.stop()
        try:
            with pytest.raises(Unavailable):
                perform(ledger, plan)
            with pytest.raises(Unavailable):
                ledger.correction_plan(ALL_NEW)
        finally:
            server.start()

        def fall_over() -> None:
            server.kill()
            server.start()

        watch.once_at(AMID_FINISH, fall_over)

        assert perform(ledger, plan) == DONE
        assert_sound(ledger)
