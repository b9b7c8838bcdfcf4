"""
Correction plan: the difference between two tellings of a history, as corrections to be performed, each with its original.

What is to be done to a row is the difference between the two worlds at their ends, so that nothing is written that a later
event overwrites anyway. It belongs to the last event that comes out otherwise and touched the row; increases stay apart and
relative as long as they alone explain the difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from ensue.core.app import App
from ensue.core.canonical import Json, base64url, canonical_trusted
from ensue.core.cascade import Retold
from ensue.core.codec import add, subtract
from ensue.core.correction_order import in_order
from ensue.core.data import fields_of
from ensue.core.diff import WHOLE, ColumnDifference, Diff, EffectDifference, same_value
from ensue.core.effect import Effect, Task, effect_body, effect_from_body
from ensue.core.facts import Row
from ensue.core.model import subjects_of_row
from ensue.core.table_keys import TableKeys
from ensue.core.wanted import UNDONE, Wanted
from ensue.core.world import Key
from ensue.errors import DefinitionError, PlanMoved

Status = Literal["apply", "noop", "conflict"]


class PlannedChange(NamedTuple):
    """
    What is to become of one row, or of some of its columns.

    `status` is by the row as it stands in the tables: apply; noop (it has the target already); conflict, with `why`: foreign
    (somebody changed it outside of the ledger) or gone.
    """

    model: str
    id: str
    kind: str
    expected: Row | None
    target: Row | None
    status: Status = "apply"
    why: str | None = None
    present: Row | None = None
    decision: str = "apply"

    @property
    def row(self) -> str:
        """The row's name, as `Patient/p-17`."""
        return f"{self.model}/{self.id}"

    @property
    def said(self) -> list[Any]:
        """
        What a plan says by this change.

        The row as it stands belongs to it only where somebody must decide: what others write in other columns moves nothing.
        """
        return list(self if self.status == "conflict" else self._replace(present=None))


class PlannedEffect(NamedTuple):
    """What is to be done outside: `decision` is send, compensate or task; kind, key and body are of the effect that will be recorded."""

    decision: str
    kind: str
    key: str
    body: dict[str, Json]
    because: EffectDifference


@dataclass(frozen=True)
class PlannedCorrection:
    """
    What one original event gets: changes of rows and effects.

    Where there are none, later corrections of the plan settle what it would have changed; it may still have to be told that
    another version rules the event from now on.
    """

    diff: Diff
    subjects: tuple[str, ...]
    changes: tuple[PlannedChange, ...] = ()
    effects: tuple[PlannedEffect, ...] = ()
    kept: tuple[tuple[str, str, Row | None], ...] = ()
    """What people decided to leave as it is; None: a row that is gone."""

    def __bool__(self) -> bool:
        rules = self.diff.version != self.diff.base_version
        return rules or bool(self.effects or self.kept) or any(change.status != "noop" for change in self.changes)

    def as_json(self) -> dict[str, Any]:
        """The correction as data."""
        changes = [{**change._asdict(), "row": change.row} for change in self.changes]
        effects = [{**effect._asdict(), "because": effect.because._asdict()} for effect in self.effects]
        return {"difference": self.diff.as_json(), "subjects": list(self.subjects), "changes": changes, "effects": effects}

    @property
    def target(self) -> str | None:
        """The version it is corrected to; None where it is undone."""
        return None if self.diff.version == UNDONE else self.diff.version


@dataclass(frozen=True)
class CorrectionPlan:
    """
    A correction that can be shown, and then performed exactly as shown.

    `id` is a hash of all that would be done, so that two plans are equal when their ids are.
    """

    corrections: tuple[PlannedCorrection, ...]
    blocked: tuple[Diff, ...]
    """Events that cannot be decided again; a plan with any cannot be performed."""
    records: int
    position: int
    """Of the last record it knows."""
    wanted: Wanted
    """What was asked."""

    @cached_property
    def id(self) -> str:
        """22 characters."""
        said: list[Any] = [
            [one.diff.record.id, one.diff.base_version, one.diff.version, [change.said for change in one.changes],
             [[effect.decision, effect.kind, effect.key, effect.body] for effect in one.effects], [list(kept) for kept in one.kept]]
            for one in self.corrections
        ]  # fmt: skip
        return base64url(hashlib.sha256(canonical_trusted(said)).digest()[:16])

    @property
    def conflicts(self) -> tuple[PlannedChange, ...]:
        """The changes that somebody must decide: keep what is there, force, or say the value."""
        return tuple(change for one in self.corrections for change in one.changes if change.status == "conflict")

    def __bool__(self) -> bool:
        """Whether anything is to be done, or should be and cannot."""
        return any(self.corrections) or bool(self.blocked)

    def check_same(self, plan_id: str) -> None:
        """This is the plan of that id. Raises PlanMoved."""
        if self.id != plan_id:
            raise PlanMoved(f"The plan {plan_id} no longer holds: made again it is {self.id}. Look at the new one, then perform that.")

    def as_json(self) -> dict[str, Any]:
        """The plan as data: `wanted` is what `Wanted.from_json` reads."""
        return {
            "plan": self.id,
            "wanted": self.wanted.as_json(),
            "records": self.records,
            "corrections": [one.as_json() for one in self.corrections if one],
            "blocked": [diff.as_json() for diff in self.blocked],
        }


# ---- changes of rows -----------------------------------------------------------------------------------------------
def plan_of(app: App, keys: TableKeys, retold: Retold, present: Mapping[Key, Row | None], wanted: Wanted) -> CorrectionPlan:
    """The corrections that lead from the base of *retold* to what was told; *present* are the touched rows as they stand in the tables."""
    changes = _net(app, keys, retold)
    corrections = []
    for place, diff in enumerate(retold.diffs):
        if diff.outcome in ("raised", "unreplayable"):
            continue
        own = tuple(_held_against(change, present.get((change.model, change.id))) for change in changes.get(place, ()))
        effects = tuple(_effects(app, diff, retold, wanted.allow_effects))
        corrections.append(PlannedCorrection(diff, _subjects(app, diff, own), own, effects))
    blocked = tuple(diff for diff in retold.diffs if diff.outcome in ("raised", "unreplayable"))
    return CorrectionPlan(tuple(corrections), blocked, retold.records, retold.position, wanted)


def touched_keys(retold: Retold) -> list[Key]:
    """The rows that some diff is about, sorted."""
    return sorted({(one.model, one.id) for diff in retold.diffs for one in diff.rows})


def _net(app: App, keys: TableKeys, retold: Retold) -> dict[int, list[PlannedChange]]:
    """What is to become of each row, by the place of the diff it belongs to."""
    by_key: dict[Key, list[tuple[int, ColumnDifference]]] = {}
    for place, diff in enumerate(retold.diffs):
        for one in diff.rows:
            by_key.setdefault((one.model, one.id), []).append((place, one))
    found: dict[int, list[PlannedChange]] = {}
    for (model, id), differences in sorted(by_key.items()):
        base, told = retold.base.row(model, id), retold.told.row(model, id)
        last = differences[-1][0]
        if base is None and told is not None:
            found.setdefault(last, []).append(PlannedChange(model, id, "insert", None, told))
        elif base is not None and told is None:
            found.setdefault(last, []).append(PlannedChange(model, id, "delete", base, None))
        elif base is not None and told is not None:
            for place, change in _columns(app, model, id, base, told, differences):
                found.setdefault(place, []).append(change)
    return in_order(app, keys, retold.base, retold.told, found)


def _columns(
    app: App, model: str, id: str, base: Row, told: Row, differences: Sequence[tuple[int, ColumnDifference]]
) -> Iterable[tuple[int, PlannedChange]]:
    """The columns of one row that end otherwise, as updates and increases of the events they belong to."""
    amounts: dict[int, Row] = {}
    sets: dict[int, tuple[Row, Row]] = {}
    for column in sorted(told.keys() | base.keys()):
        before, after = base.get(column), told.get(column)
        if same_value(before, after):
            continue
        own = [(place, one) for place, one in differences if one.column in (column, WHOLE)]
        codec = fields_of(app.model(model)).by_name[column].codec
        relative = [
            (place, subtract(codec.decode(one.new or _zero(one)), codec.decode(one.base or _zero(one))))
            for place, one in own
            if one.relative
        ]
        if len(relative) == len(own) > 0 and same_value(codec.encode(_sum(codec.decode(before), relative)), after):
            for place, amount in relative:
                amounts.setdefault(place, {})[column] = codec.encode(amount)
        else:
            expected, target = sets.setdefault((own or differences)[-1][0], ({}, {}))
            expected[column], target[column] = before, after
    for place, (expected, target) in sets.items():
        yield place, PlannedChange(model, id, "update", expected, target)
    for place, row in amounts.items():
        yield place, PlannedChange(model, id, "increase", None, row)


def _zero(one: ColumnDifference) -> Json:
    """Nothing, as an amount of the same type."""
    return "0" if isinstance(one.base if one.base is not None else one.new, str) else 0


def _sum(start: Any, amounts: Iterable[tuple[int, Any]]) -> Any:
    for _, amount in amounts:
        start = add(start, amount)
    return start


def _held_against(change: PlannedChange, present: Row | None) -> PlannedChange:
    """*change* with its status, by the row as it stands."""
    status, why = _status(change, present)
    return change._replace(status=status, why=why, present=present)


def _status(change: PlannedChange, present: Row | None) -> tuple[Status, str | None]:
    if change.kind in ("insert", "delete"):
        if present == change.target:
            return "noop", None
        return ("apply", None) if present == change.expected else ("conflict", "foreign")
    if present is None:
        return "conflict", "gone"
    target = change.target or {}
    if change.kind == "increase":
        return "apply", None
    if all(present[column] == value for column, value in target.items()):
        return "noop", None
    expected = change.expected or {}
    fits = all(present[column] in (value, expected[column]) for column, value in target.items())
    return ("apply", None) if fits else ("conflict", "foreign")


def _subjects(app: App, diff: Diff, changes: Iterable[PlannedChange]) -> tuple[str, ...]:
    """The chains of the original, and of every row that changes."""
    found = dict.fromkeys(diff.record.subjects)
    for change in changes:
        row = change.present or change.target if change.kind in ("update", "increase") else change.target or change.expected
        if row is not None and all(column in row for column in app.model(change.model).__ensue__.parent_columns):
            found.update(dict.fromkeys(subjects_of_row(app.model(change.model), change.id, row)))
    return tuple(found)


# ---- effects -------------------------------------------------------------------------------------------------------
def _effects(app: App, diff: Diff, retold: Retold, allow_effects: Collection[str]) -> Iterable[PlannedEffect]:
    """
    Nothing that was done is done again: what is new is sent where its kind is allowed; the rest is made up for, or a person looks.

    What a later event cancels is not sent late either: it might never have been done.
    """
    corrected = retold.earlier.effects.get(diff.record.id, set())  # by earlier corrections of the event
    done = {*corrected, *((kind, key) for kind, key, *_ in diff.record.document["effects"])}
    for one in diff.effects:
        compensation = None if one.kind == "added" else _compensation(app, one)
        planned = [] if compensation is None else [_compensating(compensation, one)]
        cancelled = one.kind != "dropped" and retold.is_cancelled(diff.record, one.effect, one.key)
        allowed = one.kind != "dropped" and one.effect in allow_effects and (one.kind == "added" or compensation is not None)
        if allowed and not cancelled and ((one.effect, one.key) not in done or one.kind == "changed"):
            planned.append(PlannedEffect("send", one.effect, one.key, dict(one.new), one))  # type: ignore[arg-type]  # a body is an object
        elif compensation is None or one.kind == "changed":
            planned.append(_task(diff, one, cancelled=cancelled))
        yield from (effect for effect in planned if (effect.kind, effect.key) not in corrected)
    yield from (task for task in (_task(diff, other) for other in diff.others) if (task.kind, task.key) not in corrected)


def _compensating(compensation: Effect, one: EffectDifference) -> PlannedEffect:
    return PlannedEffect("compensate", compensation.__ensue__.kind, f"comp:{one.key}", effect_body(compensation), one)


WORDS = {
    "added": "was not done, but should have been",
    "dropped": "was done or is pending, but should not have been",
    "changed": "was done or is pending, but should have said something else",
}


def _task(diff: Diff, one: EffectDifference, *, cancelled: bool = False) -> PlannedEffect:
    what = f"{one.effect} {one.key} of {diff.record.type} {WORDS[one.kind]}{'; a later event cancels it' if cancelled else ''}."
    task = Task(what=what, event=diff.record.id, effect=one.effect, effect_key=one.key)
    return PlannedEffect("task", Task.__ensue__.kind, f"{one.kind}:{one.effect}:{one.key}", effect_body(task), one)


def _compensation(app: App, one: EffectDifference) -> Effect | None:
    effect: Any = app.effects().get(one.effect)
    if effect is None or effect.__ensue__.on_drop is None:
        return None
    dropped: Any = one.base
    made: Any = effect.__ensue__.on_drop(effect_from_body(effect, dropped, one.key))
    if not isinstance(made, Effect) or app.effects().get(made.__ensue__.kind) is not type(made):
        raise DefinitionError(
            f"{effect.__name__}: on_drop made {made!r:.80}, which is no effect that {app.name} knows; annotate what it returns."
        )
    return made
