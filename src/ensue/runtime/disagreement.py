"""
Disagreement: where two decisions of one event first say something else, which step it was, and what to do about it.

Decisions are compared as they are recorded, in order, values included. The line comes from the static check of that
step: a difference shows that something is not pure, the check knows where such things stand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ensue.core.canonical import Json
from ensue.core.frozen import recorded_effects, recorded_operations
from ensue.core.logic import Logic
from ensue.core.plan import Plan
from ensue.core.record import Record

if TYPE_CHECKING:
    from ensue.source.lint import Finding

SHOWN_CHARACTERS_MAX: Final = 60
FINDINGS_MAX: Final = 3
LOOK_FOR: Final = "look for the clock, randomness, the order of a set, hash(), id(), the time zone, or what a run before left behind"


class Said(NamedTuple):
    """What one decision said: operations, effects and rejections as they are recorded; or what was *raised*, and the step that *failed*."""

    operations: Sequence[Any] = ()
    effects: Sequence[Any] = ()
    rejections: Sequence[Json] = ()
    raised: str | None = None
    failed: str | None = None


@dataclass(frozen=True)
class Disagreement:
    """
    The first thing that two decisions of one event do not say alike.

    `step` decided it (None where no step can be told), at `file` and `line`; `what` says the difference, `remedy` what to do.
    """

    step: str | None
    what: str
    file: str | None
    line: int | None
    remedy: str

    def __str__(self) -> str:
        place = "" if self.file is None else f" ({self.file}:{self.line})"
        return f"{'The decision' if self.step is None else f'Step {self.step}'}{place}: {self.what}. {self.remedy}."


def said_by_plan(plan: Plan) -> Said:
    """What a plan says."""
    return Said(plan.recorded_operations, plan.recorded_effects, tuple(reason.as_json() for reason in plan.rejections))


def said_by_record(record: Record) -> Said:
    """What a record says, its columns in the newest shapes of the models."""
    return Said(recorded_operations(record), recorded_effects(record))


def find_disagreement(here: Said, there: Said, where: str, logic: Logic, *, with_values: bool = True) -> Disagreement | None:
    """
    The first thing that *there* differs in from *here*; None where both say the same.

    *where* are the words for there. Without *with_values* it names what differs and not what it is, so that whoever reads it
    has not looked at a record.
    """
    found = next(_differences(here, there, where, logic, with_values=with_values), None)
    if found is None:
        return None
    name, what = found
    function = next((one.function for one in logic.steps if one.name == name), None)
    if function is None:
        return Disagreement(None, what, None, None, f"Run `ensue lint`, and {LOOK_FOR}")
    from ensue.source.lint import lint_function  # only once something was found

    findings = lint_function(function)
    first = findings[0] if findings else None
    return Disagreement(
        name,
        what,
        first.file if first is not None else function.__code__.co_filename,
        first.line if first is not None else function.__code__.co_firstlineno,
        "; ".join(map(_advice, findings[:FINDINGS_MAX])) or f"In it and in what it calls, {LOOK_FOR}",
    )


def _advice(finding: Finding) -> str:
    return f"{Path(finding.file).name}:{finding.line}: {finding.message}; {finding.remedy}"


def _differences(here: Said, there: Said, where: str, logic: Logic, *, with_values: bool) -> Iterator[tuple[str | None, str]]:
    """Step and words of each difference, the most telling first."""
    if (here.raised, here.rejections) != (there.raised, there.rejections):
        ending, other = _ending(here, with_values=with_values), _ending(there, with_values=with_values)
        yield _ends_at(there, logic) or _ends_at(here, logic), f"{ending} here, {other} {where}"
    yield from _in_lists(here.operations, there.operations, where, _operation_parts, with_values=with_values)
    yield from _in_lists(here.effects, there.effects, where, _effect_parts, with_values=with_values)


def _ends_at(said: Said, logic: Logic) -> str | None:
    """The step that ended a decision: the one that raised, or may raise what it refuses with."""
    if said.raised is not None:
        return said.failed
    codes = {str(one["code"]) for one in said.rejections if isinstance(one, dict)}
    return next((step.name for step in logic.steps if any(one.code in codes for one in step.rejects)), None)


def _ending(said: Said, *, with_values: bool) -> str:
    if said.raised is not None:
        return f"fails ({said.raised})" if with_values else "fails"
    reasons = [one for one in said.rejections if isinstance(one, dict)]
    if reasons:
        return "refuses with " + ", ".join(f"{one['code']} ({one['message']})" if with_values else str(one["code"]) for one in reasons)
    return "goes through"


class _Parts(NamedTuple):
    """One operation or effect: its name, its values, and its step."""

    name: str
    values: dict[str, Json]
    step: str


def _operation_parts(recorded: Sequence[Any]) -> _Parts:
    kind, model, id, before, after, step = recorded
    values = {f"{name} before": value for name, value in (before or {}).items()} | dict(after or {})
    return _Parts(f"{str(kind).capitalize()} {model}/{id}", values, step)


def _effect_parts(recorded: Sequence[Any]) -> _Parts:
    kind, key, body, step = recorded
    return _Parts(f"{kind}, key {key}", dict(body), step)


def _in_lists(
    here: Sequence[Any], there: Sequence[Any], where: str, parts: Callable[[Sequence[Any]], _Parts], *, with_values: bool
) -> Iterator[tuple[str, str]]:
    for mine, theirs in zip_longest(here, there, fillvalue=()):
        if mine == theirs:
            continue
        one = parts(mine) if mine else _Parts("nothing more", {}, "")
        other = parts(theirs) if theirs else _Parts("nothing more", {}, "")
        step = one.step or other.step
        if one.name != other.name:
            yield step, f"yields {one.name} here, {other.name} {where}"
        for name in dict.fromkeys((*one.values, *other.values)):
            values = one.values.get(name), other.values.get(name)
            if values[0] != values[1]:
                told = f"is {_shown(values[0])} here, {_shown(values[1])}" if with_values else "is not the same"
                yield step, f"{one.name}: {name} {told} {where}"
        yield step, f"{one.name} comes of {one.step} here, of {other.step} {where}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[: SHOWN_CHARACTERS_MAX - 2]}…{text[-1]}"
