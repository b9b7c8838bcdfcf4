"""The law: one flipped byte anywhere breaks verification at that record, for ensue and for a verifier that knows nothing of it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ensue
from tests.ledger.ward import ward
from tests.verification.conftest import TAG_KEYS, Told
from tests.verification.independent import find_first_fault
from tests.verification.story import TABLES, tell

PLACES = [
    ("ensue_event", "header"),
    ("ensue_event", "hash"),
    ("ensue_log", "hash"),
    ("ensue_payload", "bytes"),
    ("ensue_payload", "seed"),
    ("ensue_payload", "request"),
]
KINDS = {"header": {"hash"}, "hash": {"hash", "log"}, "bytes": {"payload"}, "seed": {"payload"}, "request": {"column"}}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(PLACES), at=st.floats(0, 1, exclude_max=True), row_at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255)
)
def test_one_flipped_byte_is_found_at_its_record(told: Told, place: tuple[str, str], at: float, row_at: float, flip: int) -> None:
    table, column = place
    rows = [row for row in told.tampering.rows(table) if row[column] is not None]
    row = rows[int(row_at * len(rows))]
    data: bytes = row[column]
    number = int(at * len(data))

    with told.tampering.changing() as connection:
        told.tampering.set(connection, table, row, **{column: data[:number] + bytes([data[number] ^ flip]) + data[number + 1 :]})
        report = told.ledger.verify()

    first = report.faults[0]
    assert (first.subject, first.seq, first.position) == told.tampering.place(table, row)
    assert first.kind in KINDS[column]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(row_at=st.floats(0, 1, exclude_max=True), nonce=st.integers(-(2**63), 2**63 - 1))
def test_another_nonce_is_found_at_its_record(told: Told, row_at: float, nonce: int) -> None:
    rows = told.tampering.rows("ensue_event")
    row = rows[int(row_at * len(rows))]

    with told.tampering.changing() as connection:
        told.tampering.set(connection, "ensue_event", row, nonce=nonce if nonce != row["nonce"] else nonce ^ 1)
        report = told.ledger.verify()

    first = report.faults[0]
    assert first.kind == "hash"
    assert (first.subject, first.seq, first.position) == told.tampering.place("ensue_event", row)


# ---- SQLite takes any value in any column, so nothing may be believed of a type ------------------------------------
@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the story, closed."""
    path = tmp_path_factory.mktemp("untouched") / "ledger.db"
    with ensue.open(ward, f"sqlite:///{path}", tag_keys=TAG_KEYS) as ledger:
        tell(ledger)
    return path


@pytest.fixture
def file(untouched: Path, tmp_path: Path) -> Path:
    """A copy of the file for one test."""
    return Path(shutil.copy(untouched, tmp_path / "ledger.db"))


def verified(path: Path) -> ensue.Report:
    with ensue.open(ward, f"sqlite:///{path}", tag_keys=TAG_KEYS) as ledger:
        return ledger.verify()


EVIDENCE = (
    "ensue_ledger",
    "ensue_head",
    "ensue_event",
    "ensue_link",
    "ensue_payload",
    "ensue_operation",
    "ensue_log",
    "ensue_logic",
    "ensue_effect",
)
# Sent as SQL, since the driver would refuse to write a text that is no UTF-8.
RUBBISH = ("'text'", "''", "'[]'", "CAST(x'ff' AS TEXT)", "x''", "x'ff00'", "-1", "9223372036854775807", "1.5", "'1e999'")
UNPROVED = {("ensue_log", "position"), ("ensue_ledger", "epoch")}  # the first takes integers alone, the second proves nothing


def test_a_value_of_any_type_in_any_column_is_told_and_not_raised(file: Path) -> None:
    clerk = sqlite3.connect(file, isolation_level=None)
    clerk.execute("PRAGMA synchronous=OFF")
    with ensue.open(ward, f"sqlite:///{file}", tag_keys=TAG_KEYS) as ledger:
        for table in (*EVIDENCE, *TABLES.values()):
            columns = [column for _, column, *_ in clerk.execute(f"PRAGMA table_info({table})")]
            before = clerk.execute(f"SELECT * FROM {table}").fetchall()
            for column in columns:
                for rubbish in RUBBISH if (table, column) not in UNPROVED else ():
                    clerk.execute(f"UPDATE {table} SET {column} = {rubbish} WHERE {column} IS (SELECT {column} FROM {table} LIMIT 1)")

                    report = ledger.verify()

                    assert not report.is_clean, (table, column, rubbish)
                    clerk.execute("BEGIN")
                    clerk.execute(f"DELETE FROM {table}")
                    clerk.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(columns))})", before)
                    clerk.execute("COMMIT")
        assert ledger.verify().is_clean
    clerk.close()


def test_a_page_of_the_file_overwritten_is_told_and_not_raised(untouched: Path, tmp_path: Path) -> None:
    whole, size = untouched.read_bytes(), int.from_bytes(untouched.read_bytes()[16:18])
    content, told = _content(untouched), 0
    for start in range(size, len(whole), size):
        path = tmp_path / f"{start}.db"
        path.write_bytes(whole[:start] + bytes(byte ^ 0x5A for byte in whole[start : start + size]) + whole[start + size :])
        try:
            ledger = ensue.open(ward, f"sqlite:///{path}", tag_keys=TAG_KEYS)
        except ensue.LedgerError:
            told += 1  # what opening needs is broken
            continue

        with ledger:
            report = ledger.verify()

        told += not report.is_clean
        assert not report.is_clean or _content(path) == content, "only a page of indexes, or of what is no evidence, may go unnoticed"
    assert told > 20


def _content(path: Path) -> list[list[tuple[object, ...]]]:
    """The rows of every table that verification is about."""
    connection = sqlite3.connect(path)
    try:
        return [connection.execute(f"SELECT * FROM {table}").fetchall() for table in (*EVIDENCE, *TABLES.values())]
    finally:
        connection.close()


# ---- a verifier of its own -----------------------------------------------------------------------------------------
def test_an_independent_verifier_finds_nothing_in_what_ensue_wrote(file: Path) -> None:
    assert verified(file).faults == ()
    assert find_first_fault(file, TABLES) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    place=st.sampled_from(PLACES), at=st.floats(0, 1, exclude_max=True), row_at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255)
)
def test_an_independent_verifier_finds_a_flipped_byte_at_the_same_record(
    untouched: Path, tmp_path: Path, place: tuple[str, str], at: float, row_at: float, flip: int
) -> None:
    path = Path(shutil.copy(untouched, tmp_path / "flipped.db"))
    table, column = place
    clerk = sqlite3.connect(path)
    rows = clerk.execute(f"SELECT subject, seq, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY subject, seq").fetchall()
    subject, seq, data = rows[int(row_at * len(rows))]
    number = int(at * len(data))
    clerk.execute(
        f"UPDATE {table} SET {column} = ? WHERE subject = ? AND seq = ?",
        (data[:number] + bytes([data[number] ^ flip]) + data[number + 1 :], subject, seq),
    )
    clerk.commit()
    clerk.close()

    report, found = verified(path), find_first_fault(path, TABLES)

    assert (report.faults[0].subject, report.faults[0].seq) == (subject, seq)
    assert found is not None
    assert report.faults[0].position == found[0]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ensue_ledger SET position = 7",
        "UPDATE ensue_ledger SET uid = 'another'",
        "UPDATE ensue_event SET actor = 'nobody' WHERE subject = 'Patient/p-1' AND seq = 3",
        "UPDATE ensue_event SET at = '2000-01-01T00:00:00.000000Z' WHERE subject = 'Patient/p-0' AND seq = 2",
        "DELETE FROM ensue_event WHERE subject = 'Patient/p-2' AND seq = 4",
        "DELETE FROM ensue_log WHERE position = 9",
        "DELETE FROM ensue_link WHERE subject = 'Doctor/d-1' AND seq = 2",
        "UPDATE ensue_log SET hash = zeroblob(32) WHERE position = 4",
        "UPDATE ensue_payload SET request = NULL WHERE subject = 'Patient/p-1' AND seq = 1",
        "UPDATE ensue_logic SET document = x'7b7d'",
    ],
)
def test_an_independent_verifier_names_the_same_first_record(file: Path, change: str) -> None:
    clerk = sqlite3.connect(file)
    assert clerk.execute(change).rowcount > 0
    clerk.commit()
    clerk.close()

    report, found = verified(file), find_first_fault(file, TABLES)

    assert found is not None
    assert report.faults[0].position == found[0], (report.faults, found)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE patient SET visits = visits + 1 WHERE id = 'p-1'",
        "DELETE FROM visit",
        "INSERT INTO doctor VALUES ('d-9', 'Stranger')",
        "UPDATE ensue_head SET seq = 1",
        "DELETE FROM ensue_head",
    ],
)
def test_an_independent_verifier_finds_the_same_in_rows_and_heads(file: Path, change: str) -> None:
    clerk = sqlite3.connect(file)
    assert clerk.execute(change).rowcount > 0
    clerk.commit()
    clerk.close()

    report, found = verified(file), find_first_fault(file, TABLES)

    assert found is not None
    assert {fault.kind for fault in report.faults} == {"row" if found[1] == "rows" else "head"}
