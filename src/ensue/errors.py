"""
Every exception of ensue.

    EnsueError
    ├── DefinitionError             the application's own classes or steps are wrong; raised at import or at open
    │   └── SourceMissing           code that decides is in no file, so that nobody could see an edit of it
    ├── RequestError                the caller's words cannot be understood; nothing was decided
    │   ├── InvalidJson             not JSON of the profile J1
    │   ├── InvalidForm             fields missing, unknown or wrong: all of them at once, with their paths
    │   ├── TooLarge                more bytes or rows than the stated limit
    │   ├── UnknownEventType
    │   └── VersionError            .code says which: malformed, unknown, future, before_first, draft, retired, not_in_version
    ├── Rejected                    the event may not happen: an answer, not a failure     (core/rejection.py has Rejection)
    ├── ConflictError               something the caller saw, or said before, no longer holds
    │   ├── FieldConflict           a field has changed since it was read
    │   ├── KeyReused               this key was spent on another request
    │   ├── PlanMoved               a correction's plan no longer holds: something moved since it was made
    │   ├── PlanBlocked             a correction's plan cannot be performed: a conflict is not decided, or an event cannot be
    │   └── Erased                  this key was spent, and the request it belonged to has been erased
    ├── ExpectationMissing          the event type demands tags that the request does not carry
    ├── StepError                   a step broke its contract or raised
    ├── NotLoaded                   state was read before the ledger had loaded it
    ├── CanonicalError              a value outside the profile J1
    ├── FormatError                 stored bytes are not of the format they claim
    │   ├── UnknownShape            rows were recorded in a shape of their model that is no longer declared
    │   └── BrokenExport            nor is a file of exported events: .file and .line say where
    ├── ConfigurationError          a key, an address or a setting is missing
    ├── WorkerFailed                a process that shared the work ended, or could not do its part
    └── LedgerError                 the database below
        ├── NotMigrated             its framework tables are absent, older or newer than this release
        ├── Refused                 it refused a change by a constraint, or for its data, that no rule of the model names
        ├── Unavailable             it cannot be reached or written just now; nothing of this request was saved
        ├── OutcomeUnknown          it broke while a batch was committed, and could not be asked again: look, or send the same key again
        ├── ClockError              a head stands too far in the future
        ├── Closed                  the ledger was closed
        └── Tampered                what is stored does not follow from itself

Whose fault: RequestError, Rejected and ConflictError are answers to the caller; DefinitionError and StepError
are the application's; LedgerError is the operator's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class EnsueError(Exception):
    """The root of everything ensue raises."""


class DefinitionError(EnsueError, TypeError):
    """A model, event, effect or step is declared wrongly: one sentence with class, field and remedy."""


class SourceMissing(DefinitionError):
    """What a step reaches was not written in a file that can be read: an edit of it could not be seen."""


class RequestError(EnsueError):
    """The request cannot be understood; nothing was decided and nothing saved."""


class InvalidJson(RequestError):
    """The text is not JSON of the profile J1 (RFC 8785, restricted)."""


@dataclass(frozen=True)
class FieldProblem:
    """One thing wrong with one field: its path on the wire, a code for programs and a sentence for people."""

    path: str
    code: str
    message: str


class InvalidForm(RequestError):
    """Fields are missing, unknown or wrong; `problems` has all of them at once."""

    def __init__(self, what: str, problems: Sequence[FieldProblem]) -> None:
        self.what = what
        self.problems = tuple(problems)
        listed = "; ".join(f"{problem.path}: {problem.message}" for problem in self.problems)
        super().__init__(f"{what}: {listed}")


class TooLarge(RequestError):
    """More bytes, or more related rows, than the stated limit."""


class UnknownEventType(RequestError):
    """No event type has this name; the message names the nearest ones."""


class VersionError(RequestError):
    """
    The version asked for cannot be used.

    `code` is one of malformed, unknown, future, before_first, draft, retired, not_in_version.
    `nearest` holds the versions to use instead, `sunset` the date of retirement where there is one.
    """

    def __init__(self, code: str, message: str, *, nearest: Sequence[str] = (), sunset: str | None = None) -> None:
        self.code = code
        self.nearest = tuple(nearest)
        self.sunset = sunset
        super().__init__(message)


class Rejected(EnsueError):
    """The steps refused the event; `reasons` carries every typed `Rejection`."""

    def __init__(self, reasons: Sequence[Any] = ()) -> None:
        self._reasons = tuple(reasons)
        super().__init__("; ".join(str(reason) for reason in self._reasons))

    @property
    def reasons(self) -> tuple[Any, ...]:
        """The typed reasons, at least one, each a `Rejection`."""
        return self._reasons


class ConflictError(EnsueError):
    """Something the caller saw, or said before, no longer holds; nothing was saved."""


@dataclass(frozen=True)
class Clash:
    """
    One field that is not as the caller saw it.

    `row` is `Model/id`; `value` and `tag` are the present ones (None where the row is absent);
    `reason` is changed, stale (the tag's key is no longer known) or absent; `event_id` names the event that wrote it last, if any did.
    """

    row: str
    field: str
    reason: str
    value: Any
    tag: str | None
    event_id: str | None


class FieldConflict(ConflictError):
    """Fields have changed since the caller read them; `clashes` names each, with its present value and the winner."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        self.clashes = tuple(clashes)
        listed = "; ".join(
            f"{clash.row} {clash.field} is {clash.reason}" + (f" (by event {clash.event_id})" if clash.event_id else "")
            for clash in self.clashes
        )
        super().__init__(f"Not as you saw it: {listed}. Read again and decide again.")


class KeyReused(ConflictError):
    """The idempotency key belongs to another request of the same actor."""


class PlanMoved(ConflictError):
    """A plan of a correction no longer holds: something moved since it was made, or its file shows another. Make it again."""


class PlanBlocked(ConflictError):
    """A correction's plan cannot be performed: a conflict is not decided, an event cannot be decided again, or a table refuses a row."""


class Erased(ConflictError):
    """The key was spent on a request whose content has been erased, so its answer cannot be given again."""


class ExpectationMissing(EnsueError):
    """The event type demands the tags of what the caller saw; `fields` lists the missing ones as `state.column`."""

    def __init__(self, event_type: str, fields: Sequence[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(f"{event_type} must say what it saw: send the tags of {', '.join(self.fields)} in expect=.")


class StepError(EnsueError):
    """A step raised, or returned what it did not declare; the event was not saved. `step` names it."""

    def __init__(self, step: str, message: str) -> None:
        self.step = step
        super().__init__(f"Step {step}: {message}")


class NotLoaded(EnsueError, AttributeError):
    """State or context was read before the ledger had loaded it."""


class CanonicalError(EnsueError, ValueError):
    """A value lies outside the profile J1; the message has its path."""


class FormatError(EnsueError, ValueError):
    """Stored bytes are not of the format they claim to be."""


class UnknownShape(FormatError):
    """Rows were recorded in a shape of their model that the application does not declare any more."""


class BrokenExport(FormatError):
    """
    A file of exported events is not as `ensue export events` writes it.

    `file` is its path; `line` counts lines, or rows in Parquet, from 1 (None: the file as a whole); `expected` says what
    should be there and what was found.
    """

    def __init__(self, file: Any, unit: str, line: int | None, expected: str) -> None:
        self.file = str(file)
        self.line = line
        self.expected = expected
        super().__init__(f"{file}, {unit} {line}: {expected}." if line else f"{file}: {expected}.")


class ConfigurationError(EnsueError):
    """A key, an address or a setting is missing or cannot be used; the message says which and where to set it."""


class WorkerFailed(EnsueError):
    """A process that shared the work of replay, compare, audit or a double run ended, or could not do its part; nothing was written."""


class LedgerError(EnsueError):
    """The database below the ledger, or what it holds, is not as it must be."""


class NotMigrated(LedgerError):
    """The framework's tables are absent, older or newer than this release: run `ensue db migrate`."""


class Unavailable(LedgerError):
    """The database cannot be reached or written just now. Nothing of the request was saved; the same key may be sent again."""


class OutcomeUnknown(LedgerError):
    """
    The connection broke while the request was committed, and no other could be made to look.

    The same key may be sent again: it gives the record that stands, or makes it. `event_ids` are those of the batch;
    `ledger.record(id)` says whether one of them stands.
    """

    def __init__(self, message: str, event_ids: Sequence[str]) -> None:
        self.event_ids = tuple(event_ids)
        super().__init__(message)


class Refused(LedgerError):
    """The database refused a change: a constraint, or its data. `model` and `columns` as far as it said; nothing of the event was saved."""

    def __init__(self, message: str, model: str | None, columns: Sequence[str], *, unique: bool) -> None:
        self.model = model
        self.columns = tuple(columns)
        self.unique = unique
        super().__init__(message)


class ClockError(LedgerError):
    """A head stands more than five minutes ahead of the clock."""


class Closed(LedgerError):
    """The ledger was closed before the request could be taken."""


@dataclass(frozen=True)
class Fault:
    """One thing that verification found: what kind, where (subject, seq, position as far as known), and a sentence."""

    kind: str
    message: str
    subject: str | None = None
    seq: int | None = None
    position: int | None = None
    details: Mapping[str, Any] | None = None


class Tampered(LedgerError):
    """What is stored does not follow from itself; `faults` starts with the first bad record in the ledger's order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults[0].message if self.faults else "Verification failed.")
