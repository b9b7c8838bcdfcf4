"""The other process: another hash seed and zone, many calls, and whatever goes wrong there is told here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ensue import WorkerFailed
from ensue.runtime.elsewhere import ZONES, Elsewhere, find_name, zone
from tests.source_tree import ROOT
from tests.testing.bakery import bakery

NAMES = {f"name {number}" for number in range(20)}
MODULES: dict[str, str | None] = {__name__: __file__}


@pytest.fixture(scope="module")
def other() -> Iterator[Elsewhere]:
    with Elsewhere() as started:
        yield started


def surroundings() -> tuple[int, list[str]]:
    print("what the application prints")  # noqa: T201  # and the answer must not suffer from it
    return os.getpid(), list(NAMES)


def fail(text: str) -> None:
    raise LookupError(text)


def end() -> None:
    os._exit(3)


def rest(seconds: float) -> None:
    time.sleep(seconds)


def hours() -> list[float]:
    found = []
    for one in ZONES:
        with zone(one):
            found.append(-time.timezone / 3600)
    return found


def test_one_process_answers_many_calls_with_its_own_order_of_sets(other: Elsewhere) -> None:
    (first, order), (second, _) = other.call(surroundings, modules=MODULES), other.call(surroundings, modules=MODULES)

    assert first == second != os.getpid()
    assert order != list(NAMES)
    assert set(order) == NAMES


def test_zones_are_the_first_and_the_last_and_pass_by(other: Elsewhere) -> None:
    before = os.environ.get("TZ"), time.timezone

    assert hours() == other.call(hours, modules=MODULES) == [-12, 14]
    assert (os.environ.get("TZ"), time.timezone) == before


def test_what_fails_there_is_told_here(other: Elsewhere) -> None:
    with pytest.raises(WorkerFailed, match=r"(?s)^The other process failed:.*Traceback .*LookupError: a slip"):
        other.call(fail, "a slip", modules=MODULES)


def test_a_process_that_ends_or_is_too_slow_is_told_and_started_afresh(other: Elsewhere) -> None:
    first, _ = other.call(surroundings, modules=MODULES)

    with pytest.raises(WorkerFailed, match=r"ended \(exit code 3\)"):
        other.call(end, modules=MODULES)
    second, _ = other.call(surroundings, modules=MODULES)
    with pytest.raises(WorkerFailed, match=r"did not answer within 0\.2 seconds"):
        other.call(rest, 30.0, modules=MODULES, seconds=0.2)

    assert first != second


def test_an_app_is_found_in_the_module_that_declares_its_events() -> None:
    named = find_name(bakery)

    assert named is not None
    assert (named.module, named.name) == ("tests.testing.bakery", "bakery")


PROGRAM = """
from ensue import App, Event, Model, Ref
from ensue.testing import given

app = App("program")

class Card(Model, subject=True):
    text: str = ""

class Read(Event, type="card.read", version="2026-01-01"):
    card: Ref[Card]

@app.step(Read, since="2026-01-01")
def read(event: Read) -> None:
    pass

if __name__ == "__main__":
    given(app, Card(id="c")).when(Read(card="c")).same_again()
    print("the same")
"""


def test_an_app_in_the_program_itself_is_found_as_well(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("the same\n", "")
