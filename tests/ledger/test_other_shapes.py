"""Another checkout whose tables have another shape: values are compared in the newer one, so only what is decided otherwise is told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import pytest

import ensue
from ensue import App, Ledger, RequestError, Selection

SOURCE = """
from collections.abc import Iterator
from ensue import App, Effect, Event, Increase, Insert, Model, New, Ref, Update, new

club = App("club")

class Member(Model, subject=True):
    name: str
    points: int = 0

class Letter(Effect, kind="letter.print"):
    to: str

class Join(Event, type="join", version="2024-01-01"):
    name: str
    member: New[Member] = new()

@club.step(Join, since="2024-01-01")
def join(event: Join) -> Iterator[Insert[Member] | Letter]:
    yield Insert(Member(id=event.member, name=event.name))
    yield Letter(to=event.name)

class Rename(Event, type="rename", version="2024-01-01"):
    name: str
    member: Ref[Member]

@club.step(Rename, since="2024-01-01")
def rename(event: Rename) -> Iterator[Update[Member] | Increase[Member]]:
    yield Update(event.member, name=event.name)
    yield Increase(event.member, points=1)
"""
NEWER = (
    SOURCE
    + """
class Member2(Model, name="Member", version="2024-06-01", follows=Member, subject=True):
    given: str
    family: str
    points: int = 0

    @classmethod
    def up(cls, old: Member) -> "Member2":
        given, _, family = old.name.partition(" ")
        return cls(id=old.id, given=given, family=family, points=old.points)

    def down(self) -> Member:
        return Member(id=self.id, name=f"{self.given} {self.family}", points=self.points)
"""
)
WIDER = SOURCE.replace("points: int = 0", "points: int = 0\n    colour: str = 'green'").replace("to: str", "to: str\n    stamps: int = 1")
SHOUTING = NEWER.replace("name=event.name)\n    yield Increase", "name=event.name.upper())\n    yield Increase")
Checkouts = Callable[[str, str], tuple[Ledger, Path]]


@pytest.fixture
def checkouts(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkouts]:
    """A ledger of three events by the code that is here; and the folder of the other checkout."""
    opened: list[Ledger] = []

    def make(here: str, there: str) -> tuple[Ledger, Path]:
        for name, text in (("here", here), ("there", there)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "club_of_two.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path / "here"))
        invalidate_caches()
        module: Any = import_module("club_of_two")
        app: App = module.club
        ledger = ensue.open(app, sqlite_url)
        opened.append(ledger)
        ledger.submit(module.Join(name="Ada Low", member="a"), actor="desk")
        ledger.submit(module.Rename(name="Ada King", member="a"), actor="desk")
        ledger.submit(module.Join(name="Bo Ek", member="b"), actor="desk")
        return ledger, tmp_path / "there"

    yield make
    for one in opened:
        one.close()
    del sys.modules["club_of_two"]


def test_a_newer_shape_there_is_no_difference_by_itself(checkouts: Checkouts) -> None:
    ledger, there = checkouts(SOURCE, NEWER)

    assert ledger.compare(Selection(), code=there).outcomes == {"same": 3}
    assert ledger.compare(Selection(), code=there, jobs=2).outcomes == {"same": 3}


def test_what_is_decided_otherwise_is_told_in_the_newer_shape(checkouts: Checkouts) -> None:
    ledger, there = checkouts(SOURCE, SHOUTING)

    comparison = ledger.compare(Selection(), code=there)

    assert comparison.outcomes == {"same": 2, "differs": 1}
    rows = comparison.groups[0].samples[0].content["rows"]
    assert [(one["column"], one["base"], one["new"]) for one in rows] == [("family", "King", "KING"), ("given", "Ada", "ADA")]
    assert all(verdict != "foreign" for _, verdict in comparison.forecast), "a column that is not here says nothing of who wrote it"


@pytest.mark.parametrize(("here", "there"), [(SOURCE, WIDER), (WIDER, SOURCE)], ids=["there", "here"])
def test_a_column_and_a_field_with_a_default_are_no_difference(checkouts: Checkouts, here: str, there: str) -> None:
    ledger, folder = checkouts(here, there)

    assert ledger.compare(Selection(), code=folder).outcomes == {"same": 3}


def test_another_value_in_a_column_that_came_is_told(checkouts: Checkouts) -> None:
    ledger, there = checkouts(SOURCE, WIDER.replace("name=event.name))", "name=event.name, colour='red'))"))
    record = next(ledger.records())

    diff = ledger.compare(record, code=there)

    assert [(one.kind, one.column, one.base, one.new) for one in diff.rows] == [("changed", "colour", "green", "red")]
    assert diff.changed == diff.rows


def test_what_only_the_other_checkout_can_name_makes_no_operation_here(checkouts: Checkouts) -> None:
    ledger, there = checkouts(SOURCE, SHOUTING)

    diff = ledger.compare(next(ledger.records(after=0)), code=there)

    assert [(one.kind, one.column) for one in diff.rows] == [("changed", "family"), ("added", "given")]
    with pytest.raises(RequestError, match=r"Member\.family is of another checkout"):
        _ = diff.added


def test_rows_of_an_older_shape_there_are_brought_up_here(checkouts: Checkouts) -> None:
    ledger, there = checkouts(NEWER, SOURCE)

    outcomes = ledger.compare(Selection(), code=there).outcomes

    assert outcomes == {"same": 2, "unreplayable": 1}, "what reads a row in the newer shape cannot be decided by code that does not know it"
