"""Decide: what a plan holds, and every contract that a step can break."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ensue import (
    AlreadyExists,
    Cancel,
    Delete,
    Effect,
    Erase,
    Event,
    Insert,
    Lookup,
    New,
    NotFound,
    Plan,
    Ref,
    Rejected,
    Rejections,
    Related,
    StepError,
    TooLarge,
    by,
    new,
    related,
)
from ensue.core.identity import row_id
from tests.core.bank import (
    ADA,
    BOB,
    EVERYTHING,
    FIRST,
    Account,
    AccountOwner,
    Bank,
    Closed,
    Decide,
    Entry,
    Letter,
    Move,
    Push,
    app_of,
    failure,
    increase,
    insert,
    named,
    plan,
    update,
)
from tests.core.deciding import EVENT_ID, plan_of


# ---- what a plan holds -----------------------------------------------------------------------------------------------
def test_a_plan_records_each_operation_with_before_after_and_its_step() -> None:
    decided = plan(
        lambda event: [insert(Entry(id="e-2", account_id="a-1", amount=Decimal(1))), update(event.account, owner="Eve")],
        lambda event: [
            increase(event.account, balance=Decimal("-5.50")),
            Delete(event.entries[0]),
            Cancel(Push, key="k"),
            Erase(event.account, "ads"),
        ],
    )

    assert decided.recorded_operations == (
        ["insert", "Entry", "e-2", None, {"id": "e-2", "account_id": "a-1", "amount": "1"}, "step_1"],
        ["update", "Account", "a-1", {"owner": "Ada"}, {"owner": "Eve"}, "step_1"],
        ["increase", "Account", "a-1", {"balance": "70"}, {"balance": "64.5"}, "step_2"],
        ["delete", "Entry", "e-1", {"id": "e-1", "account_id": "a-1", "amount": "5"}, None, "step_2"],
        ["cancel", "push.send", "k", None, None, "step_2"],
        ["erase", "Account", "a-1", None, {"purpose": "ads"}, "step_2"],
    )
    assert decided.operation_steps == ("step_1", "step_1", "step_2", "step_2", "step_2", "step_2")
    assert decided.steps == ("step_1", "step_2")


def test_deciding_twice_is_equal() -> None:
    def step(event: Any) -> Iterator[Any]:
        yield insert(Entry(id=event.new_id("entry"), account_id="a-1", amount=Decimal(event.random("amount"))))
        yield Push(text=f"{event.actor} {event.at} {event.id}")

    assert plan(step) == plan(step)


def test_a_decision_leaves_the_facts_and_the_event_as_they_were() -> None:
    seen: list[Any] = []

    def first(event: Any) -> Iterator[Any]:
        seen.append((event.account, event.entries))
        yield update(event.account, owner="Eve")
        yield Delete(event.entries[0])

    def second(event: Any) -> Iterator[Any]:
        seen.append((event.account, event.entries))
        return iter(())

    plan(first, second)

    assert seen == [(ADA, (FIRST,)), (ADA, (FIRST,))]


def test_effects_have_a_key_from_their_step_and_their_place_in_it_by_kind() -> None:
    decided = plan(
        lambda event: [Push(text="a"), Letter(text="b"), Push(text="c"), Push(text="d", key="own")], lambda event: [Push(text="e")]
    )

    assert [recorded[:2] for recorded in decided.recorded_effects] == [
        ["push.send", "step_1/1"],
        ["letter", "step_1/1"],
        ["push.send", "step_1/2"],
        ["push.send", "own"],
        ["push.send", "step_2/1"],
    ]
    assert decided.planned(Letter) == (Letter(text="b"),)


def test_a_step_that_replaces_another_keeps_its_name_in_effect_keys() -> None:
    app = app_of(lambda event: [Push(text="old")])
    (old,) = app.logic("account.move", app.line()[0]).steps
    app.step(Move, since="2026-02-01", replaces=old.function)(named("newer", lambda event: [Push(text="new")], Move, EVERYTHING))

    decided = plan_of(app, Move(account="a-1"), ADA)

    assert decided.recorded_effects == (["push.send", "step_1/1", {"text": "new"}, "newer"],)


def test_two_effects_of_one_kind_and_key_are_refused() -> None:
    message = "yielded two Push with the key 'k'; an effect's key is its identity"

    assert message in failure(lambda event: [Push(text="a", key="k"), Push(text="b", key="k")])
    assert message in failure(lambda event: [Push(text="a", key="k")], lambda event: [Push(text="b", key="k")])
    assert len(plan(lambda event: [Push(text="a", key="k"), Letter(text="b", key="k")]).effects) == 2


# ---- what steps return -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step", [lambda event: None, lambda event: [], lambda event: (), lambda event: iter(()), lambda event: set()])
def test_nothing_may_follow(step: Decide) -> None:
    assert plan(step) == Plan(steps=("step_1",))


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (5, "returned 5; a step yields operations and effects, or returns an iterable of them"),
        ("push", "returned 'push'"),
        (Push(text="a"), "returned Push"),
        (Insert(ADA), "returned Insert"),
        ([5], "yielded 5; a step yields operations and effects"),
        ([None], "yielded None"),
        ([ADA], "yielded Account"),
        ([Push], "yielded <class"),
        ([[Push(text="a")]], "yielded \\["),
        (["push"], "yielded 'push'"),
    ],
)
def test_nonsense_is_told_with_the_step(returned: Any, message: str) -> None:
    with pytest.raises(StepError, match=f"^Step step_1: {message}"):
        plan(lambda event: returned)


def test_a_step_that_never_ends_is_stopped() -> None:
    def endless(event: Any) -> Iterator[Any]:
        number = 0
        while True:
            number += 1
            yield Push(text="again", key=str(number))

    assert failure(endless) == "Step step_1: yielded more than 10000 results; does it end?"


@pytest.mark.parametrize("error", [ValueError("no"), ZeroDivisionError("no"), RecursionError("no"), StopIteration("no"), KeyError("no")])
def test_a_step_that_raises_is_named_with_what_it_raised(error: Exception) -> None:
    def step(event: Any) -> Any:
        raise error

    with pytest.raises(StepError, match=rf"^Step step_1: raised {type(error).__name__}: .*no") as raised:
        plan(step)

    assert raised.value.step == "step_1"
    assert raised.value.__cause__ is error


def test_a_generator_that_raises_late_is_named_too() -> None:
    def step(event: Any) -> Iterator[Any]:
        yield Push(text="a")
        raise ValueError("too late")

    assert failure(step) == "Step step_1: raised ValueError: too late"


def test_a_wrong_row_is_the_steps_failure() -> None:
    make: Any = Entry

    assert "raised InvalidForm: Entry: amount" in failure(lambda event: [insert(make(id="e-2", account_id="a-1", amount=1.5))])
    assert "raised DefinitionError: Update(Account): no column 'colour'" in failure(lambda event: [update(event.account, colour="red")])


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda event: Push(text="a"), "yielded Push, but declares Insert[Entry] | letter; add it to the return annotation"),
        (lambda event: insert(Bank(id="b", name="B")), "yielded Insert[Bank], but declares Insert[Entry] | letter"),
        (lambda event: Delete(event.entries[0]), "yielded Delete[Entry], but declares"),
        (lambda event: update(event.account, owner="Eve"), "yielded Update[Account], but declares"),
        (lambda event: increase(event.account, visits=1), "yielded Increase[Account], but declares"),
        (lambda event: Erase(event.account, "ads"), "yielded Erase[Account], but declares"),
        (lambda event: Cancel(Push), "yielded Cancel[Push], but declares"),
    ],
)
def test_what_was_not_declared_is_refused(result: Decide, message: str) -> None:
    assert message in failure(lambda event: [result(event)], returns=Iterator[Insert[Entry] | Letter])
    assert "but declares None" in failure(lambda event: [result(event)], returns=None)


def test_to_cancel_every_effect_is_declared_once() -> None:
    decided = plan(lambda event: [Cancel(Push), Cancel(Letter, key="k"), Cancel(Effect)], returns=Iterator[Cancel[Effect]])

    assert [recorded[:3] for recorded in decided.recorded_operations] == [
        ["cancel", "push.send", None],
        ["cancel", "letter", "k"],
        ["cancel", "", None],
    ]


# ---- views -----------------------------------------------------------------------------------------------------------
class Rename(Event, type="account.rename", version="2026-01-01"):
    account: Ref[AccountOwner]


def test_a_step_changes_only_the_columns_that_a_view_shows() -> None:
    def around(event: Any) -> Any:
        return [update(Account(id=event.account.id, owner=event.account.owner), visits=5)]

    assert "of which the event's state shows only id, owner; declare the rest" in failure(around, event=Rename(account="a-1"))
    assert "of which the event's state shows only id, owner" in failure(lambda event: [Delete(ADA)], event=Rename(account="a-1"))
    assert plan(lambda event: [update(event.account, owner="Eve")], event=Rename(account="a-1")).recorded_operations == (
        ["update", "Account", "a-1", {"owner": "Ada"}, {"owner": "Eve"}, "step_1"],
    )


def test_a_row_that_is_shown_whole_beside_a_view_is_shown_whole() -> None:
    class Compare(Event, type="account.compare", version="2026-01-01"):
        account: Ref[AccountOwner]
        whole: Lookup[Account] = by("account")

    decided = plan(lambda event: [update(event.whole, visits=5), update(event.account, owner="Eve")], event=Compare(account="a-1"))

    assert len(decided.operations) == 2


# ---- rows to come ----------------------------------------------------------------------------------------------------
class Open(Event, type="account.open", version="2026-01-01"):
    account: New[Account] = new()
    first: New[Entry] = new()


def test_a_row_that_was_announced_is_inserted_with_its_id() -> None:
    decided = plan(
        lambda event: [insert(Account(id=event.account, owner="Eve")), insert(Entry(id=event.first, account_id=event.account))],
        event=Open(first="e-7"),
        rows=(),
    )

    (account,), (entry,) = decided.inserted(Account), decided.inserted(Entry)
    assert account.id == row_id(EVENT_ID, "account")
    assert (entry.id, entry.account_id) == ("e-7", account.id)


def test_a_row_that_was_announced_must_be_inserted() -> None:
    assert "was announced by a New field, but no step inserts it; insert it with this id" in failure(
        lambda event: [insert(Account(id=event.account, owner="Eve"))], event=Open(), rows=()
    )


def test_a_row_that_was_announced_and_stands_already_is_a_rejection() -> None:
    with pytest.raises(AlreadyExists):
        plan(lambda event: [], event=Open(account="a-1"))


# ---- rejections ------------------------------------------------------------------------------------------------------
def test_the_first_step_that_refuses_ends_the_decision() -> None:
    reached: list[str] = []

    def refuse(event: Any) -> Iterator[Any]:
        yield Push(text="a")
        raise Closed

    def after(event: Any) -> None:
        reached.append("after")

    decided = plan(lambda event: [update(event.account, owner="Eve")], refuse, after)

    assert decided == Plan(rejections=(Closed(),), steps=("step_1", "step_2"))
    assert decided.is_rejected
    assert reached == []


def test_several_reasons_are_all_kept() -> None:
    def refuse(event: Any) -> None:
        raise Rejections([Closed(), NotFound(model="Entry", id="e")])

    assert plan(refuse).rejections == (Closed(), NotFound(model="Entry", id="e"))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Rejected(), "raised Rejected without a reason; raise a Rejection of its own"),
        (Rejected(["no"]), "refused with 'no', which is no Rejection"),
    ],
)
def test_a_refusal_has_typed_reasons(error: Rejected, message: str) -> None:
    def refuse(event: Any) -> None:
        raise error

    assert message in failure(refuse)


# ---- what is read ----------------------------------------------------------------------------------------------------
def test_related_rows_come_sorted_by_id_and_only_those_that_equal() -> None:
    rows = [Entry(id=f"e-{number}", account_id=account) for number, account in ((3, "a-1"), (1, "a-1"), (2, "a-2"))]
    seen: list[Any] = []

    plan(lambda event: seen.append([entry.id for entry in event.entries]), rows=(ADA, BOB, *rows))

    assert seen == [["e-1", "e-3"]]


def test_more_related_rows_than_the_limit_are_too_many() -> None:
    class Few(Event, type="account.few", version="2026-01-01"):
        account: Ref[Account]
        entries: Related[Entry] = related(limit=1)

    rows = (ADA, FIRST, Entry(id="e-2", account_id="a-1"))

    assert plan(lambda event: None, event=Few(account="a-1"), rows=rows[:2]).operations == ()
    with pytest.raises(TooLarge, match=r"entries: more than 1 rows of Entry are related; narrow related\(…\), or raise limit="):
        plan(lambda event: None, event=Few(account="a-1"), rows=rows)


def test_a_row_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match="There is no Account a-9"):
        plan(lambda event: None, event=Move(account="a-9"))
    seen: list[Any] = []
    plan(lambda event: seen.append(event.rate), event=Move(account="a-1", rate="r-9"))
    assert seen == [None]


def test_nobody_reaches_the_row_of_another_parent() -> None:
    class Correct(Event, type="entry.correct", version="2026-01-01"):
        entry: Ref[Entry]
        account: Ref[Account]

    rows = (ADA, BOB, FIRST)

    assert plan(lambda event: None, event=Correct(entry="e-1", account="a-1"), rows=rows).rejections == ()
    with pytest.raises(NotFound, match="There is no Entry e-1"):
        plan(lambda event: None, event=Correct(entry="e-1", account="a-2"), rows=rows)
