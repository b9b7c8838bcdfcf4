"""Request: what a caller asks for, and the ticket it becomes on its way through the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ensue.core.binding import Binding
from ensue.core.event import Event
from ensue.core.logic import Logic
from ensue.core.record import Record
from ensue.errors import EnsueError
from ensue.runtime.answer import Answer

Expectations = Mapping[str, "Mapping[str, str | None] | None"]
"""What the caller saw: `{"Patient/p-17": {"phone": tag}}`; None for a row, or a tag, that was not there."""


@dataclass(frozen=True)
class Request:
    """
    One event to submit, with all that belongs to it.

    Args:
        event: the event, in the shape of its version.
        key: the idempotency key, the actor's own; it never expires.
        version: whose rules apply; None: the ledger's choice.
        expect: the tags of what the caller saw.
        cause: the record or effect that led to this event.
        occurred: when it held, by the caller's word.
        behalf: the opaque id of whom the actor acts for.
        purpose: why, by the caller's word.
    """

    event: Event
    key: str | None = None
    version: str | None = None
    expect: Expectations | None = None
    cause: str | None = None
    occurred: datetime | None = None
    behalf: str | None = None
    purpose: str | None = None


Outcome = Record | EnsueError
"""What became of one request: its record, or the error that `submit` would have raised."""


class Ticket:
    """A request that has passed the door: it has its version, its id and its place in the queue."""

    __slots__ = ("actor", "answer", "binding", "named", "request", "requested", "subjects")

    def __init__(
        self,
        request: Request,
        actor: str,
        logic: Logic,
        id: str,
        requested: str | None,
        answer: Answer[Record],
        binding: Binding | None = None,
    ) -> None:
        self.request = request
        self.actor = actor
        self.binding = Binding(request.event, logic, id) if binding is None else binding
        self.requested = requested
        self.answer = answer
        self.named = self.binding.subjects_by_form()
        """The chains that the form alone names, whatever stands in the rows; None where paths must be followed."""
        self.subjects: tuple[str, ...] | None = self.named
        """The chains to lock, None before they are resolved."""

    @property
    def id(self) -> str:
        """The event's id."""
        return self.binding.id


class Unit:
    """
    What stands or falls together: one ticket, all tickets of a `together` request, or a note of who read what.

    The *check* of a `together` request is told how many records there are, before anything is decided and while nobody else can commit;
    what it raises is the answer.
    """

    __slots__ = ("answer", "check", "reads", "tickets", "together")

    def __init__(
        self,
        tickets: list[Ticket],
        *,
        together: bool = False,
        reads: list[tuple[Any, ...]] | None = None,
        check: Callable[[int], None] | None = None,
    ) -> None:
        self.tickets = tickets
        self.together = together
        self.check = check
        self.reads = reads
        self.answer: Answer[None] | None = Answer() if reads is not None else None

    def fail(self, error: EnsueError) -> None:
        """Answer everything in it with *error*."""
        for ticket in self.tickets:
            ticket.answer.fail(error)
        if self.answer is not None:
            self.answer.fail(error)
