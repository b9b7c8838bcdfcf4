"""
Correct: plan the difference that a correction would perform, and perform exactly the plan that was shown.

Planning walks the whole ledger on one snapshot. Performing plans once more and compares: where anything moved since, the
ids of the two plans differ and nothing is done. All corrections of a plan are committed together, as far as a batch goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ensue.core.app import App
from ensue.core.canonical import Json
from ensue.core.cascade import Earlier, Retold, retell
from ensue.core.correction import CORRECTION, Correction, Moved
from ensue.core.correction_plan import CorrectionPlan, PlannedCorrection, plan_of, touched_keys
from ensue.core.decisions import Decisions, check_decisions, decided_plan
from ensue.core.diff import Diff
from ensue.core.event import whole_form
from ensue.core.facts import Facts, Needs, Row
from ensue.core.record import Record
from ensue.core.selection import ALL
from ensue.core.wanted import UNDONE, Targets, Wanted
from ensue.core.world import Key
from ensue.errors import ConflictError, PlanBlocked, PlanMoved, RequestError
from ensue.runtime.decoding import record_of
from ensue.runtime.door import Door
from ensue.runtime.latest import latest_correction
from ensue.runtime.request import Unit
from ensue.storage import read
from ensue.storage.database import Storage

if TYPE_CHECKING:
    from sqlalchemy import Connection

PAGE: Final = 1_000
ROUNDS_MAX: Final = 5
Progress = Callable[[int, int], None]


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
        """
        targets = wanted.targets(self._app)
        with self._storage.snapshot() as connection:
            known = read.records_by_id(connection, list(wanted.events))
            unknown = sorted(wanted.events.keys() - known.keys())
            if unknown:
                raise RequestError(f"There is no event {unknown[0]}; a correction names events of this ledger.")
            corrections = [one.id for one in known.values() if one.type == CORRECTION]
            if corrections:
                raise RequestError(
                    f"{corrections[0]} is a correction, which is not corrected itself; name the event that it corrects, "
                    "and the version that is to rule that one, its own included."
                )
            retold = self._retell(connection, targets, progress)
            return plan_of(self._app, retold, self._present(connection, touched_keys(retold)), wanted)

    def _retell(self, connection: Connection, targets: Targets, progress: Progress | None) -> Retold:
        earlier = Earlier(self._app)
        for stored in read.records_of_type(connection, CORRECTION):
            earlier.take(record_of(self._storage, stored))
        return retell(self._app, self._records(connection, progress), targets, earlier)

    def _records(self, connection: Connection, progress: Progress | None) -> Iterator[Record]:
        """Every record on this snapshot, in order."""
        total, after = read.size(connection), -1
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

        An event that slipped in between plan and commit, and read what was being corrected, is corrected in a further round.
        Each round is whole by itself, and what it committed stands.

        Raises:
            PlanBlocked: an event cannot be decided again, or a conflict is not decided.
            PlanMoved: the plan made again has another outcome, or a row was changed beside the ledger; or in every round further
                events slipped in: says which still move.
            VersionError: an event would be ruled by a draft.
        """
        if self._size() != plan.records:
            made = self.plan(plan.wanted)
            if not made:
                return self._standing(plan)
            made.check_same(plan.id)
        if plan:  # else it was performed already, with whatever was decided
            check_decisions(self._app, plan, decisions)
        records = done = self._commit(plan, actor, reason, decisions)
        for _ in range(ROUNDS_MAX):
            if self._size() == plan.records + len(done):
                return records
            plan = self.plan(plan.wanted)
            if not plan:
                return records
            try:
                done = self._commit(plan, actor, reason, decisions)
            except ConflictError as error:
                raise PlanMoved(
                    f"{len(records)} corrections were committed, but an event that came meanwhile must be corrected too, and cannot: "
                    f"{error} Make the plan again for what is left."
                ) from error
            records = [*records, *done]
        left = self.plan(plan.wanted)
        if left:
            raise PlanMoved(_still_moving(left, len(records)))
        return records

    def _standing(self, plan: CorrectionPlan) -> list[Record]:
        """The corrections that stand where *plan* was performed already."""
        found = (self.latest(one.diff.record) for one in plan.corrections if one)
        return [one.as_repeat() for one in found if one is not None]

    def _commit(self, plan: CorrectionPlan, actor: str, reason: str, decisions: Decisions) -> list[Record]:
        """All corrections of a plan, or none: one transaction."""
        decided = decided_plan(plan, decisions)
        _check_clear(decided)
        told = [one for one in decided.corrections if one]
        tickets = [self._door.correction_ticket(*_request(decided, one, plan.id, reason, first=one is told[0]), actor) for one in told]
        if tickets:
            self._put([Unit(tickets, together=True)])
        try:
            return [ticket.answer.result() for ticket in tickets]
        except Moved as moved:
            raise PlanMoved(f"{moved} Nothing was corrected.") from moved

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


def _still_moving(left: CorrectionPlan, committed: int) -> str:
    """What is left of a plan after the last round."""
    moving = [*(one.diff.record for one in left.corrections if one), *(diff.record for diff in left.blocked)]
    listed = "; ".join(f"{one.type} {one.id} at position {one.position}" for one in moving[:5])
    return (
        f"{committed} corrections were committed in {ROUNDS_MAX + 1} rounds, and each time further events had slipped in and read what was "
        f"being corrected. Still to be corrected, {len(moving)} in all: {listed}. Of these nothing was done. "
        "Make the plan again for what is left, when less is written."
    )


def _check_clear(plan: CorrectionPlan) -> None:
    if plan.blocked:
        first = plan.blocked[0]
        why = f"it {first.parts[0]}" if first.raised else f"{first.missing} is not known"  # what a step says may be about people
        raise PlanBlocked(
            f"{first.record.type} {first.record.id} cannot be decided again: {why}. "
            f"Of such events the plan has {len(plan.blocked)}; nothing was corrected."
        )
    if plan.conflicts:
        listed = "; ".join(f"{one.row} ({one.why})" for one in plan.conflicts[:5])
        left = "1 row is not as the ledger's events left it"
        if len(plan.conflicts) > 1:
            left = f"{len(plan.conflicts)} rows are not as the ledger's events left them"
        raise PlanBlocked(
            f'{left}: {listed}. Decide each in decisions={{row: "keep" | "force" | {{column: value}}}}; nothing was corrected.'
        )
