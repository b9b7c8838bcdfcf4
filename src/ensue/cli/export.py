"""`ensue export`: events as files that other programs read, and that replay and compare take instead of a database."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ensue.cli import progress
from ensue.cli.application import Where, opened
from ensue.cli.exit_codes import ExitCode
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption, ReaderOption, ReadPurposeOption
from ensue.cli.output import Answer
from ensue.cli.selection import FromOption, SubjectOption, ToOption, TypeOption, check_types, read_selection
from ensue.cli.text import count_text, print_hanging, printable, styled
from ensue.errors import RequestError

if TYPE_CHECKING:
    from rich.console import Console

STANDARD_OUTPUT = "-"
EXAMPLES = """\b
Examples
  ensue export events --out events.jsonl.gz
  ensue export events --format cloudevents --from 2024-01-01 --type medication.request | head
  ensue export events --format parquet --partitions 16 --out events
"""

program = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Write what the ledger holds to files.")

FormatOption = Annotated[
    str,
    typer.Option("--format", metavar="FORMAT", help="jsonl, cloudevents (CloudEvents 1.0, a line each) or parquet (ensue[parquet])."),
]
OutOption = Annotated[
    str, typer.Option("--out", metavar="PATH", help="Where to; - is standard output. A path that ends in .gz is compressed.")
]
PartitionsOption = Annotated[
    int | None,
    typer.Option("--partitions", min=1, metavar="N", help="Make --out a folder of N files, each with all events of its subjects."),
]


@program.callback()
def group() -> None:
    """Write what the ledger holds to files."""


@program.command(epilog=EXAMPLES)
def events(
    format: FormatOption = "jsonl",
    out: OutOption = STANDARD_OUTPUT,
    first: FromOption = None,
    last: ToOption = None,
    type: TypeOption = None,
    subject: SubjectOption = None,
    partitions: PartitionsOption = None,
    actor: ReaderOption = None,
    purpose: ReadPurposeOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    json: JsonOption = False,
) -> Answer | int:
    """
    Write events, with all that their decisions depended on.

    Form, state, operations, effects, place, hash and version, in the ledger's order.
    """
    selection = read_selection(first, last, type, subject)
    if json and out == STANDARD_OUTPUT:
        raise RequestError("--json prints an envelope on standard output: say where the events go with --out PATH.")
    stream = sys.stdout.buffer  # what the application prints goes elsewhere from here on
    with opened(Where(app, database, ledger)) as opened_ledger, progress.bar("Exporting", "positions") as told:
        target = stream if out == STANDARD_OUTPUT else Path(out)
        try:
            count = opened_ledger.export(
                target, format=format, selection=selection, partitions=partitions, actor=actor, purpose=purpose, progress=told
            )
            stream.flush()
            check_types(opened_ledger.app, selection, count)
        except BrokenPipeError:
            # Python would complain again when it flushes at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            return ExitCode.BROKEN_PIPE
    if out == STANDARD_OUTPUT:
        return ExitCode.DONE

    def show(console: Console) -> None:
        print_hanging(console, Text(), styled("Exported", "bold").append(f" {count_text(count, 'event')} to {printable(out)}."))

    return Answer({"path": out, "format": format, "events": count, "partitions": partitions}, show)
