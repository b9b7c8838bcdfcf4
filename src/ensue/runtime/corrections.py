"""Corrections: what may be asked of a ledger about setting its history right. A part of the facade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import overload

from ensue.core.correction_plan import CorrectionPlan
from ensue.core.decisions import Decisions
from ensue.core.diff import Diff
from ensue.core.record import Record
from ensue.core.selection import Selection
from ensue.core.wanted import Wanted
from ensue.runtime.correct import Correcting


class Corrections:
    """The correcting functions of a ledger."""

    _correcting: Correcting

    def correction_plan(
        self,
        what: Diff | Selection | Mapping[str, str | None] | Wanted,
        *,
        version: str | None = None,
        allow_effects: Sequence[str] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> CorrectionPlan:
        """
        What a correction would do: every change of a row and every effect, with its original and its conflicts. Nothing is saved.

        Later events that read a corrected value are decided again too, in the ledger's order (cascade), so that the rows come out as if
        the other version had ruled these events from the start.

        Args:
            what: a diff of `compare`; a selection of records, which *version* is to rule; or event ids, each with the version that is
                to rule it (None: as if it had not happened).
            version: the version of a selection.
            allow_effects: kinds of effects that may be done although they come late; others become tasks for a person.
            progress: told (records walked, records in all).

        Raises:
            RequestError: an event is not in this ledger, or is a correction.
            VersionError: there is no such version, or an event's type is not in it.
            PlanBlocked: what was erased, or what no event made or saw, would have to be known.
        """
        allowed = tuple(allow_effects)
        if isinstance(what, Wanted):
            return self._correcting.plan(what, progress)
        if isinstance(what, Selection):
            return self._correcting.plan(Wanted(selection=what, version=version, allow_effects=allowed), progress)
        return self._correcting.plan(Wanted(events_of(what), allow_effects=allowed), progress)

    def undo_plan(
        self, event: Record | str, *, allow_effects: Sequence[str] = (), progress: Callable[[int, int], None] | None = None
    ) -> CorrectionPlan:
        """What it would take to make everything as if *event* (a record or its id) had not happened. As `correction_plan`."""
        id = event if isinstance(event, str) else event.id
        return self._correcting.plan(Wanted({id: None}, allow_effects=tuple(allow_effects)), progress)

    @overload
    def correct(
        self, what: Diff, *, actor: str, reason: str, allow_effects: Sequence[str] = (), decisions: Decisions | None = None
    ) -> Record: ...
    @overload
    def correct(self, what: CorrectionPlan, *, actor: str, reason: str, decisions: Decisions | None = None) -> list[Record]: ...
    def correct(
        self, what: Diff | CorrectionPlan, *, actor: str, reason: str, allow_effects: Sequence[str] = (), decisions: Decisions | None = None
    ) -> Record | list[Record]:
        """
        Perform only the difference, as events of type `ensue.correction` that name their originals.

        Of a diff: its own correction, together with those of later events that it reaches. Of a plan: exactly what it shows, or nothing.
        Doing it twice changes nothing: the second time the answer is the correction that stands.

        Args:
            what: a diff of `compare`, or a plan of `correction_plan` or `undo_plan`.
            actor: who corrects.
            reason: why, for the record.
            allow_effects: as of `correction_plan`.
            decisions: what to do with rows in conflict: "keep", "force" or the values to set, by row (`Patient/p-17`).

        Raises:
            PlanBlocked: a conflict is not decided, an event cannot be decided again, or a table's rule is in the way. Nothing was done.
            PlanMoved: something moved since the plan was made. Nothing was done.
            VersionError: the version that is to rule is a draft; a plan may be made for one, to look at.
        """
        if isinstance(what, Diff):
            return self._correcting.correct_one(what, actor=actor, reason=reason, allow_effects=allow_effects, decisions=decisions or {})
        return self._correcting.perform(what, actor=actor, reason=reason, decisions=decisions or {})


def events_of(what: Diff | Mapping[str, str | None]) -> dict[str, str | None]:
    """Event ids and the versions that are to rule them."""
    return {what.record.id: what.version} if isinstance(what, Diff) else dict(what)
