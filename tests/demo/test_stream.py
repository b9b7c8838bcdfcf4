"""The stream: every value as it stands in the files, every line with its row, and a clear word where a file is not of the form."""

from __future__ import annotations

import csv
import gzip
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ensue.demo import StreamError, shipped_stream
from ensue.demo.forms import moment_of
from ensue.demo.rows import RowFile
from ensue.demo.stream import Stream


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped stream that a test may damage."""
    return shutil.copytree(shipped_stream(), tmp_path / "stream")


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()).decode()).encode()))


def read_table(folder: Path, table: str) -> list[dict[str, str]]:
    with gzip.open(folder / f"{table}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_lines_come_in_the_order_of_the_timeline_and_all_of_them(folder: Path) -> None:
    timeline = read_table(folder, "timeline")

    with Stream(folder) as stream:
        lines = list(stream)

    assert [(line.seq, line.command, line.row_id) for line in lines] == [(one["seq"], one["command"], one["row_id"]) for one in timeline]
    assert stream.total == len(timeline)


def test_every_value_of_a_row_is_as_it_stands_in_the_file(folder: Path) -> None:
    rows = {row["request_id"]: row for row in read_table(folder, "medication_requests")}

    with Stream(folder) as stream:
        read = {line.row_id: dict(line.row) for line in stream if line.command == "medication.request"}

    assert read == {row_id: {column: value or None for column, value in row.items()} for row_id, row in rows.items()}


def test_a_panel_comes_with_its_parts_in_the_order_of_the_file(folder: Path) -> None:
    parts: dict[str, list[str]] = {}
    for row in read_table(folder, "observations"):
        if row["parent_id"]:
            parts.setdefault(row["parent_id"], []).append(row["observation_id"])

    with Stream(folder) as stream:
        read = {line.row_id: [part["observation_id"] for part in line.parts] for line in stream if line.parts}

    assert parts
    assert read == parts


def test_rows_are_found_whatever_their_values_hold(tmp_path: Path) -> None:
    odd = ["é, 'quoted \"\" and\nbroken'", " leading", "zero\u200bwidth", "line\u2028separator", "166.82501702858627", ""]
    path = tmp_path / "notes.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [["note_id", "patient_id", "text"], *([f"n{n}", "p", text] for n, text in enumerate(odd))]
        )
    rows = RowFile()
    rows.add("notes", path)
    rows.add("more", path)
    rows.sort()

    read = [rows.find("notes", f"n{n}")[0]["text"] for n in range(len(odd))]

    rows.close()
    assert read == [*odd[:-1], None]


def test_a_row_whose_id_has_the_hash_of_another_is_told_apart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ensue.demo.rows.lowest_entry", lambda table, row_id: 0)
    rows = RowFile()
    rows.add("patients", folder / "patients.csv.gz")
    rows.sort()
    ids = [row["patient_id"] for row in read_table(folder, "patients")]

    found = [rows.find("patients", patient_id)[0]["patient_id"] for patient_id in ids]

    rows.close()
    assert found == ids


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "careplans.csv.gz").unlink()

    with pytest.raises(StreamError, match=r"careplans\.csv\.gz: expected a file of the stream"):
        Stream(folder)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("encounters.csv.gz", b"these are no packed bytes"),
        ("encounters.csv.gz", gzip.compress(b"x" * 10_000)[:-20]),
        ("encounters.csv.gz", gzip.compress(b"encounter_id,patient_id\n\xff\xfe,p\n")),
        ("encounters.csv.gz", gzip.compress(b'encounter_id,patient_id\n"open,p\n')),
        ("encounters.csv.gz", gzip.compress(b"encounter_id,patient_id\ne1\n")),
        ("encounters.csv.gz", gzip.compress(b"")),
        ("timeline.csv.gz", gzip.compress(b"seq,command\n1,patient.register\n")),
    ],
    ids=["not gzip", "cut short", "not UTF-8", "open quote", "a field too few", "empty", "other columns"],
)
def test_a_damaged_file_is_named_with_what_was_expected(folder: Path, name: str, damage: bytes) -> None:
    (folder / name).write_bytes(damage)

    with pytest.raises(StreamError, match=rf"{name}.*expected"), Stream(folder) as stream:
        list(stream)


def test_a_line_whose_row_is_not_there_is_named(folder: Path) -> None:
    patient_id = read_table(folder, "patients")[0]["patient_id"]
    rewrite(folder / "patients.csv.gz", lambda text: text.replace(patient_id, "somebody-else"))

    with (
        pytest.raises(StreamError, match=rf"line \d+: Expected a row '{patient_id}' in table patients; there is none"),
        Stream(folder) as stream,
    ):
        list(stream)


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("2018-07-30", datetime(2018, 7, 30, tzinfo=UTC)),
        ("2018-07-30T09:15:00-05:00", datetime(2018, 7, 30, 14, 15, tzinfo=UTC)),
        ("2018-07-30T09:15:00.552+00:00", datetime(2018, 7, 30, 9, 15, 0, 552_000, tzinfo=UTC)),
    ],
)
def test_a_stamp_is_an_instant_and_a_date_its_midnight(stamp: str, moment: datetime) -> None:
    assert moment_of(stamp) == moment


@pytest.mark.parametrize("stamp", ["", "yesterday", "2018-02-30", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_stamp_is_named(stamp: str) -> None:
    with pytest.raises(StreamError, match=re.escape(f"found {stamp!r}")):
        moment_of(stamp)
