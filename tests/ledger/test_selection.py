"""A selection: the records that fit everything that is said, from the database as from anywhere else, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import ensue
from ensue import Ledger, RequestError, Selection
from ensue.runtime import selection as walking
from tests.ledger.batches import START, TickingClock
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.ward import Hire, Lay, Register, See, SetPhone, ward

FULL = 12


@pytest.fixture
def told(database_url: str) -> Iterator[Ledger]:
    """Twelve events in a row, a second apart; those of the doctor link the patients they saw."""
    with ensue.open(ward, database_url, tag_keys=TAG_KEYS, clock=TickingClock()) as ledger:
        for patient in ("p1", "p2"):
            ledger.submit(Register(name="Ada", patient=patient), actor="desk")
        ledger.submit(Hire(name="Dr. No", doctor="d1"), actor="chief")
        for number in range(3):
            ledger.submit(SetPhone(phone=str(number), patient="p1"), actor="desk")
            ledger.submit(See(reason="cough", patient=f"p{1 + number % 2}", doctor="d1"), actor="nurse")
            ledger.submit(Lay(bed="A", patient="p2"), actor="nurse")
        yield ledger


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(first=4),
        Selection(first=3, last=3),
        Selection(first=40),
        Selection(last=0),
        Selection(since=START + timedelta(seconds=9), until=START + timedelta(seconds=30)),
        Selection(types=["patient.phone", "patient.lay"]),
        Selection(types=["patient.phone"], first=5, last=9),
        Selection(types=["no.such"]),
        Selection(subject="Patient/p1"),
        Selection(subject="Patient/p2", first=2, last=10),
        Selection(subject="Doctor/d1"),
        Selection(subject="Doctor/d1", types=["visit.see"], first=6),
        Selection(subject="Patient/nobody"),
    ],
    ids=str,
)
def test_the_database_gives_what_the_selection_takes_in_order(told: Ledger, selection: Selection, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = list(told.records())
    assert len(everything) == FULL

    for page in (1, 2, 5, 1_000):
        monkeypatch.setattr(walking, "PAGE", page)
        assert list(told.records(selection=selection)) == [record for record in everything if selection.takes(record)]


def test_the_subject_of_a_selection_may_be_linked(told: Ledger) -> None:
    assert [record.type for record in told.records(selection=Selection(subject="Doctor/d1"))] == ["doctor.hire", *3 * ["visit.see"]]


def test_after_and_limit_hold_within_a_selection(told: Ledger) -> None:
    phones = Selection(types="patient.phone")

    assert [record.position for record in told.records(selection=phones, after=3, limit=1)] == [6]


def test_both_ends_are_included(told: Ledger) -> None:
    moments = [record.at for record in told.records()]

    assert [record.at for record in told.records(selection=Selection(since=moments[2], until=moments[4]))] == moments[2:5]


@pytest.mark.parametrize("said", [{"first": -1}, {"last": -1}, {"since": datetime(2024, 1, 1)}, {"until": datetime(2024, 1, 1)}])  # noqa: DTZ001
def test_a_selection_that_cannot_be_is_refused(said: dict[str, int]) -> None:
    with pytest.raises(RequestError):
        Selection(**said)  # type: ignore[arg-type]  # one of the fields


def test_moments_are_compared_as_moments_whatever_their_zone(told: Ledger) -> None:
    east = datetime.fromisoformat("2024-08-01T12:00:00+03:00") + timedelta(hours=1)

    assert list(told.records(selection=Selection(until=east))) == list(told.records(selection=Selection(until=east.astimezone(UTC))))
