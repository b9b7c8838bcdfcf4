"""
Replay: the clinic's stream decided again by one process and by two, against a plain loop over the same step functions; and compared.

The plain loop has the events ready, with their rows loaded and frozen, and does nothing but call their steps: what no
framework could be quicker than. Ours reads each record from SQLite, opens it, binds it, decides it and compares every value.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from time import perf_counter, process_time
from typing import Any

import psutil  # type: ignore[import-untyped]  # it comes without types

import ensue
from benchmarks.measure import Measured, Row, at_least, at_most, interleave, median
from benchmarks.ours import Ours
from benchmarks.place import Place
from benchmarks.prescribe import clinic as prescribing
from benchmarks.stream import STREAM, Unavailable
from ensue import Ledger, Selection
from ensue.core.event import Context
from ensue.core.replay import recall
from ensue.demo import clinic, import_stream

_LOOP_EVENTS = 20_000
_QUICK_EVENTS = 3_000
_ROUNDS = 5
_WHOLE_ROUNDS = 3
_MEBIBYTE = 2**20
Call = tuple[Callable[[Any], Any], Any]


def replay(place: Place) -> tuple[Row, ...]:
    """The whole stream imported into SQLite, and decided again."""
    if not STREAM.is_dir():
        raise Unavailable(f"the Synthea stream is not at {STREAM.name} in ../shared/data beside this repository")
    ledger = place.open(ensue.open(clinic, place.new_sqlite()))
    is_quick = place.rounds < _ROUNDS
    import_stream(ledger, STREAM, limit=_QUICK_EVENTS if is_quick else None)
    some = Selection(last=(_QUICK_EVENTS if is_quick else _LOOP_EVENTS) - 1)
    calls = _calls(ledger, some)
    gc.collect()
    gc.freeze()  # what the plain loop holds ready is not to be walked through by the collector while ours is at work
    found = interleave({"ours": lambda: _one_process(ledger, some), "plain loop": lambda: _plain_loop(calls)}, min(_ROUNDS, place.rounds))
    gc.unfreeze()
    calls.clear()
    compared = interleave({"ours": lambda: _compared(ledger, some)}, min(_ROUNDS, place.rounds))
    memory_bytes: list[int] = []
    whole = interleave(
        {"two": lambda: 1 / _seconds(ledger, 2, []), "one": lambda: 1 / _seconds(ledger, 1, memory_bytes)}, min(_WHOLE_ROUNDS, place.rounds)
    )
    return (
        Row("replayed by one process, in CPU time", "events/s", found["ours"], goal=at_least(10_000)),
        Row("the same, a plain loop over the steps", "events/s", found["ours"], found["plain loop"]),
        Row("compared by one process, in CPU time", "events/s", compared["ours"], goal=at_least(10_000)),
        Row("two processes, one process", "events/s", whole["two"], whole["one"], at_least(1.7)),
        *_memory(memory_bytes),
    )


def replay_million(place: Place) -> tuple[Row, ...]:
    """A million prescriptions, decided again by one process: memory stays flat. Takes minutes."""
    url = place.new_sqlite()
    filled = Ours(url)
    filled.fill(_QUICK_EVENTS if place.rounds < _ROUNDS else 1_000_000)
    filled.close()
    memory_bytes: list[int] = []
    seconds = _seconds(place.open(ensue.open(prescribing, url)), 1, memory_bytes)
    return (Row("a million prescriptions replayed", "events/s", _once(1 / seconds)), *_memory(memory_bytes))


def _memory(memory_bytes: list[int]) -> tuple[Row, Row]:
    """Flat: as much in the last quarter as in the second, when caches are warm."""
    quarter = max(1, len(memory_bytes) // 4)
    growth = median(memory_bytes[-quarter:]) / median(memory_bytes[quarter : 2 * quarter] or memory_bytes)
    return (
        Row("memory, last quarter over second quarter", "times", _once(growth), goal=at_most(1.15)),
        Row("memory, peak", "MiB", _once(max(memory_bytes) / _MEBIBYTE)),
    )


def _one_process(ledger: Ledger, selection: Selection) -> float:
    begin = process_time()
    report = ledger.replay(selection)
    seconds = process_time() - begin
    _check(report)
    return report.records / seconds


def _compared(ledger: Ledger, selection: Selection) -> float:
    """Under the first version, so that prescriptions come out otherwise."""
    begin = process_time()
    comparison = ledger.compare(selection, version=str(clinic.line()[0]))
    seconds = process_time() - begin
    if not comparison.outcomes.get("differs"):
        raise RuntimeError("some events must come out otherwise, or nothing was compared")
    return comparison.records / seconds


def _plain_loop(calls: Sequence[Sequence[Call]]) -> float:
    begin = process_time()
    for steps in calls:
        for function, event in steps:
            results = function(event)
            if results is not None:
                tuple(results)
    return len(calls) / (process_time() - begin)


def _calls(ledger: Ledger, selection: Selection) -> list[list[Call]]:
    """The steps of every record with the event that each receives, ready to be called."""
    calls = []
    for record in ledger.records(selection=selection):
        facts, binding = recall(record, record.logic)
        bound = binding.bind(facts, Context(record.id, record.at, record.actor, record.occurred), record.subjects, freezing=False)
        calls.append([(step.function, bound.events[step.event]) for step in record.logic.steps])
    return calls


def _seconds(ledger: Ledger, jobs: int, memory_bytes: list[int]) -> float:
    """How long the whole ledger takes by the clock on the wall, an event; memory is looked at on the way."""
    process = psutil.Process()
    begin = perf_counter()
    report = ledger.replay(Selection(), jobs=jobs, progress=lambda *_: memory_bytes.append(process.memory_info().rss))
    seconds = perf_counter() - begin
    _check(report)
    return seconds / report.records


def _check(report: ensue.ReplayReport) -> None:
    if report:
        raise RuntimeError(f"every event must come out the same, but {report.different} of {report.records} do not")


def _once(number: float) -> Measured:
    return Measured("ours", (number,))
