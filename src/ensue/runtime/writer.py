"""
Writer: the threads that turn a queue of requests into committed batches.

Group commit is natural: while one batch commits, the next one forms. SQLite has one lane; PostgreSQL two, so that one
batch is decided while the other commits, as long as they share no subject and no key.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

import stamina
import structlog

from ensue.core.facts import Facts, Needs
from ensue.core.record import Record
from ensue.core.rejection import AlreadyExists
from ensue.errors import Closed, EnsueError, LedgerError, OutcomeUnknown, Refused, Unavailable
from ensue.runtime import expectations
from ensue.runtime.answer import Answer, give_all
from ensue.runtime.batch import Batch, Surroundings
from ensue.runtime.decoding import record_of
from ensue.runtime.request import Ticket, Unit
from ensue.storage.database import Storage
from ensue.storage.read import records_by_id
from ensue.storage.session import Lost, Raced, Session

BATCH_MAX: Final = 256
SCAN_MAX: Final = 1_024
RETRIES_MAX: Final = 12
RETRY_TIMEOUT_SECONDS: Final = 60.0

logger = structlog.get_logger("ensue.writer")


class Writer:
    """The queue and the lanes of one ledger. Every unit that was taken is answered, whatever happens."""

    def __init__(self, storage: Storage, around: Surroundings, *, lanes: int) -> None:
        self._storage = storage
        self._around = around
        self._pending: deque[Unit] = deque()
        self._condition = threading.Condition()
        self._forming: int | None = None
        """The lane whose batch has not locked its subjects yet."""
        self._in_flight: dict[int, tuple[frozenset[str], frozenset[str]]] = {}
        self._closed = False
        self._process_id = os.getpid()
        self._threads = [
            threading.Thread(target=self._work, args=(lane,), name=f"ensue-writer-{lane}", daemon=True) for lane in range(lanes)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, units: list[Unit]) -> None:
        """Queue *units*, in order. Raises Closed."""
        if os.getpid() != self._process_id:
            raise Closed(
                "The ledger was opened by another process, and its threads did not come along; nothing was saved. Open it after the fork."
            )
        with self._condition:
            if self._closed:
                raise Closed("The ledger is closed; nothing was saved.")
            self._pending.extend(units)
            self._condition.notify()

    def close(self) -> None:
        """Take no more, commit what is queued, and end the lanes."""
        if os.getpid() != self._process_id:
            return  # the lanes are the other process's
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()

    # -- forming
    def _work(self, lane: int) -> None:
        worker = _Lane(self, lane)
        try:
            while units := self._form(lane):
                try:
                    rest = worker.commit(units)
                except BaseException as error:  # noqa: BLE001  # a fault of ours even there: nobody may be left waiting
                    rest = []
                    _fail_unanswered(units, _failure_of(error))
                self._landed(lane, rest)
        finally:
            worker.close()

    def _form(self, lane: int) -> list[Unit] | None:
        """The next batch for a lane; waits for one. None at the end."""
        with self._condition:
            while True:
                if self._forming is None and self._pending:
                    units = self._pick()
                    if units:
                        self._forming = lane
                        self._in_flight[lane] = _footprint(units)
                        return units
                if self._closed and not self._pending:
                    return None
                self._condition.wait()

    def _pick(self) -> list[Unit]:
        """Units from the front of the queue that share nothing with a batch in flight; the order within a subject and a key is kept."""
        if not self._in_flight:
            return self._pick_all()
        subjects = set().union(*(one[0] for one in self._in_flight.values()))
        ids = set().union(*(one[1] for one in self._in_flight.values()))
        picked: list[Unit] = []
        passed: list[Unit] = []
        size = 0
        while self._pending and size < BATCH_MAX and len(passed) < SCAN_MAX:
            unit = self._pending[0]
            unknown = any(ticket.subjects is None for ticket in unit.tickets)
            if unknown or (unit.together and picked):
                break  # its subjects may be anything: whatever follows must wait with it
            self._pending.popleft()
            its_subjects, its_ids = _footprint([unit])
            if its_subjects & subjects or its_ids & ids or unit.together:
                passed.append(unit)
                subjects |= its_subjects
                ids |= its_ids
            else:
                picked.append(unit)
                size += len(unit.tickets) or 1
        self._pending.extendleft(reversed(passed))
        return picked

    def _pick_all(self) -> list[Unit]:
        picked: list[Unit] = []
        size = 0
        while self._pending and size < BATCH_MAX:
            if self._pending[0].together and picked:
                break
            unit = self._pending.popleft()
            picked.append(unit)
            size += len(unit.tickets) or 1
            if unit.together:
                break
        return picked

    def decided(self, lane: int, units: list[Unit]) -> None:
        """A lane's batch is on its way to disk: the next one may form, if nobody can overtake what is left over."""
        with self._condition:
            if self._forming == lane and all(ticket.subjects is not None for unit in units for ticket in unit.tickets):
                self._forming = None
                picked, found = self._in_flight[lane], _footprint(units)
                self._in_flight[lane] = (picked[0] | found[0], picked[1] | found[1])
                self._condition.notify()

    def _landed(self, lane: int, rest: list[Unit]) -> None:
        with self._condition:
            if self._forming == lane:
                self._forming = None
            self._in_flight.pop(lane, None)
            self._pending.extendleft(reversed(rest))
            self._condition.notify_all()


def _footprint(units: list[Unit]) -> tuple[frozenset[str], frozenset[str]]:
    subjects = [subject for unit in units for ticket in unit.tickets for subject in ticket.subjects or ()]
    return frozenset(subjects), frozenset(ticket.id for unit in units for ticket in unit.tickets)


def _check(session: Session, units: list[Unit], batch: Batch) -> None:
    """What a request that stands as a whole makes sure of, unless it stands already."""
    for unit in units:
        if unit.check is not None and not all(ticket.id in batch.opened.stored for ticket in unit.tickets):
            unit.check(session.hold_counter())


def _fail_unanswered(units: list[Unit], error: EnsueError) -> None:
    for unit in units:
        unit.fail(error)  # what has its outcome keeps it


def _failure_of(error: BaseException) -> LedgerError:
    """What the callers are told of a fault of ours. The log gets the places it went through, but no values: those may be about people."""
    logger.error("writer_failed", error=type(error).__name__, trace="".join(traceback.format_tb(error.__traceback__)))
    failure = LedgerError(f"The writer failed: {type(error).__name__}: {error}. Look the event up before sending it again.")
    failure.__cause__ = error
    return failure


class _Lane:
    """One writing connection, and what it does with a batch."""

    def __init__(self, writer: Writer, number: int) -> None:
        self._writer = writer
        self._number = number
        self._storage = writer._storage
        self._around = writer._around
        self._session: Session | None = None

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None and not self._storage.is_memory:
            self._session.close()
        self._session = None

    def commit(self, units: list[Unit], *, again: bool = False) -> list[Unit]:
        """Commit a batch and answer it. Returns the units that must open the next one. *again*: it may have been committed already."""
        try:
            try:
                return self._attempt(units, again=again)
            except (Raced, Lost) as error:
                return self._again(units, error)
        except Refused as refused:
            if refused.unique and len(units) == 1 and not again:
                # another process may have been first, with this very event perhaps: then it is seen now
                return self.commit(units, again=True)
            return self._halve(units, refused, again=again)
        except (Raced, Lost) as error:
            self._fail(
                units, Unavailable(f"{error} It was tried {RETRIES_MAX} times; nothing of the request was saved. Send the same key again.")
            )
        except EnsueError as error:
            self._fail(units, error)
        except BaseException as error:  # noqa: BLE001  # a fault of ours, or a step that ends the program: only the event that brings it out may fail
            return self._halve(units, error, again=True)
        return []

    def _again(self, units: list[Unit], error: Raced | Lost) -> list[Unit]:
        """Decide the batch again until it lands, with back-off. What may be in the database already is looked up as soon as that can be."""
        unknown = isinstance(error, Lost) and error.wrote

        def is_to_be_tried(error: Exception) -> bool:
            return isinstance(error, (Raced, Lost)) or (unknown and isinstance(error, Unavailable))

        try:
            for attempt in stamina.retry_context(
                on=is_to_be_tried,
                attempts=None if unknown else RETRIES_MAX,
                timeout=RETRY_TIMEOUT_SECONDS,
                wait_initial=0.002,
                wait_max=0.5,
                wait_jitter=0.05,
            ):
                with attempt:
                    try:
                        return self._attempt(units, again=True)
                    except Lost as lost:
                        unknown = unknown or lost.wrote
                        raise
        except (Raced, Lost, Unavailable) as last:
            if not unknown:
                raise
            ids = [ticket.id for unit in units for ticket in unit.tickets]
            raise OutcomeUnknown(
                f"{error} Whether the request was saved is not known, for it cannot be looked up: {last} Send the same key again.", ids
            ) from last
        raise AssertionError("the last attempt returns or raises")

    def _halve(self, units: list[Unit], error: BaseException, *, again: bool = False) -> list[Unit]:
        """Something in the batch cannot be written: each half again, until the bad one stands alone and fails with its own error."""
        if len(units) > 1:
            middle = len(units) // 2
            rest = self.commit(units[:middle], again=again)
            return [*rest, *units[middle:]] if rest else self.commit(units[middle:], again=again)
        if isinstance(error, Refused) and error.unique:
            self._fail(units, AlreadyExists(model=error.model or "row", fields=", ".join(error.columns) or "key"))
        else:
            self._fail(units, error if isinstance(error, Refused) else _failure_of(error))
        return []

    def _fail(self, units: list[Unit], error: EnsueError) -> None:
        if isinstance(error, LedgerError) and not isinstance(error, Refused):
            self.close()
        for unit in units:
            unit.fail(error)

    # -- one transaction
    def _attempt(self, units: list[Unit], *, again: bool) -> list[Unit]:
        if self._session is None:
            self._session = self._storage.session()
        session = self._session
        tickets = [ticket for unit in units for ticket in unit.tickets]
        with self._storage.writing():
            try:
                self._resolve(session, tickets)
                batch = self._open(session, tickets, again=again)
                _check(session, units, batch)
                rest = batch.take(units)
                taken = units[: len(units) - len(rest)]
                if not taken:  # the first must be resolved again; of a request that stands as a whole, nothing is kept
                    session.rollback()
                    return rest
                failed = self._failure_of_together(batch, taken)
                if failed is not None:
                    session.rollback()
                    self._keep_attempt(session, batch)
                    for unit in taken:
                        unit.fail(failed)
                    return rest
                for unit in taken:
                    batch.writes.reads.extend(unit.reads or ())
                if not (batch.accepted or batch.writes.attempts or batch.writes.reads):
                    session.rollback()
                    first = -1
                else:
                    batch.chains.write(batch.writes)
                    batch.writes.rows = batch.row_writes()
                    self._writer.decided(self._number, units)
                    first = session.finish(batch.writes)
                    self._around.logics_stored.update(digest for digest, _ in batch.writes.logic)
            except Lost:
                self._session = None
                raise
            except BaseException:
                session.rollback()
                raise
        self._answer(batch, taken, first)
        return rest

    def _resolve(self, session: Session, tickets: list[Ticket]) -> None:
        """Follow `by` paths and children's parents to the subjects, without locks; nothing to do when the forms name them."""
        open_tickets = [ticket for ticket in tickets if ticket.subjects is None]
        facts = Facts()
        while open_tickets:
            needs = Needs()
            waiting = [ticket for ticket in open_tickets if not ticket.binding.find(facts, needs)]
            for ticket in open_tickets:
                if ticket not in waiting:
                    ticket.subjects = ticket.binding.subjects(facts)
            if waiting:
                session.peek(needs, facts)
            open_tickets = waiting

    def _open(self, session: Session, tickets: list[Ticket], *, again: bool) -> Batch:
        """Lock the heads and load what is declared, for all events of the batch at once."""
        locked = frozenset(subject for ticket in tickets for subject in ticket.subjects or ())
        ids = [ticket.id for ticket in tickets if again or ticket.request.key is not None]
        facts = Facts()
        needs = self._needs(session, tickets, facts)
        opened = session.open(sorted(locked), ids, needs, facts)
        while needs := self._needs(session, tickets, facts):
            session.load(needs, facts)
        return Batch(self._around, session, facts, opened, locked)

    def _needs(self, session: Session, tickets: list[Ticket], facts: Facts) -> Needs:
        needs = Needs()
        for ticket in tickets:
            ticket.binding.find(facts, needs)
            if ticket.request.expect:
                expectations.ask(ticket, session.models, needs, facts)
        return needs

    def _failure_of_together(self, batch: Batch, taken: list[Unit]) -> EnsueError | None:
        """The first error of a request that stands or falls as one."""
        if len(taken) == 1 and taken[0].together:
            return next((error for _, error in batch.answered), None)
        return None

    def _keep_attempt(self, session: Session, batch: Batch) -> None:
        if batch.writes.attempts:
            session.open([], [], Needs(), Facts())
            kept = type(batch.writes)(attempts=batch.writes.attempts)
            session.finish(kept)

    # -- answers
    def _answer(self, batch: Batch, taken: list[Unit], first: int) -> None:
        outcomes: list[tuple[Answer[Any], Any, BaseException | None]] = []
        for place, (ticket, record) in enumerate(batch.accepted):
            record.placed(first + place)
            outcomes.append((ticket.answer, record, None))
        outcomes += [(ticket.answer, None, error) for ticket, error in batch.answered]
        outcomes += [(unit.answer, None, None) for unit in taken if unit.answer is not None]
        give_all(outcomes)  # before anything more is read: what is committed is committed
        give_all([(ticket.answer, record, None) for ticket, record in self._repeated(batch)])

    def _repeated(self, batch: Batch) -> Iterator[tuple[Ticket, Record]]:
        """Answer requests whose event stood already: the stored answer is rebuilt from the record."""
        stored_ids = [ticket.id for ticket, earlier in batch.repeats if earlier is None]
        stored = {}
        if stored_ids:
            with self._storage.reader() as connection:
                stored = records_by_id(connection, stored_ids)
        for ticket, earlier in batch.repeats:
            record = record_of(self._storage, stored[ticket.id]) if earlier is None else earlier
            yield ticket, record if ticket.request.key is None else record.as_repeat()
