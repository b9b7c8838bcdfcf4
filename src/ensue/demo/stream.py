"""
The stream: a folder with a clinic's working life, as a timeline of commands and the tables their rows stand in.

    timeline.csv.gz    seq, recorded_at, effective_at, command, table, row_id, patient_id
    <table>.csv.gz     the row's own id, then its columns

Gzip, CSV (comma, double quote, LF, UTF-8, header line); an empty field means absent. The timeline is in the order
in which the clinic entered the facts and the tables are not, so rows are looked up while the timeline is read.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from ensue.demo.rows import Row, RowFile, StreamError, unpacked

TABLES = (
    "patients",
    "encounters",
    "conditions",
    "allergies",
    "medication_requests",
    "lab_orders",
    "observations",
    "procedures",
    "immunizations",
    "careplans",
)
TIMELINE_COLUMNS = ["seq", "recorded_at", "effective_at", "command", "table", "row_id", "patient_id"]


class Line(NamedTuple):
    """One command of the timeline, with the row it is made from and, for a panel, the rows of its parts."""

    seq: str
    recorded_at: str
    """When the clinic entered the fact."""
    effective_at: str
    """When the fact held; a date, or a stamp with its offset."""
    command: str
    row_id: str
    row: Row
    parts: tuple[Row, ...]


class Stream:
    """
    A folder of the stream's form, unpacked for reading; a context manager, and iterable from the first line to the last.

    Memory stays flat however long the stream is: the tables lie in a temporary file, and of a row 16 bytes are kept.

    Raises:
        StreamError: A file is missing, or is not of the form that the head of this module describes.
    """

    def __init__(self, folder: Path) -> None:
        self.timeline = folder / "timeline.csv.gz"
        self.rows = RowFile()
        try:
            self.total = count_lines(self.timeline)
            """How many commands the timeline has."""
            for table in TABLES:
                self.rows.add(table, folder / f"{table}.csv.gz")
            self.rows.sort()
        except BaseException:
            self.rows.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.rows.close()

    def __iter__(self) -> Iterator[Line]:
        with unpacked(self.timeline) as file:
            lines = csv.reader((line.decode() for line in file), strict=True)
            header = next(lines, [])
            if header != TIMELINE_COLUMNS:
                raise StreamError(f"{self.timeline}: expected the columns {TIMELINE_COLUMNS}, found {header}.")
            for fields in lines:
                if len(fields) != len(header):
                    raise StreamError(f"{self.timeline} line {lines.line_num}: expected {len(header)} fields, found {len(fields)}.")
                seq, recorded_at, effective_at, command, table, row_id, _ = fields
                try:
                    row, parts = self.rows.find(table, row_id)
                except StreamError as error:
                    raise StreamError(f"{self.timeline} line {lines.line_num}: {error}") from None
                yield Line(seq, recorded_at, effective_at, command, row_id, row, parts)


def count_lines(path: Path) -> int:
    """How many lines follow the header line of a packed file."""
    with unpacked(path) as file:
        return max(0, sum(1 for _ in file) - 1)
