"""The large stream, where it lies beside the repository: a part of it, and what its files say, worked out from them alone."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ensue.demo.stream import TABLES
from tests.source_tree import ROOT

FOLDER = ROOT.parent / "shared" / "data" / "synthea-clinic"
PATIENTS = 24


class Expected(NamedTuple):
    """What the files say: how many commands there are, and the ids of the prescriptions that each draft must refuse."""

    commands: int
    after_death: set[str]
    without_reason: set[str]


def rows_of(folder: Path, table: str) -> Iterator[dict[str, str]]:
    with gzip.open(folder / f"{table}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def expected_of(folder: Path) -> Expected:
    """Worked out from the CSV files alone."""
    dead: set[str] = set()
    after_death: set[str] = set()
    commands = 0
    for line in rows_of(folder, "timeline"):
        commands += 1
        if line["command"] == "patient.record_death":
            dead.add(line["patient_id"])
        elif line["command"] == "medication.request" and line["patient_id"] in dead:
            after_death.add(line["row_id"])
    return Expected(
        commands, after_death, {row["request_id"] for row in rows_of(folder, "medication_requests") if not row["reason_condition_id"]}
    )


def part_of_the_stream(folder: Path) -> Path:
    """The files of those patients who were prescribed something after their death, and of some others who have little on record."""
    sizes: dict[str, int] = {}
    prescribed: set[str] = set()
    dead: set[str] = set()
    chosen: set[str] = set()
    for line in rows_of(FOLDER, "timeline"):
        patient = line["patient_id"]
        sizes[patient] = sizes.get(patient, 0) + 1
        if line["command"] == "patient.record_death":
            dead.add(patient)
        elif line["command"] == "medication.request":
            prescribed.add(patient)
            chosen |= {patient} & dead
    chosen.update(sorted(prescribed - chosen, key=lambda patient: (sizes[patient], patient))[: PATIENTS - len(chosen)])
    for table in ("timeline", *TABLES):
        with gzip.open(folder / f"{table}.csv.gz", "wt", encoding="utf-8", newline="", compresslevel=1) as file:
            rows = rows_of(FOLDER, table)
            first = next(rows)
            writer = csv.DictWriter(file, list(first), lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for row in (first, *rows) if row["patient_id"] in chosen)
    return folder
