"""The audit: a share of the newest records is decided again, elsewhere, and what is decided differently is told; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
import structlog.testing

import ensue
from ensue import App, ConfigurationError, Event, Insert, Ledger, Model, New, new
from ensue.runtime.audit import audit_sample
from tests.source.conftest import Project
from tests.source.conftest import project as project  # a fixture

RULES = """
from collections.abc import Iterator
from ensue import App, Event, Insert, Model, New, new

app = App("cards")
NAMES = frozenset({"ada", "bo", "cy", "di", "eve", "flo", "gus", "hal", "ida", "jo"})

class Card(Model, subject=True):
    text: str

class Write(Event, type="card.write", version="2026-01-01"):
    card: New[Card] = new()
    text: str = ""

class Guess(Event, type="card.guess", version="2026-01-01"):
    card: New[Card] = new()

@app.step(Write, since="2026-01-01")
def write(event: Write) -> Iterator[Insert[Card]]:
    yield Insert(Card(id=event.card, text=event.text))

@app.step(Guess, since="2026-01-01")
def guess(event: Guess) -> Iterator[Insert[Card]]:
    yield Insert(Card(id=event.card, text=",".join(NAMES)))
"""


@pytest.fixture
def cards(project: Project) -> ModuleType:
    return project(rules=RULES)


@contextmanager
def filled(cards: ModuleType, url: str) -> Iterator[Ledger]:
    """Twenty cards that were written, behind one that was guessed."""
    with ensue.open(cards.app, url, tag_keys={"test": bytes(32)}) as opened:
        opened.submit(cards.Guess(), actor="clerk", key="guess")
        for number in range(20):
            opened.submit(cards.Write(text=str(number)), actor="clerk", key=str(number))
        yield opened


@pytest.fixture
def ledger(cards: ModuleType, sqlite_url: str) -> Iterator[Ledger]:
    with filled(cards, sqlite_url) as opened:
        yield opened


def rows_everywhere(ledger: Ledger) -> dict[str, list[str]]:
    with ledger.read() as connection:
        tables = ("ensue_event", "ensue_read", "ensue_attempt", "ensue_effect", "ensue_log", "card")
        return {table: sorted(map(str, connection.exec_driver_sql(f"SELECT * FROM {table}").all())) for table in tables}


def test_what_is_decided_alike_is_clean_and_nothing_is_written(cards: ModuleType, database_url: str) -> None:
    with filled(cards, database_url) as ledger:
        before = rows_everywhere(ledger)

        report = ledger.audit_sample(1, last=20)

        assert report.is_clean
        assert (report.records, report.decided, report.unreplayable, report.elsewhere) == (20, 20, 0, True)
        assert rows_everywhere(ledger) == before


def test_what_is_decided_differently_is_told_and_logged_with_step_line_and_remedy(ledger: Ledger, cards: ModuleType) -> None:
    line = next(
        number for number, text in enumerate(Path(str(cards.__file__)).read_text(encoding="utf-8").splitlines(), 1) if "join" in text
    )

    with structlog.testing.capture_logs() as logged:
        report = ledger.audit_sample(1)

    (found,) = report.differing
    assert not report.is_clean
    assert found.record.type == "card.guess"
    assert (found.disagreement.step, found.disagreement.file, found.disagreement.line) == ("guess", cards.__file__, line)
    assert f"Insert Card/{found.record.form['card_id']}: text is not the same in another process" in found.disagreement.what
    assert "gus" not in str(found.disagreement), "what a record holds is shown to nobody whose look is not on record"
    assert str(found.disagreement).endswith("put sorted(…) around the set.")
    (entry,) = logged
    assert (entry["event"], entry["log_level"], entry["position"], entry["step"], entry["line"]) == (
        *("decided differently", "warning", 0, "guess", line),
    )


def test_the_share_is_of_the_newest_or_of_what_lies_behind_a_position(ledger: Ledger) -> None:
    assert (report := ledger.audit_sample(0.25, last=8)).decided == 2
    assert report.records == 8
    assert (report := ledger.audit_sample(0.001, after=15)).decided == 1
    assert report.records == 5
    assert ledger.audit_sample(1, after=20).decided == 0


@pytest.mark.parametrize("rate", [0, -0.1, 1.5, 100])
def test_a_rate_that_is_no_share_is_refused(ledger: Ledger, rate: float) -> None:
    with pytest.raises(ConfigurationError, match="above 0 and at most 1"):
        ledger.audit_sample(rate)


class Card(Model, subject=True):
    text: str


class Count(Event, type="card.count", version="2026-01-01"):
    card: New[Card] = new()


def test_an_app_without_a_name_is_decided_in_this_process(sqlite_url: str) -> None:
    app = App("nameless")
    seen: list[str] = []

    @app.step(Count, since="2026-01-01")
    def count(event: Count) -> Iterator[Insert[Card]]:
        seen.append(event.id)
        yield Insert(Card(id=event.card, text=str(len(seen))))

    with ensue.open(app, sqlite_url) as ledger:
        ledger.submit(Count(), actor="clerk")
        report = ledger.audit_sample(1)

    (found,) = report.differing
    assert not report.elsewhere
    assert found.disagreement.what.endswith(": text is not the same when it is decided again")
    assert "seen is changed, and other runs see it" in found.disagreement.remedy


def test_what_the_app_no_longer_decides_is_counted_not_held_against_it(ledger: Ledger) -> None:
    app = App("others")

    @app.step(Count, since="2026-01-01")
    def count(event: Count) -> Iterator[Insert[Card]]:
        yield Insert(Card(id=event.card, text=""))

    report = audit_sample(app, ledger._storage, 1)

    assert (report.decided, report.unreplayable, report.differing) == (21, 21, ())
