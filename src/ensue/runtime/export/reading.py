"""Reading: records back from an exported file, or a folder of such files, without any database."""

from __future__ import annotations

import gzip
import heapq
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from ensue.core.app import App
from ensue.core.canonical import parse_trusted
from ensue.core.exchange import record_from
from ensue.core.record import Record
from ensue.errors import BrokenExport, FormatError, RequestError
from ensue.runtime.export import cloudevents, parquet
from ensue.runtime.export.head import head_from

GZIP: Final = b"\x1f\x8b"
"""RFC 1952 §2.3.1."""
PARQUET: Final = b"PAR1"


def records_from(path: str | os.PathLike[str], app: App, *, type: str | None = None) -> Iterator[Record]:
    """
    The records of an exported file, or of a folder of partitions, in the ledger's order.

    The format is found by what is in the file: JSON lines or CloudEvents, compressed with gzip or not, or Parquet.
    Memory does not grow with their number.

    Args:
        path: what `ledger.export` or `ensue export events` wrote.
        app: the application that the events are of.
        type: only events of this type; the others are passed over, which is much quicker than reading them.

    Raises:
        RequestError: there is no such file.
        BrokenExport: while reading, with file, line, and what was expected there.
        ConfigurationError: Parquet, and pyarrow is not installed.
    """
    path = Path(path)
    if not path.is_dir():
        if not path.exists():
            raise RequestError(f"There is no file {path}; `ensue export events --out {path}` writes one.")
        return _records(path, app, type)
    parts = files_of(path)
    return heapq.merge(*(_records(part, app, type) for part in parts), key=lambda record: record.position)


def files_of(folder: Path) -> list[Path]:
    """
    The partitions of an export that hold something, each with all records of its subjects.

    Raises:
        RequestError: there are none at all.
    """
    parts = sorted(part for part in folder.iterdir() if part.is_file() and part.name.startswith("part-"))
    if not parts:
        raise RequestError(f"There are no files part-… in {folder}; `ensue export events --partitions N --out {folder}` writes them.")
    return [part for part in parts if part.stat().st_size]  # CloudEvents have no head: of no events nothing is written


@dataclass
class _Place:
    """Where in a file reading stands, so that an error can name it; `number` counts from 1, 0 is the file itself."""

    path: Path
    unit: str = "line"
    number: int = 0

    def counted(self, items: Iterable[Any]) -> Iterator[Any]:
        """*items*, each counted when it comes."""
        for item in items:
            self.number += 1
            yield item

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name the place of whatever cannot be read."""
        try:
            yield
        except FormatError as error:
            raise BrokenExport(self.path, self.unit, self.number or None, str(error)) from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BrokenExport(self.path, self.unit, self.number + 1, f"expected a whole gzip file: {error}") from error
        except OSError as error:
            raise RequestError(f"{self.path} cannot be read: {error.strerror or error}.") from error


def _records(path: Path, app: App, type_: str | None) -> Iterator[Record]:
    place = _Place(path)
    with place.named():
        begin = _begin(path)
        if begin == PARQUET:
            place.unit = "row"
            for members in parquet.members_from(path, app, type_):
                place.number += 1
                yield record_from(app, members)
        else:
            with cast(BinaryIO, gzip.open(path)) if begin[:2] == GZIP else path.open("rb") as stream:
                for members in _members_of_lines(place.counted(stream), app, type_):
                    if type_ is None or members.get("type") == type_:
                        yield record_from(app, members)


def _begin(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(len(PARQUET))


def _members_of_lines(lines: Iterator[bytes], app: App, type_: str | None) -> Iterator[Any]:
    """The records of lines, those that may be of the type; the first says whether they are ours or CloudEvents. Raises FormatError."""
    first = _parsed(next(lines, b""))
    if type_ is not None:
        word = type_.encode()
        lines = (line for line in lines if word in line)
    if type(first) is dict and "specversion" in first:
        yield cloudevents.members_from(first, app)
        for line in lines:
            yield cloudevents.members_from(_parsed(line), app)
    else:
        head_from(first, app)
        yield from map(_parsed, lines)


def _parsed(line: bytes) -> Any:
    try:
        return parse_trusted(line)
    except FormatError:
        found = "an empty file or line" if not line.strip() else f"{line[:60]!r}"
        raise FormatError(f"expected one JSON object, found {found}") from None
