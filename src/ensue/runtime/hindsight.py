"""Hindsight: the part of a ledger that decides again what was decided, as it happened or otherwise. It writes nothing."""

from __future__ import annotations

import os
from typing import overload

from ensue.core.app import App
from ensue.core.comparison import NOISE_MAX, Comparison
from ensue.core.diff import Diff
from ensue.core.record import Record
from ensue.core.replay_report import ReplayReport
from ensue.core.version import Version
from ensue.runtime.again import Again, Many, Progress
from ensue.storage.database import Storage


class Hindsight:
    """Replay and compare, as every ledger offers them."""

    def __init__(self, app: App, storage: Storage) -> None:
        self.app = app
        self._again = Again(storage)

    @overload
    def replay(self, what: Record) -> Diff: ...
    @overload
    def replay(self, what: Many, *, jobs: int = 1, progress: Progress | None = None) -> ReplayReport: ...
    def replay(self, what: Record | Many, *, jobs: int = 1, progress: Progress | None = None) -> Diff | ReplayReport:
        """
        Decide again as it happened, from the record's own form, state, moment and steps, and compare value by value.

        Nothing is saved and nothing performed. True where something differs: of one record a diff, of many a report.

        Args:
            what: a record, a `Selection` or records.
            jobs: how many processes share a selection; each imports the application by its module.
            progress: is told (records done, positions in all).

        Raises:
            WorkerFailed: a process could not do its part.
        """
        return self._again.replay(what, jobs, progress)

    @overload
    def compare(self, what: Record, *, version: str | None = None, code: str | os.PathLike[str] | None = None) -> Diff: ...
    @overload
    def compare(
        self,
        what: Many,
        *,
        version: str | None = None,
        code: str | os.PathLike[str] | None = None,
        jobs: int = 1,
        noise_max: float = NOISE_MAX,
        progress: Progress | None = None,
        attempts: bool = False,
    ) -> Comparison: ...
    def compare(
        self,
        what: Record | Many,
        *,
        version: str | None = None,
        code: str | os.PathLike[str] | None = None,
        jobs: int = 1,
        noise_max: float = NOISE_MAX,
        progress: Progress | None = None,
        attempts: bool = False,
    ) -> Diff | Comparison:
        """
        Decide under another *version*, or by the *code* of another checkout, on the facts of then, and show the difference.

        State that a record does not hold is told from what happened before it; where nobody can tell it, the outcome is
        `unreplayable` and names the input. Many records are first decided under their own version as well: where more than
        *noise_max* of them already differ, the comparison is void.

        Args:
            what: a record, a `Selection` or records in the ledger's order.
            version: the version to decide under; default: each record's own.
            code: the folder of another checkout that decides; default: this one.
            jobs: how many processes share a selection.
            noise_max: the share of noise up to which a comparison holds.
            progress: is told (records done, positions in all).
            attempts: whether the requests of a selection that were refused, and are still kept, are decided under *version* as
                well: over the rows of their moment, in this process, and only where they are refused there again as they were.

        Raises:
            VersionError: there is no such version, or a single record's event type is not in it.
            RequestError: neither version nor code is named; attempts are asked for without a selection, or with other code.
            WorkerFailed: a process could not do its part.
        """
        known = None if version is None else Version.parse(version) if code is not None else self.app.known_version(version)
        return self._again.compare(what, known, code, jobs, noise_max, progress, attempts=attempts)
