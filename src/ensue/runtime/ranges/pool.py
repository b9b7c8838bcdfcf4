"""Pool: a job done by several processes, this one among them, each taking one part after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

from ensue.runtime.ranges.child import Child, hello_of
from ensue.runtime.ranges.job import Job, do_part
from ensue.runtime.ranges.messages import Do
from ensue.runtime.ranges.source import Part, Place, Source


class Pool:
    """Several processes at work on one job: this one over *source*, the others over what they open at *place* by themselves."""

    def __init__(self, source: Source, place: Place, job: Job, told: Callable[[int], None]) -> None:
        self._hello = hello_of(source.app)
        self._source = source
        self._place = place
        self._job = job
        self._told = told
        self._parts: SimpleQueue[Part] = SimpleQueue()
        self._children: list[Child] = []
        self._lock = Lock()
        self._stopped = False
        self._failed: BaseException | None = None

    def do(self, parts: Sequence[Part], jobs: int, report: Any) -> None:
        """
        Have all *parts* done by so many processes, and merge what they report into *report*.

        Raises:
            WorkerFailed: one could not do its part, or was killed; the others are ended.
        """
        for part in parts:
            self._parts.put(part)
        with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="ensue-worker") as threads:
            futures = [threads.submit(self._work_there, report) for _ in range(min(jobs, len(parts)) - 1)]
            try:
                self._work_here(report)
                wait(futures, return_when=FIRST_EXCEPTION)
                self._check()
            finally:
                self._stop()

    def _take(self) -> Part | None:
        """The next part, None where there is none left."""
        try:
            return None if self._stopped else self._parts.get_nowait()
        except Empty:
            return None

    def _work_here(self, report: Any) -> None:
        """One part after the other in this process, which needs no start; ends with what failed in another one."""
        while (part := self._take()) is not None:
            found = do_part(self._job, self._source, part, self._hear_here)
            with self._lock:
                report.merge(found)

    def _hear_here(self, count: int) -> None:
        self._hear(count)
        self._check()

    def _check(self) -> None:
        if self._failed is not None:
            raise self._failed

    def _work_there(self, report: Any) -> None:
        """One part after the other in a child; the first is taken before it is started, so that none is started for nothing."""
        part = self._take()
        if part is None:
            return
        try:
            child = Child(self._hello)
            try:
                with self._lock:
                    self._children.append(child)
                while part is not None and not self._stopped:
                    found = child.ask(Do(self._job, self._place, part), hear=self._hear)
                    with self._lock:
                        report.merge(found)
                    part = self._take()
            finally:
                child.close()
        except BaseException as error:
            if not self._stopped:
                self._failed = self._failed or error
            raise

    def _hear(self, count: int) -> None:
        with self._lock:
            self._told(count)

    def _stop(self) -> None:
        self._stopped = True
        with self._lock:
            for child in self._children:
                child.kill()
