"""The pytest plugin, found by its entry point: wherever ensue is installed, tests may ask for these fixtures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from ensue.core.app import App
from ensue.core.model import Model
from ensue.runtime.ledger import Ledger
from ensue.testing.clock import FrozenClock
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
