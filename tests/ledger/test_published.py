"""A ledger with a lock: events use published versions, previews and tests also drafts, and callers of old ones are named in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

import ensue
from ensue import App, ConfigurationError, Event, Insert, Ledger, Model, New, VersionError
from ensue.runtime import deprecation
from ensue.testing import given

hall = App("hall")
hall.version("2025-01-01", "First.", deprecated="2026-01-01", retired="2027-01-01")
hall.version("2025-02-01", "Second.")
hall.version("2025-03-01", "Third.")


class Guest(Model, subject=True):
    name: str


class Welcome(Event, type="hall.welcome", version="2025-01-01"):
    name: str
    guest: New[Guest]


class Welcome3(Event, type="hall.welcome", version="2025-03-01", follows=Welcome):
    name: str
    loud: bool
    guest: New[Guest]

    @classmethod
    def up(cls, old: Welcome) -> Welcome3:
        return cls(name=old.name, loud=False, guest=old.guest)


@hall.step(Welcome, since="2025-01-01")
def write_guest(event: Welcome) -> Iterator[Insert[Guest]]:
    yield Insert(Guest(id=event.guest, name=event.name))


@hall.step(Welcome3, since="2025-03-01", replaces=write_guest)
def write_welcomed_guest(event: Welcome3) -> Iterator[Insert[Guest]]:
    yield Insert(Guest(id=event.guest, name=f"{event.name}!"))


NOW = datetime(2026, 6, 1, tzinfo=UTC)


def write_lock(folder: Path, app: str = "hall", *versions: str) -> Path:
    path = folder / "versions.lock"
    sections: dict[str, object] = {"events": {}, "models": {}, "schemas": {}, "accepted": []}
    named = {one: {"text": "", "fingerprint": ""} for one in versions or ("2025-01-01", "2025-02-01")}
    path.write_text(json.dumps({"format": 1, "app": app, "versions": named, **sections}))
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ensue.open(hall, "sqlite://", lock=write_lock(tmp_path), clock=lambda: NOW) as opened:
        yield opened


def test_an_event_runs_under_the_newest_published_version(ledger: Ledger) -> None:
    record = ledger.submit(Welcome(name="Ada", guest="g-1"), actor="host")

    assert record.version == "2025-02-01"
    assert ledger.shape("hall.welcome") is Welcome


def test_a_draft_is_refused_to_events_and_not_to_previews(ledger: Ledger) -> None:
    event = Welcome3(name="Ada", loud=True, guest="g-1")

    plan = ledger.preview(event, actor="host", version="2025-03-01")
    with pytest.raises(VersionError, match="2025-03-01 is a draft") as refused:
        ledger.submit(event, actor="host", version="2025-03-01")

    assert refused.value.code == "draft"
    assert len(plan.operations) == 1
    assert list(ledger.records()) == []


def test_history_is_planned_by_a_draft_and_never_corrected_to_one(ledger: Ledger) -> None:
    record = ledger.submit(Welcome(name="Ada", guest="g-1"), actor="host")

    plan = ledger.correction_plan({record.id: "2025-03-01"})
    with pytest.raises(VersionError, match="2025-03-01 is a draft"):
        ledger.correct(plan, actor="host", reason="too early")

    assert len(plan.corrections) == 1
    assert [one.type for one in ledger.records()] == ["hall.welcome"]


def test_the_test_tools_take_drafts() -> None:
    outcome = given(hall).when(Welcome3(name="Ada", loud=True, guest="g-1"), version="2025-03-01")

    assert outcome.record is not None


def test_without_a_lock_every_date_is_open() -> None:
    with ensue.open(hall, "sqlite://", lock=None, clock=lambda: NOW) as ledger:
        record = ledger.submit(Welcome3(name="Ada", loud=True, guest="g-1"), actor="host")

    assert record.version == "2025-03-01"


def test_a_deprecated_version_is_named_in_the_log_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "_told", set())

    with structlog.testing.capture_logs() as logged:
        for number in range(3):
            ledger.submit(Welcome(name="Ada", guest=f"g-{number}"), actor="host", version="2025-01-01")
        ledger.submit(Welcome(name="Ada", guest="g-9"), actor="host")

    assert logged == [
        {
            "event": "deprecated version",
            "log_level": "warning",
            "app": "hall",
            "version": "2025-01-01",
            "deprecated": "2026-01-01",
            "retired": "2027-01-01",
        }
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as a lock: .* Restore it from version control"),
        ('{"format": 2}', "has the format 2, and this release of ensue reads 1; use a newer one"),
        ('{"format": 1, "app": "hall", "versions": {"soon": {}}}', "cannot be read as a lock: 'soon' is no version"),
        ('{"format": 1, "app": "shop"}', "is the lock of 'shop', and the application is 'hall'; name its own, or lock=None"),
    ],
)
def test_a_lock_that_cannot_be_used_says_why(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "versions.lock"
    path.write_text(text)

    with pytest.raises(ConfigurationError, match=message):
        ensue.open(hall, "sqlite://", lock=path)
