"""The import: all of a stream goes in, value by value; again it adds nothing; broken off, it goes on where it was."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import func, select

import ensue
from ensue import Ledger
from ensue.demo import ImportCounts, clinic, import_stream, shipped_stream
from ensue.demo.forms import moment_of, practitioner_of
from ensue.demo.importing import OUTSTANDING_MAX
from ensue.demo.models import LabTask
from ensue.demo.stream import Stream
from tests.demo.stream_rows import expected_rows, stored_rows

TOTAL = 675


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with ensue.open(clinic, database_url) as ledger:
        yield ledger


@pytest.fixture
def sqlite_ledger(sqlite_url: str) -> Iterator[Ledger]:
    with ensue.open(clinic, sqlite_url) as ledger:
        yield ledger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped stream that a test may change."""
    return shutil.copytree(shipped_stream(), tmp_path / "stream")


def outcome(counts: ImportCounts) -> tuple[int, int, dict[str, int]]:
    return counts.accepted, counts.repeated, dict(counts.rejected)


def test_the_shipped_stream_goes_in_whole_and_verifies(ledger: Ledger) -> None:
    counts = import_stream(ledger, shipped_stream())

    assert outcome(counts) == (TOTAL, 0, {})
    assert [record.position for record in ledger.records()] == list(range(TOTAL))
    assert stored_rows(ledger) == expected_rows(shipped_stream())
    assert ledger.verify().faults == ()


def test_a_second_run_adds_nothing(ledger: Ledger) -> None:
    import_stream(ledger, shipped_stream())
    before = stored_rows(ledger)

    counts = import_stream(ledger, shipped_stream())

    assert outcome(counts) == (0, TOTAL, {})
    assert len(list(ledger.records())) == TOTAL
    assert stored_rows(ledger) == before


def test_an_import_goes_on_where_an_earlier_one_stopped(ledger: Ledger) -> None:
    first = import_stream(ledger, shipped_stream(), limit=100)
    assert stored_rows(ledger) == expected_rows(shipped_stream(), limit=100)

    rest = import_stream(ledger, shipped_stream())

    assert outcome(first) == (100, 0, {})
    assert outcome(rest) == (TOTAL - 100, 100, {})


def test_an_interrupted_import_leaves_whole_events_and_the_next_run_adds_the_rest(sqlite_ledger: Ledger) -> None:
    def interrupt(done: int, total: int) -> None:
        if done * 2 > total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_stream(sqlite_ledger, shipped_stream(), progress=interrupt)
    counts = import_stream(sqlite_ledger, shipped_stream())

    assert (counts.accepted + counts.repeated, counts.rejected.total()) == (TOTAL, 0)
    assert stored_rows(sqlite_ledger) == expected_rows(shipped_stream())
    assert sqlite_ledger.verify().faults == ()


@pytest.mark.parametrize(
    ("version", "kidney_tests"), [("2018-07-30", False), ("2018-08-01", True), ("2019-02-14", True), ("2019-05-01", True)]
)
def test_every_version_takes_the_whole_stream(sqlite_ledger: Ledger, version: str, kidney_tests: bool) -> None:
    counts = import_stream(sqlite_ledger, shipped_stream(), version=version)

    with sqlite_ledger.read() as connection:
        tasks = connection.scalar(select(func.count()).select_from(LabTask.table))
    assert outcome(counts) == (TOTAL, 0, {})
    assert bool(tasks) is kidney_tests


def test_records_say_when_the_fact_held_and_on_whose_behalf_it_was_entered(sqlite_ledger: Ledger) -> None:
    import_stream(sqlite_ledger, shipped_stream(), limit=30)

    records = list(sqlite_ledger.records())

    with Stream(shipped_stream()) as stream:
        lines = list(islice(stream, 30))
    assert [record.actor for record in records] == ["import"] * 30
    assert [record.occurred for record in records] == [moment_of(line.effective_at) for line in lines]
    assert [record.behalf for record in records] == [practitioner_of(line) for line in lines]


def change(folder: Path, table: str, before: str, after: str) -> None:
    path = folder / f"{table}.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    assert before in text
    path.write_bytes(gzip.compress(text.replace(before, after).encode()))


def test_refused_lines_are_counted_by_their_reason_and_the_others_go_in(sqlite_ledger: Ledger, folder: Path) -> None:
    change(folder, "allergies", ",91934008,", ",308192,")

    counts = import_stream(sqlite_ledger, folder)

    assert set(counts.rejected) == {"medication.allergic"}
    assert counts.accepted == TOTAL - counts.rejected.total()
    assert [(one.command, one.code) for one in counts.examples] == [("medication.request", "medication.allergic")] * len(counts.examples)


def test_a_row_without_what_its_event_must_have_is_refused_and_the_others_go_in(sqlite_ledger: Ledger, folder: Path) -> None:
    change(folder, "immunizations", ",140,", ",,")

    counts = import_stream(sqlite_ledger, folder)

    assert set(counts.rejected) == {"invalid_form"}
    assert counts.accepted == TOTAL - counts.rejected.total()


def test_a_line_whose_row_has_changed_since_is_a_conflict(sqlite_ledger: Ledger, folder: Path) -> None:
    import_stream(sqlite_ledger, shipped_stream())
    change(folder, "allergies", "Allergy to mould", "Allergy to mold")

    counts = import_stream(sqlite_ledger, folder)

    assert outcome(counts) == (0, TOTAL - counts.rejected.total(), {"conflict": counts.rejected.total()})
    assert "Allergy to mold" not in str(stored_rows(sqlite_ledger))


def test_progress_ends_at_the_total_and_never_goes_back(sqlite_ledger: Ledger) -> None:
    seen: list[tuple[int, int]] = []

    import_stream(sqlite_ledger, shipped_stream(), limit=OUTSTANDING_MAX // 4, progress=lambda done, total: seen.append((done, total)))

    assert seen == sorted(seen)
    assert seen[-1] == (OUTSTANDING_MAX // 4, OUTSTANDING_MAX // 4)
