"""
Batch: decide events one after the other over the same facts, so that a batch of n has the outcome of n batches of one.

The top function, `Batch.decide`, reads as the life of an event: check its id and its tags, decide, apply unique rules,
record. Where grouping could change an outcome the batch is cut: the rest opens the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ensue.core.app import App
from ensue.core.binding import Bound
from ensue.core.canonical import Json, canonical_trusted
from ensue.core.codec import instant_text
from ensue.core.data import fields_of
from ensue.core.decide import Decision, Guard, decide
from ensue.core.event import Context
from ensue.core.facts import Change, Facts, Needs
from ensue.core.identity import random_event_id
from ensue.core.record import Record
from ensue.core.rejection import AlreadyExists
from ensue.errors import ClockError, ConflictError, EnsueError, Erased, FieldConflict, KeyReused, Rejected
from ensue.log.payload import request_digest
from ensue.runtime import expectations
from ensue.runtime.recording import Chains, Recorder
from ensue.runtime.request import Ticket, Unit
from ensue.runtime.tags import TagKeys
from ensue.storage.session import Opened, RowWrite, Session, Stored, Writes

HEAD_AHEAD_MAX = timedelta(minutes=5)
ATTEMPT_KEPT = timedelta(days=90)


@dataclass
class Surroundings:
    """What every batch of one ledger shares."""

    app: App
    uid: str
    recorder: Recorder
    keys: TagKeys
    clock: Callable[[], datetime] | None
    guard: Guard | None
    random_bytes: Callable[[int], bytes]
    constraints: Constraints
    logics_stored: set[bytes] = field(default_factory=set)
    """Hashes of the logic that a committed batch of this process has put into the ledger."""


class Constraints:
    """Which columns of which model are under a unique or foreign key, so that giving a value up and taking it must not share a statement."""

    def __init__(self, app: App) -> None:
        self.unique: dict[str, tuple[tuple[str, ...], ...]] = {}
        self.columns: dict[str, frozenset[str]] = {}
        self.tied: set[str] = set()
        for model in app.models():
            info = model.__ensue__
            self.unique[info.name] = info.unique
            columns = {column for group in info.unique for column in group}
            table = info.table
            if table is not None and not isinstance(table, str):
                by_column = {one.column: one.name for one in fields_of(model).by_name.values()}
                held = [index.columns for index in table.indexes if index.unique] + [one.columns for one in table.constraints if one.__class__.__name__ != "CheckConstraint"]
                columns |= {by_column[column.name] for group in held for column in group if column.name in by_column} - {"id"}
                if table.foreign_key_constraints:
                    self.tied.add(info.name)
            self.columns[info.name] = frozenset(columns)

    def releases(self, change: Change) -> bool:
        """Whether *change* gives up a value that a key holds, or a row that others may point to."""
        if change.before is None:
            return False
        columns = self.columns[change.model]
        return change.after is None or (bool(columns) and any(change.before[column] != change.after[column] for column in columns))

    def takes(self, change: Change) -> bool:
        """Whether *change* takes a value under a key, or a row's id."""
        if change.after is None:
            return False
        return change.before is None or any(change.before[column] != change.after[column] for column in self.columns[change.model])


@dataclass
class Batch:
    """One transaction's worth of decisions."""

    around: Surroundings
    session: Session
    facts: Facts
    opened: Opened
    locked: frozenset[str] | None
    """The chains whose heads are locked; None for a preview, which locks nothing."""
    writes: Writes = field(default_factory=Writes)
    accepted: list[tuple[Ticket, Record]] = field(default_factory=list)
    answered: list[tuple[Ticket, EnsueError]] = field(default_factory=list)
    """Tickets whose answer is an error, and waits for the commit."""
    repeats: list[tuple[Ticket, Record | None]] = field(default_factory=list)
    """Tickets whose event stands already: stored (None), or earlier in this batch."""
    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chains = Chains.over(self.around.uid, self.opened.heads)
        self._by_id: dict[str, tuple[Ticket, Record]] = {}
        self._released: set[str] = set()
        self._logics: set[bytes] = set()
        self._now = self.around.clock() if self.around.clock else (self.opened.now or datetime.now(UTC))
        self._now_text = instant_text(self._now)

    # -- the batch
    def take(self, units: list[Unit]) -> list[Unit]:
        """Decide *units* in order as far as the batch goes. Returns the rest, which open the next one."""
        for place, unit in enumerate(units):
            if unit.together and place > 0:
                return units[place:]
            for ticket in unit.tickets:
                if not self._take(ticket, first=place == 0):
                    return units[place:]
            if unit.together:
                return units[place + 1 :]
        return []

    def _take(self, ticket: Ticket, *, first: bool) -> bool:
        """Decide one event. False: it must open the next batch."""
        try:
            if self._repeats(ticket):
                return True
            if not self._know(ticket, may_load=first):
                return False
            subjects = ticket.binding.subjects(self.facts)
            if self.locked is not None and not self.locked.issuperset(subjects):
                ticket.subjects = None if first else ticket.subjects
                return False
            bound, decision, at = self.decide(ticket, subjects)
        except (Rejected, ConflictError) as no:
            self._refuse(ticket, no)
            return True
        except EnsueError as error:
            self.answered.append((ticket, error))
            return True
        if decision.plan.rejections:
            self._refuse(ticket, rejection_of(decision))
            return True
        if not self._fits(decision.changes):
            return False
        self._accept(ticket, bound, decision, at)
        return True

    def decide(self, ticket: Ticket, subjects: tuple[str, ...]) -> tuple[Bound, Decision, datetime]:
        """Check what the caller saw, then decide, then the unique rules: the same for submit, preview and every later way to ask."""
        at = self._moment(subjects)
        expectations.check_seen(ticket)
        if ticket.request.expect:
            expectations.check(ticket, subjects, self.facts, self.session, self.around.keys, self.around.uid, self._written())
        bound = ticket.binding.bind(self.facts, Context(ticket.id, at, ticket.actor, ticket.request.occurred), subjects)
        decision = decide(ticket.binding.logic, bound, self.facts, self.around.guard)
        if not decision.plan.rejections:
            self._check_unique(decision.changes)
        return bound, decision, at

    # -- its id
    def _repeats(self, ticket: Ticket) -> bool:
        """The event stands already. Raises KeyReused or Erased where the key belongs to another request."""
        earlier = self._by_id.get(ticket.id)
        if earlier is not None:
            if not same_request(ticket, earlier[0]):
                raise KeyReused(f"The key {ticket.request.key!r} of {ticket.actor} belongs to another request; use a new key for a new request.")
            self.repeats.append((ticket, earlier[1]))
            return True
        stored = self.opened.stored.get(ticket.id)
        if stored is None:
            return False
        check_same(ticket, stored)
        self.repeats.append((ticket, None))
        return True

    # -- what it must know
    def _know(self, ticket: Ticket, *, may_load: bool) -> bool:
        """All rows it needs are known; the first of a batch may load what its paths lead to, a later one must not change the batch's order of statements."""
        while True:
            needs = Needs()
            complete = ticket.binding.find(self.facts, needs)
            if ticket.request.expect:
                complete &= expectations.ask(ticket, self.session.models, needs, self.facts)
            if complete:
                return True
            if not needs or not may_load:
                return not needs
            self.session.load(needs, self.facts)

    def _moment(self, subjects: tuple[str, ...]) -> datetime:
        latest = self.chains.latest(subjects)
        if latest <= self._now_text:
            return self._now
        at = datetime.fromisoformat(latest)
        if at - self._now > HEAD_AHEAD_MAX:
            raise ClockError(f"A chain of {', '.join(subjects)} ends at {latest}, more than five minutes ahead of the clock ({self._now_text}); set the clock right.")
        return at

    # -- unique rules
    def _check_unique(self, changes: list[Change]) -> None:
        """Raises AlreadyExists where a group of columns would stand twice after *changes*."""
        if not any(self.around.constraints.unique[change.model] for change in changes):
            return
        final = {(change.model, change.id): change.after for change in changes}
        for change in changes:
            for group in self.around.constraints.unique[change.model]:
                after = final[change.model, change.id]
                if after is None or (change.before is not None and all(change.before[column] == after[column] for column in group)):
                    continue
                values = tuple(after[column] for column in group)
                if any(value is None for value in values):
                    continue  # as in SQL, what is not there clashes with nothing
                query = (change.model, group, values)
                if self.facts.answer(query) is None:
                    needs = Needs()
                    needs.query(query, 1)
                    self.session.load(needs, self.facts)
                holders = {id for id in self.facts.answer(query) or () if (change.model, id) not in final}
                holders |= {id for (model, id), row in final.items() if model == change.model and row is not None and tuple(row[column] for column in group) == values}
                if holders - {change.id}:
                    raise AlreadyExists(model=change.model, fields=", ".join(group))

    def _fits(self, changes: list[Change]) -> bool:
        """Whether the changes may share statements with those before: nothing was given up that these could take, and nothing is both at once."""
        if not self._released and not any(map(self.around.constraints.releases, changes)):
            return True
        models = {change.model for change in changes}
        tied = self._released & (models | (self.around.constraints.tied if models & self.around.constraints.tied else set()))
        if self.accepted and (tied or (self._released and models & self.around.constraints.tied)):
            return False
        releasing = {change.model for change in changes if self.around.constraints.releases(change)}
        mixed = any(change.model in releasing and self.around.constraints.takes(change) for change in changes) and len(changes) > 1
        if mixed and self.accepted:
            return False
        self._released |= releasing
        if mixed:
            self._released |= set(self.around.constraints.columns)  # written in its own order: nothing may follow in this batch
        return True

    # -- the answer
    def _accept(self, ticket: Ticket, bound: Bound, decision: Decision, at: datetime) -> None:
        self.facts.apply(decision.changes)
        self.changes.extend(decision.changes)
        record = self.around.recorder.record(ticket, bound, decision.plan, at, self.chains, self.writes)
        self._note_logic(ticket)
        self._by_id[ticket.id] = (ticket, record)
        self.accepted.append((ticket, record))

    def _note_logic(self, ticket: Ticket) -> None:
        logic = ticket.binding.logic
        if logic.digest not in self._logics and logic.digest not in self.around.logics_stored:
            self._logics.add(logic.digest)
            self.writes.logic.append((logic.digest, logic.document))

    def _refuse(self, ticket: Ticket, no: Rejected | ConflictError) -> None:
        """An answer, kept in the attempts: the key stays free."""
        self.answered.append((ticket, no))
        subjects = ticket.subjects or ("",)
        reasons: Json = (
            [reason.as_json() for reason in no.reasons]
            if isinstance(no, Rejected)
            else [{"code": "conflict", "field": clash.field, "message": f"{clash.row} {clash.field} is {clash.reason}", "values": {}} for clash in no.clashes]
            if isinstance(no, FieldConflict)
            else [{"code": "conflict", "field": None, "message": str(no), "values": {}}]
        )
        self.writes.attempts.append(
            (
                random_event_id(self.around.random_bytes(16)),
                self._now_text,
                instant_text(self._now + ATTEMPT_KEPT),
                ticket.actor,
                ticket.binding.logic.type,
                str(ticket.binding.logic.version),
                ticket.request.key,
                subjects[0],
                "rejected" if isinstance(no, Rejected) else "conflict",
                canonical_trusted(reasons).decode(),
                canonical_trusted(ticket.binding.sent).decode(),
            )
        )

    def _written(self) -> expectations.Written:
        """The last event of this batch that wrote each column; only asked for by those who say what they saw."""
        written: expectations.Written = {}
        for _, record in self.accepted:
            for kind, model, id, before, after, _ in record.document["operations"]:
                if kind not in ("cancel", "erase"):
                    written.update({(model, id, column): record.id for column in after or before})
        return written

    # -- what is written
    def row_writes(self) -> list[RowWrite]:
        """The net changes of the rows, one statement a table and kind; of an event that gives up and takes, one a row, in its order."""
        if len(self.accepted) == 1:
            releasing = {change.model for change in self.changes if self.around.constraints.releases(change)}
            if any(change.model in releasing and self.around.constraints.takes(change) for change in self.changes) and len(self.changes) > 1:
                return [write for change in self.changes for write in group_changes([change])]
        return group_changes(net_changes(self.changes))


def rejection_of(decision: Decision) -> Rejected:
    """What `submit` raises for a rejected plan: one reason as itself, several as `Rejected`."""
    reasons = decision.plan.rejections
    return reasons[0] if len(reasons) == 1 else Rejected(reasons)


def same_request(one: Ticket, other: Ticket) -> bool:
    """Whether two tickets with one id ask for the same thing."""
    return (one.actor, one.binding.logic.type, one.requested, one.binding.sent) == (other.actor, other.binding.logic.type, other.requested, other.binding.sent)


def check_same(ticket: Ticket, stored: Stored) -> None:
    """The stored event was the same request. Raises KeyReused or Erased."""
    if stored.seed is None:
        raise Erased(f"The key {ticket.request.key!r} of {ticket.actor} was spent on a request that has been erased.")
    if stored.request != request_digest(stored.seed, ticket.actor, ticket.binding.logic.type, ticket.requested, ticket.binding.sent):
        raise KeyReused(f"The key {ticket.request.key!r} of {ticket.actor} belongs to another request; use a new key for a new request.")


def net_changes(changes: list[Change]) -> list[Change]:
    """One change a row: from before the batch to after it."""
    net: dict[tuple[str, str], Change] = {}
    for change in changes:
        earlier = net.get((change.model, change.id))
        net[change.model, change.id] = change if earlier is None else Change(change.model, change.id, earlier.before, change.after)
    return [change for change in net.values() if change.before is not None or change.after is not None]


def group_changes(changes: list[Change]) -> list[RowWrite]:
    """Changes as statements: inserts, then updates by the set of their columns, then deletes."""
    inserts: dict[str, RowWrite] = {}
    updates: dict[tuple[str, tuple[str, ...]], RowWrite] = {}
    deletes: dict[str, RowWrite] = {}
    for model, id, before, after in changes:
        if before is None and after is not None:
            columns = tuple(after)
            inserts.setdefault(model, RowWrite("insert", model, columns, [])).rows.append(tuple(after[column] for column in columns))
        elif after is None:
            deletes.setdefault(model, RowWrite("delete", model, ("id",), [])).rows.append((id,))
        elif before is not None:
            columns = tuple(column for column in after if after[column] != before[column])
            if columns:
                updates.setdefault((model, columns), RowWrite("update", model, (*columns, "id"), [])).rows.append((*(after[column] for column in columns), id))
    return [*inserts.values(), *updates.values(), *deletes.values()]
