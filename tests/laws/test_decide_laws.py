"""Laws of deciding: over any operations in any order, what is planned, recorded and known afterwards is one thing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ensue import App, Delete, Event, Increase, Insert, Model, Plan, Ref, Related, StepError, Update, related
from ensue.core.decide import Decision
from ensue.core.facts import Facts, Row
from tests.core.deciding import decision_of, standing

increase: Any = Increase
update: Any = Update


class Account(Model, subject=True):
    balance: Decimal = Decimal(0)
    visits: int = 0
    owner: str | None = None


class Entry(Model, of=Account):
    account_id: str
    amount: Decimal = Decimal(0)


class Move(Event, type="account.move", version="2026-01-01"):
    account: Ref[Account]
    entries: Related[Entry] = related()


ADA = Account(id="a-1", balance=Decimal(70))
ENTRIES = tuple(Entry(id=f"e-{number}", account_id="a-1", amount=Decimal(number)) for number in range(3))
ROWS: tuple[Model, ...] = (ADA, *ENTRIES)

AMOUNTS = st.decimals(-100, 100, places=2)
NEW_IDS = st.sampled_from(["e-1", "e-8", "e-9"])
OPERATIONS = st.one_of(
    st.builds(lambda owner: update(ADA, owner=owner), st.sampled_from([None, "Ada", "Bob"])),
    st.builds(lambda visits: update(ADA, visits=visits), st.integers(0, 2)),
    st.builds(lambda amount: increase(ADA, balance=amount), AMOUNTS),
    st.builds(lambda amount, visits: increase(ADA, balance=amount, visits=visits), AMOUNTS, st.integers(-2, 2)),
    st.builds(lambda entry, amount: update(entry, amount=amount), st.sampled_from(ENTRIES), AMOUNTS),
    st.builds(Delete, st.sampled_from(ENTRIES)),
    st.builds(lambda id, amount: Insert(Entry(id=id, account_id="a-1", amount=amount)), NEW_IDS, AMOUNTS),
    st.builds(lambda id, amount: update(Entry(id=id, account_id="a-1"), amount=amount), NEW_IDS, AMOUNTS),
)
STEPS = st.lists(st.lists(OPERATIONS, max_size=4), min_size=1, max_size=3)


def step_of(name: str, operations: list[Any]) -> Any:
    """A step that returns these."""

    def decide(event: Any) -> Any:
        return operations

    decide.__name__ = name
    decide.__annotations__ = {
        "event": Move,
        "return": list[Insert[Entry] | Update[Account] | Update[Entry] | Increase[Account] | Delete[Entry]],
    }
    return decide


def decided(steps: list[list[Any]]) -> Decision | None:
    """What these steps decide; None where they break the contract."""
    app = App("bank")
    for number, operations in enumerate(steps):
        app.step(Move, since="2026-01-01")(step_of(f"step_{number}", operations))
    try:
        return decision_of(app, Move(account="a-1"), *ROWS)
    except StepError:
        return None


def rows_after(plan: Plan) -> dict[tuple[str, str], Row | None]:
    """The rows that the recorded operations lead to, told from their before and after alone."""
    rows: dict[tuple[str, str], Row | None] = {(model, id): row for model, ids in standing(ROWS).items() for id, row in ids.items()}
    recorded: Any
    for recorded in plan.recorded_operations:
        kind, model, id, before, after, _ = recorded
        present = rows.get((model, id))
        if kind == "insert":
            assert present is None
            rows[model, id] = after
        elif kind == "delete":
            assert present == before
            rows[model, id] = None
        else:
            assert present is not None
            assert {column: present[column] for column in before} == before
            assert all(before[column] != after[column] for column in after)
            rows[model, id] = {**present, **after}
    return rows


@given(STEPS)
def test_what_is_recorded_is_what_is_known_afterwards(steps: list[list[Any]]) -> None:
    decision = decided(steps)
    if decision is None:
        return
    facts = Facts()
    for model, rows in standing(ROWS).items():
        facts.learn(model, rows, rows)

    facts.apply(decision.changes)

    for (model, id), row in rows_after(decision.plan).items():
        assert facts.row(model, id) == row


@given(STEPS)
def test_a_plan_shows_each_row_as_it_stands_afterwards(steps: list[list[Any]]) -> None:
    decision = decided(steps)
    if decision is None:
        return
    after = rows_after(decision.plan)
    facts = Facts()
    for (model, id), row in after.items():
        facts.learn(model, [id], {} if row is None else {id: row})

    shown = [decision.plan.row(row) for row in (*ROWS, *decision.plan.inserted(Entry)) if after[row.__ensue__.name, row.id] is not None]

    assert shown == [facts.instance(type(row), row.id) for row in shown]


@given(STEPS)
def test_deciding_twice_is_equal(steps: list[list[Any]]) -> None:
    assert decided(steps) == decided(steps)


@given(STEPS)
def test_a_column_that_is_set_has_one_writer(steps: list[list[Any]]) -> None:
    decision = decided(steps)
    if decision is None:
        return

    kinds: dict[tuple[Any, Any, str], list[Any]] = {}
    recorded: Any
    for recorded in decision.plan.recorded_operations:
        kind, model, id, _, after, _ = recorded
        if kind in ("update", "increase"):
            for column in after:
                kinds.setdefault((model, id, column), []).append(kind)

    assert all(found == ["update"] or set(found) == {"increase"} for found in kinds.values())
