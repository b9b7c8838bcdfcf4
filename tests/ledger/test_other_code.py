"""Another checkout of an application decides the same records: two tiny projects whose step differs by one constant."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any

import pytest

import ensue
from ensue import App, ConfigurationError, Ledger, Selection, WorkerFailed

SOURCE = """
from collections.abc import Iterator
from ensue import App, Event, Insert, Model, New, Ref, new

tariff = App("tariff")
RATE = 2

class Client(Model, subject=True):
    name: str
    level: int = 1

class Fee(Model, of=Client):
    client_id: str
    amount: int

class Join(Event, type="join", version="2024-01-01"):
    name: str
    client: New[Client] = new()

@tariff.step(Join, since="2024-01-01")
def join(event: Join) -> Iterator[Insert[Client]]:
    yield Insert(Client(id=event.client, name=event.name))

class Charge(Event, type="charge", version="2024-01-01"):
    hours: int
    client_id: str

@tariff.step(Charge, since="2024-01-01")
def charge(event: Charge) -> Iterator[Insert[Fee]]:
    yield Insert(Fee(id=event.new_id("fee"), client_id=event.client.id, amount=event.hours * RATE))
""".replace("    client_id: str\n\n@", "    client: Ref[Client]\n\n@")


@pytest.fixture
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[App, Path]]:
    """The application of this checkout, and the folder of the other one."""
    for name, text in (("here", SOURCE), ("there", SOURCE.replace("RATE = 2", "RATE = 3"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tariff_of_two.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "here"))
    invalidate_caches()
    module: Any = import_module("tariff_of_two")
    yield module.tariff, tmp_path / "there"
    del sys.modules["tariff_of_two"]


@pytest.fixture
def ledger(projects: tuple[App, Path], sqlite_url: str) -> Iterator[Ledger]:
    module: Any = sys.modules["tariff_of_two"]
    with ensue.open(projects[0], sqlite_url) as opened:
        opened.submit(module.Join(name="Ada", client="a"), actor="desk")
        for hours in (1, 2, 0):
            opened.submit(module.Charge(hours=hours, client="a"), actor="desk")
        yield opened


def test_one_constant_makes_the_difference(ledger: Ledger, projects: tuple[App, Path]) -> None:
    comparison = ledger.compare(Selection(), code=projects[1])

    assert comparison.outcomes == {"same": 2, "differs": 2}, "no hours cost nothing at any rate"
    (group,) = comparison.groups
    assert group.signature == ("changed Fee.amount",)
    assert [(one.content["rows"][0]["base"], one.content["rows"][0]["new"]) for one in group.samples] == [(2, 3), (4, 6)]
    assert (comparison.uncovered, comparison.code) == (2, "there")


def test_workers_and_single_records_find_the_same(ledger: Ledger, projects: tuple[App, Path]) -> None:
    record = next(ledger.records(after=0, limit=1))

    diff = ledger.compare(record, code=projects[1])

    assert [(one.column, one.base, one.new) for one in diff.rows] == [("amount", 2, 3)]
    assert ledger.compare(Selection(), code=projects[1], jobs=2) == ledger.compare(Selection(), code=projects[1])


def test_other_code_that_reads_more_is_told_the_past(ledger: Ledger, projects: tuple[App, Path]) -> None:
    more = SOURCE.replace("    client: Ref[Client]\n", "    client: Ref[Client]\n    fees: Related[Fee] = related()\n")
    more = more.replace("New, Ref, new", "New, Ref, Related, new, related").replace(
        "event.hours * RATE", "event.hours * RATE + len(event.fees)"
    )
    (projects[1] / "tariff_of_two.py").write_text(more, encoding="utf-8")

    comparison = ledger.compare(Selection(), code=projects[1])

    (group,) = comparison.groups
    moved = [(one.content["rows"][0]["base"], one.content["rows"][0]["new"]) for one in group.samples]
    assert sorted(moved) == [(0, 2), (4, 5)], "the fees that stood then, none for the first"


def test_a_checkout_without_the_application_is_refused(ledger: Ledger, projects: tuple[App, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no folder"):
        ledger.compare(Selection(), code=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(WorkerFailed, match="there is no module tariff_of_two in"):
        ledger.compare(Selection(), code=tmp_path / "empty")


def test_a_checkout_that_cannot_be_imported_says_why(ledger: Ledger, projects: tuple[App, Path]) -> None:
    (projects[1] / "tariff_of_two.py").write_text("import nothing_that_there_is\n", encoding="utf-8")

    with pytest.raises(WorkerFailed, match="nothing_that_there_is"):
        ledger.compare(Selection(), code=projects[1])


def test_what_the_other_checkout_lacks_is_not_taken_from_this_one(ledger: Ledger, projects: tuple[App, Path]) -> None:
    (projects[1].parent / "here" / "rates_of_two.py").write_text("RATE = 2\n", encoding="utf-8")
    (projects[1] / "tariff_of_two.py").write_text(SOURCE.replace("RATE = 2", "from rates_of_two import RATE"), encoding="utf-8")

    with pytest.raises(WorkerFailed, match="No module named 'rates_of_two'"):
        ledger.compare(Selection(), code=projects[1])


def test_what_was_undone_stays_undone_under_other_code(ledger: Ledger, projects: tuple[App, Path]) -> None:
    first, second = ledger.records(after=0, limit=2)
    ledger.correct(ledger.undo_plan(first), actor="chief", reason="not charged")

    comparison = ledger.compare(Selection(), code=projects[1])

    assert comparison.outcomes == {"same": 4, "differs": 1}, "the correction itself is the same"
    assert list(comparison.groups[0].positions) == [second.position]
