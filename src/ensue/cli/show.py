"""`ensue show`: one record in full, or a subject with its rows, as they stand or once stood."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli.application import Where, opened
from ensue.cli.failure import NothingThere
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption, ReaderOption, ReadPurposeOption
from ensue.cli.output import Answer
from ensue.cli.record import print_followed, record_data
from ensue.cli.selection import PLACE, POSITION_DIGITS_MAX, read_place
from ensue.cli.text import count_text, print_fields, print_hanging, printable, styled
from ensue.core.correction import CORRECTION
from ensue.core.data import fields_of
from ensue.core.rejection import NotFound
from ensue.errors import RequestError

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import Ledger, Model, Record, Snapshot

EventArgument = Annotated[
    str,
    typer.Argument(
        metavar="EVENT", help="The event's id, or its position in the ledger, such as 243 or '#243'; or a subject, such as Patient/p-17."
    ),
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="PLACE", help=f"How the subject stood after {PLACE}; of a day at its end.")
]

UNSAID = {CORRECTION: ("changes", "effects", "kept", "records", "subjects", "wanted")}
"""What a form holds and people need not read: what followed says the same."""

EXAMPLES = """\b
Examples
  ensue show 243
  ensue show 243 --as-test > tests/test_243.py
  ensue show Patient/p-17 --as-of 2024-06-30
  ensue show 0a3bd1cb-3f1c-8c0e-9d5d-1f0f3a6f2b7e --json
"""


def show(
    event: Annotated[
        str,
        typer.Argument(
            metavar="EVENT", help="The event's id, or its position in the ledger, such as 243; or a subject, such as Patient/p-17."
        ),
    ],
    actor: ReaderOption = None,
    purpose: ReadPurposeOption = None,
    as_of: AsOfOption = None,
    as_test: Annotated[
        bool, typer.Option("--as-test", help="Print a pytest module instead: what was given, the event, and what must follow.")
    ] = False,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Show one event in full, or a subject with all its rows.

    Of an event its form, the state it was decided on, every operation with before and after, effects, place, hash and version.
    """
    if "/" in event:
        return subject_answer(Where(app, database, ledger), event, as_of, actor, purpose)
    if as_of is not None:
        raise RequestError(f"--as-of tells how a subject stood, such as Patient/p-17; {event} is an event, which never changes.")
    with opened(Where(app, database, ledger)) as opened_ledger:
        record = find_record(opened_ledger, event, actor, purpose)
        if as_test:
            return test_answer(record)
        data = record_data(record)
    return Answer(data, lambda console: print_record(console, data))


def subject_answer(where: Where, subject: str, as_of: str | None, actor: str | None, purpose: str | None) -> Answer:
    """A subject and its rows, as of now or then."""
    place = read_place("--as-of", as_of, time.max)
    with opened(where) as opened_ledger:
        try:
            snapshot = opened_ledger.snapshot(subject, as_of=place, actor=actor, purpose=purpose)
        except NotFound:
            then = "" if as_of is None else f" as of {as_of}"
            raise NothingThere(
                f"There is no {subject}{then} in this ledger. `ensue timeline {subject}` says when it came and went."
            ) from None
    data = snapshot_data(subject, snapshot)
    as_it_was = "as it stands" if as_of is None else f"as of #{snapshot.position}"
    return Answer(data, lambda console: print_snapshot(console, data, as_it_was))


def snapshot_data(subject: str, snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as the envelope has it; models without rows are left out."""
    rows = {model.__ensue__.name: [row_data(row) for row in found] for model, found in snapshot.rows.items() if found}
    return {"subject": subject, "position": snapshot.position, "row": row_data(snapshot.subject), "rows": rows}


def row_data(row: Model) -> dict[str, Any]:
    """A row's columns as J1 values, as far as they are known."""
    return {name: one.codec.encode(row.__dict__[name]) for name, one in fields_of(type(row)).by_name.items() if name in row.__dict__}


def print_snapshot(console: Console, snapshot: dict[str, Any], as_it_was: str) -> None:
    """A snapshot for people, from its data."""
    print_hanging(console, Text(), styled(printable(snapshot["subject"]), "bold").append(f"  {as_it_was}", "dim"))
    print_fields(console, {name: value for name, value in snapshot["row"].items() if name != "id"}, 2)
    for model, rows in snapshot["rows"].items():
        heading(console, f"{model}, {count_text(len(rows), 'row')}")
        for row in rows:
            print_hanging(console, Text("  "), styled(printable(row["id"]), "bold"))
            print_fields(console, {name: value for name, value in row.items() if name != "id"}, 6)


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
    print_hanging(console, Text(), styled(record["type"], "bold").append(f"  {record['id']}", "dim"))
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
            print_hanging(console, Text(f"  {row['field']}  "), styled(row["model"], "bold").append(f" {printable(row['id'])}"))
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
    print_hanging(console, Text(), styled(text, "underline"))
