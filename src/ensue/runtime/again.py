"""Again: records decided once more, as they happened or under another version. Nothing is saved, and nothing is performed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from os import PathLike
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from ensue.core.app import App
from ensue.core.comparison import NOISE_MAX, Comparison
from ensue.core.correction_shapes import form_of
from ensue.core.diff import Diff, Side
from ensue.core.record import Record
from ensue.core.recorded import as_written
from ensue.core.replay import compare, decide_again, replay, side_of
from ensue.core.replay_report import ReplayReport
from ensue.core.selection import ALL, Selection
from ensue.core.version import Version
from ensue.core.wanted import UNDONE
from ensue.errors import RequestError
from ensue.runtime.latest import latest_correction
from ensue.runtime.past import TablesPast
from ensue.runtime.ranges.attempts import add_attempts
from ensue.runtime.ranges.code import code_options
from ensue.runtime.ranges.job import Comparing, Job, Replaying, do_part
from ensue.runtime.ranges.pool import Pool
from ensue.runtime.ranges.source import DatabasePlace, DatabaseSource, FilesPlace, Part, Place, Source
from ensue.storage.database import Storage

JOBS_MAX: Final = 256
Progress = Callable[[int, int], None]
"""Told how many are done, and how many there are in all (0 where that is not known)."""
Many = Selection | Iterable[Record]


class Again:
    """Replay and compare over one ledger."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def replay(self, what: Record | Many, jobs: int, progress: Progress | None) -> Diff | ReplayReport:
        """One record, or many, decided as they happened."""
        if isinstance(what, Record):
            with self._storage.snapshot() as connection, as_written(what):
                return replay(what, past=TablesPast(self._storage, connection, what))
        report: ReplayReport = self._many(Replaying(), what, jobs, progress)
        return report

    def compare(
        self,
        what: Record | Many,
        version: Version | None,
        code: str | PathLike[str] | None,
        jobs: int,
        noise_max: float,
        progress: Progress | None,
        *,
        attempts: bool,
    ) -> Diff | Comparison:
        """One record, or many, decided under another version or by other code."""
        selection = check_attempts(what, code) if attempts else None
        if isinstance(what, Record) and version is not None and code is None:
            return self._against_what_stands(what, version)
        job = comparing(self._storage.app, None if version is None else str(version), code, noise_max)
        if isinstance(what, Record):
            return self._one(job, what)
        comparison: Comparison = self._many(job, what, jobs, progress)
        if selection is not None:
            add_attempts(comparison, self._storage, selection)
        return comparison

    def _against_what_stands(self, record: Record, version: Version) -> Diff:
        """One record under another version, against what stands: where it was corrected since, what that made of it."""
        with self._storage.snapshot() as connection, as_written(record):
            correction = latest_correction(self._storage, connection, record)
            past = TablesPast(self._storage, connection, record)
            if correction is None:
                return compare(record, version, past)
            ruled = form_of(correction)["target"]
            base = Side(undone=True) if ruled is None else side_of(decide_again(record, Version.parse(ruled), past))
            return compare(record, version, past, base, UNDONE if ruled is None else ruled)

    def _one(self, job: Comparing, record: Record) -> Diff:
        try:
            return job.diff(self._source, record)
        finally:
            job.close()

    def _many(self, job: Job, what: Many, jobs: int, progress: Progress | None) -> Any:
        if isinstance(what, Selection):
            return run(job, self._source, self._place(jobs), what, jobs, progress)
        if jobs != 1:
            raise RequestError("jobs= shares out a Selection; records that are given one by one are decided in this process.")
        source = self._source
        return timed(job, source, lambda report: job.do(source, what, report))

    @property
    def _source(self) -> DatabaseSource:
        """A new one each time: what it has looked up once holds for one call."""
        return DatabaseSource(self._storage)

    def _place(self, jobs: int) -> DatabasePlace:
        if jobs != 1 and self._storage.is_memory:
            raise RequestError("A database in memory cannot be opened by other processes; leave out jobs=.")
        return DatabasePlace(
            self._storage.url.render_as_string(hide_password=False), None if self._storage.is_sqlite else self._storage.name
        )


def replay_files(
    app: App,
    path: str | PathLike[str],
    *,
    selection: Selection = ALL,
    jobs: int = 1,
    dask: bool = False,
    progress: Progress | None = None,
) -> ReplayReport:
    """
    Replay the records of exported files, without any database.

    Args:
        app: the application that the events are of.
        path: a file that `ledger.export` wrote, or a folder of partitions.
        selection: which of its records.
        jobs: how many processes share the work; each imports *app* by its module.
        dask: share out a folder's files with Dask instead, on the scheduler that is configured there.
        progress: is told (done, in all).

    Raises:
        RequestError, BrokenExport: there is no such file, or it cannot be read.
        WorkerFailed: a process could not do its part.
        ConfigurationError: Dask or pyarrow is not installed.
    """
    return replay_at(FilesPlace(Path(path)), app, selection, jobs, progress, dask=dask)


def compare_files(
    app: App,
    path: str | PathLike[str],
    *,
    version: str | None = None,
    code: str | PathLike[str] | None = None,
    selection: Selection = ALL,
    jobs: int = 1,
    dask: bool = False,
    noise_max: float = NOISE_MAX,
    progress: Progress | None = None,
) -> Comparison:
    """
    Compare the records of exported files under another version, or by other code, without any database.

    The same as `Ledger.compare`, without a forecast of applying; arguments and errors as of it and of `replay_files`.
    """
    return compare_at(FilesPlace(Path(path)), app, version, code, selection, jobs, noise_max, progress, dask=dask)


def replay_at(place: Place, app: App, selection: Selection, jobs: int, progress: Progress | None, *, dask: bool = False) -> ReplayReport:
    """Replay what is at *place*, a ledger or files, which is opened for reading only."""
    report: ReplayReport = _at(place, Replaying(), app, selection, jobs, progress, dask=dask)
    return report


def compare_at(
    place: Place,
    app: App,
    version: str | None,
    code: str | PathLike[str] | None,
    selection: Selection,
    jobs: int,
    noise_max: float,
    progress: Progress | None,
    *,
    dask: bool = False,
    attempts: bool = False,
) -> Comparison:
    """Compare what is at *place*, a ledger or files, which is opened for reading only."""
    if version is not None:
        version = str(app.known_version(version) if code is None else Version.parse(version))
    if attempts:
        check_attempts(selection, code)
        if not isinstance(place, DatabasePlace):
            raise RequestError("Exported files hold no attempts; compare the ledger itself.")
    comparison: Comparison = _at(place, comparing(app, version, code, noise_max), app, selection, jobs, progress, dask=dask)
    if attempts and isinstance(place, DatabasePlace):
        with closing(place.storage(app)) as storage:
            add_attempts(comparison, storage, selection)
    return comparison


def check_attempts(what: Record | Many, code: str | PathLike[str] | None) -> Selection:
    """*what*, where it can be said which attempts belong to it. Raises RequestError."""
    if code is not None:
        raise RequestError("Attempts are decided by the code that is here: leave out code=, or the attempts.")
    if not isinstance(what, Selection):
        raise RequestError("Attempts are chosen by a Selection; records that are given one by one say nothing of them.")
    return what


def _at(place: Place, job: Job, app: App, selection: Selection, jobs: int, progress: Progress | None, *, dask: bool) -> Any:
    source = place.open(app)
    try:
        if not dask:
            return run(job, source, place, selection, jobs, progress)
        from ensue.runtime.ranges.on_dask import do_on_dask  # an extra that few install

        parts = source.parts(selection, jobs)
        return timed(job, source, lambda report: do_on_dask(app, place, job, parts, report))
    finally:
        source.close()


# ---- one process or many -------------------------------------------------------------------------------------------
def comparing(app: App, version: str | None, code: str | PathLike[str] | None, noise_max: float) -> Comparing:
    """The job. Raises RequestError where neither a version nor other code is named."""
    if version is None and code is None:
        raise RequestError("Compare with what? Say version=, or code= with the path of another checkout.")
    options = None if code is None else code_options(code, app)
    return Comparing(version, options, noise_max)


def run(job: Job, source: Source, place: Place, selection: Selection, jobs: int, progress: Progress | None) -> Any:
    """Do *job* over all of *selection*: here, or by so many processes. Raises WorkerFailed."""
    if not 1 <= jobs <= JOBS_MAX:
        raise RequestError(f"jobs={jobs}: 1 to {JOBS_MAX} processes share the work.")
    parts = source.parts(selection, jobs)
    told = _counter(parts, progress)
    if jobs == 1:
        whole = Part(selection) if len(parts) != 1 else parts[0]
        return timed(job, source, lambda report: report.merge(do_part(job, source, whole, told)))
    return timed(job, source, lambda report: Pool(source, place, job, told).do(parts, jobs, report))


def timed(job: Job, source: Source, work: Callable[[Any], None]) -> Any:
    """The report that *work* has filled, with how long it took."""
    try:
        report = job.report(source.app)
        begin = perf_counter()
        work(report)
        report.seconds = perf_counter() - begin
        return report
    finally:
        job.close()


def _counter(parts: list[Part], progress: Progress | None) -> Callable[[int], None]:
    """What hears how many records more are done, and tells *progress*."""
    if progress is None:
        return lambda _: None
    ends = [(one.selection.first, one.selection.last) for one in parts]
    total = sum(last + 1 - first for first, last in ends if last is not None) if all(last is not None for _, last in ends) else 0
    done = 0

    def hear(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    return hear
