"""
Failure: from an exception to an exit code, an error for programs, and words for people.

Every error has `code` and `message`; what else it holds depends on the code (docs/guides/command-line.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ensue import errors
from ensue.cli.exit_codes import ExitCode
from ensue.cli.text import print_fields, print_hanging, printable, styled, value_text
from ensue.core.codec import UnsupportedType
from ensue.core.field_types import codec_for
from ensue.errors import EnsueError

if TYPE_CHECKING:
    from rich.console import Console


class NothingThere(EnsueError):
    """What a reading command was asked for is not there."""


# The first of an exception's classes that stands here says its code and how the program ends.
CODES: Mapping[type[BaseException], tuple[str, ExitCode]] = {
    NothingThere: ("not_found", ExitCode.REFUSED),
    errors.Rejected: ("rejected", ExitCode.REFUSED),
    errors.FieldConflict: ("field_conflict", ExitCode.REFUSED),
    errors.KeyReused: ("key_reused", ExitCode.REFUSED),
    errors.Erased: ("erased", ExitCode.REFUSED),
    errors.PlanMoved: ("plan_moved", ExitCode.REFUSED),
    errors.PlanBlocked: ("plan_blocked", ExitCode.REFUSED),
    errors.ConflictError: ("conflict", ExitCode.REFUSED),
    errors.Refused: ("refused", ExitCode.REFUSED),
    errors.InvalidJson: ("invalid_json", ExitCode.USAGE),
    errors.InvalidForm: ("invalid_form", ExitCode.USAGE),
    errors.TooLarge: ("too_large", ExitCode.USAGE),
    errors.UnknownEventType: ("unknown_event_type", ExitCode.USAGE),
    errors.VersionError: ("version", ExitCode.USAGE),
    errors.RequestError: ("request", ExitCode.USAGE),
    errors.CanonicalError: ("request", ExitCode.USAGE),
    errors.ExpectationMissing: ("expectation_missing", ExitCode.USAGE),
    errors.ConfigurationError: ("configuration", ExitCode.USAGE),
    errors.WorkerFailed: ("worker", ExitCode.APPLICATION),
    errors.Tampered: ("verification", ExitCode.NOT_VERIFIED),
    errors.BrokenExport: ("broken_export", ExitCode.USAGE),
    errors.FormatError: ("verification", ExitCode.NOT_VERIFIED),
    errors.NotMigrated: ("not_migrated", ExitCode.DATABASE),
    errors.Unavailable: ("unavailable", ExitCode.DATABASE),
    errors.ClockError: ("clock", ExitCode.DATABASE),
    errors.LedgerError: ("database", ExitCode.DATABASE),
    errors.DefinitionError: ("definition", ExitCode.APPLICATION),
    errors.StepError: ("step", ExitCode.APPLICATION),
    errors.NotLoaded: ("step", ExitCode.APPLICATION),
}


@dataclass(frozen=True)
class Failure:
    """Why a command did not do what it was asked: *error* for programs, *lines* below the message for people."""

    exit_code: ExitCode
    error: dict[str, Any]
    lines: tuple[tuple[str, str], ...] = ()

    def show(self, console: Console) -> None:
        """The message, and what it lists, one below the other."""
        print_hanging(console, styled("Error: ", "bold red"), Text(printable(" ".join(self.error["message"].split()))))
        print_fields(console, {printable(name): Text(printable(line)) for name, line in self.lines}, 7)


def failure_of(error: EnsueError) -> Failure:
    """What to say, and to return, for an exception of ensue."""
    code, exit_code = next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), ("fault", ExitCode.FAULT))
    message = str(error)
    match error:
        case errors.InvalidForm():
            problems = [asdict(problem) for problem in error.problems]
            lines = [(problem.path, problem.message) for problem in error.problems]
            return Failure(
                exit_code,
                {"code": code, "message": f"{error.what}: the form cannot be used; nothing was saved.", "problems": problems},
                tuple(lines),
            )
        case errors.Rejected():
            reasons = [reason.as_json() for reason in error.reasons]
            lines = [(reason["code"], reason["message"]) for reason in reasons]
            return Failure(exit_code, {"code": code, "message": "Rejected; nothing was saved.", "reasons": reasons}, tuple(lines))
        case errors.FieldConflict():
            clashes = [{**asdict(clash), "value": as_json(clash.value)} for clash in error.clashes]
            lines = [(f"{clash.row} {clash.field}".rstrip(), clash_text(clash)) for clash in error.clashes]
            return Failure(
                exit_code,
                {"code": code, "message": "Not as you saw it; nothing was saved. Read again and decide again.", "clashes": clashes},
                tuple(lines),
            )
        case errors.ExpectationMissing():
            return Failure(exit_code, {"code": code, "message": message, "fields": list(error.fields)})
        case errors.VersionError():
            return Failure(
                exit_code, {"code": f"version_{error.code}", "message": message, "nearest": list(error.nearest), "sunset": error.sunset}
            )
        case errors.StepError():
            return Failure(exit_code, {"code": code, "message": message, "step": error.step})
        case errors.Refused():
            return Failure(exit_code, {"code": code, "message": message, "model": error.model, "columns": list(error.columns)})
    return Failure(exit_code, {"code": code, "message": message})


def clash_text(clash: errors.Clash) -> str:
    """One field that is not as it was seen: what it is now, and who wrote it."""
    now = "" if clash.reason == "absent" or not clash.field else f", now {value_text(as_json(clash.value))}"
    return f"{clash.reason}{now}" + (f", by event {clash.event_id}" if clash.event_id else "")


def as_json(value: Any) -> Any:
    """A Python value of a field as the J1 value it is stored as."""
    if value is None or isinstance(value, (str, int)):
        return value
    try:
        return codec_for(type(value)).encode(value)
    except UnsupportedType:  # a tuple or a set: its items have types, it has none
        return [as_json(item) for item in value]
