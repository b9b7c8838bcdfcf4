"""
The pytest plugin, found by its entry point: wherever ensue is installed, tests may ask for these fixtures.

`--ensue-double-run` decides every event of `given(…).when(…)` again, here and in another process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ensue.core.app import App
from ensue.core.model import Model
from ensue.runtime.ledger import Ledger
from ensue.testing.clock import FrozenClock
from ensue.testing.double_run import doing, end_other_process
from ensue.testing.ledgers import close_ledgers, memory_ledger


@pytest.fixture
def frozen_clock() -> FrozenClock:
    """A clock that stands at midnight UTC, the first of January 2025, until the test moves it."""
    return FrozenClock()


@pytest.fixture
def ledger_of(frozen_clock: FrozenClock) -> Iterator[Callable[..., Ledger]]:
    """
    Open ledgers in memory that run on the test's `frozen_clock`.

    Call it with the application and the rows that are there already: `ledger = ledger_of(clinic, ADA)`. What it opened
    is closed after the test.
    """
    with ExitStack() as opened:

        def open_one(app: App, *rows: Model) -> Ledger:
            return opened.enter_context(memory_ledger(app, *rows, clock=frozen_clock))

        yield open_one


def pytest_runtest_teardown() -> None:
    """Close what `given(…).when(…)` opened during the test."""
    close_ledgers()


# ---- the double run ------------------------------------------------------------------------------------------------
def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--ensue-double-run`."""
    parser.getgroup("ensue").addoption(
        "--ensue-double-run",
        action="store_true",
        help="Decide the event of every given(…).when(…) again, here and in a process with another hash seed and time zone.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read it."""
    doing.always = bool(config.getoption("--ensue-double-run"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many outcomes were decided again, and where."""
    if doing.always and (doing.here or doing.elsewhere):
        only = f", {doing.here} only in this process, since their app stands in no module" if doing.here else ""
        terminalreporter.write_line(f"ensue: events decided again: {doing.here + doing.elsewhere}{only}")


def pytest_unconfigure() -> None:
    """End the other process."""
    doing.always = False
    end_other_process()
