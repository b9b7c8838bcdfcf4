"""
Replay: decide a record again from what it froze, under its own version or another one.

Pure: a record holds its form, its state, its moment and its actor, so nothing else is asked. Only where another version
declares state that the record does not hold, a `Past` may answer: what stood at the record's own place. Without an
answer the record cannot be decided again, and the input that is missing is named; today's rows are never taken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol

from ensue.core.binding import Binding
from ensue.core.brought_up import Missing, Rest, nobody
from ensue.core.correction import CORRECTION, Correction, CorrectionBinding
from ensue.core.correction_shapes import form_brought_up
from ensue.core.data import fields_of
from ensue.core.decide import Guard, decide
from ensue.core.diff import Diff, Side, diff_of
from ensue.core.event import Context, bare_event, event_from_form
from ensue.core.facts import Change, Facts, Instances, Needs, Query, Row
from ensue.core.frozen import Rows, Slots, frozen_rows, recorded_effects, recorded_operations
from ensue.core.logic import Logic
from ensue.core.model import Model, newest
from ensue.core.plan import Plan
from ensue.core.quick import quick
from ensue.core.recalled import Recalled
from ensue.core.record import Record
from ensue.core.rejection import Rejection
from ensue.core.state import StateField
from ensue.core.version import Version
from ensue.errors import EnsueError, FormatError, Rejected, StepError

WAVES_MAX: Final = 100
"""Paths that lead from row to row are shorter; more would be a circle, which a definition cannot have."""


class Past(Protocol):
    """What stood just before a record was decided."""

    def row(self, model: str, id: str) -> Row | None:
        """The whole row in the newest shape, None where there was none. Raises Missing where nobody can tell."""
        ...

    def rows(self, query: Query) -> Mapping[str, Row]:
        """The rows that equalled, by id. Raises Missing where nobody can tell."""
        ...


class Decided(NamedTuple):
    """
    What came of deciding once more.

    `plan` is what follows, or carries the rejections; it is None where a step *raised*, or where an input is *missing*.
    """

    plan: Plan | None
    raised: str | None = None
    missing: str | None = None
    changes: Sequence[Change] = ()
    facts: Facts | None = None
    """The rows it was decided on."""


def decide_again(
    record: Record,
    version: Version | None = None,
    past: Past | None = None,
    guard: Guard | None = None,
    instances: Instances | None = None,
) -> Decided:
    """
    Decide *record* again under *version* (None: its own), from its own form, state, moment and actor.

    *instances* are kept from record to record, since the next one often saw the same rows.

    Raises:
        VersionError, UnknownEventType: the application does not know the event type at that version.
    """
    own = record.logic
    logic = own if version is None else record.app.logic(record.type, version)
    try:
        facts, recorded = recall(record, own, past, instances)
        if logic is own:
            return decided(recorded, facts, record, record.subjects, guard)
        return _decided_under(logic, recorded, facts, record, past, guard)
    except EnsueError as error:
        return went_wrong(error)


def decide_by_facts(record: Record, version: Version, facts: Facts, past: Past | None) -> Decided:
    """
    As `decide_again` where *record* was decided by other code, so that only *facts* say what it knew and what was not there.

    Raises:
        VersionError, UnknownEventType: the application does not know the event type at that version.
    """
    own, logic = record.logic, record.app.logic(record.type, version)
    try:
        return _decided_under(logic, binding_of(record, own), facts, record, past)
    except EnsueError as error:
        return went_wrong(error)


def _decided_under(logic: Logic, recorded: Binding, facts: Facts, record: Record, past: Past | None, guard: Guard | None = None) -> Decided:
    binding = brought_to(recorded, logic, facts, past)
    return decided(binding, facts, record, tuple(dict.fromkeys((*record.subjects, *binding.subjects(facts)))), guard)


def went_wrong(error: EnsueError) -> Decided:
    """What came of deciding where it ended in *error*: a rejection, an input that is missing, or a step that failed."""
    if isinstance(error, Missing):
        return Decided(None, missing=error.what)
    if isinstance(error, Rejected):
        return Decided(Plan(rejections=tuple(reason for reason in error.reasons if isinstance(reason, Rejection))))
    return Decided(None, raised=told(error))


def decided(binding: Binding, facts: Facts, record: Record, subjects: tuple[str, ...], guard: Guard | None = None) -> Decided:
    """Bind and decide over complete *facts*. Raises Rejected where the state forbids it, and what a step raises."""
    context = quick(Context, (record.id, record.at, record.actor, record.occurred))
    plan, changes = decide(binding.logic, binding.bind(facts, context, subjects, freezing=False), facts, guard)
    return quick(Decided, (plan, None, None, changes, facts))


def replay(record: Record, guard: Guard | None = None, past: Past | None = None) -> Diff:
    """
    Decide *record* again as it happened, and compare with what it says.

    *past* is asked only where a row is in an older shape of its model, and so little of it was shown that it cannot be brought up.
    """
    return diff_of(
        record,
        recorded_side(record, past),
        side_of(decide_again(record, past=past, guard=guard)),
        base_version=record.version,
        version=record.version,
    )


def compare(record: Record, version: Version, past: Past | None = None, base: Side | None = None, base_version: str | None = None) -> Diff:
    """
    Decide *record* under *version* on the facts it froze, and compare with what it says.

    *base* is what stands instead of the record, where it was corrected since; *base_version* the version it was corrected to.

    Raises:
        VersionError, UnknownEventType: the application does not know the event type at that version.
    """
    new = side_of(decide_again(record, version, past))
    base = recorded_side(record, past) if base is None else base
    return diff_of(record, base, new, base_version=base_version or record.version, version=str(version))


def recorded_side(record: Record, past: Past | None = None) -> Side:
    """What a record says, in the newest shapes of the models."""
    try:
        return Side(recorded_operations(record, _rest(past)), recorded_effects(record))
    except Missing as missing:
        return Side(missing=missing.what)
    except EnsueError as error:
        return Side(raised=told(error))


def _rest(past: Past | None) -> Rest:
    return nobody if past is None else past.row


def side_of(decided: Decided) -> Side:
    """What deciding again came to."""
    if decided.plan is None:
        return Side(raised=decided.raised, missing=decided.missing)
    plan = decided.plan
    rejections = [reason.as_json() for reason in plan.rejections] if plan.rejections else ()
    return Side(plan.recorded_operations, plan.recorded_effects, rejections, facts=decided.facts)


# ---- what the record knows -----------------------------------------------------------------------------------------
def recall(record: Record, own: Logic, past: Past | None = None, instances: Instances | None = None) -> tuple[Facts, Binding]:
    """What *record* froze, as facts; and its event, with every path followed. Columns of older shapes are brought up. Raises Missing."""
    binding = binding_of(record, own)
    return _recalled(binding, *frozen_rows(record, own, _rest(past)), instances), binding


def seen_by(record: Record, rows: Rows, slots: Slots) -> Facts:
    """The *rows* that *record* froze, as facts, with all that it looked for and did not find. Raises Missing."""
    own = {model: dict(by_id) for model, by_id in rows.items()}
    return _recalled(binding_of(record, record.logic), own, slots)


def _recalled(binding: Binding, rows: Rows, slots: Slots, instances: Instances | None = None) -> Facts:
    facts = Facts(rows, instances)  # type: ignore[arg-type]  # rows that are not there are added
    binding.recall(facts, slots)
    return facts


def binding_of(record: Record, own: Logic) -> Binding:
    """The event of *record* under its own logic, before any path is followed. Raises Missing where not all of its form can be read."""
    if record.erased:
        raise Missing("what was erased of it")
    form = record.document["form"]
    if len(own.shapes) == 1 and own.type != CORRECTION:
        bare = bare_event(own.shape, form)
        if bare is not None:
            return Recalled(bare, own, record.id, form)
    try:
        event = event_from_form(own.shape, form)
    except FormatError as error:
        raise Missing(str(error)) from None
    if isinstance(event, Correction):
        return CorrectionBinding(event, own, record.id, form_brought_up(record))
    is_whole = len(form) == len(own.shape.__ensue__.sendable)  # a field may have come since, with a default
    return Binding(event, own, record.id, form if is_whole else None)


def decide_over(record: Record, logic: Logic, facts: Facts, check: Callable[[Sequence[Change]], None]) -> Side:
    """
    What *record* decides under *logic* on other *facts* than it saw; *check* raises where its changes break a unique rule.

    A step that fails is told in the side, and so are a rejection and an input that the facts do not have.
    """
    try:
        binding = binding_of(record, record.logic)
        if logic is not record.logic:
            binding = binding.under(logic)
        needs = Needs()
        if not binding.find(facts, needs):
            raise Missing(beside(_first_of(needs)))
        subjects = tuple(dict.fromkeys((*record.subjects, *binding.subjects(facts))))
        result = decided(binding, facts, record, subjects)
        check(result.changes)
        return side_of(result)
    except Missing as missing:
        return Side(missing=missing.what)
    except Rejected as no:
        return Side(rejections=[reason.as_json() for reason in no.reasons])
    except EnsueError as error:
        return Side(raised=told(error))


def _first_of(needs: Needs) -> str:
    """One of the inputs that were asked for."""
    rows = (f"{model}/{id}" for model, ids in needs.rows.items() for id in sorted(ids))
    return next(rows, "") or next(f"{model} by {', '.join(columns)}" for model, columns in needs.queries)


def beside(what: str) -> str:
    """An input that stands in a table that others write too, as `Missing` names it."""
    return f"{what}, as others may have left it by then,"


# ---- what another version asks -------------------------------------------------------------------------------------
def brought_to(recorded: Binding, logic: Logic, facts: Facts, past: Past | None) -> Binding:
    """The same event under another logic, with all that its state declares known. Raises Missing."""
    binding = recorded if recorded.logic is logic else recorded.under(logic)
    for _ in range(WAVES_MAX):
        needs = Needs()
        complete = binding.find(facts, needs)
        _complete_rows(binding, facts, past)
        if complete:
            return binding
        _learn(needs, facts, past)
    raise AssertionError("a path that never ends")


def _learn(needs: Needs, facts: Facts, past: Past | None) -> None:
    for model, ids in needs.rows.items():
        for id in sorted(ids):
            if past is None:
                raise Missing(f"{model}/{id}")
            row = past.row(model, id)
            facts.learn(model, (id,), {} if row is None else {id: row})
    for (model, columns), wanted in needs.queries.items():
        for values in wanted:
            if past is None:
                raise Missing(f"{model} by {', '.join(columns)}")
            facts.learn_answer((model, columns, values), past.rows((model, columns, values)))


def _complete_rows(binding: Binding, facts: Facts, past: Past | None) -> None:
    """Every row that is known only through a view, but is now read in more columns, is completed. Raises Missing."""
    for place, event in enumerate(binding.shaped):
        for name, one in event.__ensue__.state.items():
            for id in _ids(one, binding.targets[place].get(name), facts):
                row = facts.row(one.model_name, id) if facts.knows(one.model_name, id) else None
                absent = None if row is None else next((column for column in columns_read(one.model) if column not in row), None)
                if absent is not None:
                    whole = None if past is None else past.row(one.model_name, id)
                    if whole is None:
                        raise Missing(f"{one.model_name}.{absent}")
                    facts.relearn(one.model_name, id, whole)


def columns_read(model: type[Model]) -> Iterable[str]:
    """The columns of the newest shape that a state field of *model* reads: of a view only its own."""
    view_of = model.__ensue__.view_of
    if view_of is not None and view_of.__ensue__.followed_by is None:
        return fields_of(model).names
    return fields_of(newest(model)).names


def _ids(one: StateField, target: Any, facts: Facts) -> Iterable[str]:
    if one.kind == "new" or target is None or not isinstance(target, (str, tuple)):
        return ()
    return (facts.answer(target) or ()) if isinstance(target, tuple) else (target,)


# ---- what went wrong -----------------------------------------------------------------------------------------------
def told(error: EnsueError) -> str:
    """An error in words, with the line of the step's own code where it was raised."""
    cause = error.__cause__ if isinstance(error, StepError) else None
    place = None if cause is None else _last_line(cause.__traceback__)
    return str(error) if place is None else f"{error} ({place})"


def _last_line(trace: TracebackType | None) -> str | None:
    """The last line of a traceback that stands outside of this floor."""
    found = None
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "/ensue/core/" not in file.replace("\\", "/"):
            found = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
