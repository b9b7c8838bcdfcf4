"""`ensue demo`: the clinic that ships with ensue, living some of its life before your eyes."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli import progress
from ensue.cli.application import SQLITE, Where, opened, sqlite_path
from ensue.cli.options import JsonOption
from ensue.cli.output import Answer
from ensue.cli.record import record_data
from ensue.cli.text import count_text, print_fields, print_hanging, printable, styled
from ensue.cli.timeline import print_timeline
from ensue.cli.verify import print_report, report_data, verdict, verified
from ensue.errors import RequestError

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import Ledger, Record
    from ensue.demo import ImportCounts

APP = "ensue.demo:clinic"
DATABASE = f"{SQLITE}build/demo.db"
SHIPPED_MAX = 1_000
"""More events than the shipped stream has."""
ACTOR = "demo"
PURPOSE = "demonstration"

program = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
DatabaseOption = Annotated[str, typer.Option("--database", metavar="URL", help="Where the clinic's ledger is, or is to be made.")]

EXAMPLES = """\b
Examples
  ensue demo import synthea-clinic --database sqlite:///clinic.db
"""


@program.callback()
def demo(
    context: typer.Context,
    database: DatabaseOption = DATABASE,
    _json: JsonOption = False,
) -> Answer | None:
    """
    Run the clinic that ships with ensue.

    Imports some years of its life, tells one patient's story, and verifies it all. A second run adds nothing.
    """
    if context.invoked_subcommand is not None:
        return None
    from ensue.demo import shipped_stream

    make_folder(database)
    with opened(Where(APP, database), create=True) as ledger:
        counts = imported(ledger, shipped_stream(), None)
        subject = shortest_story(ledger)
        records = ledger.timeline(subject, actor=ACTOR, purpose=PURPOSE)
        report = verified(ledger)
        data = {
            "database": database,
            "import": counts_data(counts),
            "subject": subject,
            "timeline": [record_data(one) for one in records],
            "verification": report_data(report),
        }

    def show(console: Console) -> None:
        print_heading(console, "A clinic's life goes in")
        print_counts(console, counts, database)
        print_heading(console, "One patient's story")
        print_timeline(console, subject, records)
        print_heading(console, "And all of it can be proved")
        print_report(console, report)
        print_heading(console, "Now you")
        print_next(console, database, records)

    return Answer(data, show, *verdict(report))


@program.command("import", epilog=EXAMPLES)
def import_folder(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of the form that ensue.demo.stream describes.")],
    database: Annotated[
        str | None, typer.Option("--database", metavar="URL", help=f"Where the clinic's ledger is, or is to be made. Default: {DATABASE}.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Send only the first N lines.")] = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Send a folder's timeline through the clinic.

    In order, and with a key a line: a second run adds nothing.
    """
    assert context.parent is not None, "a command of a group has the group's context above it"
    url: str = database or context.parent.params["database"]
    make_folder(url)
    with opened(Where(APP, url), create=True) as ledger:
        counts = imported(ledger, folder, limit)
    return Answer(counts_data(counts), lambda console: print_counts(console, counts, url))


def make_folder(url: str) -> None:
    """The folder of an SQLite file, made where there is none."""
    path = sqlite_path(url)
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError(
                f"{path.parent} cannot be made for the database: {error.strerror}. Choose another place with --database."
            ) from None


def imported(ledger: Ledger, folder: Path, limit: int | None) -> ImportCounts:
    """Import with a bar where somebody watches. Raises RequestError for a folder that is not of the stream's form."""
    from ensue.demo import StreamError, import_stream

    try:
        with progress.bar("Importing", "events") as told:
            return import_stream(ledger, folder, limit=limit, progress=told)
    except StreamError as error:
        raise RequestError(str(error)) from None


def counts_data(counts: ImportCounts) -> dict[str, Any]:
    """What became of the lines, as the envelope has it."""
    return {
        "accepted": counts.accepted,
        "repeated": counts.repeated,
        "rejected": dict(counts.rejected),
        "examples": [asdict(one) for one in counts.examples],
        "seconds": round(counts.seconds, 3),
        "events_per_second": round(counts.events_per_second, 1),
    }


def print_counts(console: Console, counts: ImportCounts, url: str) -> None:
    """How many went in, how fast, and what was refused and why."""
    rate = f"in {counts.seconds:,.1f} s, {counts.events_per_second:,.0f} a second"
    if counts.repeated == counts.done:
        said = f"Nothing was added: all {count_text(counts.repeated, 'event')} of the stream were in {printable(url)} already ({rate})."
    else:
        again = f", {counts.repeated:,} were there already" if counts.repeated else ""
        said = f"{count_text(counts.accepted, 'event')} went into {printable(url)}{again} ({rate})."
    print_hanging(console, Text(), Text(said))
    if counts.rejected:
        print_hanging(console, Text(), Text(f"{count_text(counts.rejected.total(), 'line')} refused:"))
        print_fields(console, dict(counts.rejected.most_common()), 2)
        for one in counts.examples:
            print_hanging(console, Text(f"  line {one.seq}  "), Text(printable(f"{one.command}: {one.message}")))


def shortest_story(ledger: Ledger) -> str:
    """The subject with the fewest events among those of the shipped stream, which is the beginning of a demo's ledger."""
    events = Counter(record.subject for record in ledger.records(limit=SHIPPED_MAX, actor=ACTOR, purpose=PURPOSE))
    return min(events, key=lambda subject: (events[subject], subject))


def print_next(console: Console, url: str, records: list[Record]) -> None:
    """What to try now, with what is in this ledger; in lines that can be copied whole."""
    event = next((one for one in records if one.plan.effects), records[-1])
    patient = records[0].subject
    console.print(Text(f"export ENSUE_APP={APP} ENSUE_DATABASE={url}"), soft_wrap=True)
    for words in (
        f"show {event.position}",
        f"history {row_changed(records)}",
        f"preview message.send -f patient_id={patient.partition('/')[2]} -f text=Hello --actor me",
        f"timeline {patient}",
        f"show {patient} --as-of {event.position}",
        "replay",
        "compare --version 2018-07-30 --fail-on never",
        "catalog show medication.request",
        "verify",
    ):
        console.print(Text(f"{command_name()} {words}"), soft_wrap=True)


def print_heading(console: Console, text: str) -> None:
    """A line that begins a part of the demo."""
    console.print()
    console.print(styled(text, "bold underline"))


def row_changed(records: list[Record]) -> str:
    """A row that these events made and changed, or just made."""
    written = Counter(f"{operation['model']}/{operation['id']}" for record in records for operation in record_data(record)["operations"])
    return written.most_common(1)[0][0]


def command_name() -> str:
    """How this program can be called again from here."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{Path(sys.executable).name} -m ensue.cli"
    if shutil.which(called.name) is not None or not called.is_absolute():
        return str(called.name if shutil.which(called.name) else called)
    return str(called.relative_to(Path.cwd())) if called.is_relative_to(Path.cwd()) else str(called)
