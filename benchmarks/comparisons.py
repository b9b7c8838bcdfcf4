"""
The comparisons: each benchmark opens ensue and a peer, runs them in turn, and says what the ratio must be.

"64 callers" means 64 requests outstanding at every moment. The promise is the row of asyncio callers, which the
hand-written peer's 64 async callers mirror; the row of 64 threads in `submit` stands beside it for comparison.
"""

from __future__ import annotations

from benchmarks.measure import Row, at_least, at_most, interleave
from benchmarks.ours import Ours
from benchmarks.peers.handwritten import Handwritten
from benchmarks.peers.raw_postgresql import RawPostgres
from benchmarks.peers.raw_sqlite import RawSqlite
from benchmarks.place import Place


def postgresql(place: Place) -> tuple[Row, ...]:
    """64 callers on PostgreSQL, against the hand-written controller and the raw rows in batches of 64."""
    tasks = place.open(Ours(place.new_postgresql()))
    threads = place.open(Ours(place.new_postgresql()))
    raw = place.open(RawPostgres(place.new_postgresql()))
    handwritten = place.open(Handwritten(place.new_postgresql()))
    found = interleave(
        {
            "asyncio": lambda: tasks.callers(place.events_count),
            "hand-written": lambda: handwritten.callers(place.peer_events_count),
            "raw": lambda: raw.batched(place.batches_count),
            "threads": lambda: threads.threads(place.events_count),
        },
        place.rounds,
    )
    return (
        Row("64 asyncio callers, hand-written controller", "events/s", found["asyncio"], found["hand-written"], at_least(10)),
        Row("64 asyncio callers, the same rows raw", "events/s", found["asyncio"], found["raw"], at_least(0.5)),
        Row("64 threads, hand-written controller", "events/s", found["threads"], found["hand-written"]),
        Row("64 threads, the same rows raw", "events/s", found["threads"], found["raw"]),
    )


def sqlite(place: Place) -> tuple[Row, ...]:
    """64 callers on SQLite, against the raw rows in batches of 64."""
    tasks = place.open(Ours(place.new_sqlite()))
    threads = place.open(Ours(place.new_sqlite()))
    raw = place.open(RawSqlite(place.new_file()))
    found = interleave(
        {
            "asyncio": lambda: tasks.callers(place.events_count),
            "raw": lambda: raw.batched(place.batches_count),
            "threads": lambda: threads.threads(place.events_count),
        },
        place.rounds,
    )
    return (
        Row("64 asyncio callers, the same rows raw", "events/s", found["asyncio"], found["raw"], at_least(0.5)),
        Row("64 threads, the same rows raw", "events/s", found["threads"], found["raw"]),
    )


def alone(place: Place) -> tuple[Row, ...]:
    """One caller, against the raw rows in a transaction of their own: the p50 of a round."""
    raw_sqlite = place.open(RawSqlite(place.new_file()))
    raw_postgres = place.open(RawPostgres(place.new_postgresql()))
    on_sqlite = place.open(Ours(place.new_sqlite()))
    on_postgres = place.open(Ours(place.new_postgresql()))
    lite = interleave(
        {"submit": lambda: on_sqlite.alone(place.alone_count), "raw": lambda: raw_sqlite.alone(place.alone_count)}, place.rounds
    )
    big = interleave(
        {"submit": lambda: on_postgres.alone(place.alone_count), "raw": lambda: raw_postgres.alone(place.alone_count)}, place.rounds
    )
    return (
        Row("one caller on SQLite, p50", "ms", lite["submit"], lite["raw"], at_most(2)),
        Row("one caller on PostgreSQL, p50", "ms", big["submit"], big["raw"], at_most(1.5)),
    )


def hot(place: Place) -> tuple[Row, ...]:
    """64 callers who all write to one patient, against ensue itself with its callers spread over 1,000."""
    return (_hot(place, "sqlite"), _hot(place, "postgresql"))


def _hot(place: Place, engine: str) -> Row:
    one = place.open(Ours(place.new_database(engine)))
    spread = place.open(Ours(place.new_database(engine)))
    found = interleave({"hot": lambda: one.hot(place.events_count), "spread": lambda: spread.callers(place.events_count)}, place.rounds)
    return Row(f"64 callers, one patient, {engine}", "events/s", found["hot"], found["spread"], at_least(0.6))


def preview(place: Place) -> tuple[Row, ...]:
    """A preview by one caller, with some thousand events behind."""
    return (_preview(place, "sqlite"), _preview(place, "postgresql"))


def _preview(place: Place, engine: str) -> Row:
    ours = place.open(Ours(place.new_database(engine)))
    ours.fill(place.events_count)
    found = interleave({"preview": lambda: ours.preview(place.alone_count)}, place.rounds)
    return Row(f"preview, p50, {engine}", "ms", found["preview"], goal=at_most(0.5))


def growth_sqlite(place: Place) -> tuple[Row, ...]:
    """`growth` on SQLite: takes minutes."""
    return _growth(place, "sqlite")


def growth_postgresql(place: Place) -> tuple[Row, ...]:
    """`growth` on PostgreSQL: takes minutes."""
    return _growth(place, "postgresql")


def _growth(place: Place, engine: str) -> tuple[Row, ...]:
    # One caller with 1,000,000 events behind, against one with 10,000 behind: both ledgers stand side by side.
    full = place.open(Ours(place.new_database(engine)))
    young = place.open(Ours(place.new_database(engine)))
    young.fill(10_000)
    full.fill(1_000_000)
    found = interleave({"1,000,000": lambda: full.alone(place.alone_count), "10,000": lambda: young.alone(place.alone_count)}, place.rounds)
    return (Row(f"submit with 1,000,000 events behind, p50, {engine}", "ms", found["1,000,000"], found["10,000"], at_most(1.3)),)
