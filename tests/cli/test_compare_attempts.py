"""`ensue compare --attempts`: what a looser version would take of what was refused, on a terminal, as data and as pages."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine

import ensue
from ensue import Event, Rejected
from tests.cli.conftest import Run
from tests.ledger.lending import FREE, LOOSER, STRICT, Borrow, Enter, Join, lending, metadata

Where = tuple[str, ...]


@pytest.fixture
def where(sqlite_url: str) -> Where:
    """The options that name a library with three records, and three refused attempts, of which one cannot be told."""
    engine = create_engine(sqlite_url)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO rooms (id, state) VALUES ('attic', 'closed')")
    engine.dispose()
    events: list[Event] = [Borrow(title="x", reader="b"), Join(name="A<i>", card="1", reader="a")]
    events += [*(Borrow(title=title, reader="a") for title in "cde"), Enter(reader="a", room="attic")]
    with ensue.open(lending, sqlite_url) as ledger:
        for event in events:
            with suppress(Rejected):
                ledger.submit(event, actor="desk", version=STRICT)
    return ("--app", "tests.ledger.lending:lending", "--database", sqlite_url)


def test_a_rule_that_is_loosened_unexpectedly_ends_with_1(run: Run, where: Where) -> None:
    quiet, found = (run("compare", "--version", LOOSER, *where, *more, "--json") for more in ((), ("--attempts",)))

    assert (quiet.code, quiet.data["attempts"]) == (0, None)
    assert (found.code, found.error["code"]) == (1, "differs")
    assert found.error["message"] == "1 of 2 refused attempts differ in something that no expectation covers."
    told = found.envelope["data"]["attempts"]
    assert list(told) == ["looked_at", "noise", "compared", "different", "uncovered", "outcomes", "groups"]
    assert (told["looked_at"], told["compared"], told["different"], told["uncovered"]) == (3, 2, 1, 1)
    assert (told["outcomes"], told["noise"]["outcomes"]) == ({"same": 1, "newly_accepted": 1}, {"same": 2, "unreplayable": 1})
    assert run("compare", "--version", LOOSER, *where, "--attempts", "--fail-on", "never").code == 0


def test_one_that_was_expected_ends_with_0(run: Run, where: Where) -> None:
    assert run("compare", "--version", FREE, "--type", "loan.borrow", "--from", "1", *where, "--attempts").code == 1, "no slip any more"

    found = run("compare", "--version", FREE, "--type", "loan.borrow", "--from", "3", *where, "--attempts")
    some = run("compare", "--version", FREE, "--type", "loan.borrow", "--from", "3", *where, "--attempts", "--fail-on", "any")

    assert (found.code, some.code) == (0, 1)


def test_a_terminal_tells_why_it_was_refused_and_what_would_follow(run: Run, where: Where) -> None:
    told = " ".join(run("compare", "--version", LOOSER, *where, "--attempts").stdout.split())

    assert "All of 3 events come out the same. Of 2 attempts refused then 1 comes out otherwise, 1 of them not as expected." in told
    assert "3 attempts refused then and still kept: 1 are refused again 1 are taken now 1 are not refused as they were" in told
    assert "before #3 room.enter Reader/a cannot be decided: an input is missing ! Room, whose table others write too" in told
    assert "An attempt has no record that could be corrected" in told
    assert "1 attempt (50 %) loan.borrow not expected Taken" in told
    assert "before #3 loan.borrow Reader/a taken now (2024-01-01 → 2024-06-01)" in told
    assert "+ » slip.print lend_two/1" in told
    assert "Refused then: loan.full: 2 books are enough." in told


@pytest.mark.parametrize("format", ["md", "html"])
def test_a_page_has_the_group_and_says_what_is_not_done_about_it(run: Run, where: Where, format: str) -> None:
    page = run("compare", "--version", LOOSER, *where, "--attempts", "--format", format).stdout.replace("\\", "")

    for said in (
        "1 attempt",
        "3 attempts",
        "before #3",
        "loan.full: 2 books are enough.",
        "slip.print",
        "no record that could be corrected",
    ):
        assert said in page
    if format == "html":
        assert "<i>" not in page, "what people typed is no markup"


def test_attempts_are_asked_for_with_many_events_of_a_ledger(run: Run, where: Where, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert run("export", "events", "--out", str(path), *where).code == 0

    one = run("compare", "1", "--version", LOOSER, *where, "--attempts")
    file = run("compare", str(path), "--version", LOOSER, *where[:2], "--attempts")
    code = run("compare", "--code", str(tmp_path), *where, "--attempts")

    assert (one.code, file.code, code.code) == (2, 2, 2)
    assert "--attempts belongs to many events" in one.complaint
    assert "Exported files hold no attempts" in file.complaint
    assert "Attempts are decided by the code that is here" in code.complaint


def test_a_type_of_which_only_attempts_are_there_was_not_mistyped(run: Run, where: Where) -> None:
    assert run("compare", "--version", LOOSER, "--type", "room.enter", *where, "--attempts", "--json").data["attempts"]["looked_at"] == 1
