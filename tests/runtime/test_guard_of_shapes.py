"""The guard watches the ways between shapes as it watches steps: an `up` or `down` that looks at a clock is named, with its line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Self

import pytest

import ensue
from ensue import App, Event, Insert, Model, New, Ref, StepError, Update, new
from ensue.testing import check_shapes, given, memory_ledger

look: Any = None
"""What the conversion of the test does."""
noted: list[str] = []


class Person(Model, name="Person", subject=True):
    name: str


class Person2(Model, name="Person", version="2026-06-01", follows=Person, subject=True):
    full_name: str

    @classmethod
    def up(cls, old: Person) -> Self:
        looked("row up")
        return cls(id=old.id, full_name=old.name)

    def down(self) -> Person:
        looked("row down")
        return Person(id=self.id, name=self.full_name)


class Enter(Event, type="person.enter", version="2026-01-01"):
    name: str
    person: New[Person] = new()


class Enter2(Event, type="person.enter", version="2026-06-01", follows=Enter):
    full_name: str
    person: New[Person] = new()

    @classmethod
    def up(cls, old: Enter) -> Self:
        looked("event up")
        return cls(full_name=old.name, person=old.person)

    def down(self) -> Enter:
        looked("event down")
        return Enter(name=self.full_name, person=self.person)


class Rename(Event, type="person.rename", version="2026-01-01"):
    name: str
    person: Ref[Person]


def looked(where: str) -> None:
    """Do what the test wants there."""
    if look is not None and look[0] == where:
        look[1]()


@pytest.fixture
def app() -> App:
    register = App("register")

    @register.step(Enter, since="2026-01-01")
    def enter(event: Enter) -> Iterator[Insert[Person]]:
        yield Insert(Person(id=event.person, name=event.name))

    @register.step(Rename, since="2026-01-01")
    def rename(event: Rename) -> Iterator[Update[Person]]:
        yield Update(event.person, name=f"{event.person.name}, now {event.name}")

    return register


IMPURE = {
    "clock": (lambda: datetime.now(UTC), "reads the clock"),
    "environment": (lambda: os.environ.get("HOME"), "reads the environment"),
    "memory": (lambda: noted.append("x"), "noted"),
}


@pytest.mark.parametrize("what", sorted(IMPURE))
@pytest.mark.parametrize("where", ["event down", "row up", "row down"])
def test_a_way_between_shapes_that_is_not_pure_is_named(app: App, monkeypatch: pytest.MonkeyPatch, where: str, what: str) -> None:
    act, said = IMPURE[what]
    name = f"{'Person2' if where.startswith('row') else 'Enter2'}.{where.split()[1]}"

    with memory_ledger(app, Person2(id="p-1", full_name="Ada")) as ledger:
        monkeypatch.setitem(globals(), "look", (where, act))
        event = Rename(name="Cy", person="p-1") if where == "row down" else Enter2(full_name="Bo")
        with pytest.raises(StepError, match=rf"Step {re.escape(name)}: is not pure. .*test_guard_of_shapes.py:\d+") as caught:
            ledger.submit(event, actor="desk")

    assert said in str(caught.value)


@pytest.mark.parametrize(("where", "name"), [("event up", "Enter2.up"), ("event down", "Enter2.down"), ("row up", "Person2.up")])
def test_check_shapes_watches_every_way(app: App, monkeypatch: pytest.MonkeyPatch, where: str, name: str) -> None:
    monkeypatch.setitem(globals(), "look", (where, IMPURE["clock"][0]))

    with pytest.raises(AssertionError, match=rf"{re.escape(name)}: is not pure. .*: now reads the clock"):
        check_shapes(app, samples=3)


def test_a_test_that_lifts_an_event_watches_the_way(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = given(app).when(Enter(name="Bo"), version="2026-01-01")
    monkeypatch.setitem(globals(), "look", ("event up", IMPURE["clock"][0]))

    with pytest.raises(StepError, match=r"Enter2\.up: is not pure"):
        outcome.differs_from("2026-06-01")


def test_pure_ways_are_let_through(app: App) -> None:
    check_shapes(app)
    with memory_ledger(app, Person2(id="p-1", full_name="Ada")) as ledger:
        ledger.submit(Enter2(full_name="Bo"), actor="desk")
        ledger.submit(Rename(name="Cy", person="p-1"), actor="desk")

        assert ledger.get(Person2, "p-1").full_name == "Ada, now Cy"


def test_nothing_is_watched_outside_of_development(app: App, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "look", ("event down", IMPURE["clock"][0]))

    with ensue.open(app, sqlite_url, development=False) as ledger:
        assert ledger.submit(Enter2(full_name="Bo"), actor="desk").position == 0
