"""Decisions: what people say is to become of the rows that a plan found in conflict, checked before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ensue.core.app import App
from ensue.core.canonical import Json
from ensue.core.correction_plan import CorrectionPlan, PlannedChange
from ensue.core.data import fields_of
from ensue.core.facts import Row
from ensue.core.model import Model
from ensue.errors import FieldProblem, RequestError

Decision = str | Mapping[str, Json]
"""`"keep"`, `"force"`, or the values to set, as J1, by column."""
Decisions = Mapping[str, Decision]
"""By row (`Patient/p-17`)."""


def check_decisions(app: App, plan: CorrectionPlan, decisions: Decisions) -> None:
    """
    Every decision is about a conflict of *plan*, and can be followed.

    Raises:
        RequestError: a row is not in conflict, or a decision is none; says what was found and what was expected.
    """
    conflicts = {change.row: change for change in plan.conflicts}
    for row, value in decisions.items():
        said: Any = value  # people and programs say all kinds of things
        change = conflicts.get(row)
        if change is None:
            there = f"the plan has {', '.join(sorted(conflicts)[:5])}" if conflicts else "the plan has none"
            raise RequestError(f"A decision about {row}, which is not in conflict; {there}. Leave it out.")
        if isinstance(said, str):
            if said not in ("keep", "force"):
                raise RequestError(f"{row} is to be decided as {said!r:.40}; expected keep, force, or the values to set by column.")
        elif not isinstance(said, Mapping) or not said:
            raise RequestError(f"{row} is to be decided as {type(said).__name__}; expected keep, force, or the values to set by column.")
        else:
            _check_values(app.model(change.model), row, said)
        if change.why == "gone" and said != "keep":
            raise RequestError(f"{row} is gone, and what is not there cannot be changed: keep it so, or put the row back and plan again.")


def _check_values(model: type[Model], row: str, values: Mapping[str, Json]) -> None:
    fields, fixed = fields_of(model), ("id", *model.__ensue__.parent_columns)
    for column in values:
        if column in fixed:
            raise RequestError(f"{row}: {column} never changes, so that nobody can set it; leave it out.")
    problems: list[FieldProblem] = []
    fields.find_some_further(fields.read(values, problems), problems)
    if problems:
        raise RequestError(f"{row}: " + "; ".join(f"{one.path} {one.message}" for one in problems) + ".")


def decided_plan(plan: CorrectionPlan, decisions: Decisions) -> CorrectionPlan:
    """
    *plan* with its conflicts decided.

    What is kept, and a value that somebody says, stays so in later tellings of the history.
    """
    corrections = []
    for one in plan.corrections:
        changes: list[PlannedChange] = []
        kept: list[tuple[str, str, Row | None]] = list(one.kept)
        for change in one.changes:
            said = decisions.get(change.row)
            if said is None or change.status != "conflict":
                changes.append(change)
            elif said == "force":
                changes.append(change._replace(status="apply", decision="force"))
            elif said == "keep":
                kept.append((change.model, change.id, _left(change)))
            else:
                values: Row = dict(said)  # type: ignore[arg-type]  # it was checked
                changes.append(change._replace(kind="update", target=values, status="apply", decision="force"))
                kept.append((change.model, change.id, values))
        corrections.append(replace(one, changes=tuple(changes), kept=tuple(kept)))
    return replace(plan, corrections=tuple(corrections))


def _left(change: PlannedChange) -> Row | None:
    """What is left as it is: of a row that would have changed its columns, else all of it; None where there is none."""
    if change.present is None or change.kind in ("insert", "delete"):
        return change.present
    return {column: change.present[column] for column in change.target or {}}
