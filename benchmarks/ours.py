"""ensue under the workload: the same callers as the peers', over a ledger on SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from time import monotonic, perf_counter

import ensue
from benchmarks import workload
from benchmarks.measure import median
from benchmarks.prescribe import clinic, prescription, registrations
from benchmarks.workload import Form
from ensue import Record, Request

_ACTOR = "dr-ada"
_FILL_EVENTS = 10_000  # a call of submit_all while filling: enough for full batches, little to hold in memory
_FILL_TIMEOUT_SECONDS = 3_600.0


class Ours:
    """
    A ledger at *url* with the workload's patients registered.

    Every request has an idempotency key of its own, as a request through a door has; the peers' have none.
    """

    def __init__(self, url: str) -> None:
        self._ledger = ensue.open(clinic, url)
        self._runner = asyncio.Runner()
        self._keys = map("form-{}".format, count())
        self._patients = workload.patients()
        self._forms = workload.forms(self._patients)
        self._hot_forms = workload.forms(self._patients[:1])
        for outcome in self._ledger.submit_all(registrations(self._patients, workload.allergies(self._patients)), actor=_ACTOR):
            if not isinstance(outcome, Record):
                raise outcome

    def close(self) -> None:
        """Close the ledger."""
        self._runner.close()
        self._ledger.close()

    def callers(self, events_count: int) -> float:
        """64 tasks of one event loop, each sending its next request when it has its answer; return events a second."""
        return self._runner.run(self._callers(islice(self._forms, events_count), events_count))

    def hot(self, events_count: int) -> float:
        """As `callers`, but every request is for one patient."""
        return self._runner.run(self._callers(islice(self._hot_forms, events_count), events_count))

    def threads(self, events_count: int) -> float:
        """64 threads, each in `submit` until it has its answer; return events a second."""
        forms = deque(islice(self._forms, events_count))
        with ThreadPoolExecutor(workload.CALLERS_COUNT) as threads:
            start = perf_counter()
            callers = [threads.submit(self._thread, forms) for _ in range(workload.CALLERS_COUNT)]
            for caller in callers:
                caller.result()
            return events_count / (perf_counter() - start)

    def alone(self, events_count: int) -> float:
        """One caller in `submit`; return the median in milliseconds."""
        return self._median_ms(self._submit, events_count)

    def preview(self, events_count: int) -> float:
        """One caller in `preview`; return the median in milliseconds."""
        return self._median_ms(lambda form: self._ledger.preview(prescription(form), actor=_ACTOR), events_count)

    def fill(self, events_count: int) -> float:
        """
        Put *events_count* more events behind; return events a second.

        Raises:
            TimeoutError: It would take longer than an hour.
        """
        start = monotonic()
        for done in range(0, events_count, _FILL_EVENTS):
            if monotonic() - start > _FILL_TIMEOUT_SECONDS:
                raise TimeoutError(
                    f"filled {done} of {events_count} events in {_FILL_TIMEOUT_SECONDS:.0f} s; expected all of them. Is the machine busy?"
                )
            forms = islice(self._forms, min(_FILL_EVENTS, events_count - done))
            requests = (Request(prescription(form), key=next(self._keys)) for form in forms)
            for outcome in self._ledger.submit_all(requests, actor=_ACTOR):
                if not isinstance(outcome, Record):
                    raise outcome
        return events_count / (monotonic() - start)

    def _submit(self, form: Form) -> None:
        self._ledger.submit(prescription(form), actor=_ACTOR, key=next(self._keys))

    def _thread(self, forms: deque[Form]) -> None:
        while True:
            try:
                form = forms.popleft()
            except IndexError:
                return
            self._submit(form)

    async def _callers(self, forms: Iterator[Form], events_count: int) -> float:
        start = perf_counter()
        async with asyncio.TaskGroup() as callers:
            for _ in range(workload.CALLERS_COUNT):
                callers.create_task(self._caller(forms))
        return events_count / (perf_counter() - start)

    async def _caller(self, forms: Iterator[Form]) -> None:
        for form in forms:
            await self._ledger.submit_soon(prescription(form), actor=_ACTOR, key=next(self._keys))

    def _median_ms(self, call: Callable[[Form], object], events_count: int) -> float:
        taken = []
        for form in islice(self._forms, events_count):
            start = perf_counter()
            call(form)
            taken.append((perf_counter() - start) * 1000)
        return median(taken)
