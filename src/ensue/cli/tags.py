"""`ensue tags`: what to send back in --expect, to say what was seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.text import Text

from ensue.cli.application import Where, opened
from ensue.cli.failure import NothingThere
from ensue.cli.history import RowArgument
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption, ReaderOption, ReadPurposeOption
from ensue.cli.output import Answer
from ensue.core.rejection import NotFound

if TYPE_CHECKING:
    from rich.console import Console

EXAMPLES = """\b
Examples
  ensue tags Patient/p-17 > seen.json
  ensue submit patient.update_contact -f patient_id=p-17 -f phone=555-0199 --expect @seen.json --actor dr-ada
"""


def tags(
    row: RowArgument,
    actor: ReaderOption = None,
    purpose: ReadPurposeOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Print the tags of a row, as --expect takes them.

    Sent back with an event they say what was seen, so that nothing is changed that has changed since.
    """
    with opened(Where(app, database, ledger)) as opened_ledger:
        try:
            data = {row: opened_ledger.tags(row, actor=actor, purpose=purpose)}
        except NotFound:
            raise NothingThere(f"There is no row {row}. Say of what you saw nothing with null: {{{json.dumps(row)}: null}}.") from None

    def show(console: Console) -> None:
        console.print(Text(json.dumps(data, indent=2)), soft_wrap=True)

    return Answer(data, show)
