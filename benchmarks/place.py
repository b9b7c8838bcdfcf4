"""The place where a benchmark runs: its databases, started when first asked for, and how long its rounds are."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from benchmarks.servers import disk, postgres
from benchmarks.workload import CALLERS_COUNT
from tests.postgresql_server import database_of_its_own


class Closable(Protocol):
    """Something with a connection to close."""

    def close(self) -> None:
        """Close it."""


C = TypeVar("C", bound=Closable)


class Place:
    """A temporary directory and, when asked for, a PostgreSQL server; everything opened through it is closed at the end."""

    def __init__(self, *, is_quick: bool = False) -> None:
        self.rounds = 2 if is_quick else 5
        self.batches_count = 10 if is_quick else 40
        self.events_count = self.batches_count * CALLERS_COUNT  # a round with 64 callers
        self.peer_events_count = self.events_count // 5  # the hand-written peer's: a tenth as fast, so a round as long
        self.alone_count = 100 if is_quick else 300  # a round of one caller
        self._numbers = count()
        self._stack = ExitStack()
        self._server_url: str | None = None

    def __enter__(self) -> Self:
        self.directory = self._stack.enter_context(disk())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def open(self, contender: C) -> C:
        """Close *contender* at the end, before its database goes."""
        self._stack.callback(contender.close)
        return contender

    def new_file(self) -> Path:
        """A path for a new SQLite database."""
        return self.directory / f"{next(self._numbers)}.db"

    def new_sqlite(self) -> str:
        """The address of a new SQLite database."""
        return f"sqlite:///{self.new_file()}"

    def new_postgresql(self) -> str:
        """The address of a new PostgreSQL database."""
        if self._server_url is None:
            self._server_url = self._stack.enter_context(postgres())
        return self._stack.enter_context(database_of_its_own(self._server_url))

    def new_database(self, engine: str) -> str:
        """The address of a new database on *engine*, `sqlite` or `postgresql`."""
        return self.new_sqlite() if engine == "sqlite" else self.new_postgresql()
