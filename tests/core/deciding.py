"""Deciding without a database: events decided over rows that a test names, for the tests of floor 0."""

from __future__ import annotations

from datetime import UTC, datetime

from ensue.core.app import App
from ensue.core.binding import Binding
from ensue.core.decide import Decision, Guard, decide
from ensue.core.event import Context, Event
from ensue.core.facts import Facts, Needs, Row
from ensue.core.model import Model
from ensue.core.plan import Plan
from ensue.core.shapes import row_brought_up
from ensue.core.version import Version

AT = datetime(2026, 1, 1, 9, tzinfo=UTC)
EVENT_ID = "0190d0c4-0000-8000-8000-000000000001"


def decision_of(
    app: App, event: Event, *rows: Model, version: str | None = None, at: datetime = AT, guard: Guard | None = None
) -> Decision:
    """What follows from *event* where exactly *rows* stand, with an id and a moment that are always the same."""
    app.check()
    binding = Binding(event, app.logic(event.__ensue__.type, Version.parse(version) if version else app.line()[-1]), EVENT_ID)
    facts = Facts()
    while True:
        needs = Needs()
        binding.find(facts, needs)
        if not needs:
            break
        answer(needs, facts, standing(rows))
    return decide(binding.logic, binding.bind(facts, Context(EVENT_ID, at, "ada"), binding.subjects(facts)), facts, guard)


def plan_of(app: App, event: Event, *rows: Model, version: str | None = None, guard: Guard | None = None) -> Plan:
    """The plan of `decision_of`."""
    return decision_of(app, event, *rows, version=version, guard=guard).plan


def standing(rows: tuple[Model, ...]) -> dict[str, dict[str, Row]]:
    """Rows as J1 values in the newest shape, by model and id."""
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(row.__ensue__.name, {})[row.id] = row_brought_up(row, None)
    return found


def answer(needs: Needs, facts: Facts, rows: dict[str, dict[str, Row]]) -> None:
    """Let *facts* learn what *needs* ask for, as storage would."""
    for model, ids in needs.rows.items():
        facts.learn(model, ids, rows.get(model, {}))
    for (model, columns), wanted in needs.queries.items():
        for values in wanted:
            equal = {id: row for id, row in rows.get(model, {}).items() if tuple(row[column] for column in columns) == values}
            facts.learn_answer((model, columns, values), equal)
