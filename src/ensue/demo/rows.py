"""
The rows of the stream's tables: unpacked into one temporary file, and found there by table and id.

A row is a span of bytes in that file. The index is one sorted array, with an integer a row:

    63                    24 23            0
    ┌───────────────────────┬───────────────┐
    │ hash of (table, id)   │ row number    │      a part of a panel stands under the id of its panel
    └───────────────────────┴───────────────┘

So 16 bytes a row are kept in memory, and a dictionary of every id is not.
"""

import csv
import gzip
import tempfile
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PARENT_COLUMN = "parent_id"
"""Where this column is filled, the row is one part of the panel it names."""

NUMBER_BITS = 24
ROWS_MAX = 1 << NUMBER_BITS

Row = Mapping[str, str | None]
"""A row by column name, its values as they stand in the file; absent ones are None."""


class StreamError(Exception):
    """A file of the stream is missing or not of the stream's form; the message names it, and what was expected."""


class RowFile:
    """The rows of several tables. `add` each table, then `sort` once, then `find`; `close` removes the temporary file."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile(prefix="ensue-stream-")  # noqa: SIM115  # closed by close()
        self.columns: dict[str, list[str]] = {}
        self.starts = array("Q")
        self.entries = array("Q")

    def add(self, table: str, path: Path) -> None:
        """Unpack the table at *path* and index its rows."""
        with unpacked(path) as lines:
            rows = csv.reader(self.copied(lines), strict=True)
            self.start_row()  # the header has a number too: it is where the last row of the table before ends
            columns = self.columns[table] = next(rows, [])
            if "patient_id" not in columns:
                raise StreamError(f"{path}: expected a header line with patient_id among its columns, found {columns}.")
            parent = columns.index(PARENT_COLUMN) if PARENT_COLUMN in columns else None
            number = self.start_row()
            for fields in rows:
                if len(fields) != len(columns):
                    raise StreamError(f"{path} line {rows.line_num}: expected {len(columns)} fields, found {len(fields)}.")
                row_id = fields[0] if parent is None else fields[parent] or fields[0]
                self.entries.append(lowest_entry(table, row_id) | number)
                number = self.start_row()
            if number >= ROWS_MAX:
                raise StreamError(f"{path}: expected at most {ROWS_MAX:,} rows in all tables together, found {number:,}.")
            self.starts.pop()

    def copied(self, lines: IO[bytes]) -> Iterator[str]:
        """The lines as text, each written to the temporary file as it is read."""
        for line in lines:
            self.file.write(line)
            yield line.decode()

    def start_row(self) -> int:
        """Note that the next row starts where the file now ends; its number."""
        self.starts.append(self.file.tell())
        return len(self.starts) - 1

    def sort(self) -> None:
        """Make the index ready for `find`, once all tables are in."""
        self.start_row()
        self.entries = array("Q", sorted(self.entries))

    def find(self, table: str, row_id: str) -> tuple[Row, tuple[Row, ...]]:
        """
        The row with this id and, in the order of the file, the parts it has if it is a panel.

        Raises:
            StreamError: There is no such table, or no such row in it.
        """
        columns = self.columns.get(table)
        if columns is None:
            raise StreamError(f"Expected one of the tables {', '.join(self.columns)}; found {table!r}.")
        found: Row | None = None
        parts: list[Row] = []
        for number in self.numbers(table, row_id):
            row = self.read(columns, number)
            if row.get(columns[0]) == row_id:
                found = row
            elif row.get(PARENT_COLUMN) == row_id:
                parts.append(row)
            # else another row whose hash is the same
        if found is None:
            raise StreamError(f"Expected a row {row_id!r} in table {table}; there is none.")
        return found, tuple(parts)

    def numbers(self, table: str, row_id: str) -> Iterator[int]:
        """The numbers of all rows that stand in the index under this table's and id's hash."""
        lowest = lowest_entry(table, row_id)
        for place in range(bisect_left(self.entries, lowest), len(self.entries)):
            number = self.entries[place] - lowest
            if number >= ROWS_MAX:
                return
            yield number

    def read(self, columns: list[str], number: int) -> Row:
        """The row with this number, read with these columns."""
        start, end = self.starts[number], self.starts[number + 1]
        self.file.seek(start)
        fields = next(csv.reader([self.file.read(end - start).decode()]))
        return {column: field or None for column, field in zip(columns, fields, strict=False)}

    def close(self) -> None:
        """Remove the temporary file."""
        self.file.close()


def lowest_entry(table: str, row_id: str) -> int:
    """The index entry of row number 0 with this table and id: their hash in the upper bits."""
    return (hash((table, row_id)) << NUMBER_BITS) & 0xFFFF_FFFF_FFFF_FFFF


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """
    The unpacked bytes of a gzip file, line by line.

    Raises:
        StreamError: The file is missing or damaged, or what is read from it is not CSV in UTF-8.
    """
    try:
        with gzip.open(path) as file:
            yield file  # type: ignore[misc]  # GzipFile reads like any binary file, but is not declared as IO
    except FileNotFoundError:
        raise StreamError(f"{path}: expected a file of the stream here, found none.") from None
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeDecodeError) as error:
        raise StreamError(f"{path}: expected gzip-packed CSV in UTF-8; {error}.") from error
