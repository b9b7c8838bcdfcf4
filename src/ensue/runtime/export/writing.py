"""
Writing: the records of a ledger, in order, into a stream, a file, or a folder of files that share them out by subject.

Memory does not grow with their number. A file is written under another name (`.part`) and takes its own when it is
whole, so that what stands there is never half of an export.
"""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast
from zlib import crc32

from ensue.core.record import Record
from ensue.errors import ConfigurationError, RequestError
from ensue.runtime.export.cloudevents import CloudEventsWriter
from ensue.runtime.export.head import Head
from ensue.runtime.export.jsonl import JsonLinesWriter
from ensue.runtime.export.parquet import ParquetWriter

LINE_FORMATS: Final[dict[str, Callable[[BinaryIO, Head], RecordWriter]]] = {"jsonl": JsonLinesWriter, "cloudevents": CloudEventsWriter}
FORMATS: Final = (*LINE_FORMATS, "parquet")
PARTITIONS_MAX: Final = 256
"""How many files are open at once; some systems allow no more than a thousand."""


class RecordWriter(Protocol):
    """What puts records into one file."""

    def write(self, record: Record) -> None:
        """Add a record."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


def export(records: Iterable[Record], head: Head, target: Path | BinaryIO, *, format: str, partitions: int | None = None) -> int:
    """
    Write *records* to *target*, and say how many they were.

    Args:
        records: in the ledger's order.
        head: whose they are.
        target: a stream of bytes, or a path; where it ends in `.gz`, lines are compressed.
        format: jsonl, cloudevents or parquet.
        partitions: make a folder of so many files instead, each with all records of its subjects (by the first of each
            record), in the ledger's order.

    Raises:
        RequestError: the format is unknown or cannot be written there, or *partitions* is not 1 to 256.
        ConfigurationError: the file cannot be written, or pyarrow is not installed.
    """
    if format not in FORMATS:
        raise RequestError(f"There is no format {format!r}; events are exported as {', '.join(FORMATS)}.")
    if partitions is not None and not 1 <= partitions <= PARTITIONS_MAX:
        raise RequestError(f"An export has 1 to {PARTITIONS_MAX} partitions, found {partitions}.")
    if not isinstance(target, Path):
        if partitions is not None or format == "parquet":
            raise RequestError("Parquet, and partitions, are written as files: say where with a path.")
        return _write_all(records, LINE_FORMATS[format](target, head))
    try:
        if partitions is None:
            with _whole_file(target) as path, _writer(path, target.suffix, format, head, 1) as writer:
                return _write_all(records, writer)
        with _whole_folder(target) as folder, ExitStack() as opened:
            suffix = ".parquet" if format == "parquet" else ".jsonl"
            paths = [folder / f"part-{number:03}{suffix}" for number in range(partitions)]
            return _share_out(records, [opened.enter_context(_writer(path, suffix, format, head, partitions)) for path in paths])
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be written: {error.strerror or error}.") from error


def _write_all(records: Iterable[Record], writer: RecordWriter) -> int:
    count = 0
    for record in records:
        writer.write(record)
        count += 1
    return count


def _share_out(records: Iterable[Record], writers: list[RecordWriter]) -> int:
    count = 0
    for record in records:
        writers[crc32(record.subject.encode()) % len(writers)].write(record)
        count += 1
    return count


@contextmanager
def _writer(path: Path, suffix: str, format: str, head: Head, partitions: int) -> Iterator[RecordWriter]:
    if format == "parquet":
        writer = ParquetWriter(path, head, partitions)
        try:
            yield writer
        finally:
            writer.close()
        return
    with cast(BinaryIO, gzip.open(path, "wb", compresslevel=6) if suffix == ".gz" else path.open("wb")) as stream:
        yield LINE_FORMATS[format](stream, head)


@contextmanager
def _whole_file(target: Path) -> Iterator[Path]:
    """A path to write to, which becomes *target* at the end."""
    path = _beside(target)
    try:
        yield path
        os.replace(path, target)
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """A folder to write to, which becomes *target* at the end. Raises RequestError where that holds something."""
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise RequestError(f"{target} is there already; partitions are written to a folder that is new or empty.")
    folder = _beside(target)
    folder.mkdir()
    try:
        yield folder
        if target.exists():
            target.rmdir()
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _beside(target: Path) -> Path:
    """Where it is written until it is whole: a name that no other process takes."""
    return target.with_name(f"{target.name}.{os.getpid()}.part")
