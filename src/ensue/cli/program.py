"""The program: its commands, and one way out for every answer and every error."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from typing import Annotated, Any

import typer

from ensue.cli import (
    attempts,
    audit,
    catalog,
    changelog,
    compare,
    correct,
    db,
    demo,
    export,
    history,
    lint,
    rebuild,
    replay,
    show,
    submit,
    tags,
    timeline,
    verify,
    versions,
)
from ensue.cli.exit_codes import IN_HELP, ExitCode
from ensue.cli.failure import Failure, failure_of
from ensue.cli.output import Answer, print_envelope, release
from ensue.errors import EnsueError, RequestError

program = typer.Typer(
    name="ensue",
    help="An event happens; ensue decides what follows, saves both together, and can prove it.",
    epilog=IN_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: it fits every width, and [tool.ensue] is no style
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
program.command(epilog=submit.EXAMPLES)(submit.submit)
program.command(epilog=submit.PREVIEW_EXAMPLES)(submit.preview)
program.command(epilog=show.EXAMPLES)(show.show)
program.command(epilog=timeline.EXAMPLES)(timeline.timeline)
program.command(epilog=history.EXAMPLES)(history.history)
program.command(epilog=tags.EXAMPLES)(tags.tags)
program.command(epilog=attempts.EXAMPLES)(attempts.attempts)
program.command(epilog=verify.EXAMPLES)(verify.verify)
program.command(epilog=replay.EXAMPLES)(replay.replay)
program.command(epilog=compare.EXAMPLES)(compare.compare)
program.command(epilog=audit.EXAMPLES)(audit.audit)
program.command(epilog=lint.EXAMPLES)(lint.lint)
program.add_typer(catalog.program, name="catalog")
program.command(epilog=changelog.EXAMPLES)(changelog.changelog)
program.add_typer(versions.program, name="versions")
program.command(epilog=rebuild.EXAMPLES)(rebuild.rebuild)
program.add_typer(export.program, name="export")
program.add_typer(correct.correct_program, name="correct")
program.add_typer(correct.undo_program, name="undo")
program.add_typer(db.program, name="db")
program.add_typer(demo.program, name="demo")

# Whatever the parser of options finds wrong; typer names only this child of it.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def print_release(asked: bool) -> None:
    """`ensue --version`."""
    if asked:
        typer.echo(f"ensue {release()}")
        raise typer.Exit


@program.callback()
def everywhere(
    _version: Annotated[
        bool, typer.Option("--version", callback=print_release, is_eager=True, help="Print the release and leave.")
    ] = False,
) -> None:
    """An event happens; ensue decides what follows, saves both together, and can prove it."""


def run(arguments: Sequence[str]) -> int:
    """
    Run one command line and print what comes of it. Returns the exit code; raises nothing that can be foreseen.

    The answer goes to stdout; a failure to stderr, or with `--json` into the envelope.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # for as long as the program runs
        elif hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")  # a console of few characters shows the others by number
    as_json = "--json" in takewhile(lambda argument: argument != "--", arguments)
    outcome = outcome_of(list(arguments))
    try:
        return tell(outcome, as_json=as_json)
    except OSError as error:
        # Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return ExitCode.BROKEN_PIPE
        sys.stderr.write(f"Error: The output cannot be written: {error.strerror}. What was asked for was done.\n")
        return ExitCode.OUTPUT


@cache
def command_line() -> Any:  # typer has no public name for what it makes
    """The parser of all commands, which typer takes a moment to make; who runs many in one process makes it once."""
    return typer.main.get_command(program)


def outcome_of(arguments: list[str]) -> Answer | Failure | int:
    """What a command line leads to; an int where typer itself has said everything."""
    try:
        check_encoding(arguments)
        result = command_line().main(arguments, prog_name="ensue", standalone_mode=False)
    except UsageError as error:
        return usage_failure(error)
    except EnsueError as error:
        return failure_of(error)
    except (KeyboardInterrupt, typer.Abort):
        return interrupted()
    except Exception as error:  # noqa: BLE001  # the last door: whatever was not foreseen is our fault, and said to be
        if driver := getattr(error, "orig", None):  # an error of SQLAlchemy that no floor below has a word for
            return Failure(ExitCode.DATABASE, {"code": "database", "message": f"The database failed: {driver}."})
        traceback.print_exc()
        message = f"{type(error).__name__}: {error}. This is a fault of ensue; please report it with the lines above."
        return Failure(ExitCode.FAULT, {"code": "fault", "message": message})
    if result == ExitCode.INTERRUPTED:
        return interrupted()
    return result if isinstance(result, Answer | int) else 0


def tell(outcome: Answer | Failure | int, *, as_json: bool) -> int:
    """Print an outcome, and say how to end."""
    if isinstance(outcome, int):
        return outcome
    if as_json:
        print_envelope(outcome.data if isinstance(outcome, Answer) else None, outcome.error)
    else:
        from ensue.cli.console import console_on

        stream = sys.stdout if isinstance(outcome, Answer) else sys.stderr
        outcome.show(console_on(stream))
        stream.flush()
    return outcome.exit_code


def check_encoding(arguments: list[str]) -> None:
    """The arguments are text. Raises RequestError for one that is not."""
    for number, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise RequestError(
                f"Argument {number} is not UTF-8: {argument!r}. Send such bytes as base64url, or in a file of JSON."
            ) from None


def usage_failure(error: Exception) -> Failure:
    """What the parser of options found, with where to read on."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "ensue"
    describe = getattr(error, "format_message", None)
    message = str(error) if describe is None else describe()
    if type(error).__name__ == "NoArgsIsHelpError":  # the help is its message
        typer.echo(message, err=True)
        message = "Missing command"
    return Failure(ExitCode.USAGE, {"code": "usage", "message": f"{message.rstrip('.')}. See `{path} --help`."})


def interrupted() -> Failure:
    """Ctrl-C."""
    return Failure(ExitCode.INTERRUPTED, {"code": "interrupted", "message": "Interrupted. What was committed until then stays, whole."})
