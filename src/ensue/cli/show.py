"""`ensue show`: one record in full. What was asked, what was known, what followed, and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli.application import Where, opened
from ensue.cli.failure import NothingThere
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption, ReaderOption, ReadPurposeOption
from ensue.cli.output import Answer
from ensue.cli.record import print_followed, record_data
from ensue.cli.text import print_fields, print_hanging, printable
from ensue.core.correction import CORRECTION
from ensue.core.rejection import NotFound

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import Ledger, Record

POSITION_DIGITS_MAX = 15
"""More digits than any ledger has events: such a text is taken for an id."""

UNSAID = {CORRECTION: ("changes", "effects", "kept", "records", "subjects", "wanted")}
"""What a form holds and people need not read: what followed says the same."""

EXAMPLES = """\b
Examples
  ensue show 243
  ensue show 243 --as-test > tests/test_243.py
  ensue show 0a3bd1cb-3f1c-8c0e-9d5d-1f0f3a6f2b7e --json
"""


def show(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id, or its position in the ledger, such as 243 or '#243'.")],
    actor: ReaderOption = None,
    purpose: ReadPurposeOption = None,
    as_test: Annotated[
        bool, typer.Option("--as-test", help="Print a pytest module instead: what was given, the event, and what must follow.")
    ] = False,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Show one event in full.

    Its form, the state it was decided on, every operation with before and after, effects, place, hash and version.
    """
    with opened(Where(app, database, ledger)) as opened_ledger:
        record = find_record(opened_ledger, event, actor, purpose)
        if as_test:
            return test_answer(record)
        data = record_data(record)
    return Answer(data, lambda console: print_record(console, data))


def test_answer(record: Record) -> Answer:
    """The record as a test."""
    from ensue.testing import written_test

    source = written_test(record)
    return Answer({"test": source}, lambda console: console.print(Text(source.rstrip()), soft_wrap=True))


def find_record(ledger: Ledger, event: str, actor: str | None, purpose: str | None) -> Record:
    """The record of an id, or at a position. Raises NothingThere."""
    number = event.removeprefix("#")
    if number.isascii() and number.isdecimal() and len(number) <= POSITION_DIGITS_MAX:
        position = int(number)
        found = next(ledger.records(after=position - 1, limit=1, actor=actor, purpose=purpose), None)
        if found is None or found.position != position:
            raise NothingThere(f"There is no event at position {position} in this ledger; `ensue db status` says how many there are.")
        return found
    try:
        return ledger.record(event, actor=actor, purpose=purpose)
    except NotFound:
        raise NothingThere(
            f"There is no event {event} in this ledger. Give its whole id, or its position, as `ensue timeline` shows them."
        ) from None


def print_record(console: Console, record: dict[str, Any]) -> None:
    """A record for people, from its data."""
    print_hanging(console, Text(), Text(record["type"], "bold").append(f"  {record['id']}", "dim"))
    links = ", ".join(f"{link['subject']} {link['seq']}" for link in record["links"])
    place = {
        "place": f"#{record['position']}, {record['subject']} {record['seq']}",
        "links": links or None,
        "rules of": record["version"] + ("" if record["requested"] is None else ", as requested"),
        "actor": record["actor"],
        "at": record["at"],
        **{name: record[name] for name in ("occurred", "behalf", "purpose", "cause")},
        "hash": record["hash"],
    }
    print_fields(console, {name: value for name, value in place.items() if value is not None}, 2)
    heading(console, "Form")
    print_fields(console, {name: value for name, value in record["form"].items() if name not in UNSAID.get(record["type"], ())}, 2)
    if record["state"]:
        heading(console, "State, as the decision saw it")
        for row in record["state"]:
            print_hanging(console, Text(f"  {row['field']}  "), Text(row["model"], "bold").append(f" {printable(row['id'])}"))
            print_fields(console, {name: value for name, value in row["columns"].items() if name != "id"}, 6)
    heading(console, "What followed")
    operations = [list(one.values()) for one in record["operations"]]
    effects = [list(one.values()) for one in record["effects"]]
    print_followed(console, operations, effects)
    if not operations and not effects:
        print_hanging(console, Text("  "), Text("nothing"))


def heading(console: Console, text: str) -> None:
    """A line that begins a part."""
    console.print()
    print_hanging(console, Text(), Text(text, "underline"))
