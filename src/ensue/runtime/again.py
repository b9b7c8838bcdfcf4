"""Again: records decided once more, as they happened or under another version. Nothing is saved, and nothing is performed."""

from __future__ import annotations

from ensue.core.diff import Diff
from ensue.core.record import Record
from ensue.core.replay import compare, replay
from ensue.core.version import Version
from ensue.runtime.past import TablesPast
from ensue.storage.database import Storage


class Again:
    """Replay and compare over one ledger."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def replay(self, record: Record) -> Diff:
        """One record, decided as it happened."""
        return replay(record)

    def compare(self, record: Record, version: Version) -> Diff:
        """One record, decided under another version."""
        with self._storage.snapshot() as connection:
            return compare(record, version, TablesPast(self._storage, connection, record))
