"""Rounds, medians and rows: how two contenders are compared, and how the comparison is shown and kept."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

Unit = Literal["events/s", "ms", "s", "MiB", "times"]


def machine() -> dict[str, object]:
    """What the numbers depend on. The load tells whether others were at work on the machine."""
    return {
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "load_1_minute": round(os.getloadavg()[0], 2),
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """One contender's number: the median of its rounds."""

    name: str
    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The number that counts."""
        return median(self.rounds)


@dataclass(frozen=True, slots=True)
class Goal:
    """What the ratio of ours to the peer's (or, without a peer, our own number) must be."""

    at: float
    is_floor: bool  # True: at least; False: at most

    def is_reached(self, number: float) -> bool:
        """Whether *number* is on the right side."""
        return number >= self.at if self.is_floor else number <= self.at

    def __str__(self) -> str:
        return f"{'≥' if self.is_floor else '≤'} {self.at:g}"


def at_least(number: float) -> Goal:
    """A goal that must be reached from above, such as a share of a peer's throughput."""
    return Goal(number, is_floor=True)


def at_most(number: float) -> Goal:
    """A goal that must be reached from below, such as a multiple of a peer's latency."""
    return Goal(number, is_floor=False)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the result: ours, the peer's, their ratio, and whether the goal is reached. Without a goal it only informs."""

    what: str
    unit: Unit
    ours: Measured
    peer: Measured | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's, of the medians."""
        return self.ours.median / self.peer.median if self.peer else None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        return self.goal.is_reached(self.ours.median if self.ratio is None else self.ratio)


@dataclass(frozen=True, slots=True)
class Result:
    """What one benchmark found, and on what machine."""

    name: str
    rows: tuple[Row, ...]
    machine: dict[str, object] = field(default_factory=machine)

    def as_json(self) -> dict[str, object]:
        """The result as it is kept: every round of every row."""
        rows = [
            {
                "what": row.what,
                "unit": row.unit,
                "ours": _measured(row.ours),
                "peer": row.peer and _measured(row.peer),
                "ratio": _rounded(row.ratio),
                "goal": row.goal and str(row.goal),
                "reached": row.reached,
            }
            for row in self.rows
        ]
        return {"benchmark": self.name, "machine": self.machine, "rows": rows}

    def write(self, path: Path) -> None:
        """Write the result to *path* as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def show(self, console: Console) -> None:
        """Print the result as a table."""
        table = Table(title=self.name, title_justify="left")
        table.add_column("what")
        for column in ("ours", "peer", "ratio", "goal"):
            table.add_column(column, justify="right")
        table.add_column("reached")
        for row in self.rows:
            peer = f"{row.peer.name}: {_number(row.peer.median)}" if row.peer else ""
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
            reached = "" if row.reached is None else "[green]yes[/]" if row.reached else "[red]no[/]"
            table.add_row(row.what, f"{_number(row.ours.median)} {row.unit}", peer, ratio, str(row.goal or ""), reached)
        console.print(table)


def median(values: Sequence[float]) -> float:
    """The middle of *values*."""
    return statistics.median(values)


def interleave(contenders: dict[str, Callable[[], float]], rounds: int) -> dict[str, Measured]:
    """
    Run the contenders in turn, A B C A B C ..., so that a busy moment of the machine meets all of them.

    A first turn warms caches and prepared statements and is not counted.
    """
    numbers: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, contender in contenders.items():
            number = contender()
            if turn:
                numbers[name].append(number)
    return {name: Measured(name, tuple(values)) for name, values in numbers.items()}


def _measured(measured: Measured) -> dict[str, object]:
    return {**asdict(measured), "rounds": [_rounded(number) for number in measured.rounds], "median": _rounded(measured.median)}


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.4g}") if abs(number) < 1000 else round(number)


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
