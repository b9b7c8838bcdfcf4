"""
Batch: decide events one after the other over the same facts, so that a batch of n has the outcome of n batches of one.

The top function, `Batch.decide`, reads as the life of an event: check its id and its tags, decide, apply unique rules,
record. Where grouping could change an outcome the batch is cut: the rest opens the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ensue.core.app import App
from ensue.core.binding import Bound
from ensue.core.canonical import Json, canonical_trusted
from ensue.core.codec import instant_text
from ensue.core.decide import Decision, Guard, decide
from ensue.core.event import Context
from ensue.core.facts import Change, Facts, Needs, Query
from ensue.core.identity import random_event_id
from ensue.core.record import Record
from ensue.core.unique import check_unique
from ensue.errors import ClockError, ConflictError, EnsueError, Erased, FieldConflict, KeyReused, Rejected
from ensue.log.payload import request_digest
from ensue.runtime import expectations
from ensue.runtime.guard import all_watched
from ensue.runtime.recording import Chains, Recorder
from ensue.runtime.request import Ticket, Unit
from ensue.runtime.rows import Constraints, grouped, in_turn
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
    changes: list[list[Change]] = field(default_factory=list)
    """What each accepted event does to the rows."""

    def __post_init__(self) -> None:
        self.chains = Chains.over(self.around.uid, self.opened.heads)
        self._by_id: dict[str, tuple[Ticket, Record]] = {}
        self._released: set[str] = set()
        self._whole = False
        self._in_turn = False
        self._logics: set[bytes] = set()
        self._now = self.around.clock() if self.around.clock else (self.opened.now or datetime.now(UTC))
        self._now_text = instant_text(self._now)

    # -- the batch
    def take(self, units: list[Unit]) -> list[Unit]:
        """Decide *units* in order as far as the batch goes. Returns the rest, which open the next one."""
        for place, unit in enumerate(units):
            if unit.together and place > 0:
                return units[place:]
            self._whole = unit.together
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
                ticket.subjects = None  # only a row that this batch makes tells them
                return False
            subjects = ticket.binding.subjects(self.facts)
            if self.locked is not None and not self.locked.issuperset(subjects):
                ticket.subjects = subjects  # to be locked by the next batch; looked at again under that lock
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
        with all_watched(self.around.guard):
            bound = ticket.binding.bind(self.facts, Context(ticket.id, at, ticket.actor, ticket.request.occurred), subjects)
            decision = decide(ticket.binding.logic, bound, self.facts, self.around.guard)
        if not decision.plan.rejections:
            check_unique(decision.changes, self.around.constraints.unique, self._holders)
        return bound, decision, at

    # -- its id
    def _repeats(self, ticket: Ticket) -> bool:
        """The event stands already. Raises KeyReused or Erased where the key belongs to another request."""
        earlier = self._by_id.get(ticket.id)
        if earlier is not None:
            if not same_request(ticket, earlier[0]):
                raise KeyReused(
                    f"The key {ticket.request.key!r} of {ticket.actor} belongs to another request; use a new key for a new request."
                )
            self.repeats.append((ticket, earlier[1]))
            return True
        stored = self.opened.stored.get(ticket.id)
        if stored is None:
            return False
        if ticket.request.key is not None:  # else its id is its own: this very request was committed before the connection broke
            check_same(ticket, stored)
        self.repeats.append((ticket, None))
        return True

    # -- what it must know
    def _know(self, ticket: Ticket, *, may_load: bool) -> bool:
        """
        All rows it needs are known.

        The first of a batch may load what its paths lead to; a later one must not change the batch's order of statements.
        """
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
            raise ClockError(
                f"A chain of {', '.join(subjects)} ends at {latest}, more than five minutes ahead of the clock ({self._now_text}); "
                "set the clock right."
            )
        return at

    # -- unique rules
    def _holders(self, query: Query) -> set[str]:
        """The rows that equal, loaded where nobody has asked for them yet."""
        if self.facts.answer(query) is None:
            needs = Needs()
            needs.query(query, 1)
            self.session.load(needs, self.facts)
        return self.facts.answer(query) or set()

    def _fits(self, changes: list[Change]) -> bool:
        """
        Whether the changes may share the batch with those before: nothing was given up that these could take.

        An event that does both, and a request that stands as a whole, are written in turn instead.
        """
        constraints = self.around.constraints
        if not self._released and not any(map(constraints.releases, changes)):
            return True
        models = {change.model for change in changes}
        releasing = {change.model for change in changes if constraints.releases(change)}
        does_both = len(changes) > 1 and any(change.model in releasing and constraints.takes(change) for change in changes)
        apart = does_both or bool(self._released & models or (self._released and models & constraints.tied))
        if apart and self.accepted and not self._whole:
            return False
        self._in_turn |= apart
        self._released |= set(constraints.columns) if does_both else releasing  # behind one that does both, nothing may follow
        return True

    # -- the answer
    def _accept(self, ticket: Ticket, bound: Bound, decision: Decision, at: datetime) -> None:
        self.facts.apply(decision.changes)
        self.changes.append(decision.changes)
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
        subjects = ticket.named or self._subjects_now(ticket) or ("",)
        reasons: Json = (
            [reason.as_json() for reason in no.reasons]
            if isinstance(no, Rejected)
            else [
                {"code": "conflict", "field": clash.field, "message": f"{clash.row} {clash.field} is {clash.reason}", "values": {}}
                for clash in no.clashes
            ]
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

    def _subjects_now(self, ticket: Ticket) -> tuple[str, ...]:
        """The chains of an event as its paths lead now; none where they lead nowhere."""
        return ticket.binding.subjects(self.facts) if ticket.binding.find(self.facts, Needs()) else ()

    def _written(self) -> expectations.Written:
        """The last event of this batch that wrote each column; only asked for by those who say what they saw."""
        written: expectations.Written = {}
        for _, record in self.accepted:
            for kind, model, id, before, after, _ in record.document["operations"]:
                if kind not in ("cancel", "erase"):
                    for column in after or before:
                        written.pop((model, id, column), None)  # the last writer comes last
                        written[model, id, column] = record.id
        return written

    # -- what is written
    def row_writes(self) -> list[RowWrite]:
        """The changes of the rows as statements; where sharing a statement could break a key on the way, a row each."""
        tied = self.around.constraints.tied
        alone = self._whole or len(self.accepted) == 1
        if self._in_turn or (alone and any(change.model in tied for changes in self.changes for change in changes)):
            return [write for changes in self.changes for write in in_turn(changes, self.around.constraints)]
        return grouped(self.changes, self.around.constraints)


def rejection_of(decision: Decision) -> Rejected:
    """What `submit` raises for a rejected plan: one reason as itself, several as `Rejected`."""
    reasons = decision.plan.rejections
    return reasons[0] if len(reasons) == 1 else Rejected(reasons)


def same_request(one: Ticket, other: Ticket) -> bool:
    """Whether two tickets with one id ask for the same thing."""
    return (one.actor, one.binding.logic.type, one.requested, one.binding.sent) == (
        other.actor,
        other.binding.logic.type,
        other.requested,
        other.binding.sent,
    )


def check_same(ticket: Ticket, stored: Stored) -> None:
    """The stored event was the same request. Raises KeyReused or Erased."""
    if stored.seed is None:
        raise Erased(f"The key {ticket.request.key!r} of {ticket.actor} was spent on a request that has been erased.")
    if stored.request != request_digest(stored.seed, ticket.actor, ticket.binding.logic.type, ticket.requested, ticket.binding.sent):
        raise KeyReused(f"The key {ticket.request.key!r} of {ticket.actor} belongs to another request; use a new key for a new request.")
