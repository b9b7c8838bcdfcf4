"""`ensue rebuild`: all rows once more, from the records alone, in an empty database."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli import progress
from ensue.cli.application import Where, check_folder, find_project, load_app, opened
from ensue.cli.exit_codes import ExitCode
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption
from ensue.cli.output import Answer
from ensue.cli.text import count_text, print_fields, print_hanging, printable, styled
from ensue.errors import RequestError

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import Rebuilt

EXAMPLES = """\b
Examples
  ensue rebuild --into sqlite:///rebuilt.db --check
  ensue rebuild --into postgresql://clinic@db/rebuilt --events events.jsonl.gz
"""

IntoOption = Annotated[str, typer.Option("--into", metavar="URL", help="A database without rows; missing tables are made.")]
CheckOption = Annotated[bool, typer.Option("--check", help="Compare row by row with the live tables, and name the first difference.")]
EventsOption = Annotated[
    str | None, typer.Option("--events", metavar="PATH", help="Take all events from this export instead of a database.")
]


def rebuild(
    into: IntoOption,
    check: CheckOption = False,
    events: EventsOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Make all rows once more, from the events alone.

    In an empty database. Users' tables only: a copy of the whole ledger is what the database's own backup makes. Ends with 3 when
    --check finds a difference.
    """
    check_folder(into)
    if events is not None:
        if check:
            raise RequestError("--check compares with live tables, and an export has none: leave out --events or --check.")
        rebuilt = from_file(events, app, into)
    else:
        with opened(Where(app, database, ledger)) as opened_ledger, progress.bar("Rebuilding", "records") as told:
            rebuilt = opened_ledger.rebuild(into, check=check, progress=told)
    data = {
        "into": into,
        "records": rebuilt.records,
        "rows": dict(rebuilt.rows),
        "skipped": list(rebuilt.skipped),
        "checked": check,
        "difference": rebuilt.difference,
    }
    if rebuilt.difference is None:
        return Answer(data, lambda console: print_rebuilt(console, rebuilt, into, check=check))
    error = {"code": "verification", "message": rebuilt.difference}
    return Answer(data, lambda console: print_rebuilt(console, rebuilt, into, check=check), ExitCode.NOT_VERIFIED, error)


def from_file(path: str, app: str | None, into: str) -> Rebuilt:
    """The rows that the events of an export made."""
    from pathlib import Path

    from ensue.runtime.export.reading import records_from
    from ensue.runtime.rebuild import rebuild_records

    with redirect_stdout(sys.stderr):
        application = load_app(app, find_project(Path.cwd()))
        return rebuild_records(application, records_from(path, application), into)


def print_rebuilt(console: Console, rebuilt: Rebuilt, into: str, *, check: bool) -> None:
    """How many rows of each model there are now, and whether they are the live ones."""
    rows: dict[str, Any] = {printable(name): Text(f"{count:,}".rjust(9)) for name, count in rebuilt.rows.items()}
    head = f" {count_text(sum(rebuilt.rows.values()), 'row')} from {count_text(rebuilt.records, 'record')} in {printable(into)}."
    print_hanging(console, Text(), styled("Rebuilt", "bold").append(head))
    print_fields(console, rows, 2)
    if rebuilt.skipped:
        print_hanging(console, Text(), Text(f"Left out, since others write their tables too: {', '.join(rebuilt.skipped)}."))
    if rebuilt.difference is not None:
        print_hanging(console, styled("✗ ", "bold red"), styled("Not the live rows", "bold").append(f": {printable(rebuilt.difference)}"))
    elif check:
        print_hanging(console, styled("✓ ", "bold green"), Text("They are the live rows, value by value."))
