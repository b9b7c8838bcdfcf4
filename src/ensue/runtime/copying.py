"""Copying: what leaves a ledger as a whole. Records as files, and rows made anew elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ensue.core.app import App
from ensue.core.selection import ALL, Selection
from ensue.runtime.export.head import Head
from ensue.runtime.export.writing import export
from ensue.runtime.reading import Reading
from ensue.runtime.rebuild import Rebuilt, rebuild
from ensue.runtime.selection import bounded, watched
from ensue.storage.database import Storage


class Copying:
    """The part of a ledger's facade that copies it."""

    app: App
    _storage: Storage
    _reading: Reading

    def export(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        *,
        format: str = "jsonl",
        selection: Selection = ALL,
        partitions: int | None = None,
        actor: str | None = None,
        purpose: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """
        Write records to a file, each with all that its decision depended on and led to; returns how many. The look is on record.

        `ensue.records_from` reads them back without a database.

        Args:
            target: a path, or for lines a stream of bytes; a path ending in `.gz` is compressed.
            format: `jsonl`, `cloudevents` or `parquet`.
            selection: which records; default: all that are committed when it begins.
            partitions: make *target* a folder of so many files, each with all records of its subjects.
            actor: who looks.
            purpose: why.
            progress: is told (positions passed, positions in all).

        Raises:
            RequestError: there is no such format, or it cannot be written there.
            ConfigurationError: the file cannot be written, or pyarrow is not installed.
        """
        selection = bounded(self._storage, selection)
        records = watched(self._reading.records(selection, None, actor, purpose), selection, progress)
        place = Path(target) if isinstance(target, str | os.PathLike) else target
        return export(records, Head(self.app.name, self._storage.uid), place, format=format, partitions=partitions)

    def rebuild(self, url: str, *, check: bool = False, progress: Callable[[int, int], None] | None = None) -> Rebuilt:
        """
        Make all rows once more, from the operations of the records alone, in the tables of an empty database at *url*.

        Users' tables only, as of one moment. With *check* the rows are compared with the live ones. *progress* is told
        (records done, records in all).

        Raises:
            RequestError: the database at *url* has rows already.
            Tampered: rows were changed by events, but made by none.
            Unavailable: a database cannot be reached or written.
        """
        return rebuild(self._storage, url, check=check, progress=progress)
