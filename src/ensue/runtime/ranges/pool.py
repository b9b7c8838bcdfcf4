"""Pool: a job done by several processes, each taking one part after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

from ensue.core.app import App
from ensue.runtime.ranges.child import Child, hello_of
from ensue.runtime.ranges.job import Job
from ensue.runtime.ranges.messages import Asked, Do
from ensue.runtime.ranges.source import Part, Place


class Pool:
    """Several processes at work on one job; every one opens the source by itself."""

    def __init__(self, app: App, place: Place, job: Job, told: Callable[[int], None]) -> None:
        self._hello = hello_of(app)
        self._place = place
        self._job = job
        self._told = told
        self._parts: SimpleQueue[Part] = SimpleQueue()
        self._children: list[Child] = []
        self._lock = Lock()
        self._stopped = False

    def do(self, parts: Sequence[Part], jobs: int, report: Any) -> None:
        """
        Have all *parts* done by so many processes, and merge what they report into *report*.

        Raises:
            WorkerFailed: one could not do its part, or was killed; the others are ended.
        """
        for part in parts:
            self._parts.put(part)
        with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="ensue-worker") as threads:
            futures = [threads.submit(self._work, report) for _ in range(min(jobs, len(parts)))]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                failed = next((error for one in done if (error := one.exception()) is not None), None)
                if failed is not None:
                    raise failed
            finally:
                self._stop()

    def _work(self, report: Any) -> None:
        child = Child(self._hello)
        try:
            with self._lock:
                self._children.append(child)
            while not self._stopped:
                try:
                    part = self._parts.get_nowait()
                except Empty:
                    return
                found = child.ask(Do(self._job, self._place, part), self._hear)
                with self._lock:
                    report.merge(found)
        finally:
            child.close()

    def _hear(self, asked: Asked) -> None:
        with self._lock:
            self._told(asked.question[1])

    def _stop(self) -> None:
        self._stopped = True
        with self._lock:
            for child in self._children:
                child.kill()
