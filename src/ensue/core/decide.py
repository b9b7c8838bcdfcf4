"""Decide: run the steps, purely, and make a plan of what they yield. The same for preview, submit, replay and compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from itertools import islice
from types import GeneratorType
from typing import Any, NamedTuple

from ensue.core.binding import Bound
from ensue.core.brought_up import Missing
from ensue.core.canonical import Json
from ensue.core.codec import add
from ensue.core.data import fields_of
from ensue.core.effect import Effect, effect_body
from ensue.core.event import Event
from ensue.core.facts import Change, Facts, Row
from ensue.core.logic import Logic
from ensue.core.model import Model, encoded_row, newest, row_key, subjects_of_row
from ensue.core.operation import Cancel, Delete, Erase, Increase, Insert, Operation, Update
from ensue.core.plan import Plan, decided_plan
from ensue.core.quick import quick
from ensue.core.rejection import AlreadyExists, NotFound, Rejection
from ensue.core.shapes import changes_brought_up, row_brought_up, row_in_shape
from ensue.core.step import OPERATIONS, Step
from ensue.errors import Rejected, StepError

RESULTS_MAX = 10_000
ONE_WRITER = "in one plan a column is updated once: let one step decide it, or use Increase."
Guard = Callable[[Step, Event], AbstractContextManager[None]]
"""What watches a step while it runs, in development."""


class Decision(NamedTuple):
    """A plan, and the row changes it means, in order."""

    plan: Plan
    changes: list[Change]


def decide(logic: Logic, bound: Bound, facts: Facts, guard: Guard | None = None) -> Decision:
    """
    What follows from the event, or why it may not happen. Nothing is saved, and *facts* do not change.

    Raises:
        StepError: a step raised, broke its contract, or touched what the event has not locked.
    """
    work = _Work(logic, bound, facts)
    for step in logic.steps:
        event = bound.events[step.event]
        try:
            arguments = (event, work.plan()) if step.takes_plan else (event,)
            if guard is None:
                results = _drain(step, step.function(*arguments))
            else:
                with guard(step, event):
                    results = _drain(step, step.function(*arguments))
            work.take(step, results)
        except Rejected as no:
            _check_reasons(step, no, declared=guard is not None)
            return Decision(Plan(rejections=no.reasons, steps=(*work.steps, step.name)), [])
        except (StepError, Missing):
            raise
        except Exception as error:
            raise StepError(step.name, f"raised {type(error).__name__}: {error}") from error
        work.steps.append(step.name)
    work.finish()
    return quick(Decision, (work.plan(), work.changes))


def _check_reasons(step: Step, no: Rejected, *, declared: bool) -> None:
    """A refusal has typed reasons; in development, ones that the step has *declared*. Raises StepError."""
    if not no.reasons:
        raise StepError(step.name, f"raised {type(no).__name__} without a reason; raise a Rejection of its own.") from no
    for reason in no.reasons:
        if not isinstance(reason, Rejection):
            raise StepError(step.name, f"refused with {reason!r:.80}, which is no Rejection.") from no
        if declared and not isinstance(reason, (*step.rejects, NotFound, AlreadyExists)):
            raise StepError(step.name, f"raised {type(reason).__name__}, but does not declare it; add it to rejects=.") from no


def _drain(step: Step, results: Iterable[Any] | None) -> tuple[Any, ...]:
    """The results of a step as a tuple, before anything else happens."""
    if results is None:
        return ()
    if type(results) is not GeneratorType and (isinstance(results, (Operation, Effect, str, bytes)) or not hasattr(results, "__iter__")):
        raise StepError(step.name, f"returned {results!r:.80}; a step yields operations and effects, or returns an iterable of them.")
    drained = tuple(islice(results, RESULTS_MAX + 1))
    if len(drained) > RESULTS_MAX:
        raise StepError(step.name, f"yielded more than {RESULTS_MAX} results; does it end?")
    return drained


class _Work:
    """The plan while it grows, and the rows as they stand after what was decided so far."""

    def __init__(self, logic: Logic, bound: Bound, facts: Facts) -> None:
        self.bound = bound
        self.facts = facts
        self.type = logic.type
        self.steps: list[str] = []
        self.changes: list[Change] = []
        self._operations: list[Operation[Any]] = []
        self._operation_steps: list[str] = []
        self._recorded: list[list[Json]] = []
        self._effects: list[Effect] = []
        self._effect_steps: list[str] = []
        self._recorded_effects: list[list[Json]] = []
        self._effect_keys: set[tuple[str, str]] = set()
        self._now: dict[tuple[str, str], Row | None] = {}
        self._written: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._inserted: set[tuple[str, str]] = set()

    def plan(self) -> Plan:
        """What was decided so far."""
        return decided_plan(
            self._operations,
            self._effects,
            self.steps,
            self._operation_steps,
            self._effect_steps,
            self._recorded,
            self._recorded_effects,
        )

    def take(self, step: Step, results: tuple[Any, ...]) -> None:
        """Check what a step yielded, and add it."""
        ordinals: dict[str, int] = {}
        for one in results:
            kind = OPERATIONS.get(type(one))
            if kind is not None:
                self._take_operation(step, one, kind)
            elif isinstance(one, Effect):
                self._take_effect(step, one, ordinals)
            else:
                raise StepError(step.name, f"yielded {one!r:.80}; a step yields operations and effects.")

    def finish(self) -> None:
        """What can only be seen at the end: every row the event said it would insert is inserted."""
        for model, id in self.bound.new:
            if (model, id) not in self._inserted:
                where = self.steps[-1] if self.steps else self.type
                raise StepError(where, f"{model}/{id} was announced by a New field, but no step inserts it; insert it with this id.")

    # -- effects
    def _take_effect(self, step: Step, effect: Effect, ordinals: dict[str, int]) -> None:
        kind = effect.__ensue__.kind
        if kind not in step.contract.effects:
            raise _undeclared(step, type(effect).__name__)
        ordinals[kind] = ordinals.get(kind, 0) + 1
        key = effect.key if effect.key is not None else f"{step.origin}/{ordinals[kind]}"
        if (kind, key) in self._effect_keys:
            raise StepError(step.name, f"yielded two {type(effect).__name__} with the key {key!r}; an effect's key is its identity.")
        self._effect_keys.add((kind, key))
        self._effects.append(effect)
        self._effect_steps.append(step.name)
        self._recorded_effects.append([kind, key, effect_body(effect), step.name])

    # -- operations
    def _take_operation(self, step: Step, operation: Operation[Any], kind: str) -> None:
        if isinstance(operation, Cancel):
            self._take_cancel(step, operation)
            return
        row: Model = operation.row  # type: ignore[attr-defined]  # all but Cancel have one
        name, id = row.__ensue__.name, row.id
        if (kind, name) not in step.contract.operations:
            raise _undeclared(step, f"{kind.capitalize()}[{name}]")
        if isinstance(operation, Insert):
            self._insert(step, operation, row, name, id)
        elif isinstance(operation, (Update, Increase)):
            self._update(step, operation, name, id, kind)
        elif isinstance(operation, Delete):
            present = self._present(step, name, id, "Delete", None)
            self._check_locked(step, name, id, subjects_of_row(newest(type(row)), id, present))
            self._change(step, operation, Change(name, id, present, None), ["delete", name, id, present, None, step.name])
        elif isinstance(operation, Erase):
            self._check_locked(step, name, id, (row_key(type(row), id),))
            self._add(step, operation, ["erase", name, id, None, {"purpose": operation.purpose}, step.name])

    def _take_cancel(self, step: Step, operation: Cancel[Any]) -> None:
        kind = operation.effect.__ensue__.kind
        if ("cancel", kind) not in step.contract.operations and ("cancel", "") not in step.contract.operations:
            raise _undeclared(step, f"Cancel[{operation.effect.__name__}]")
        self._add(step, operation, ["cancel", kind, operation.key, None, None, step.name])

    def _insert(self, step: Step, operation: Insert[Any], row: Model, name: str, id: str) -> None:
        key, model = (name, id), type(row)
        if key in self._inserted:
            raise StepError(step.name, f"inserts {name}/{id} a second time; give each row an id of its own.")
        present = self._now[key] if key in self._now else self.facts.seen(name, id)
        if present is not None:
            raise AlreadyExists(model=name, fields="id")
        is_newest = model.__ensue__.followed_by is None
        after = encoded_row(row) if is_newest else row_brought_up(row, None)
        self._inserted.add(key)
        self._check_locked(step, name, id, subjects_of_row(model if is_newest else newest(model), id, after))
        self._change(step, operation, quick(Change, (name, id, None, after)), ["insert", name, id, None, after, step.name])

    def _update(self, step: Step, operation: Update[Any] | Increase[Any], name: str, id: str, kind: str) -> None:
        if isinstance(operation, Update):
            changes = operation.changes
            present = self._present(step, name, id, "Update", changes)
            if operation.unchanged and (name, id) in self._now:
                self._check_unchanged(step, operation, row_in_shape(type(operation.row), present))
        else:
            present = self._present(step, name, id, "Increase", operation.amounts)
            changes = _increased(step, type(operation.row), present, operation.amounts)
        after = {column: value for column, value in changes_brought_up(operation.row, changes, present).items() if value != present[column]}
        for column in after:
            earlier = self._written.get((name, id, column))
            if earlier is None:
                self._written[name, id, column] = (kind, step.name)
            elif not (kind == "increase" and earlier[0] == "increase"):
                raise StepError(step.name, f"sets {name}/{id} {column} after an {earlier[0]} by {earlier[1]}; {ONE_WRITER}")
        if after:
            self._check_locked(step, name, id, subjects_of_row(newest(type(operation.row)), id, present))
            self._change(
                step,
                operation,
                Change(name, id, present, {**present, **after}),
                [kind, name, id, {column: present[column] for column in after}, after, step.name],
            )

    def _check_unchanged(self, step: Step, operation: Update[Any], row: Model) -> None:
        """Values that equal what the step was shown were dropped; they are no longer equal if an earlier step set another one."""
        for column in operation.unchanged:
            if row.__dict__[column] != operation.row.__dict__[column]:
                raise StepError(step.name, f"sets {row.__ensue__.name}/{row.id} {column} back after an earlier step set it; {ONE_WRITER}")

    def _present(self, step: Step, name: str, id: str, what: str, columns: Iterable[str] | None) -> Row:
        """
        The row as it stands after what was decided so far.

        It must be one that the step was shown, with the *columns* that change (None: all of it), or that this event inserts.
        """
        key = (name, id)
        if key not in self._inserted:
            if key not in self.bound.shown:
                raise StepError(
                    step.name, f"{what} of {name}/{id}, which is not in the event's state; declare it as a Ref, Lookup or Related."
                )
            shown = self.bound.shown[key]
            if shown is not None and (columns is None or not shown.issuperset(columns)):
                raise StepError(
                    step.name, f"{what} of {name}/{id}, of which the event's state shows only {', '.join(sorted(shown))}; declare the rest."
                )
        row = self._now[key] if key in self._now else self.facts.row(name, id)
        if row is None:
            raise StepError(step.name, f"{what} of {name}/{id}, which this event deletes.")
        return row

    def _check_locked(self, step: Step, name: str, id: str, subjects: tuple[str, ...]) -> None:
        locked = self.bound.subjects
        for subject in subjects:
            if subject not in locked:
                raise StepError(
                    step.name,
                    f"touches {name}/{id}, which belongs to {subject}; the event has locked {', '.join(locked)}: add a Ref to it.",
                )
        if not subjects and not locked[0].startswith("system/"):
            raise StepError(step.name, f"touches {name}/{id}, which is reference data; only an event that says system=… writes it.")

    def _change(self, step: Step, operation: Operation[Any], change: Change, recorded: list[Json]) -> None:
        self._now[change.model, change.id] = change.after
        self.changes.append(change)
        self._add(step, operation, recorded)

    def _add(self, step: Step, operation: Operation[Any], recorded: list[Json]) -> None:
        self._operations.append(operation)
        self._operation_steps.append(step.name)
        self._recorded.append(recorded)


def _undeclared(step: Step, what: str) -> StepError:
    return StepError(step.name, f"yielded {what}, but declares {step.contract.describe()}; add it to the return annotation.")


def _increased(step: Step, model: type[Model], present: Row, amounts: dict[str, Any]) -> dict[str, Any]:
    """The new Python values, in the shape of *model*, of the columns that *amounts* are added to."""
    row = row_in_shape(model, present)
    missing = [column for column in amounts if getattr(row, column) is None]
    if missing:
        raise StepError(step.name, f"increases {model.__ensue__.name}/{row.id} {missing[0]}, which is None; set it with an Update.")
    return fields_of(model).validate_some({column: add(getattr(row, column), amount) for column, amount in amounts.items()})
