"""What a version would say of requests that were refused: told from the rows of then, where they are refused there again as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

import ensue
from ensue import Comparison, Event, Ledger, Rejected, RequestError, Selection
from ensue.core.group import Group
from ensue.core.identity import event_id
from ensue.runtime.again import compare_at
from ensue.runtime.ranges import attempts
from ensue.runtime.ranges.attempts import Between, places_of
from ensue.runtime.ranges.source import FilesPlace
from ensue.testing.clock import START, FrozenClock
from tests.ledger.batches import in_one_batch
from tests.ledger.lending import (
    FREE,
    LOOSER,
    STRICT,
    Borrow,
    Borrow2,
    Enter,
    Extend,
    Fine,
    GiveBack,
    Join,
    Loan,
    Transfer,
    lending,
    metadata,
)


@pytest.fixture
def lending_url(database_url: str) -> str:
    """A database with the table that others write too."""
    engine = create_engine(make_url(database_url))
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO rooms (id, state) VALUES ('attic', 'closed')")
    engine.dispose()
    return database_url


@pytest.fixture
def ledger(lending_url: str) -> Iterator[Ledger]:
    with ensue.open(lending, lending_url, tag_keys={"k": bytes(32)}) as opened:
        yield opened


def put_beside(url: str) -> None:
    """A book that somebody lent without any event."""
    engine = create_engine(make_url(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO loan (id, reader_id, title) VALUES ('x', 'a', 'X')")
    engine.dispose()


def send(ledger: Ledger, *events: Event, key: str | None = None, occurred: datetime | None = None) -> None:
    """Send events under the strict rules, whatever is said to them."""
    for event in events:
        with suppress(Rejected):
            ledger.submit(event, actor="desk", version=STRICT, key=key, occurred=occurred)


def full(ledger: Ledger, reader: str = "a", *, titles: str = "abc") -> None:
    """A reader who has asked for so many books, of which the strict rules lend two."""
    send(ledger, Join(name=reader.upper(), card=reader, reader=reader), *(Borrow(title=title, reader=reader) for title in titles))


def asked(ledger: Ledger, version: str = LOOSER, **selected: Any) -> Comparison:
    """What the version says of the attempts that were selected."""
    comparison = ledger.compare(Selection(**selected), version=version, attempts=True)
    assert comparison.attempts is not None
    return comparison.attempts


def group_of(comparison: Comparison) -> Group:
    (group,) = comparison.groups
    return group


def test_a_looser_rule_takes_what_was_refused_and_shows_what_would_have_followed(ledger: Ledger) -> None:
    full(ledger)

    group = group_of(asked(ledger))

    assert (group.type, group.signature, group.count) == ("loan.borrow", ("newly_accepted",), 1)
    assert group.attempts == [one["id"] for one in ledger.attempts("Reader/a")]
    assert list(group.positions) == []
    content = group.samples[0].content
    assert (content["attempt"], content["form"]) == (group.attempts[0], {"title": "c", "reader_id": "a"})
    assert [(row["kind"], row["model"], row["new"]["title"]) for row in content["rows"]] == [("added", "Loan", "c")]
    assert [(effect["effect"], effect["new"]) for effect in content["effects"]] == [("slip.print", {"text": "A: c"})]
    assert [one["code"] for one in content["base"]["rejections"]] == ["loan.full"]


def test_attempts_are_asked_about_only_where_they_are_asked_for(ledger: Ledger) -> None:
    full(ledger)

    comparison = ledger.compare(Selection(), version=LOOSER)

    assert (comparison.attempts, bool(comparison)) == (None, False)


def test_nothing_is_written_by_asking(ledger: Ledger) -> None:
    full(ledger)

    assert bool(ledger.compare(Selection(), version=LOOSER, attempts=True))

    assert (len(list(ledger.records())), len(ledger.attempts("Reader/a"))) == (3, 1)
    assert ledger.verify().is_clean


def test_what_is_refused_again_is_the_same_also_for_another_reason(ledger: Ledger) -> None:
    full(ledger)
    send(ledger, Fine(reader="a"), Borrow(title="d", reader="a"), Borrow(title="e", reader="nobody"))

    found = asked(ledger)

    assert (found.records, found.outcomes) == (3, {"newly_accepted": 1, "same": 2})


def test_the_rows_of_then_count_and_not_those_of_today(ledger: Ledger) -> None:
    full(ledger)
    for title in "de":
        ledger.submit(Borrow2(title=title, reader="a"), actor="desk", version=LOOSER)
    send(ledger, Borrow(title="f", reader="a"), Fine(reader="a"))

    found = asked(ledger)

    assert found.outcomes == {"newly_accepted": 1, "same": 1}
    assert group_of(found).samples[0].content["form"]["title"] == "c"


def test_what_was_given_back_since_was_still_there_then(ledger: Ledger) -> None:
    full(ledger)
    with ledger.read() as connection:
        (first, *_) = [row.id for row in connection.execute(Loan.table.select().order_by(Loan.table.c.title))]
    send(ledger, GiveBack(loan=first), Borrow(title="d", reader="a"), Borrow(title="e", reader="a"), GiveBack(loan=first))

    found = asked(ledger)

    assert (found.records, found.noise.different) == (3, 0)
    assert found.outcomes == {"newly_accepted": 2, "same": 1}


def test_where_the_refusal_does_not_come_again_nothing_more_is_said(ledger: Ledger, lending_url: str) -> None:
    full(ledger, titles="a")
    put_beside(lending_url)
    send(ledger, Borrow(title="b", reader="a"))

    found = asked(ledger)

    assert (found.records, found.outcomes, found.groups, bool(found)) == (1, {}, [], False)
    assert found.noise.outcomes == {"newly_accepted": 1}
    assert found.noise.differing[0]["attempt"] == ledger.attempts("Reader/a")[0]["id"]


def test_the_same_code_with_other_values_is_no_longer_the_same_refusal(ledger: Ledger, lending_url: str) -> None:
    full(ledger, titles="ab")
    put_beside(lending_url)
    send(ledger, Borrow(title="c", reader="a"))

    found = asked(ledger)

    assert (found.outcomes, found.noise.outcomes) == ({}, {"differs": 1})
    assert found.noise.differing[0]["rejections"][0]["values"] == {"count": 2}


def test_a_message_that_is_worded_otherwise_since_is_no_other_refusal(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    full(ledger)
    monkeypatch.setattr("tests.ledger.lending.Full.__doc__", "That will do.")

    assert asked(ledger).outcomes == {"newly_accepted": 1}


def test_a_table_that_others_write_too_cannot_be_told(ledger: Ledger) -> None:
    full(ledger, titles="")
    send(ledger, Enter(reader="a", room="attic"))

    found = asked(ledger)

    assert (found.outcomes, found.noise.outcomes) == ({}, {"unreplayable": 1})
    assert "Room, whose table others write too" in found.noise.differing[0]["missing"]


def test_when_it_held_is_not_kept_and_never_taken_for_not_said(ledger: Ledger) -> None:
    full(ledger, titles="")
    send(ledger, Extend(reader="a"), occurred=datetime(2024, 2, 29, tzinfo=UTC))

    found = asked(ledger)

    assert (found.noise.outcomes, found.outcomes) == ({"same": 1}, {"unreplayable": 1})
    assert group_of(found).signature == ("unreplayable occurred, which is not kept with an attempt",)


def test_a_unique_rule_still_refuses(ledger: Ledger) -> None:
    full(ledger, titles="")
    send(ledger, Join(name="Bea", card="a", reader="b"), Join(name="Cy", card="c", reader="c"))
    send(ledger, Transfer(card="c", reader="a"), Transfer(card="free", reader="a"))

    found = asked(ledger)

    assert (found.noise.outcomes, found.outcomes) == ({"same": 3}, {"same": 2, "newly_accepted": 1})
    assert group_of(found).samples[0].content["form"]["card"] == "free"


def test_a_type_that_the_version_has_dropped_is_an_input_that_is_missing(ledger: Ledger) -> None:
    full(ledger, titles="")
    send(ledger, Extend(reader="a"))

    found = asked(ledger, FREE)

    assert (found.noise.outcomes, found.outcomes) == ({"same": 1}, {"unreplayable": 1})


def test_what_was_expected_to_be_taken_is_no_surprise_and_was_seen(ledger: Ledger) -> None:
    full(ledger)

    loosened = ledger.compare(Selection(types="loan.borrow"), version=FREE, attempts=True)
    told = ledger.compare(Selection(types="loan.borrow"), version=FREE)

    assert loosened.attempts is not None
    assert (loosened.attempts.different, loosened.attempts.uncovered, loosened.never_seen) == (1, 0, [])
    assert [one.part for one in told.never_seen] == ["newly_accepted"]
    assert [one["records"] for one in loosened.as_json()["expectations"]] == [1]


def test_what_was_not_expected_makes_the_comparison_true(ledger: Ledger) -> None:
    full(ledger)

    comparison = ledger.compare(Selection(), version=LOOSER, attempts=True)

    assert (comparison.different, comparison.uncovered, comparison.is_void, bool(comparison)) == (0, 0, False, True)


def test_attempts_are_selected_as_events_are_and_by_the_place_they_would_have_taken(ledger: Ledger) -> None:
    full(ledger, "a")
    full(ledger, "b")
    send(ledger, Borrow(title="d", reader="a"), Extend(reader="b"))
    moments = [datetime.fromisoformat(one["at"]) for one in ledger.attempts("Reader/a")]

    assert asked(ledger).records == 4
    assert asked(ledger, types="loan.borrow").records == 3
    assert asked(ledger, subject="Reader/a").records == 2
    assert asked(ledger, since=moments[0], until=moments[0]).records == 1
    assert [asked(ledger, first=place, last=place).records for place in range(8)] == [0, 0, 0, 1, 0, 0, 3, 0]


def test_conflicts_are_no_refusals(ledger: Ledger) -> None:
    full(ledger, titles="a")
    tags = ledger.tags("Reader/a")
    send(ledger, Fine(reader="a"))

    with pytest.raises(ensue.ConflictError):
        ledger.submit(Borrow(title="b", reader="a"), actor="desk", version=STRICT, expect={"Reader/a": {"has_fines": tags["has_fines"]}})

    assert asked(ledger).records == 0


def test_with_a_key_ids_are_those_of_the_event_that_was_asked_for(ledger: Ledger) -> None:
    full(ledger, titles="ab")
    send(ledger, Borrow(title="c", reader="a"), key="form-81")

    content = group_of(asked(ledger)).samples[0].content

    assert content["event"] == event_id(ledger.uid, "desk", "form-81")
    sent = ledger.submit(Borrow2(title="c", reader="a"), actor="desk", version=LOOSER, key="form-81")
    assert [row["id"] for row in content["rows"]] == [row.id for row in sent.plan.inserted(Loan)]


def test_what_shares_its_moment_is_tried_behind_and_before_the_events_of_it(ledger: Ledger) -> None:
    full(ledger, titles="a")
    late = [Borrow(title="b", reader="a"), Borrow(title="c", reader="a")]
    early = [Borrow(title="b", reader="z"), Join(name="Z", card="z", reader="z")]

    for events in (late, early):
        with in_one_batch(ledger):
            answers = [ledger.submit_soon(event, actor="desk", version=STRICT) for event in events]
        outcomes = [isinstance(answer.exception(), Rejected) for answer in answers]
        assert outcomes.count(True) == 1

    found = asked(ledger)
    assert (found.noise.outcomes, found.outcomes) == ({"same": 2}, {"newly_accepted": 1, "same": 1})


def test_a_place_is_behind_all_that_is_not_later_whatever_the_clock_did() -> None:
    events = enumerate(["10", "20", "50", "20", "30", "30"])

    found = places_of(["05", "20", "25", "30", "50", "60"], events)

    assert found == {
        "05": Between(0, 0),
        "20": Between(1, 4),
        "25": Between(4, 4),
        "30": Between(4, 6),
        "50": Between(2, 6),
        "60": Between(6, 6),
    }


def test_pages_make_no_difference(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for reader in "abc":
        full(ledger, reader, titles="abcd")
    whole = asked(ledger)

    monkeypatch.setattr(attempts, "PAGE", 2)

    assert asked(ledger) == whole
    assert whole.outcomes == {"newly_accepted": 6}


def test_where_a_clock_stands_still_attempts_are_behind_all_events_of_the_moment(sqlite_url: str) -> None:
    clock = FrozenClock()
    engine = create_engine(make_url(sqlite_url))
    metadata.create_all(engine)
    engine.dispose()
    with ensue.open(lending, sqlite_url, tag_keys={"k": bytes(32)}, clock=clock) as ledger:
        full(ledger, titles="abcd")
        clock.advance(days=1)
        full(ledger, "b", titles="abcd")

        found = asked(ledger)

        assert (found.noise.outcomes, found.outcomes) == ({"same": 4}, {"newly_accepted": 4})
        assert asked(ledger, until=START + timedelta(hours=1)).records == 2


def test_processes_that_share_the_events_leave_the_attempts_to_one(ledger: Ledger) -> None:
    full(ledger)
    full(ledger, "b")

    shared, alone = (ledger.compare(Selection(), version=LOOSER, jobs=jobs, attempts=True) for jobs in (2, 1))

    assert shared == alone
    assert shared.attempts is not None
    assert shared.attempts.outcomes == {"newly_accepted": 2}


def test_parts_of_attempts_merge_to_the_whole(ledger: Ledger) -> None:
    for reader in "abc":
        full(ledger, reader, titles="abcd")
    whole = ledger.compare(Selection(), version=LOOSER, attempts=True)
    parts = [
        ledger.compare(Selection(first=first, last=last - 1), version=LOOSER, attempts=True) for first, last in pairwise([0, 3, 4, 7, 100])
    ]

    merged = Comparison(LOOSER, expectations=lending.expectations())
    for part in parts:
        merged.merge(part)

    assert merged == whole


def test_a_correction_that_stands_is_part_of_the_past(ledger: Ledger) -> None:
    full(ledger, titles="ab")
    first = next(ledger.records(after=0, limit=1))
    ledger.correct(ledger.undo_plan(first), actor="chief", reason="never taken home")
    send(ledger, Borrow(title="c", reader="a"), Borrow(title="d", reader="a"))

    assert (asked(ledger).noise.outcomes, asked(ledger).outcomes) == ({"same": 1}, {"newly_accepted": 1})


def test_an_attempt_is_never_part_of_what_applying_would_do(ledger: Ledger) -> None:
    full(ledger)

    comparison = ledger.compare(Selection(), version=LOOSER, attempts=True)

    assert not comparison.forecast
    assert comparison.attempts is not None
    assert not comparison.attempts.forecast
    assert ledger.correction_plan(Selection(), version=LOOSER).corrections == ()


def test_attempts_are_asked_for_with_a_selection_of_a_ledger_and_a_version(ledger: Ledger, tmp_path: Path) -> None:
    full(ledger)

    with pytest.raises(RequestError, match="chosen by a Selection"):
        ledger.compare(list(ledger.records()), version=LOOSER, attempts=True)
    with pytest.raises(RequestError, match="leave out code="):
        ledger.compare(Selection(), version=LOOSER, code=tmp_path, attempts=True)
    with pytest.raises(RequestError, match="Exported files hold no attempts"):
        compare_at(FilesPlace(tmp_path), lending, LOOSER, None, Selection(), 1, 0.01, None, attempts=True)
