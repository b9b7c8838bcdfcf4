"""
Phases: the CPU time of one event, phase by phase, beside what the raw baseline spends on the same rows.

One thread does everything: the door, what a lane does with a batch of 64, and the raw baseline's transaction, in turn. The
clock is the thread's own CPU time, so that waiting for a core counts for nothing. What a busy machine does beside (colder
caches, lower clock rates) is met by medians of many batches.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from itertools import count, islice
from time import thread_time
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

import ensue
from benchmarks import workload
from benchmarks.measure import median
from benchmarks.peers.raw_sqlite import RawSqlite
from benchmarks.place import Place
from benchmarks.prescribe import clinic, prescription, registrations
from ensue import Record
from ensue.runtime.request import Ticket, Unit
from ensue.runtime.writer import _Lane

_ACTOR = "dr-ada"
_SIZE = workload.CALLERS_COUNT
_BATCHES = 60
_WARM = 10
_CALIBRATION = 10_000

# Phase to the functions whose time is its own; what they call and stands in another phase is that one's.
_PHASES: dict[str, tuple[str, ...]] = {
    "resolve": ("ensue.runtime.writer:_Lane._needs", "ensue.runtime.writer:_Lane._resolve", "ensue.core.binding:Binding.find"),
    "load (SQL)": ("ensue.storage.sqlite:SqliteSession.open",),
    "bind": ("ensue.core.binding:Binding.bind",),
    "decide": ("ensue.runtime.batch:decide",),
    "steps, the application's own": ("ensue.core.decide:_drain",),
    "unique, apply": ("ensue.runtime.batch:check_unique", "ensue.runtime.batch:Batch._fits", "ensue.core.facts:Facts.apply"),
    "record: leaves": ("ensue.runtime.recording:leaves_of",),
    "record: seal": ("ensue.runtime.recording:seal",),
    "record: header": ("ensue.runtime.recording:build_header",),
    "record: stamp": ("ensue.runtime.recording:stamp",),
    "record: request digest": ("ensue.runtime.recording:request_digest",),
    "record: the rest": ("ensue.runtime.recording:Recorder.record",),
    "rows as statements": ("ensue.runtime.batch:Batch.row_writes", "ensue.runtime.recording:Chains.write"),
    "write (SQL)": ("ensue.storage.sqlite:SqliteSession.finish",),
    "answer": ("ensue.runtime.writer:_Lane._answer",),
}
_FORM, _DOOR, _REST = "form: the event checked", "door", "batch: the rest"


class _Clock:
    """CPU seconds by phase; an inner phase's time is not the outer one's, and what the clock itself takes is nobody's."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._stack = [_REST]
        self._since = thread_time()
        self._inside = self._outside = 0.0
        timed = self.timed("inner", lambda: None)
        for _ in range(_CALIBRATION):
            timed()
        self._inside, self._outside = (self.seconds[name] / _CALIBRATION for name in ("inner", _REST))
        self.seconds = Counter()

    def enter(self, name: str) -> None:
        now = thread_time()
        self.seconds[self._stack[-1]] += now - self._since - self._outside  # type: ignore[assignment]  # a Counter adds floats as well
        self._stack.append(name)
        self._since = thread_time()

    def leave(self) -> None:
        now = thread_time()
        self.seconds[self._stack.pop()] += now - self._since - self._inside  # type: ignore[assignment]
        self._since = thread_time()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def measured(*arguments: Any, **keywords: Any) -> Any:
            self.enter(name)
            try:
                return function(*arguments, **keywords)
            finally:
                self.leave()

        return measured


class _Writing:
    """A ledger whose lane this thread plays."""

    def __init__(self, url: str) -> None:
        self.ledger = ensue.open(clinic, url)
        self._keys = map("form-{}".format, count())
        patients = workload.patients()
        self._forms = workload.forms(patients)
        for outcome in self.ledger.submit_all(registrations(patients, workload.allergies(patients)), actor=_ACTOR):
            if not isinstance(outcome, Record):
                raise outcome
        self._lane = _Lane(self.ledger._writer, 0)

    def close(self) -> None:
        self._lane.close()
        self.ledger.close()

    def events(self) -> list[ensue.Request]:
        return [ensue.Request(prescription(form), key=next(self._keys)) for form in islice(self._forms, _SIZE)]

    def door(self, requests: list[ensue.Request]) -> list[Ticket]:
        return [self.ledger._door.ticket(request, _ACTOR, None) for request in requests]

    def batch(self, tickets: list[Ticket]) -> None:
        rest = self._lane.commit([Unit([ticket]) for ticket in tickets])
        assert not rest, "no event of the workload waits for another batch"
        for ticket in tickets:
            ticket.answer.result()


def phases(console: Console) -> None:
    """Print microseconds of CPU an event: of the whole, and by phase."""
    with Place() as place:
        ours = place.open(_Writing(place.new_sqlite()))
        raw = place.open(RawSqlite(place.new_file()))
        whole = _whole(ours, raw)
        parts = _parts(ours)
    table = Table("phase", "µs of CPU an event", title=f"SQLite, {_SIZE} events a batch", title_justify="left")
    for name, microseconds in parts.items():
        table.add_row(name, f"{microseconds:.1f}")
    table.add_row("all of these", f"{sum(parts.values()):.1f}")
    for name, microseconds in whole.items():
        table.add_row(name, f"{microseconds:.1f}")
    table.add_row("raw ÷ ensue", f"{whole['raw'] / whole['ensue']:.2f}")
    console.print(table)


def _whole(ours: _Writing, raw: RawSqlite) -> dict[str, float]:
    taken: dict[str, list[float]] = {"ensue": [], "raw": []}
    for turn in range(_WARM + _BATCHES):
        start = thread_time()
        ours.batch(ours.door(ours.events()))
        middle = thread_time()
        batches = raw.prepared(1)
        before = thread_time()
        raw.write(batches)
        if turn >= _WARM:
            taken["ensue"].append(middle - start)
            taken["raw"].append(thread_time() - before)
    return {name: median(values) * 1e6 / _SIZE for name, values in taken.items()}


def _parts(ours: _Writing) -> dict[str, float]:
    clock = _Clock()
    rounds: list[Counter[str]] = []
    with _watched(clock):
        for turn in range(_WARM + _BATCHES):
            clock.seconds = Counter()
            clock.enter(_FORM)
            requests = ours.events()
            clock.leave()
            clock.enter(_DOOR)
            tickets = ours.door(requests)
            clock.leave()
            clock.enter(_REST)
            ours.batch(tickets)
            clock.leave()
            if turn >= _WARM:
                rounds.append(clock.seconds)
    names = [_FORM, _DOOR, *_PHASES, _REST]
    return {name: median([one[name] for one in rounds]) * 1e6 / _SIZE for name in names}


@contextmanager
def _watched(clock: _Clock) -> Iterator[None]:
    with ExitStack() as stack:
        for phase, owner, name in places():
            stack.enter_context(patch.object(owner, name, clock.timed(phase, getattr(owner, name))))
        yield


def places() -> Iterator[tuple[str, Any, str]]:
    """Phase, module or class, and name of every function that is given a clock. Raises AttributeError where one is gone."""
    for phase, paths in _PHASES.items():
        for path in paths:
            module, _, inside = path.partition(":")
            owner: Any = importlib.import_module(module)
            *outer, name = inside.split(".")
            for part in outer:
                owner = getattr(owner, part)
            getattr(owner, name)
            yield phase, owner, name
