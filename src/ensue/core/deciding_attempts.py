"""
Deciding attempts again: each under its own version, over what stood at its moment, and then under another one.

An attempt froze nothing, so everything that its state declares is asked of a past. Whether that past is what the decision
saw then, only the decision can tell: where it does not refuse again for the very same reasons, nothing more is said of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ensue.core.attempted import Attempted
from ensue.core.brought_up import Missing
from ensue.core.canonical import Json
from ensue.core.comparison import Comparison
from ensue.core.decide import decide
from ensue.core.diff import Diff, Side, diff_of, same_value
from ensue.core.event import Context
from ensue.core.facts import Facts
from ensue.core.replay import Decided, Past, binding_of, brought_to, side_of, went_wrong
from ensue.core.unique import Groups, check_unique
from ensue.core.version import Version
from ensue.errors import EnsueError, UnknownEventType, VersionError

PastsOf = Callable[[Attempted], Iterable[Past]]
"""What may have stood when an attempt was decided, the likeliest first."""


class AttemptContext(Context):
    """All that a step may know of the world, of which an attempt does not keep everything."""

    __slots__ = ()

    @property
    def occurred(self) -> datetime | None:  # pyright: ignore[reportIncompatibleVariableOverride]  # a field that cannot be read
        """Raises Missing: the caller may have said it, and nobody has written it down."""
        raise Missing("occurred, which is not kept with an attempt")


def compare_attempts(attempts: Iterable[Attempted], comparison: Comparison, pasts_of: PastsOf, unique: Groups) -> None:
    """
    Decide each attempt twice: under its own version, and under that of *comparison*, which takes in what came of it.

    What is not refused again for the same reasons is noise, and goes no further.
    """
    assert comparison.version is not None, "attempts are compared under a version"
    for attempt in attempts:
        refused = Side(rejections=attempt.reasons)
        noise: Diff | None = None
        for past in pasts_of(attempt):
            again = _side(attempt, attempt.version, past, unique)
            if same_value(_without_words(again.rejections), _without_words(attempt.reasons)):
                new = _side(attempt, comparison.version, past, unique)
                diff = diff_of(attempt, refused, new, base_version=attempt.version, version=comparison.version)
                comparison.noise.add_same()
                comparison.add(diff, refused, new, None)
                break
            noise = noise or _otherwise(attempt, refused, again)
        else:
            assert noise is not None, "there is at least one past"
            comparison.noise.add(noise)


def _side(attempt: Attempted, version: str, past: Past, unique: Groups) -> Side:
    """What comes of *attempt* under *version* over *past*, unique rules included; a type that is not in it is an input that is missing."""
    try:
        logic = attempt.app.logic(attempt.type, Version.parse(version))
        facts = Facts()
        binding = brought_to(binding_of(attempt, attempt.logic), logic, facts, past)
        context = AttemptContext(attempt.id, attempt.at, attempt.actor)
        plan, changes = decide(logic, binding.bind(facts, context, binding.subjects(facts), freezing=False), facts)
        check_unique(changes, unique, past.rows)
    except (VersionError, UnknownEventType) as error:
        return Side(missing=str(error))
    except EnsueError as error:
        return side_of(went_wrong(error))
    return side_of(Decided(plan, facts=facts))


def _without_words(reasons: Sequence[Any]) -> list[Json]:
    """Reasons by code, field and values: how a message is worded may be edited at any time."""
    return [[one["code"], one["field"], one["values"]] for one in reasons]


def _otherwise(attempt: Attempted, refused: Side, again: Side) -> Diff:
    """What came instead of the same refusal: another reason is a difference here as well."""
    diff = diff_of(attempt, refused, again, base_version=attempt.version, version=attempt.version)
    return diff or replace(diff, outcome="differs")
