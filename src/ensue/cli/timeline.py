"""`ensue timeline`: a subject's events, oldest first, each with what followed from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ensue.cli.application import Where, opened
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption, ReaderOption, ReadPurposeOption
from ensue.cli.output import Answer
from ensue.cli.record import LEGEND, print_story, record_data
from ensue.cli.text import count_text, print_hanging, printable, styled

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import Record

SubjectArgument = Annotated[str, typer.Argument(metavar="SUBJECT", help="Such as Patient/p-17, or system/formulary.")]

EXAMPLES = """\b
Examples
  ensue timeline Patient/p-17
  ensue timeline Patient/p-17 --after 20 --limit 10 --json
"""


def timeline(
    subject: SubjectArgument,
    after: Annotated[int, typer.Option("--after", min=0, metavar="SEQ", help="Only events behind this place in the subject's chain.")] = 0,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="At most so many events.")] = None,
    actor: ReaderOption = None,
    purpose: ReadPurposeOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Tell a subject's story, event by event.

    Oldest first, with what followed: operations and effects.
    """
    with opened(Where(app, database, ledger)) as opened_ledger:
        records = opened_ledger.timeline(subject, actor=actor, purpose=purpose, after_seq=after, limit=limit)
        data = [record_data(record) for record in records]
    return Answer(data, lambda console: print_timeline(console, subject, records))


def print_timeline(console: Console, subject: str, records: Sequence[Record]) -> None:
    """The events of one subject; times are when it held, else when it was decided, in UTC."""
    print_hanging(console, Text(), styled(printable(subject), "bold").append(f"  {count_text(len(records), 'event')}"))
    note = f"{LEGEND}   times in UTC" if records else "Nothing is on record here. Is the id right, and --after small enough?"
    print_hanging(console, Text(), styled(note, "dim"))
    for record in records:
        print_story(console, record)
