"""`ensue history`: every past value of one row; who changed it, when, and by which event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli.application import Where, opened
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption, ReaderOption, ReadPurposeOption
from ensue.cli.output import Answer
from ensue.cli.record import SIGNS
from ensue.cli.text import change_text, count_text, print_fields, print_hanging, printable, short, styled
from ensue.core.codec import instant_text

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import Change

RowArgument = Annotated[str, typer.Argument(metavar="MODEL/ID", help="The row, such as Prescription/rx-1.")]

EXAMPLES = """\b
Examples
  ensue history Prescription/rx-1
"""


def history(
    row: RowArgument,
    actor: ReaderOption = None,
    purpose: ReadPurposeOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Tell a row's past, change by change.

    Columns before and after, who changed them, when, and by which event.
    """
    with opened(Where(app, database, ledger)) as opened_ledger:
        changes = opened_ledger.history(row, actor=actor, purpose=purpose)
    data = [change_data(change) for change in changes]
    return Answer(data, lambda console: print_history(console, row, data))


def change_data(change: Change) -> dict[str, Any]:
    """One change as the envelope has it."""
    return {
        "event": change.event_id,
        "type": change.type,
        "actor": change.actor,
        "at": instant_text(change.at),
        "position": change.position,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
    }


def print_history(console: Console, row: str, changes: list[dict[str, Any]]) -> None:
    """The changes of one row, oldest first."""
    print_hanging(console, Text(), styled(printable(row), "bold").append(f"  {count_text(len(changes), 'change')}"))
    if not changes:
        print_hanging(console, Text(), styled("No event wrote it. Is the id right, and whole? `ensue show EVENT` has whole ids.", "dim"))
    for change in changes:
        head = styled(f"#{change['position']}".rjust(6), "dim").append("  ").append(change["at"]).append("  ")
        print_hanging(
            console,
            head,
            styled(change["type"], "bold").append(f"  {change['kind']} by {short(change['actor'])}", SIGNS[change["kind"]][1]),
        )
        before, after = change["before"] or {}, change["after"] or {}
        print_fields(
            console, {name: change_text(before.get(name), after.get(name)) if before else after[name] for name in after or before}, 8
        )
