"""Corrections of histories that cancel and erase, and of rows that no event made: done right, or said, never passed over."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

import pytest
from sqlalchemy import text

import ensue
from ensue import (
    App,
    Cancel,
    CorrectionPlan,
    Effect,
    Erase,
    Event,
    Increase,
    Insert,
    Ledger,
    Model,
    New,
    Record,
    Ref,
    Related,
    Selection,
    Sensitive,
    new,
    related,
)
from ensue.core.canonical import base64url
from ensue.errors import PlanBlocked, RequestError
from ensue.log.payload import _leaf_digest
from ensue.runtime.seeding import put_rows

desk = App("desk")
OLD, NEW = "2024-01-01", "2024-07-01"


class Person(Model, subject=True):
    name: Sensitive[str]
    visits: int = 0


class Tag(Model, of=Person):
    person_id: str
    worth: int


class Reminder(Effect, kind="reminder"):
    text: str


class Come(Event, type="come", version=OLD):
    name: Sensitive[str]
    person: New[Person] = new()


@desk.step(Come, since=OLD)
def come(event: Come) -> Iterator[Insert[Person]]:
    yield Insert(Person(id=event.person, name=event.name))


class Book(Event, type="book", version=OLD):
    person: Ref[Person]


@desk.step(Book, since=OLD)
def book(event: Book) -> Iterator[Increase[Person]]:
    yield Increase(event.person, visits=1)


@desk.step(Book, since=NEW)
def remind(event: Book) -> Iterator[Reminder]:
    """Who books is reminded."""
    yield Reminder(key="booked", text="Tomorrow.")


class Leave(Event, type="leave", version=OLD):
    person: Ref[Person]


@desk.step(Leave, since=OLD)
def leave(event: Leave) -> Iterator[Cancel[Reminder] | Erase[Person]]:
    yield Cancel(Reminder)
    yield Erase(event.person, "sensitive")


@desk.step(Leave, since=NEW, replaces=leave)
def leave_with_all(event: Leave) -> Iterator[Cancel[Effect]]:
    """Nothing is erased, and everything cancelled."""
    yield Cancel(Effect)


class Count(Event, type="count", version=OLD):
    person: Ref[Person]


@desk.step(Count, since=OLD)
def count(event: Count) -> Iterator[Increase[Person]]:
    yield Increase(event.person, visits=1)


class Count2(Event, type="count", version=NEW, follows=Count):
    person: Ref[Person]
    tags: Related[Tag] = related()


@desk.step(Count2, since=NEW, replaces=count)
def count_tags(event: Count2) -> Iterator[Increase[Person]]:
    """Tags count instead."""
    for tag in event.tags:
        yield Increase(event.person, visits=tag.worth)


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with ensue.open(desk, database_url, tag_keys={"k": bytes(32)}) as opened:
        submit(opened, Come(name="Ada", person="p"))
        yield opened


def submit(ledger: Ledger, event: Event) -> Record:
    return ledger.record(ledger.submit(event, actor="desk", version=OLD).id)


def planned(plan: CorrectionPlan) -> list[tuple[str, str]]:
    return [(one.decision, one.key) for correction in plan.corrections for one in correction.effects]


# ---- cancel and erase ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("version", "is_sent"), [(OLD, False), (NEW, False), (None, True)])
def test_what_a_later_event_cancels_is_a_task_and_not_sent_late(ledger: Ledger, version: str | None, is_sent: bool) -> None:
    booked = submit(ledger, Book(person="p"))
    left = submit(ledger, Leave(person="p"))

    plan = ledger.correction_plan({booked.id: NEW, left.id: version}, allow_effects=["reminder"])

    ((decision, key), *_) = planned(plan)
    assert (decision, key) == (("send", "booked") if is_sent else ("task", "added:reminder:booked"))
    (fixed, *_) = ledger.correct(plan, actor="chief", reason="r")
    said = str(fixed.plan.effects[0])
    assert ("a later event cancels it" in said) is not is_sent


def test_what_was_cancelled_before_is_sent(ledger: Ledger) -> None:
    submit(ledger, Leave(person="p"))
    booked = submit(ledger, Book(person="p"))

    plan = ledger.correction_plan({booked.id: NEW}, allow_effects=["reminder"])

    assert planned(plan) == [("send", "booked")]


def test_a_cancel_and_an_erase_that_would_not_have_been_are_tasks_once(ledger: Ledger) -> None:
    left = submit(ledger, Leave(person="p"))

    for version in (NEW, None, OLD, None, NEW):
        ledger.correct(ledger.correction_plan({left.id: version}), actor="chief", reason="r")

    keys = [str(effect.key) for one in ledger.records() if one.corrects for effect in one.plan.effects]
    assert sorted(keys) == ["added:cancel :", "added:cancel reminder:", "added:erase Person:p sensitive",
                            "dropped:cancel :", "dropped:cancel reminder:", "dropped:erase Person:p sensitive"]  # fmt: skip
    assert ledger.get(Person, "p").name == "Ada"
    assert ledger.verify().is_clean
    assert {ledger.replay(record).outcome for record in ledger.records()} == {"same"}


def test_a_history_with_cancel_and_erase_is_rebuilt_and_told_again(ledger: Ledger, tmp_path: object) -> None:
    for event in (Book(person="p"), Leave(person="p"), Book(person="p")):
        submit(ledger, event)
    ledger.correct(ledger.correction_plan(Selection(), version=NEW), actor="chief", reason="r")

    rebuilt = ledger.rebuild(f"sqlite:///{tmp_path}/again.db", check=True)

    assert (rebuilt.difference, rebuilt.rows["Person"]) == (None, 1)
    assert not ledger.correction_plan(Selection(), version=NEW)


# ---- what is gone --------------------------------------------------------------------------------------------------
def erase_leaves(ledger: Ledger, record: Record) -> None:
    """As the format has it: leaves of their own leave their digest behind, the others their salt, and the seed is gone."""
    at = {"subject": record.subject, "seq": record.seq}
    with ledger._storage.engine.connect() as connection:
        of_record = "FROM ensue_payload WHERE subject = :subject AND seq = :seq"
        payload, seed = map(bytes, connection.execute(text(f"SELECT bytes, seed {of_record}"), at).one())
        lines = []
        for line in payload.splitlines():
            _, name, value = line.split(b" ", 2)
            salt = base64url(hmac.digest(seed, b"salt\n" + name, "sha256")[:16]).encode()
            gone = b"- " + base64url(_leaf_digest(salt, name, value)).encode()
            lines.append(gone if b"/" in name else b"= %b %b %b" % (name, salt, value))
        change = "UPDATE ensue_payload SET bytes = :bytes, seed = NULL, request = NULL WHERE subject = :subject AND seq = :seq"
        connection.execute(text(change), {"bytes": b"\n".join([*lines, b""]), **at})


def test_what_was_erased_is_not_told_again_and_never_written(ledger: Ledger, tmp_path: object) -> None:
    (first, booked) = (ledger.record(one.id) for one in (*ledger.timeline("Person/p"), submit(ledger, Book(person="p"))))
    erase_leaves(ledger, first)
    gone = ledger.record(first.id)

    assert (ledger.replay(gone).outcome, ledger.replay(gone).missing) == ("unreplayable", "what was erased of it")
    assert ledger.compare(gone, version=NEW).outcome == "unreplayable"
    for version in (NEW, None):
        with pytest.raises(PlanBlocked, match="cannot be told again: what was erased of it is not known"):
            ledger.correction_plan({booked.id: version})
    with pytest.raises(RequestError, match="values that were erased"):
        ledger.rebuild(f"sqlite:///{tmp_path}/again.db")
    assert ledger.get(Person, "p") == Person(id="p", name="Ada", visits=1)


# ---- what no event made --------------------------------------------------------------------------------------------
def test_a_row_put_beside_the_events_that_a_new_rule_would_read_blocks_the_plan(ledger: Ledger) -> None:
    """Nobody knows whether it stood there when the event came."""
    counted = submit(ledger, Count(person="p"))
    put_rows(ledger, [Tag(id="t", person_id="p", worth=5)])

    with pytest.raises(PlanBlocked, match="Tag/t stands in its table, but no event made it or saw it"):
        ledger.correction_plan({counted.id: NEW})

    assert ledger.get(Person, "p").visits == 1


def test_a_row_put_beside_the_events_that_nothing_reads_disturbs_nothing(ledger: Ledger) -> None:
    counted = submit(ledger, Count(person="p"))
    submit(ledger, Come(name="Bo", person="q"))
    put_rows(ledger, [Tag(id="t", person_id="q", worth=5), Person(id="r", name="Cleo")])

    plan = ledger.correction_plan({counted.id: NEW})

    assert [change.target for correction in plan.corrections for change in correction.changes] == [{"visits": -1}]


def test_a_row_that_was_there_before_the_events_is_taken_as_they_saw_it(ledger: Ledger) -> None:
    put_rows(ledger, [Person(id="old", name="Dan", visits=7), Tag(id="t", person_id="old", worth=5)])
    counted = ledger.submit(Count2(person="old"), actor="desk", version=NEW)
    booked = submit(ledger, Book(person="old"))

    ledger.correct(ledger.undo_plan(counted), actor="chief", reason="r")
    ledger.correct(ledger.undo_plan(booked), actor="chief", reason="r")
    assert ledger.get(Person, "old").visits == 7

    ledger.correct(ledger.correction_plan({counted.id: NEW}), actor="chief", reason="r")
    assert ledger.get(Person, "old").visits == 12
