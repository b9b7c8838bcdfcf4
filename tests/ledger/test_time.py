"""Time: whose clock it is, what happens when it is wrong, and what the caller says about when and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

import ensue
from ensue import ClockError, InvalidForm, Record
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.ward import Meet, Register, Rename, ward

NOON = datetime(2024, 8, 1, 12, tzinfo=UTC)


class SetClock:
    """A clock that shows what it is set to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def test_the_moment_is_the_databases_or_the_process(ledger: ensue.Ledger) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)

    record = ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    assert before < record.at < datetime.now(UTC) + timedelta(seconds=5)
    assert record.at.tzinfo is UTC
    assert record.event.at == record.at


def test_the_process_may_be_wrong_where_the_database_has_a_clock(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("On SQLite the process's clock is the clock.")

    class WrongClock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> WrongClock:
            return cls(1999, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("ensue.runtime.batch.datetime", WrongClock)
    with ensue.open(ward, database_url, tag_keys=TAG_KEYS) as ledger:
        assert ledger.submit(Register(name="Ada"), actor="desk").at.year > 2000


def with_clock(url: str, clock: Callable[[], datetime]) -> ensue.Ledger:
    """A ledger whose time is *clock*'s."""
    return ensue.open(ward, url, clock=clock, tag_keys=TAG_KEYS)


def test_a_clock_that_goes_backward_takes_no_chain_back(database_url: str) -> None:
    clock = SetClock()
    with with_clock(database_url, clock) as ledger:
        ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
        clock.now = NOON - timedelta(minutes=4)
        behind = ledger.submit(Rename(name="Bea", patient="p1"), actor="desk")
        fresh = ledger.submit(Register(name="Cia", patient="p2"), actor="desk")
        both = ledger.submit(Meet(one="p2", other="p1"), actor="desk")
        clock.now = NOON + timedelta(minutes=1)
        ahead = ledger.submit(Rename(name="Dea", patient="p2"), actor="desk")

        assert [record.at for record in (behind, fresh, both, ahead)] == [
            NOON,
            NOON - timedelta(minutes=4),
            NOON,
            NOON + timedelta(minutes=1),
        ]
        assert [record.seq for record in ledger.timeline("Patient/p1")] == [1, 2, 1 + 1]
        assert ledger.verify().is_clean


def test_a_head_more_than_five_minutes_ahead_is_an_error_that_spends_nothing(database_url: str) -> None:
    clock = SetClock()
    with with_clock(database_url, clock) as ledger:
        ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
        clock.now = NOON - timedelta(minutes=5)
        assert ledger.submit(Rename(name="Bea", patient="p1"), actor="desk").at == NOON
        clock.now = NOON - timedelta(minutes=5, microseconds=1)

        with pytest.raises(ClockError, match="Patient/p1"):
            ledger.submit(Rename(name="Cia", patient="p1"), actor="desk", key="one")

        assert ledger.submit(Register(name="Dea", patient="p2"), actor="desk").position == 2
        assert ledger.attempts("Patient/p1") == []
        clock.now = NOON
        assert ledger.submit(Rename(name="Cia", patient="p1"), actor="desk", key="one").position == 3


def test_what_the_caller_says_of_it_is_recorded(ledger: ensue.Ledger) -> None:
    order = ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    yesterday = datetime(2024, 7, 31, 23, 30, tzinfo=timezone(timedelta(hours=2)))

    answer = ledger.submit(
        Rename(name="Bea", patient="p1"),
        actor="desk",
        version="2024-01-01",
        cause=order.id,
        occurred=yesterday,
        behalf="dr-no",
        purpose="care",
    )

    for record in (answer, ledger.record(answer.id)):
        assert (record.cause, record.occurred, record.behalf, record.purpose) == (order.id, yesterday, "dr-no", "care")
        assert (record.version, record.actor, record.event.occurred) == ("2024-01-01", "desk", yesterday)
    assert ledger.verify().is_clean


def test_what_the_caller_does_not_say_is_not_there(ledger: ensue.Ledger) -> None:
    record = ledger.submit(Register(name="Ada"), actor="desk")

    stored = ledger.record(record.id)

    assert (stored.cause, stored.occurred, stored.behalf, stored.purpose) == (None, None, None, None)
    assert stored.version == "2024-06-01"


@pytest.mark.parametrize(
    "wrong",
    [{"occurred": datetime(2024, 8, 1)}, {"cause": ""}, {"behalf": "x" * 201}, {"purpose": "\x00"}, {"key": "\ud800"}],  # noqa: DTZ001  # a time without a zone is what is refused
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_cannot_be_recorded_is_refused_by_its_name(ledger: ensue.Ledger, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidForm, match=next(iter(wrong))):
        ledger.submit(Register(name="Ada"), actor="desk", **wrong)  # type: ignore[arg-type]  # each is wrong on purpose

    assert list(ledger.records()) == []


def test_events_of_one_batch_have_one_moment_and_their_order(database_url: str) -> None:
    with with_clock(database_url, SetClock()) as ledger:
        records = ledger.submit_all([ensue.Request(Register(name=str(n), patient=f"p{n}")) for n in range(10)], actor="desk")

    assert {record.at for record in records if isinstance(record, Record)} == {NOON}
