"""
Source: where the records come from that are decided again, and the past they were decided in. A ledger, read only, or exported files.

A *place* says where a source is, so that another process can open it by itself; a *part* is what one process takes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from ensue.core.app import App
from ensue.core.brought_up import Missing
from ensue.core.correction import CORRECTION
from ensue.core.correction_shapes import form_of
from ensue.core.diff import Diff
from ensue.core.group import Forecast
from ensue.core.record import Record
from ensue.core.selection import ALL, Selection
from ensue.errors import RequestError
from ensue.runtime.decoding import record_of
from ensue.runtime.export.reading import files_of, records_from
from ensue.runtime.ranges.forecast import forecast_of
from ensue.runtime.selection import bounded, pages
from ensue.storage.corrections import corrections
from ensue.storage.database import Storage

PARTS_PER_JOB: Final = 8
"""So many that a slow part does not keep the others waiting, and that progress is seen."""
RECORDS_MIN: Final = 200
"""A part has no fewer positions than that: starting on it is not free."""
BLOCK: Final = 200


class Part(NamedTuple):
    """Some records of a source: those of *selection*; of one *file*; and of these, every so-and-so-many-th block (*share* of *shares*)."""

    selection: Selection
    file: Path | None = None
    share: int = 0
    shares: int = 1
    block: int = BLOCK
    """How many records a block has."""


class Source(Protocol):
    """Records, in the ledger's order."""

    app: App
    has_forecast: bool
    """Whether rows of today are at hand, so that it can be said what applying a difference would do."""

    def records(self, part: Part) -> Iterator[Record]:
        """The records of a part."""
        ...

    def history(self, models: Collection[str]) -> Iterator[Record]:
        """From the first event on, all that may have written rows of *models*. Raises Missing where some are not there."""
        ...

    def corrected(self) -> Mapping[str, str | None]:
        """Every event that was corrected since, with the version whose rules stand for it; None: it was undone."""
        ...

    def parts(self, selection: Selection, jobs: int) -> list[Part]:
        """The whole of *selection*, shared out for so many processes."""
        ...

    def forecast(self, diff: Diff) -> Forecast | None:
        """What would become of a difference if it were applied today; None where nobody can tell."""
        ...

    def close(self) -> None:
        """Close what was opened."""
        ...


class Place(Protocol):
    """Where a source is; can be sent to another process."""

    def open(self, app: App) -> Source:
        """Open it, for reading only."""
        ...


def targets_of(corrections: Iterable[Record]) -> dict[str, str | None]:
    """What each correction made of its original; the latest counts. Raises FormatError."""
    return {str(one.corrects): form_of(one)["target"] for one in corrections}


# ---- a ledger ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class DatabasePlace:
    """A ledger by the address of its database."""

    url: str
    name: str | None = None

    def open(self, app: App) -> Source:
        """Open the database; nothing is made in it. Raises NotMigrated, Unavailable."""
        return DatabaseSource(self.storage(app))

    def storage(self, app: App) -> Storage:
        """The database, opened. Raises as `open`."""
        storage = Storage(app, self.url, name=self.name)
        try:
            storage.prepare(create=False)
        except BaseException:
            storage.close()
            raise
        return storage


class DatabaseSource:
    """The records of a ledger."""

    has_forecast = True

    def __init__(self, storage: Storage) -> None:
        self.app = storage.app
        self._storage = storage
        self._corrected: dict[str, str | None] | None = None

    def records(self, part: Part) -> Iterator[Record]:
        """Page by page."""
        for page, _ in pages(self._storage, part.selection):
            for stored in page:
                yield record_of(self._storage, stored)

    def history(self, models: Collection[str]) -> Iterator[Record]:
        """Every record that names one of *models* anywhere: a look at the bytes is quicker than reading them."""
        names = [f'"{model}"'.encode() for model in models]
        for page, _ in pages(self._storage, ALL):
            for stored in page:
                if any(name in stored.payload for name in names):
                    yield record_of(self._storage, stored)

    def corrected(self) -> Mapping[str, str | None]:
        """By the corrections in the ledger when it was first asked."""
        if self._corrected is None:
            with self._storage.snapshot() as connection:
                self._corrected = targets_of(record_of(self._storage, one) for one in corrections(connection))
        return self._corrected

    def parts(self, selection: Selection, jobs: int) -> list[Part]:
        """Ranges of positions, each of the same length."""
        whole = bounded(self._storage, selection)
        assert whole.last is not None, "it was bounded"
        count = whole.last + 1 - whole.first
        length = max(RECORDS_MIN, -(-count // (jobs * PARTS_PER_JOB)))
        starts = range(whole.first, whole.last + 1, length)
        return [Part(replace(whole, first=start, last=min(start + length - 1, whole.last))) for start in starts]

    def forecast(self, diff: Diff) -> Forecast | None:
        """By the rows as they stand in the tables."""
        return forecast_of(self._storage, diff)

    def close(self) -> None:
        """Close the database."""
        self._storage.close()


# ---- files ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class FilesPlace:
    """An exported file, or a folder of partitions."""

    path: Path

    def open(self, app: App) -> Source:
        """Nothing is read yet. Raises RequestError where there is nothing."""
        if not self.path.exists():
            raise RequestError(f"There is no file {self.path}; `ensue export events --out {self.path}` writes one.")
        return FilesSource(app, self.path)


class FilesSource:
    """The records of exported files."""

    has_forecast = False

    def __init__(self, app: App, path: Path) -> None:
        self.app = app
        self._path = path
        self._corrected: dict[str, str | None] | None = None

    def records(self, part: Part) -> Iterator[Record]:
        """Of one file, or of all in the ledger's order."""
        records = records_from(part.file or self._path, self.app)
        for number, block in enumerate(_blocks(records, part.block)):
            if number % part.shares == part.share:
                yield from (record for record in block if part.selection.takes(record))

    def history(self, models: Collection[str]) -> Iterator[Record]:  # noqa: ARG002  # a record is read whole anyway
        """Every record. Raises Missing where the files do not begin with the first event, or leave some out."""
        for expected, record in enumerate(records_from(self._path, self.app)):
            if record.position != expected:
                raise Missing(f"events from position {expected} on, which the file does not hold")
            yield record

    def corrected(self) -> Mapping[str, str | None]:
        """By the corrections in the files, which are looked for once."""
        if self._corrected is None:
            self._corrected = targets_of(records_from(self._path, self.app, type=CORRECTION))
        return self._corrected

    def parts(self, selection: Selection, jobs: int) -> list[Part]:
        """One for each partition; one file is read by all processes, and each takes its share of the blocks."""
        if self._path.is_dir():
            return [Part(selection, file) for file in files_of(self._path)]
        return [Part(selection, None, share, jobs, BLOCK) for share in range(jobs)]

    def forecast(self, diff: Diff) -> Forecast | None:  # noqa: ARG002  # there are no tables here
        """None: no rows of today are at hand."""
        return None

    def close(self) -> None:
        """Nothing is open."""


def _blocks(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    while block := list(islice(records, size)):
        yield block
