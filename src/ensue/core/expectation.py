"""Expectation: a difference that a version is meant to make, declared beside it, so that comparing shows what was not meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from ensue.core.data import fields_of
from ensue.core.effect import Effect
from ensue.core.event import Event
from ensue.core.model import Model
from ensue.core.rejection import Rejection
from ensue.core.version import Version
from ensue.errors import DefinitionError

Expected: TypeAlias = type[Model] | type[Effect] | str
"""A model, an effect class, or one column as `Prescription.dose_mg`."""


class Expectation(NamedTuple):
    """
    One part of a difference that version *since* is meant to make.

    `part` reads as in `Diff.parts`: `added LabTask`, `changed Prescription.dose_mg`, `dropped effect push.send`,
    `newly_rejected drug.too_late`, `newly_accepted`. A model stands for every column of it.
    """

    since: Version
    part: str
    why: str
    type: str | None

    def covers(self, type_: str, part: str) -> bool:
        """Whether *part* of a difference of an event of *type_* was meant."""
        return (self.type is None or self.type == type_) and (part == self.part or part.startswith(f"{self.part}."))

    def as_json(self) -> dict[str, Any]:
        """The expectation as data."""
        return {"since": str(self.since), "part": self.part, "why": self.why, "type": self.type}


class Expecting:
    """The part of an application that says what its versions are meant to change."""

    def __init__(self) -> None:
        self._expectations: list[Expectation] = []

    def expects(
        self,
        since: str,
        *,
        why: str,
        of: type[Event] | None = None,
        adds: Sequence[Expected] = (),
        changes: Sequence[Expected] = (),
        drops: Sequence[Expected] = (),
        rejects: Sequence[type[Rejection]] = (),
        accepts: bool = False,
    ) -> None:
        """
        Say what version *since* is meant to change: `clinic.expects("2018-08-01", adds=[LabTask], why="…")`.

        `ensue compare` across that version then tells what was meant from what was not, and fails on the latter alone.

        Args:
            since: the version that makes the difference.
            why: one sentence for whoever reads the comparison.
            of: the event type it is meant for; default: any.
            adds: rows or effects that come to be: a model, an effect class, or one column as `"Prescription.note"`.
            changes: rows or effects whose values change.
            drops: rows or effects that no longer come to be.
            rejects: the reasons for which events are refused that were not refused before.
            accepts: whether events are taken that were refused before.

        Raises:
            DefinitionError: nothing is expected, no reason is given, or something is neither model, effect nor column.
        """
        changed = (("added", adds), ("changed", changes), ("dropped", drops))
        self._expectations += expectations_of(since, why, of, changed, rejects, accepts=accepts)

    def expectations(self) -> tuple[Expectation, ...]:
        """Everything that was declared with `expects`, part by part."""
        return tuple(self._expectations)


def expectations_of(
    since: str,
    why: str,
    of: type[Event] | None,
    changed: Iterable[tuple[str, Sequence[Expected]]],
    rejects: Sequence[type[Rejection]],
    *,
    accepts: bool,
) -> list[Expectation]:
    """
    What one `expects(…)` says, part by part; *changed* are pairs of a word (`added`) and what is.

    Raises:
        DefinitionError: nothing is expected, no reason is given, or something is neither model, effect nor column.
    """
    where = f"expects({since!r})"
    version = Version.declared(since, where)
    if not why.strip():
        raise DefinitionError(f"{where}: an expectation says why; write one sentence.")
    parts = [f"{word} {_name_of(one, where)}" for word, several in changed for one in several]
    parts += [f"newly_rejected {one.code}" for one in rejects]
    parts += ["newly_accepted"] if accepts else []
    if not parts:
        raise DefinitionError(f"{where}: it expects nothing; say adds=, changes=, drops=, rejects= or accepts=True.")
    return [Expectation(version, part, why, None if of is None else of.__ensue__.type) for part in parts]


def _name_of(one: Any, where: str) -> str:
    if isinstance(one, str) and one.count(".") == 1 and all(word.isidentifier() for word in one.split(".")):
        return one
    if isinstance(one, type) and issubclass(one, Effect):
        return f"effect {one.__ensue__.kind}"
    if isinstance(one, type) and issubclass(one, Model):
        fields_of(one)  # resolves what it refers to, so that a class that cannot be is found here
        return one.__ensue__.name
    raise DefinitionError(f"{where}: {one!r} is no model, no effect class and no column such as 'Prescription.dose_mg'.")
