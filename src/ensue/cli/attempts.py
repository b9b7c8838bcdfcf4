"""`ensue attempts`: what was tried on a subject and refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ensue.cli.application import Where, opened
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption
from ensue.cli.output import Answer
from ensue.cli.record import values_text
from ensue.cli.text import count_text, print_hanging, printable, short, styled
from ensue.cli.timeline import SubjectArgument

if TYPE_CHECKING:
    from rich.console import Console

EXAMPLES = """\b
Examples
  ensue attempts Patient/p-17
"""


def attempts(
    subject: SubjectArgument,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    List what was tried on a subject and refused.

    Events that were rejected or in conflict, oldest first; they are kept for 90 days.
    """
    with opened(Where(app, database, ledger)) as opened_ledger:
        data = [
            {**attempt, "reasons": json.loads(attempt["reasons"]), "form": json.loads(attempt["form"])}
            for attempt in opened_ledger.attempts(subject)
        ]
    return Answer(data, lambda console: print_attempts(console, subject, data))


def print_attempts(console: Console, subject: str, attempts: list[dict[str, Any]]) -> None:
    """When, what, by whom; why not; and the form that was sent."""
    print_hanging(console, Text(), styled(printable(subject), "bold").append(f"  {count_text(len(attempts), 'attempt')} refused"))
    for attempt in attempts:
        head = Text(f"  {attempt['at']}  ").append(attempt["type"], "bold")
        print_hanging(console, head, styled(f"  {attempt['outcome']}, by {short(attempt['actor'])}, rules of {attempt['version']}", "red"))
        for reason in attempt["reasons"]:
            print_hanging(
                console, Text(" " * 6).append("- ", "red"), Text(printable(f"{reason.get('code', '')}: {reason.get('message', '')}"))
            )
        print_hanging(console, styled(" " * 6 + "form  ", "dim"), values_text(attempt["form"]))
