"""
The Synthea stream through the clinic: a real clinic's 195,797 commands imported by the command line, as a user would,
with time, memory and database size measured from outside.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil  # type: ignore[import-untyped]  # it comes without types

from benchmarks.measure import Measured, Row, at_most, median
from benchmarks.place import Place
from benchmarks.servers import database_bytes

STREAM = Path(__file__).resolve().parents[2] / "shared" / "data" / "synthea-clinic"
_TIMEOUT_SECONDS = 1_200.0
_SAMPLE_SECONDS = 0.2
_MEBIBYTE = 2**20


class Unavailable(Exception):
    """What the benchmark needs is not on this machine; it is skipped, and the message says what is missing."""


@dataclass(frozen=True, slots=True)
class _Import:
    seconds: float
    memory_bytes: list[int]  # resident, a sample every 0.2 s

    @property
    def growth(self) -> float:
        # Flat memory: as much in the last quarter as in the second, when caches are warm.
        quarter = max(1, len(self.memory_bytes) // 4)
        return median(self.memory_bytes[-quarter:]) / median(self.memory_bytes[quarter : 2 * quarter] or self.memory_bytes)


def import_sqlite(place: Place) -> tuple[Row, ...]:
    """The whole stream into SQLite."""
    path = place.new_file()
    found = _import(f"sqlite:///{path}")
    size = sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*") if part.name.removeprefix(path.name) in {"", "-wal"})
    return _rows("SQLite", found, size, at_most_seconds=60)


def import_postgresql(place: Place) -> tuple[Row, ...]:
    """The whole stream into PostgreSQL."""
    url = place.new_postgresql()
    found = _import(url)
    return _rows("PostgreSQL", found, database_bytes(url), at_most_seconds=None)


def _rows(engine: str, found: _Import, size_bytes: int, *, at_most_seconds: int | None) -> tuple[Row, ...]:
    return (
        Row(f"import into {engine}", "s", _one(found.seconds), goal=at_most(at_most_seconds) if at_most_seconds else None),
        Row("memory, last quarter over second quarter", "times", _one(found.growth), goal=at_most(1.15)),
        Row("memory, peak", "MiB", _one(max(found.memory_bytes) / _MEBIBYTE)),
        Row("database size", "MiB", _one(size_bytes / _MEBIBYTE)),
    )


def _import(url: str) -> _Import:
    if not STREAM.is_dir():
        raise Unavailable(f"the Synthea stream is not at {STREAM.name} in ../shared/data beside this repository")
    command = [str(Path(sys.executable).with_name("ensue")), "demo", "import", str(STREAM), "--database", url, "--json"]
    start = monotonic()
    memory_bytes: list[int] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watched = psutil.Process(process.pid)
        try:
            while process.poll() is None:
                memory_bytes.append(watched.memory_info().rss)
                if monotonic() - start > _TIMEOUT_SECONDS:
                    raise TimeoutError(f"the import ran for {_TIMEOUT_SECONDS:.0f} s; expected a minute")
                sleep(_SAMPLE_SECONDS)
        except psutil.NoSuchProcess:
            pass  # it ended between the question and the look
        finally:
            process.kill()  # nothing to do when it has ended
        seconds = monotonic() - start
        output = process.stdout.read() if process.stdout else ""
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command[1:4])} ended with {process.returncode}; expected 0. It printed: {output[-2000:]}")
    counts = json.loads(output)["data"]
    if counts["rejected"] or counts["repeated"]:
        raise RuntimeError(f"the import must accept every command of the stream, but it counted {counts}")
    return _Import(seconds, memory_bytes)


def _one(number: float) -> Measured:
    return Measured("ours", (number,))
