"""The list of benchmarks, and running some of them by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console

from benchmarks import comparisons, stream
from benchmarks.measure import Result, Row
from benchmarks.place import Place
from benchmarks.replay import replay, replay_million

BENCHMARKS: dict[str, Callable[[Place], tuple[Row, ...]]] = {
    "postgresql": comparisons.postgresql,
    "sqlite": comparisons.sqlite,
    "alone": comparisons.alone,
    "hot": comparisons.hot,
    "preview": comparisons.preview,
    "import-sqlite": stream.import_sqlite,
    "import-postgresql": stream.import_postgresql,
    "replay": replay,
    "replay-million": replay_million,
    "growth-sqlite": comparisons.growth_sqlite,
    "growth-postgresql": comparisons.growth_postgresql,
}
# These take a minute and more; they run when named.
LONG = ("import-sqlite", "import-postgresql", "replay", "replay-million", "growth-sqlite", "growth-postgresql")


def run(names: Sequence[str], console: Console, *, is_quick: bool) -> list[Result]:
    """Run the benchmarks *names* one after the other, each with databases of its own, printing each table as it comes."""
    results = []
    for name in names:
        with Place(is_quick=is_quick) as place:
            try:
                result = Result(name, BENCHMARKS[name](place))
            except stream.Unavailable as missing:
                console.print(f"{name}: skipped, {missing}")
                continue
        result.show(console)
        results.append(result)
    return results
