"""Where ensue's own time goes: the workload under cProfile, thread by thread, and the bytes it stores."""

from __future__ import annotations

import cProfile
import pstats
import sqlite3
import sys
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.table import Table

from benchmarks.ours import Ours
from benchmarks.peers.raw_sqlite import RawSqlite
from benchmarks.place import Place

_EVENTS_COUNT = 6_400


def profile(engine: str, *, lines_count: int = 35) -> None:
    """
    Run 64 callers on *engine* and print the costliest functions of the callers' thread and of ensue's writer threads.

    cProfile weighs Python calls heavier than they are: compare lines of one profile, not a profile with a benchmark.
    It follows single threads up to Python 3.11; from 3.12 on, only the callers' thread is told.
    """
    writers: list[cProfile.Profile] = []

    def begin(frame: FrameType, event: str, argument: object) -> None:  # noqa: ARG001  # the signature of a profile function
        # Called once in every new thread, at its first function call.
        sys.setprofile(None)
        writer = cProfile.Profile()
        try:
            writer.enable()
        except ValueError:  # Python 3.12 and later: one profiler a process
            return
        writers.append(writer)

    with Place() as place:
        url = place.new_database(engine)
        threading.setprofile(begin)
        try:
            ours = Ours(url)
        finally:
            threading.setprofile(None)
        callers = cProfile.Profile()
        callers.enable()
        ours.callers(_EVENTS_COUNT)
        callers.disable()
        ours.close()
    for name, profiles in (("callers", [callers]), ("writers, registration of the patients included", writers)):
        for taken in profiles:
            print(f"\n== {name}: {engine}, {_EVENTS_COUNT} events ==")
            pstats.Stats(taken).sort_stats("tottime").print_stats(lines_count)


def sizes(console: Console) -> None:
    """Print what one event of the workload stores on SQLite, ensue's rows beside the raw baseline's, table by table."""
    with Place() as place:
        ours_path, raw_path = place.new_file(), place.new_file()
        ours = place.open(Ours(f"sqlite:///{ours_path}"))
        raw = place.open(RawSqlite(raw_path))
        before = _contents(ours_path), _contents(raw_path)
        ours.callers(_EVENTS_COUNT)
        raw.batched(_EVENTS_COUNT // 64)
        for title, old, new in zip(("ensue", "raw baseline"), before, (_contents(ours_path), _contents(raw_path)), strict=True):
            table = Table("table", "rows an event", "bytes an event", "indexes", title=title, title_justify="left")
            for name, content in new.items():
                rows, size = content.rows - old[name].rows, content.bytes - old[name].bytes
                table.add_row(name, f"{rows / _EVENTS_COUNT:.2f}", f"{size / _EVENTS_COUNT:.0f}", str(content.indexes))
            console.print(table)


def costs(console: Console) -> None:
    """Print where the raw baseline's time goes on SQLite, statement by statement, young and with some events behind."""
    with Place() as place:
        raw = place.open(RawSqlite(place.new_file()))
        young = raw.costs(20)
        raw.batched(500)
        old = raw.costs(100)
    table = Table(
        "statement",
        "µs an event, first 1,280 events",
        "µs an event, 33,000 events behind",
        title="raw SQLite, 64 events a transaction",
        title_justify="left",
    )
    for statement, microseconds in old.items():
        table.add_row(statement, f"{young[statement]:.1f}", f"{microseconds:.1f}")
    table.add_row("all", f"{sum(young.values()):.1f}", f"{sum(old.values()):.1f}")
    console.print(table)


@dataclass(frozen=True, slots=True)
class _Content:
    rows: int
    bytes: int
    indexes: int


def _contents(path: Path) -> dict[str, _Content]:
    with closing(sqlite3.connect(path)) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
            )
        ]
        return {name: _content(connection, name) for name in names}


def _content(connection: sqlite3.Connection, table: str) -> _Content:
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    indexes = len(connection.execute(f'PRAGMA index_list("{table}")').fetchall())
    length = " + ".join(f'coalesce(length(CAST("{column}" AS BLOB)), 0)' for column in columns)
    rows, size = connection.execute(f'SELECT count(*), coalesce(sum({length}), 0) FROM "{table}"').fetchone()
    return _Content(rows, size, indexes)
