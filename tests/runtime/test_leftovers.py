"""What a step leaves behind in variables that outlive it is caught in development, by name and line."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from ensue import App, Event, Insert, Model, Ref, StepError
from ensue.runtime.guard import development_guard
from tests.core.deciding import plan_of
from tests.runtime import elsewhere_in_the_project as helpers


class Patient(Model, subject=True):
    name: str


class Visit(Event, type="visit.count", version="2026-01-01"):
    patient: Ref[Patient]


ADA = Patient(id="p-1", name="Ada")
COUNT = 0
SEEN: list[str] = []
TABLE: dict[str, int] = {"a": 1}
KNOWN: set[str] = set()
LAST: deque[str] = deque(maxlen=3)
MANY = list(range(2_000))
numbers = itertools.count()


class Config:
    calls = 0
    kept: list[str] = []  # noqa: RUF012  # what is caught


def run(look: Callable[[Any], object]) -> None:
    app = App("practice")

    def step(event: Visit) -> Iterator[Insert[Patient]]:
        look(event)
        return iter(())

    app.step(Visit, since="2026-01-01")(step)
    plan_of(app, Visit(patient="p-1"), ADA, guard=development_guard)


def bind(event: Any) -> None:
    global COUNT  # noqa: PLW0603  # what is caught
    COUNT += 1


def change_class(event: Any) -> None:
    Config.calls += 1


def keep_in_default(event: Any, kept: list[str] = []) -> None:  # noqa: B006  # what is caught
    kept.append(event.id)


def call_with_default(event: Any) -> None:
    keep_in_default(event)


def count_on_function(event: Any) -> None:
    helpers.counted.calls = getattr(helpers.counted, "calls", 0) + 1  # type: ignore[attr-defined]  # what is caught
    helpers.counted()


def helped(event: Any) -> None:
    helpers.remember(event.id)


LEFT: dict[str, tuple[Callable[[Any], object], str]] = {
    "a global": (bind, "test_leftovers.COUNT"),
    "a list": (lambda event: SEEN.append(event.id), "test_leftovers.SEEN"),
    "a dict": (lambda event: TABLE.update(a=event.at.year), "test_leftovers.TABLE"),
    "a set": (lambda event: KNOWN.add(event.id), "test_leftovers.KNOWN"),
    "a deque": (lambda event: LAST.append(event.id), "test_leftovers.LAST"),
    "a long list": (lambda event: MANY.append(1), "test_leftovers.MANY"),
    "a counter": (lambda event: next(numbers), "test_leftovers.numbers"),
    "a class": (change_class, "test_leftovers.Config"),
    "a list in a class": (lambda event: Config.kept.append(event.id), "test_leftovers.Config"),
    "a default": (call_with_default, "a default of tests.runtime.test_leftovers.keep_in_default"),
    "a helper's variable": (helped, "elsewhere_in_the_project.REMEMBERED"),
}


@pytest.mark.parametrize("what", list(LEFT))
def test_what_outlives_the_step_is_caught_with_the_line_that_changes_it(what: str) -> None:
    look, name = LEFT[what]

    with pytest.raises(StepError, match=r"^Step step: is not pure\. .*\.py:\d+: ") as raised:
        run(look)

    assert f"{name} is changed, and other runs see it; hand values in and return them; what must last is a row." in str(raised.value)


def make(kept: list[str]) -> Callable[[App], None]:
    def declare(app: App) -> None:
        @app.step(Visit, since="2026-01-01")
        def remember(event: Visit) -> None:
            kept.append(event.id)

    return declare


def test_what_a_step_is_closed_over_counts_and_the_line_is_that_of_the_change() -> None:
    app = App("closed")
    make([])(app)
    line = next(
        number
        for number, text in enumerate(Path(__file__).read_text(encoding="utf-8").splitlines(), 1)
        if "kept.append(event.id)" in text and text.startswith(" " * 12)
    )

    with pytest.raises(StepError, match=rf"{__file__}:{line}: kept is changed"):
        plan_of(app, Visit(patient="p-1"), ADA, guard=development_guard)


@lru_cache
def slow(number: int) -> int:
    return number + 1


RATES = {"a": 1}


@pytest.mark.parametrize(
    "look",
    [
        lambda event: (RATES["a"], slow(len(SEEN)), COUNT, Config.calls, list(MANY)),
        lambda event: sorted([event.id, *{"a": 1}]),
        lambda event: helpers.counted(),
    ],
)
def test_reading_and_what_is_the_steps_own_is_left_alone(look: Callable[[Any], object]) -> None:
    run(look)
