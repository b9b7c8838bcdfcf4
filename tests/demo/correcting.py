"""
A program: the stream, taken by the published rules and corrected to a draft, against one that the draft ruled from the start.

    python -m tests.demo.correcting FOLDER VERSION WORK_FOLDER

Prints what came of it as JSON. A process of its own, since it gives the clinic drafts (`tests/demo/drafts.py`).
"""

from __future__ import annotations

import json
import resource
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import ensue
from ensue import Event, Ledger, Selection
from ensue.core.shapes import event_in_shape
from ensue.demo import clinic, import_stream, importing
from ensue.demo.forms import event_of
from ensue.demo.stream import Line
from tests.demo import drafts

assert drafts.DEATH, "the clinic has its drafts, because their module was imported"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def opened(file: Path) -> Ledger:
    """A ledger that differs from its twin in nothing but its file."""
    return ensue.open(clinic, f"sqlite:///{file}", clock=lambda: NOON, random_bytes=Random(0).randbytes, lock=None)


def differing_tables(one: Ledger, other: Ledger) -> list[str]:
    """The models whose rows are not the same in both, row for row."""
    found = []
    for model in clinic.models():
        query = f"SELECT * FROM {model.table.name} ORDER BY id"
        with one.read() as first, other.read() as second:
            rows = [connection.exec_driver_sql(query).fetchall() for connection in (first, second)]
        if rows[0] != rows[1]:
            found.append(model.__ensue__.name)
    return found


def import_under(ledger: Ledger, folder: Path, version: str) -> Counter[str]:
    """Send the stream, each event in the shape of the version; how many were refused, by code."""

    def in_shape(line: Line) -> Event:
        event = event_of(line)
        return event_in_shape(event, clinic.logic(event.__ensue__.type, clinic.known_version(version)).shape)

    importing.event_of = in_shape  # type: ignore[attr-defined]  # the demo sends the shapes of its own dates
    return import_stream(ledger, folder, version=version).rejected


def main(folder: Path, version: str, work: Path) -> dict[str, Any]:
    """Import twice, correct the one, compare."""
    published = str(clinic.line()[-3])
    with opened(work / "corrected.db") as ledger, opened(work / "from-the-start.db") as other:
        accepted = import_stream(ledger, folder, version=published).accepted
        rejected = import_under(other, folder, version)
        begin = perf_counter()
        plan = ledger.correction_plan(Selection(types=["medication.request"]), version=version)
        planned = perf_counter()
        records = ledger.correct(plan, actor="chief", reason="The draft rules the past too.")
        corrected = perf_counter()
        again = ledger.correction_plan(Selection(types=["medication.request"]), version=version)
        return {
            "accepted": accepted,
            "rejected_from_the_start": rejected,
            "refused_by_the_plan": sum(one.diff.outcome == "newly_rejected" for one in plan.corrections),
            "corrections": len(records),
            "left_to_correct": len([one for one in again.corrections if one]),
            "differing_tables": differing_tables(ledger, other),
            "faults": len(ledger.verify().faults),
            "replay": dict(ledger.replay(Selection()).outcomes),
            "plan_seconds": round(planned - begin, 1),
            "correct_seconds": round(corrected - planned, 1),
            "memory_mib_max": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))))  # noqa: T201  # it is what the program is for
