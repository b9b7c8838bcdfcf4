"""The example applications, loaded unchanged from beside the repository, and ledgers of them on every kind of database."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from types import ModuleType

import pytest

import ensue
from ensue import App, Ledger, Model
from ensue.runtime.seeding import put_rows
from tests.source_tree import ROOT

EXAMPLES = ROOT.parent / "shared" / "examples"

Opener = Callable[..., Ledger]
"""Opens a ledger of an app, with the rows that are there already."""


@cache
def load_example(name: str) -> ModuleType:
    """The module of one example; the test is skipped where the examples are not there."""
    file = EXAMPLES / f"{name}.py"
    if not file.is_file():
        pytest.skip("The example applications are not beside this repository (../shared/examples).")
    spec = importlib.util.spec_from_file_location(f"example_{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def transfer() -> ModuleType:
    return load_example("transfer")


@pytest.fixture
def booking() -> ModuleType:
    return load_example("booking")


@pytest.fixture
def laboratory() -> ModuleType:
    return load_example("laboratory")


@pytest.fixture
def consent() -> ModuleType:
    return load_example("consent")


@pytest.fixture
def history() -> ModuleType:
    return load_example("history")


@pytest.fixture
def open_with(database_url: str) -> Iterator[Opener]:
    with ExitStack() as opened:

        def open_one(app: App, *rows: Model) -> Ledger:
            ledger = opened.enter_context(ensue.open(app, database_url, tag_keys={"test": bytes(32)}))
            put_rows(ledger, rows)
            return ledger

        yield open_one
