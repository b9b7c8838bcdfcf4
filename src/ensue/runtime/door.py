"""The door: who, which version, which shape, which id. What passes it is a ticket, and is not asked again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from ensue.core.app import App
from ensue.core.canonical import Json, canonical_trusted, check_text
from ensue.core.correction import CORRECTION, Correction, CorrectionBinding
from ensue.core.decide import Guard
from ensue.core.event import Event, Shape
from ensue.core.identity import event_id, random_event_id
from ensue.core.logic import Logic
from ensue.core.version import Version
from ensue.errors import FieldProblem, InvalidForm, TooLarge
from ensue.runtime.answer import Answer
from ensue.runtime.deprecation import warn_once
from ensue.runtime.guard import all_watched
from ensue.runtime.request import Request, Ticket

ACTOR_LENGTH_MAX: Final = 200
FORM_BYTES_MAX: Final = 1_048_576
"""As much as one JSON that somebody sends may have (core/canonical.py): a record is for ever, and a batch holds 256 of them in memory."""


class Door:
    """The door of one ledger."""

    def __init__(
        self,
        app: App,
        uid: str,
        clock: Callable[[], datetime] | None,
        random_bytes: Callable[[int], bytes],
        account_version: str | None,
        published: Collection[Version] | None,
        guard: Guard | None,
    ) -> None:
        self._app = app
        self._uid = uid
        self._clock = clock
        self._random_bytes = random_bytes
        self._account_version = account_version
        self._published = published
        self._guard = guard
        self._chosen: dict[tuple[str | None, bool], Version] = {}
        self._chosen_of: tuple[tuple[Version, ...], date] | None = None
        """The line and the day that `_chosen` holds for: an app may be told more after the ledger was opened, and a day ends."""

    def ticket(self, request: Request, actor: str, version: str | None, *, drafts: bool = False) -> Ticket:
        """
        A request that was understood. *version* is for requests that name none; with *drafts* it may be unpublished.

        Raises:
            InvalidForm, UnknownEventType, VersionError, TooLarge.
        """
        if problems := _problems(request, actor):
            raise InvalidForm("The request", problems)
        event, asked = request.event, request.version if request.version is not None else version
        if not isinstance(event, Event):
            raise InvalidForm("The request", [FieldProblem("event", "type", f"expected an event, found {type(event).__name__}")])
        logic = self._logic(event.__ensue__.type, asked, drafts=drafts)
        if type(event) is not logic.shape:
            raise InvalidForm(type(event).__name__, [_other_shape(event, logic)])
        id = random_event_id(self._random_bytes(16)) if request.key is None else event_id(self._uid, actor, request.key)
        with all_watched(self._guard):  # brings the event into the shapes of its steps
            ticket = Ticket(request, actor, logic, id, asked, Answer())
        size_bytes = len(canonical_trusted(ticket.binding.sent))
        if size_bytes > FORM_BYTES_MAX:
            raise TooLarge(
                f"{logic.type}: the form has {size_bytes} bytes, more than {FORM_BYTES_MAX}; keep large content elsewhere and refer to it."
            )
        return ticket

    def correction_ticket(self, event: Correction, form: Mapping[str, Json], key: str, actor: str) -> Ticket:
        """A correction that was planned here: its whole form, with the changes, is *form*. Raises InvalidForm, VersionError for a draft."""
        if problems := _problems(Request(event, key), actor):
            raise InvalidForm("The correction", problems)
        version = Version.parse(event.target or event.base)
        if event.target not in (None, event.base):
            self._app.versions(self._published).check_takes_events(version)
        logic = self._app.logic(CORRECTION, version)
        id = event_id(self._uid, actor, key)
        return Ticket(Request(event, key), actor, logic, id, None, Answer(), CorrectionBinding(event, logic, id, form))

    def shape(self, type: str, version: str | None) -> Shape:
        """The shape that events of a type have under a version, a draft included. Raises UnknownEventType, VersionError."""
        return self._logic(type, version, drafts=True).shape

    def _logic(self, type: str, asked: str | None, *, drafts: bool) -> Logic:
        line, today = self._app.line(), self._today()
        if self._chosen_of is None or self._chosen_of[0] is not line or self._chosen_of[1] != today:
            self._chosen, self._chosen_of = {}, (line, today)
        version = self._chosen.get((asked, drafts))
        if version is None:
            version = self._app.choose(asked, self._account_version, today=today, published=self._published, drafts=drafts)
            warn_once(self._app, version, today)
            self._chosen[asked, drafts] = version
        return self._app.logic(type, version)

    def _today(self) -> date:
        return (self._clock() if self._clock else datetime.now(UTC)).date()


def _problems(request: Request, actor: str) -> list[FieldProblem]:
    """What is wrong with what was said beside the event."""
    said = (("actor", actor), *((name, getattr(request, name)) for name in ("key", "cause", "behalf", "purpose")))
    problems = [problem for name, value in said if (problem := _text_problem(name, value))]
    occurred: Any = request.occurred  # callers need not check types
    if occurred is not None and (not isinstance(occurred, datetime) or occurred.tzinfo is None):
        problems.append(FieldProblem("occurred", "zone", f"expected a time with a zone, found {occurred!r}"))
    return problems


def _other_shape(event: Event, logic: Logic) -> FieldProblem:
    since = event.__ensue__.version
    remedy = f'send {logic.shape.__name__}, or say version="{since}"'
    return FieldProblem("version", "shape", f"is the shape since {since}, but the version is {logic.version}: {remedy}")


def _text_problem(name: str, value: Any) -> FieldProblem | None:
    if value is None and name != "actor":
        return None
    if type(value) is not str or not value or len(value) > ACTOR_LENGTH_MAX:
        return FieldProblem(name, "text", f"expected a text of 1 to {ACTOR_LENGTH_MAX} characters, found {value!r:.60}")
    try:
        check_text(value)
    except ValueError as error:
        return FieldProblem(name, "text", str(error))
    return None
