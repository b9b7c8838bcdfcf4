"""Ledger: the facade. One tenant's events and tables, in one order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from ensue.core.app import App
from ensue.core.canonical import Json
from ensue.core.catalog import Catalog
from ensue.core.codec import instant_text
from ensue.core.event import Event, Shape, read_event
from ensue.core.identity import random_event_id
from ensue.core.model import Model
from ensue.core.plan import Plan
from ensue.core.record import Record
from ensue.core.selection import ALL, Selection
from ensue.core.version import Version
from ensue.errors import EnsueError, RequestError, TooLarge
from ensue.runtime.answer import Answer
from ensue.runtime.as_of import AsOf
from ensue.runtime.audit import AuditReport, audit_sample
from ensue.runtime.batch import Surroundings
from ensue.runtime.copying import Copying
from ensue.runtime.correct import Correcting
from ensue.runtime.corrections import Corrections
from ensue.runtime.door import Door
from ensue.runtime.guard import development_guard
from ensue.runtime.hindsight import Hindsight
from ensue.runtime.preview import preview
from ensue.runtime.reading import Change, Reading, Snapshot
from ensue.runtime.recording import Recorder
from ensue.runtime.report import Report
from ensue.runtime.request import Expectations, Outcome, Request, Unit
from ensue.runtime.rows import Constraints
from ensue.runtime.seen import seen_in
from ensue.runtime.tags import TagKeys
from ensue.runtime.verify import verify
from ensue.runtime.writer import BATCH_MAX, Writer
from ensue.source.catalog.build import catalog_of
from ensue.storage.database import Storage

if TYPE_CHECKING:
    from sqlalchemy import Connection

M = TypeVar("M", bound=Model)
SUBMITTED_AHEAD_MAX: Final = 1_024


class Ledger(Hindsight, Corrections, Copying):
    """
    One tenant's events and tables, in one order. Made by `ensue.open` or `Database.ledger`; a context manager.

    All methods may be called from any thread.
    """

    def __init__(
        self,
        app: App,
        storage: Storage,
        *,
        clock: Callable[[], datetime] | None,
        tag_keys: TagKeys,
        cost: int,
        development: bool,
        random_bytes: Callable[[int], bytes],
        account_version: str | None,
        published: Collection[Version] | None = None,
    ) -> None:
        super().__init__(app, storage)
        self._storage = storage
        self._clock = clock
        self._random_bytes = random_bytes
        guard = development_guard if development else None
        self._door = Door(app, storage.uid, clock, random_bytes, account_version, published, guard)
        recorder = Recorder(app, storage.uid, cost=cost, random_bytes=random_bytes)
        self._around = Surroundings(app, storage.uid, recorder, tag_keys, clock, guard, random_bytes, Constraints(app, storage.keys))
        self._writer = Writer(storage, self._around, lanes=1 if storage.is_sqlite else 2)
        self._reading = Reading(app, storage, tag_keys, self._note_read)
        self._correcting = Correcting(app, storage, self._door, self._writer.put)

    @property
    def uid(self) -> str:
        """The ledger's identity, 32 hexadecimal digits; part of every chain's genesis and every event id."""
        return self._storage.uid

    # -- life
    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Commit what was submitted, and close every connection."""
        self._writer.close()
        self._storage.close()

    # -- submitting
    def submit(
        self,
        event: Event,
        *,
        actor: str,
        key: str | None = None,
        version: str | None = None,
        expect: Expectations | None = None,
        cause: str | None = None,
        occurred: datetime | None = None,
        behalf: str | None = None,
        purpose: str | None = None,
    ) -> Record:
        """
        Decide *event* and commit everything that follows from it, or nothing; returns when it is on the disk.

        Record, operations and effects share one transaction. Effects are performed later; `submit` does not wait for
        them. The same *key* of the same actor gives the same record, for ever.

        Args:
            event: what happened.
            actor: who acts, an opaque id.
            key: the idempotency key; without one, each call is an event of its own.
            version: whose rules apply; default: the account's, the app's default, or the newest.
            expect: the tags of what the caller saw, `{"Patient/p-17": {"phone": tag}}`.
            cause: the record or effect that led to this event.
            occurred: when it held, by the caller's word; a time with a zone.
            behalf: whom the actor acts for.
            purpose: why.

        Raises:
            Rejected: The steps refused the event; carries every typed reason.
            ConflictError: A field the caller had seen has changed, or the key belongs to another request.
            RequestError: The request cannot be understood.
            StepError: A step broke its contract.
            LedgerError: The database could not take it; the same key may be sent again.
        """
        request = Request(event, key, version, expect, cause, occurred, behalf, purpose)
        return self._submit(request, actor).result()

    def submit_soon(
        self,
        event: Event,
        *,
        actor: str,
        key: str | None = None,
        version: str | None = None,
        expect: Expectations | None = None,
        cause: str | None = None,
        occurred: datetime | None = None,
        behalf: str | None = None,
        purpose: str | None = None,
    ) -> Answer[Record]:
        """As `submit`, but at once: the answer to come, to be awaited or joined. What is wrong with the request itself is raised here."""
        return self._submit(Request(event, key, version, expect, cause, occurred, behalf, purpose), actor)

    def submit_all(self, requests: Iterable[Request], *, actor: str, version: str | None = None, together: bool = False) -> list[Outcome]:
        """
        Many requests, in order, filling batches: their outcomes in the same order.

        An outcome is a record, or the error `submit` would have raised. With *together* all are committed or none:
        at most 256, and the first error is raised.
        """
        if together:
            return list(self._submit_together(list(requests), actor, version))
        outcomes: list[Outcome] = []
        waiting: list[Answer[Record] | EnsueError] = []
        for request in requests:
            waiting.append(self._take(request, actor, version))
            if len(waiting) >= SUBMITTED_AHEAD_MAX:
                outcomes += map(_outcome, waiting[:BATCH_MAX])
                del waiting[:BATCH_MAX]
        return outcomes + [_outcome(one) for one in waiting]

    def _submit_together(self, requests: list[Request], actor: str, version: str | None) -> Iterator[Record]:
        if len(requests) > BATCH_MAX:
            raise TooLarge(f"together=True takes at most {BATCH_MAX} requests, found {len(requests)}; they must fit one transaction.")
        tickets = [self._door.ticket(request, actor, version) for request in requests]
        if tickets:
            self._writer.put([Unit(tickets, together=True)])
        return iter([ticket.answer.result() for ticket in tickets])

    def _take(self, request: Request, actor: str, version: str | None) -> Answer[Record] | EnsueError:
        try:
            ticket = self._door.ticket(request, actor, version)
        except (RequestError, EnsueError) as error:
            return error
        self._writer.put([Unit([ticket])])
        return ticket.answer

    def _submit(self, request: Request, actor: str) -> Answer[Record]:
        ticket = self._door.ticket(request, actor, None)
        self._writer.put([Unit([ticket])])
        return ticket.answer

    def read_event(self, type: str, form: Mapping[str, Json], *, version: str | None = None) -> Event:
        """
        An event from a form of outside, by its names on the wire, in the shape of its version.

        Raises:
            UnknownEventType, VersionError, InvalidForm (all problems at once).
        """
        return read_event(self._door.shape(type, version), form)

    def shape(self, type: str, *, version: str | None = None) -> Shape:
        """The class of events of a type under a version, a draft included. Raises UnknownEventType, VersionError."""
        return self._door.shape(type, version)

    # -- asking
    def preview(
        self,
        event: Event,
        *,
        actor: str,
        key: str | None = None,
        version: str | None = None,
        expect: Expectations | None = None,
        cause: str | None = None,
        occurred: datetime | None = None,
        behalf: str | None = None,
        purpose: str | None = None,
    ) -> Plan:
        """
        What would follow from *event* just now; nothing is saved and nothing is locked.

        The same check and the same steps as `submit`. A plan carries the rejections that `submit` would raise; conflicts
        and errors are raised.
        """
        request = Request(event, key, version, expect, cause, occurred, behalf, purpose)
        return preview(self._door.ticket(request, actor, None, drafts=True), self._storage, self._around)

    def get(self, model: type[M], id: str, *, as_of: AsOf | None = None, actor: str | None = None, purpose: str | None = None) -> M:
        """One row, in the shape or view of *model*, now or *as_of*, as for `snapshot`; the look is on record. Raises NotFound."""
        return self._reading.get(model, id, actor, purpose, as_of)

    def snapshot(
        self, subject: str | Model, *, as_of: AsOf | None = None, actor: str | None = None, purpose: str | None = None
    ) -> Snapshot:
        """
        A subject with all rows that are its own, at one moment; the look is on record.

        *as_of* is a position of the ledger, itself included, or a moment, which stands for every record not later than
        itself. Rows are told from the subject's records, in the newest shape of their models. What no event inserted,
        as in tables that others write too, is known from the first event that saw it, as far as it saw it.

        Wherever `verify` finds nothing, the newest position tells our own tables as they stand: a row that was changed beside the
        ledger is told as its events left it, and from a correction on as people decided about it, in the columns that were decided.

        Raises:
            NotFound: there is no such subject, or was none then.
            RequestError: there is no such position, the moment has no time zone, or no event saw enough of a row.
            FormatError: a record is not as ensue wrote it; names the record.
        """
        return self._reading.snapshot(subject, actor, purpose, as_of)

    def timeline(
        self, subject: str | Model, *, actor: str | None = None, purpose: str | None = None, after_seq: int = 0, limit: int | None = None
    ) -> list[Record]:
        """The records of a subject's chain, oldest first; the look is on record."""
        return self._reading.timeline(subject, actor, purpose, after_seq, limit)

    def history(self, row: Model | str, *, actor: str | None = None, purpose: str | None = None) -> list[Change]:
        """Every past value of a row (`Prescription/rx-1`): who changed what, when, by which event; the look is on record."""
        return self._reading.history(row, actor, purpose)

    def tags(self, row: Model | str | Event, *, actor: str | None = None, purpose: str | None = None) -> dict[str, Any]:
        """
        What to send back in `expect=`: of a row, field to tag; of an event not yet sent, the whole mapping for all that it reads.

        The tag of an event's `Related` stands under its first subject, by the field's name.
        """
        if isinstance(row, Event):
            return self._reading.tags_of_event(self._door.ticket(Request(row), actor or "nobody", None), self._around, actor, purpose)
        return self._reading.tags(row, actor, purpose)

    def records(
        self,
        *,
        after: int = -1,
        limit: int | None = None,
        selection: Selection = ALL,
        actor: str | None = None,
        purpose: str | None = None,
    ) -> Iterator[Record]:
        """The records behind a position, or those of a *selection*, in the ledger's order, read in pages; the look is on record."""
        return self._reading.records(replace(selection, first=max(selection.first, after + 1)), limit, actor, purpose)

    def record(self, id: str, *, actor: str | None = None, purpose: str | None = None) -> Record:
        """The record of an event's id; the look is on record. Raises NotFound."""
        return self._reading.record(id, actor, purpose)

    def attempts(self, subject: str | Model) -> list[dict[str, Any]]:
        """The events on a subject that were rejected or in conflict, oldest first; they expire after 90 days."""
        return self._reading.attempts(subject)

    def reads(self, subject: str | Model) -> list[dict[str, Any]]:
        """Who looked at a subject, when, why and at what."""
        return self._reading.reads(subject)

    def catalog(self) -> Catalog:
        """What the application declares, and how often each of it was seen in this ledger. Refused attempts count for 90 days."""
        return catalog_of(self.app, seen_in(self._storage))

    def audit_sample(self, rate: float, *, last: int = 10_000, after: int | None = None) -> AuditReport:
        """
        Decide a share of the *last* records, or of those behind the position *after*, again in a process with another hash seed and zone.

        What is decided differently is told with step, line and remedy, and logged. Nothing is written, nothing performed.

        Raises:
            ConfigurationError: the rate is not above 0 and at most 1.
        """
        return audit_sample(self.app, self._storage, rate, last=last, after=after)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A SQLAlchemy connection at one moment, for ordinary queries over `Model.table`; nothing can be written through it."""
        with self._storage.snapshot() as connection:
            yield connection

    def verify(self, *, progress: Callable[[int, int], None] | None = None) -> Report:
        """
        Check all that is stored against itself: chains, links, payloads, stamps, copied columns, and the rows.

        Returns the report; nothing is raised for what is found. *progress* is told (records done, records in all).
        """
        return verify(self._storage, progress)

    def _note_read(self, rows: list[tuple[Any, ...]]) -> None:
        moment = instant_text(self._clock() if self._clock else datetime.now(UTC))
        unit = Unit([], reads=[(subject, moment, random_event_id(self._random_bytes(16)), *rest) for subject, *rest in rows])
        self._writer.put([unit])
        assert unit.answer is not None
        unit.answer.result()


def _outcome(waiting: Answer[Record] | EnsueError) -> Outcome:
    if isinstance(waiting, EnsueError):
        return waiting
    try:
        return waiting.result()
    except EnsueError as error:
        return error
