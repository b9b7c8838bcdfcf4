"""
Parquet: a record a row, for tables of millions. Scalars have columns of their own, the rest is canonical JSON in text.

The head stands in the file's key-value metadata, under `ensue`. Rows are in the ledger's order. pyarrow is imported
here and nowhere else, when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from ensue.core.app import App
from ensue.core.canonical import canonical_trusted, parse_trusted
from ensue.core.codec import instant_text
from ensue.core.exchange import members_of
from ensue.core.record import Record
from ensue.errors import ConfigurationError, FormatError
from ensue.runtime.export.head import Head, head_from

ROWS_HELD: Final = 16_384
"""How many rows are in memory while files are written; all of them are one row group where there is one file."""
ROWS_READ: Final = 1_000
TEXTS: Final = ("id", "type", "version", "requested", "actor", "cause", "corrects", "behalf", "purpose", "subject", "hash", "logic")
INTEGERS: Final = ("seq", "position")
MOMENTS: Final = ("at", "occurred")
NESTED: Final = ("links", "form", "state", "operations", "effects", "tables")
OPTIONAL: Final = frozenset(("requested", "cause", "behalf", "purpose", "occurred", "corrects", "tables"))
METADATA_KEY: Final = b"ensue"


def library() -> Any:
    """pyarrow, with its part for Parquet. Raises ConfigurationError where it is not installed."""
    try:
        import_module("pyarrow.parquet")
        import_module("pyarrow.compute")
        return import_module("pyarrow")
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"Parquet needs {error.name}, which is not installed; install ensue[parquet].") from None


class ParquetWriter:
    """Writes one of *files* that are written at once. Raises ConfigurationError without pyarrow."""

    def __init__(self, path: Path, head: Head, files: int = 1) -> None:
        self._rows_max = max(64, ROWS_HELD // files)
        self._arrow = library()
        self._schema = _schema(self._arrow).with_metadata({METADATA_KEY: canonical_trusted(head.members())})
        self._file = self._arrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, record: Record) -> None:
        """Add a row."""
        members: dict[str, Any] = members_of(record)
        members.update({name: canonical_trusted(members[name]).decode() for name in NESTED if name in members})
        members.update(at=record.at, occurred=record.occurred)
        self._rows.append(members)
        if len(self._rows) >= self._rows_max:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the file's end."""
        if self._rows:
            self._flush()
        self._file.close()

    def _flush(self) -> None:
        self._file.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def _schema(arrow: Any) -> Any:
    types = {
        **dict.fromkeys(TEXTS + NESTED, arrow.string()),
        **dict.fromkeys(INTEGERS, arrow.int64()),
        **dict.fromkeys(MOMENTS, arrow.timestamp("us", tz="UTC")),
    }
    order = ("position", "subject", "seq", "id", "type", "version", "at", "actor")
    names = [*order, *(name for name in types if name not in order)]
    return arrow.schema([arrow.field(name, types[name], nullable=name in OPTIONAL) for name in names])


def members_from(path: Path, app: App, type_: str | None = None) -> Iterator[Any]:
    """
    The records of a file, one after the other, as `core/exchange.py` has them; or only those of one type.

    Raises:
        FormatError: It is no Parquet file, or not one of ours.
        ConfigurationError: pyarrow is not installed.
    """
    arrow = library()
    try:
        file = arrow.parquet.ParquetFile(path)
    except (arrow.ArrowException, OSError) as error:
        raise FormatError(f"expected a Parquet file: {error}") from None
    with file:
        schema = file.schema_arrow
        head_from(parse_trusted((schema.metadata or {}).get(METADATA_KEY, b"null")), app)
        wrong = [one.name for one in _schema(arrow) if not _fits(one, schema)]
        if wrong:
            raise FormatError(f"expected columns as ensue writes them, found none or another type for {', '.join(wrong)}")
        try:
            for batch in file.iter_batches(batch_size=ROWS_READ):
                wanted = batch if type_ is None else batch.filter(arrow.compute.equal(batch.column("type"), type_))
                yield from map(_members, wanted.to_pylist())
        except (arrow.ArrowException, OSError) as error:
            raise FormatError(f"expected whole row groups: {error}") from None


def _fits(expected: Any, schema: Any) -> bool:
    """Whether *schema* has a column as *expected*; one that may be null may as well be absent."""
    place = schema.get_field_index(expected.name)
    return expected.nullable if place < 0 else schema.field(place).type == expected.type  # type: ignore[no-any-return]  # pyarrow has no types


def _members(row: dict[str, Any]) -> dict[str, Any]:
    members = {name: value for name, value in row.items() if value is not None}
    members.update({name: parse_trusted(members[name].encode()) for name in NESTED if name in members})
    return members | {name: instant_text(members[name]) for name in MOMENTS if name in members}
