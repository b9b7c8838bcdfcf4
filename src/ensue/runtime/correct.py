"""
Correct: plan the difference that a correction would perform, and perform exactly the plan that was shown.

Planning walks the whole ledger on one snapshot. Performing looks at what came since, and for the last time under the lock
that orders all commits: where the plan would now be another one, nothing is done. All corrections of a plan are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from ensue.core.app import App
from ensue.core.canonical import Json
from ensue.core.cascade import Earlier, Retold
from ensue.core.correction import CORRECTION, Correction, Moved
from ensue.core.correction_plan import CorrectionPlan, PlannedCorrection, plan_of, touched_keys
from ensue.core.decisions import Decisions, check_decisions, decided_plan
from ensue.core.diff import Diff
from ensue.core.event import whole_form
from ensue.core.facts import Facts, Needs, Row
from ensue.core.record import Record
from ensue.core.recorded import check_written, each_as_written
from ensue.core.rejection import AlreadyExists
from ensue.core.selection import ALL
from ensue.core.wanted import UNDONE, Wanted
from ensue.core.world import Key
from ensue.errors import ConflictError, EnsueError, KeyReused, PlanBlocked, PlanMoved, Refused, RequestError
from ensue.runtime.decoding import record_of
from ensue.runtime.door import Door
from ensue.runtime.latest import latest_correction
from ensue.runtime.request import Unit
from ensue.runtime.strangers import check_no_stranger_was_asked_for
from ensue.storage import read
from ensue.storage.database import Storage
from ensue.storage.target import be_patient

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ensue.storage.read import StoredRecord

PAGE: Final = 1_000
ROUNDS_MAX: Final = 5
Progress = Callable[[int, int], None]


class _Behind(ConflictError):
    """More came since than can be told on: the history is to be told again from its beginning."""


class Correcting:
    """Corrections of one ledger."""

    def __init__(self, app: App, storage: Storage, door: Door, put: Callable[[list[Unit]], None]) -> None:
        self._app = app
        self._storage = storage
        self._door = door
        self._put = put

    # -- planning
    def plan(self, wanted: Wanted, progress: Progress | None = None) -> CorrectionPlan:
        """
        What would be done so that these events had been decided under another version, or not at all.

        Raises:
            RequestError: an event is not in the ledger, or is a correction.
            VersionError: there is no such version, or an event's type is not in it.
            PlanBlocked: what was erased, or what no event made or saw, would have to be known.
        """
        return self._tell(wanted, progress)[1]

    def _tell(self, wanted: Wanted, progress: Progress | None = None) -> tuple[Retold, CorrectionPlan]:
        """The history told again, to be gone on with, and what it comes to."""
        targets = wanted.targets(self._app)
        with self._storage.snapshot() as connection:
            be_patient(connection)
            _check_named(read.records_by_id(connection, list(wanted.events)), wanted)
            earlier = Earlier(self._app)
            for stored in read.records_of_type(connection, CORRECTION):
                earlier.take(record_of(self._storage, stored))
            retold = Retold(self._app, targets, earlier)
            each_as_written(self._records(connection, -1, progress), partial(_tell_each, retold))
            check_no_stranger_was_asked_for(self._storage, connection, retold)
            return retold, self._planned(connection, retold, wanted)

    def _planned(self, connection: Connection, retold: Retold, wanted: Wanted) -> CorrectionPlan:
        try:
            return plan_of(self._app, self._storage.keys, retold, self._present(connection, touched_keys(retold)), wanted)
        except EnsueError:
            raise
        except Exception as error:
            for diff in retold.diffs:
                check_written(diff.record, error)
            raise

    def _records(self, connection: Connection, after: int, progress: Progress | None = None) -> Iterator[Record]:
        """Every record behind a position, in order."""
        total = read.size(connection)
        while page := read.records_selected(connection, ALL, after, PAGE):
            for stored in page:
                yield record_of(self._storage, stored)
            after = page[-1].position
            if progress is not None:
                progress(after + 1, total)

    def _present(self, connection: Connection, keys: Sequence[Key]) -> dict[Key, Row | None]:
        """The rows as they stand in the tables."""
        facts, needs = Facts(), Needs()
        for model, id in keys:
            needs.row(model, id)
        if needs:
            self._storage.looking(connection).load(needs, facts)
        return {(model, id): facts.row(model, id) for model, id in keys}

    # -- performing
    def perform(self, plan: CorrectionPlan, *, actor: str, reason: str, decisions: Decisions) -> list[Record]:
        """
        Commit the corrections of *plan*, and return their records.

        Raises:
            PlanBlocked: an event cannot be decided again, a conflict is not decided, or a rule of a table stands in the way.
            PlanMoved: the plan made again has another outcome, or a row was changed beside the ledger.
            VersionError: an event would be ruled by a draft.
        """
        retold: Retold | None = None
        is_behind = self._size() != plan.records
        for _ in range(ROUNDS_MAX):
            if is_behind:
                retold, made = self._tell(plan.wanted)
                if not made:
                    return self._standing(plan)
                made.check_same(plan.id)
                plan = made
            if plan:  # else it was performed already, with whatever was decided
                check_decisions(self._app, plan, decisions)
            try:
                return self._commit(plan, actor, reason, decisions, partial(self._check_still, plan, retold))
            except _Behind:
                is_behind = True
        raise PlanMoved(f"The ledger moved on {ROUNDS_MAX} times while the plan was held against it. Nothing was corrected; try it again.")

    def _check_still(self, plan: CorrectionPlan, retold: Retold | None, records: int) -> None:
        """
        *plan* holds with all of the ledger's *records*, while nobody can commit another: what came since is told as well.

        Raises:
            PlanMoved, PlanBlocked: it does not.
            _Behind: another correction came, which changes what was told before; or it cannot be told from here.
        """
        if records == (plan.records if retold is None else retold.records):
            return
        if retold is None or self._storage.is_memory:  # there the only connection is in the midst of the transaction
            raise _Behind
        with self._storage.reader() as connection:
            for record in self._records(connection, retold.position):
                if record.type == CORRECTION:
                    raise _Behind
                retold.take(record)
            made = self._planned(connection, retold, plan.wanted)
        made.check_same(plan.id)
        _check_possible(made)

    def _standing(self, plan: CorrectionPlan) -> list[Record]:
        """The corrections that stand where *plan* was performed already."""
        found = (self.latest(one.diff.record) for one in plan.corrections if one)
        return [one.as_repeat() for one in found if one is not None]

    def _commit(self, plan: CorrectionPlan, actor: str, reason: str, decisions: Decisions, check: Callable[[int], None]) -> list[Record]:
        """All corrections of a plan, or none: one transaction."""
        decided = decided_plan(plan, decisions)
        _check_clear(decided)
        told = [one for one in decided.corrections if one]
        tickets = [self._door.correction_ticket(*_request(decided, one, plan.id, reason, first=one is told[0]), actor) for one in told]
        if tickets:
            self._put([Unit(tickets, together=True, check=check)])
        try:
            return [ticket.answer.result() for ticket in tickets]
        except KeyReused:  # the same actor was first with this very plan, and gave another reason
            raise _Behind from None
        except Moved as moved:
            raise PlanMoved(f"{moved} Nothing was corrected.") from moved
        except (AlreadyExists, Refused) as refused:
            raise PlanBlocked(
                f"The tables do not take what the plan makes of them: {refused} A row that the plan is not about may stand in the way, "
                "or rows that refer to each other in a circle; nothing was corrected."
            ) from refused

    def _size(self) -> int:
        with self._storage.reader() as connection:
            return read.size(connection)

    def correct_one(self, diff: Diff, *, actor: str, reason: str, allow_effects: Sequence[str], decisions: Decisions) -> Record:
        """Plan and perform what *diff* shows. Where it stands already, the correction that did it is the answer."""
        record = diff.record
        target = None if diff.version == UNDONE else diff.version
        plan = self.plan(Wanted({record.id: target}, allow_effects=tuple(allow_effects)))
        records = self.perform(plan, actor=actor, reason=reason, decisions=decisions)
        own = next((one for one in records if one.corrects == record.id), None)
        if own is not None:
            return own
        latest = self.latest(record)
        if latest is None:
            raise RequestError(f"{record.type} {record.id} decides the same under {diff.version}: there is nothing to correct.")
        return latest.as_repeat()

    def latest(self, record: Record) -> Record | None:
        """The latest correction of an event."""
        with self._storage.reader() as connection:
            return latest_correction(self._storage, connection, record)


def _request(
    plan: CorrectionPlan, one: PlannedCorrection, shown: str, reason: str, *, first: bool
) -> tuple[Correction, dict[str, Json], str]:
    """One correction of a decided *plan*, with its form and key; *shown* is the id of the plan as people saw it."""
    diff = one.diff
    event = Correction(original=diff.record.id, base=diff.base_version, target=one.target, plan=shown, reason=reason)
    form: dict[str, Json] = {
        **whole_form(event),
        "changes": [[change.model, change.id, change.kind, change.expected, change.target, change.decision] for change in one.changes],
        "kept": [list(kept) for kept in one.kept],
        "effects": [[effect.kind, effect.key, effect.body] for effect in one.effects],
        "subjects": list(one.subjects),
        "wanted": plan.wanted.as_json() if first else None,
        "records": plan.records,
    }
    return event, form, f"{plan.id}/{plan.records}/{diff.record.id}"


def _tell_each(retold: Retold, records: Iterator[Record]) -> None:
    for record in records:
        retold.take(record)


def _check_named(known: Mapping[str, StoredRecord], wanted: Wanted) -> None:
    unknown = sorted(wanted.events.keys() - known.keys())
    if unknown:
        raise RequestError(f"There is no event {unknown[0]}; a correction names events of this ledger.")
    corrections = [one.id for one in known.values() if one.type == CORRECTION]
    if corrections:
        raise RequestError(
            f"{corrections[0]} is a correction, which is not corrected itself; name the event that it corrects, "
            "and the version that is to rule that one, its own included."
        )


def _check_possible(plan: CorrectionPlan) -> None:
    if plan.blocked:
        first = plan.blocked[0]
        why = f"it {first.parts[0]}" if first.raised else f"{first.missing} is not known"  # what a step says may be about people
        raise PlanBlocked(
            f"{first.record.type} {first.record.id} cannot be decided again: {why}. "
            f"Of such events the plan has {len(plan.blocked)}; nothing was corrected."
        )


def _check_clear(plan: CorrectionPlan) -> None:
    _check_possible(plan)
    if plan.conflicts:
        listed = "; ".join(f"{one.row} ({one.why})" for one in plan.conflicts[:5])
        left = "1 row is not as the ledger's events left it"
        if len(plan.conflicts) > 1:
            left = f"{len(plan.conflicts)} rows are not as the ledger's events left them"
        raise PlanBlocked(
            f'{left}: {listed}. Decide each in decisions={{row: "keep" | "force" | {{column: value}}}}; nothing was corrected.'
        )
