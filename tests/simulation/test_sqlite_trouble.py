"""A SQLite file in trouble: full, locked, read-only, gone, rubbish, of another release. Nothing is half written, and it works again."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import ensue
from ensue import Record
from ensue.errors import ConfigurationError, LedgerError, NotMigrated, Unavailable
from tests.ledger import ward
from tests.simulation.conftest import environment, open_ward, register_patients
from tests.simulation.faults import on_connect
from tests.simulation.worker import TAG_KEYS

LONG = "x" * 20_000


def rename(number: int) -> ward.Rename:
    return ward.Rename(name=f"{number} {LONG}", patient=f"p-{number % 3}")


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def give_room(ledger: ensue.Ledger, pages: int) -> None:
    """SQLite takes a file of so many pages for a full disk, as it takes the system's own word for it (SQLITE_FULL)."""
    on_connect(ledger, f"PRAGMA max_page_count={pages}")


def integrity(url: str) -> str:
    connection = sqlite3.connect(path_of(url))
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def test_a_full_disk_is_told_and_everything_goes_on_when_there_is_room_again(sqlite_url: str) -> None:
    ledger = ensue.open(ward.ward, sqlite_url, tag_keys=TAG_KEYS)
    give_room(ledger, pages=400)
    with ledger:
        register_patients(ledger)

        stored = 3
        with pytest.raises(Unavailable, match="full"):  # noqa: PT012  # which of many fails is not known
            while True:
                ledger.submit(rename(stored), actor="clerk", key=f"form-{stored}")
                stored += 1
        while_full = ledger.verify()
        give_room(ledger, pages=100_000)
        record = ledger.submit(rename(stored), actor="clerk", key=f"form-{stored}")

        assert while_full.is_clean
        assert while_full.records == stored > 10
        assert record.position == stored
        assert ledger.verify().is_clean
    assert integrity(sqlite_url) == "ok"


def test_a_disk_that_fills_up_under_a_full_batch_answers_every_caller(sqlite_url: str) -> None:
    ledger = ensue.open(ward.ward, sqlite_url, tag_keys=TAG_KEYS)
    give_room(ledger, pages=600)
    with ledger:
        register_patients(ledger)

        answers = [ledger.submit_soon(rename(number), actor="clerk") for number in range(300)]
        errors = [answer.exception(timeout=60) for answer in answers]

        assert any(isinstance(error, Unavailable) for error in errors)
        assert all(error is None or isinstance(error, Unavailable) for error in errors)
        assert ledger.verify().records == 3 + errors.count(None)
        assert ledger.verify().is_clean


def test_a_limit_of_the_system_on_the_size_of_files_is_told(sqlite_url: str) -> None:
    program = """
import resource, sys
from tests.simulation.conftest import open_ward
from tests.simulation.test_sqlite_trouble import rename
from ensue.errors import Unavailable
with open_ward(sys.argv[1]) as ledger:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    try:
        for number in range(1_000):
            ledger.submit(rename(number), actor="clerk")
    except Unavailable:
        sys.stdout.write(str(number))
"""
    done = subprocess.run([sys.executable, "-c", program, sqlite_url], capture_output=True, text=True, check=False, env=environment())

    assert done.stdout.isdigit(), done.stderr
    assert integrity(sqlite_url) == "ok"
    with open_ward(sqlite_url) as ledger:
        assert ledger.verify().records == 3 + int(done.stdout)
        assert ledger.verify().is_clean


# ---- locks ---------------------------------------------------------------------------------------------------------
def test_a_write_lock_that_others_hold_for_a_moment_is_waited_for(sqlite_url: str) -> None:
    with open_ward(sqlite_url) as ledger:
        other = sqlite3.connect(path_of(sqlite_url), isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.3, lambda: other.execute("COMMIT")).start()
        start = time.monotonic()

        record = ledger.submit(rename(0), actor="clerk")

        assert record.position == 3
        assert time.monotonic() - start > 0.2
        other.close()


def test_a_write_lock_that_others_hold_for_too_long_is_told_and_then_it_goes_on(sqlite_url: str) -> None:
    with open_ward(f"{sqlite_url}?timeout=0.3") as ledger:
        other = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(Unavailable, match="lock for too long"):
            ledger.submit(rename(0), actor="clerk", key="form-1")
        read_meanwhile = ledger.records()
        other.execute("ROLLBACK")

        assert len(list(read_meanwhile)) == 3
        assert ledger.submit(rename(0), actor="clerk", key="form-1").position == 3
        other.close()


@pytest.mark.parametrize("timeout", ["soon", "0", "-1", "nan", "1e9"])
def test_a_timeout_that_is_none_is_refused(sqlite_url: str, timeout: str) -> None:
    with pytest.raises(ConfigurationError, match="timeout"):
        ensue.open(ward.ward, f"{sqlite_url}?timeout={timeout}")


# ---- the file ------------------------------------------------------------------------------------------------------
def test_a_file_that_may_only_be_read_can_be_read_and_verified_but_not_written(sqlite_url: str) -> None:
    open_ward(sqlite_url).close()
    connection = sqlite3.connect(path_of(sqlite_url))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with ensue.open(ward.ward, sqlite_url, tag_keys=TAG_KEYS) as ledger:
        on_connect(ledger, "PRAGMA query_only=ON")

        with pytest.raises(Unavailable, match="readonly"):
            ledger.submit(rename(0), actor="clerk")

        assert ledger.verify().is_clean


def test_rubbish_in_place_of_the_file_is_told_at_open(sqlite_url: str) -> None:
    path_of(sqlite_url).write_bytes(b"this is no database " * 1_000)

    with pytest.raises(Unavailable, match="not a database"):
        ensue.open(ward.ward, sqlite_url)


def test_a_folder_in_place_of_the_file_or_none_is_told_at_open(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}", f"sqlite:///{tmp_path / 'nowhere' / 'ledger.db'}"):
        with pytest.raises(Unavailable, match="unable to open"):
            ensue.open(ward.ward, url)


def test_rubbish_written_over_an_open_file_is_told_and_not_built_upon(sqlite_url: str) -> None:
    with open_ward(sqlite_url) as ledger:
        ledger.submit(rename(0), actor="clerk")
    path = path_of(sqlite_url)
    whole = path.read_bytes()
    with ensue.open(ward.ward, sqlite_url, tag_keys=TAG_KEYS) as ledger:
        path.write_bytes(whole[:100] + bytes(byte ^ 0x5A for byte in whole[100:]))

        with pytest.raises(LedgerError):
            ledger.submit(rename(0), actor="clerk", key="form-1")
        with pytest.raises(LedgerError):
            list(ledger.records())


def test_a_file_taken_away_under_an_open_ledger_is_never_mixed_with_a_new_one(sqlite_url: str, tmp_path: Path) -> None:
    with open_ward(sqlite_url) as ledger:
        ledger.submit(rename(0), actor="clerk")
        shutil.move(path_of(sqlite_url), tmp_path / "away.db")

        outcomes = []
        for number in range(3):
            try:
                outcomes.append(ledger.submit(rename(number), actor="clerk"))
            except LedgerError:
                continue

    # What was answered with a record went where the open file is: SQLite keeps writing to it under its new name.
    assert all(isinstance(outcome, Record) for outcome in outcomes)
    for suffix in ("-wal", "-shm"):
        if (path := path_of(sqlite_url).with_name(f"ledger.db{suffix}")).exists():
            shutil.move(path, tmp_path / f"away.db{suffix}")
    with ensue.open(ward.ward, f"sqlite:///{tmp_path / 'away.db'}", tag_keys=TAG_KEYS) as ledger:
        assert ledger.verify().records == 4 + len(outcomes)
        assert ledger.verify().is_clean


# ---- its tables ----------------------------------------------------------------------------------------------------
def change(url: str, statement: str) -> None:
    connection = sqlite3.connect(path_of(url), isolation_level=None)
    connection.execute(statement)
    connection.close()


def test_a_ledger_of_a_newer_release_is_not_touched(sqlite_url: str) -> None:
    open_ward(sqlite_url).close()
    change(sqlite_url, "UPDATE ensue_migration SET version_num = '9999'")

    with pytest.raises(NotMigrated, match="9999"):
        ensue.open(ward.ward, sqlite_url)


def test_a_column_that_a_model_needs_is_named_when_it_is_missing(sqlite_url: str) -> None:
    open_ward(sqlite_url).close()
    change(sqlite_url, "ALTER TABLE patient DROP COLUMN bed")

    with pytest.raises(NotMigrated, match=r"Patient.*bed"):
        ensue.open(ward.ward, sqlite_url)


def test_a_table_dropped_under_an_open_ledger_is_told(sqlite_url: str) -> None:
    with open_ward(sqlite_url) as ledger:
        change(sqlite_url, "DROP TABLE ensue_link")

        with pytest.raises(LedgerError, match="ensue_link"):
            ledger.submit(ward.Meet(one="p-0", other="p-1"), actor="clerk")
        report = ledger.verify()

        assert [fault.kind for fault in report.faults] == ["unreadable"]


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://localhost/x", "sqlite", "postgresql+nodriver://x/y"])
def test_an_address_that_is_none_is_refused_with_the_way_to_write_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sqlite:///|SQLite"):
        ensue.open(ward.ward, url)


def test_postgresql_without_its_driver_says_what_to_install(sqlite_url: str) -> None:
    program = """
import sys
sys.modules["psycopg"] = None
import ensue
from tests.ledger.ward import ward
ensue.open(ward, sys.argv[1]).close()
try:
    ensue.open(ward, "postgresql://user@localhost/x")
except ensue.ConfigurationError as error:
    sys.stdout.write(str(error))
"""
    done = subprocess.run([sys.executable, "-c", program, sqlite_url], capture_output=True, text=True, check=False, env=environment())

    assert "ensue[postgresql]" in done.stdout, done.stderr
