"""`ensue correct plan | apply` and `ensue undo plan`: the difference another version would make, shown first and then performed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli import progress
from ensue.cli.application import Where, opened
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption
from ensue.cli.output import Answer
from ensue.cli.plan_file import plan_data, read_plan, write_plan
from ensue.cli.record import record_data, values_text
from ensue.cli.selection import FromOption, SubjectOption, ToOption, TypeOption, check_types, read_selection
from ensue.cli.show import find_record
from ensue.cli.submit import ActorOption
from ensue.cli.text import count_text, print_hanging, printable, styled, value_text
from ensue.core.wanted import Wanted
from ensue.errors import RequestError

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import CorrectionPlan, Ledger, Record
    from ensue.core.correction_plan import PlannedChange, PlannedCorrection

SHOWN_MAX = 40
SIGNS = {"insert": ("+", "green"), "delete": ("-", "red"), "update": ("~", "yellow"), "increase": ("~", "yellow")}

correct_program = typer.Typer(help="Plan and perform the difference that another version makes.", no_args_is_help=True)
undo_program = typer.Typer(help="Make it as if an event had not happened.", no_args_is_help=True)

EXAMPLES = """\b
Examples
  ensue correct plan 243 --version 2018-08-01 --out plan.json
  ensue correct plan --type medication.request --version 2018-08-01
  ensue correct apply plan.json --actor dr-ada --reason "The dose was decided by an old rule."
"""

UNDO_EXAMPLES = """\b
Examples
  ensue undo plan 243 --out undo.json
  ensue correct apply undo.json --actor dr-ada --reason "It was entered twice."
"""

VersionOption = Annotated[str | None, typer.Option("--version", metavar="DATE", help="The version that is to rule these events.")]
AllowOption = Annotated[
    list[str] | None,
    typer.Option("--allow-effects", metavar="KIND", help="Effects of this kind may be done although they come late; others become tasks."),
]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the plan there, for `ensue correct apply`.")]
DecideOption = Annotated[
    list[str] | None,
    typer.Option(
        "--decide", metavar="ROW=WHAT", help='What to do with a row in conflict: keep, force, or its values as JSON: {"phone": null}.'
    ),
]


@correct_program.command("plan", epilog=EXAMPLES)
def plan(
    events: Annotated[
        list[str] | None, typer.Argument(metavar="EVENT", help="Ids or positions; none: all that the options select.")
    ] = None,
    version: VersionOption = None,
    first: FromOption = None,
    last: ToOption = None,
    types: TypeOption = None,
    subject: SubjectOption = None,
    allow_effects: AllowOption = None,
    out: OutOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Show what a correction would do; nothing is saved.

    These events are decided under another version, and every later event that read what they wrote is decided again, in order.
    """
    if version is None:
        raise RequestError("A correction says which version is to rule: add --version DATE. To take an event back, use `ensue undo plan`.")
    allowed = tuple(allow_effects or ())
    with opened(Where(app, database, ledger)) as opened_ledger:
        if events:
            ids = [find_record(opened_ledger, event, None, None).id for event in events]
            wanted = Wanted(dict.fromkeys(ids, version), allow_effects=allowed)
        else:
            wanted = Wanted(selection=read_selection(first, last, types, subject), version=version, allow_effects=allowed)
        return planned(opened_ledger, wanted, out)


@undo_program.command("plan", epilog=UNDO_EXAMPLES)
def undo(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id, or its position.")],
    allow_effects: AllowOption = None,
    out: OutOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Show what undoing an event would do; nothing is saved.

    Everything is to be as if it had not happened. Later events that read what it wrote are decided again, in order. `ensue correct
    apply` performs the plan.
    """
    with opened(Where(app, database, ledger)) as opened_ledger:
        wanted = Wanted({find_record(opened_ledger, event, None, None).id: None}, allow_effects=tuple(allow_effects or ()))
        return planned(opened_ledger, wanted, out)


def planned(ledger: Ledger, wanted: Wanted, out: Path | None) -> Answer:
    """The plan of what is wanted, with a bar where somebody watches."""
    with progress.bar("Deciding again", "records") as told:
        made = ledger.correction_plan(wanted, progress=told)
    if wanted.selection is not None:
        check_types(ledger.app, wanted.selection, len(made.corrections) + len(made.blocked))
    data = plan_data(made, ledger.uid)
    if out is not None:
        write_plan(out, data)
    return Answer(data, lambda console: print_plan(console, made, out))


@correct_program.command("apply", epilog=EXAMPLES)
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan that `ensue correct plan` or `ensue undo plan` wrote.")],
    actor: ActorOption,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")],
    decide: DecideOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Perform exactly the plan that was shown.

    It is made again first: where anything that it is about has moved since, or the file shows something else, nothing is done.
    """
    shown = read_plan(file)
    decisions = read_decisions(decide or [])
    with opened(Where(app, database, ledger)) as opened_ledger:
        if shown.ledger != opened_ledger.uid:
            raise RequestError(
                f"{file} is a plan of the ledger {shown.ledger}, and this one is {opened_ledger.uid}; name its own database."
            )
        with progress.bar("Deciding again", "records") as told:
            made = opened_ledger.correction_plan(shown.wanted, progress=told)
        if made:  # else it was performed already, and a repetition has nothing to do
            shown.check_shows(made)
        records = opened_ledger.correct(made, actor=actor, reason=reason, decisions=decisions)
        data = {"plan": shown.plan, "records": [record_data(one) for one in records]}
    originals = {one.diff.record.id: one.diff.record for one in made.corrections}
    return Answer(data, lambda console: print_applied(console, records, originals))


def read_decisions(said: list[str]) -> dict[str, Any]:
    """`Patient/p-17=keep` and its like, by row. Raises RequestError."""
    decisions: dict[str, Any] = {}
    for text in said:
        row, mark, what = text.rpartition("=") if text.endswith(("=keep", "=force")) else text.partition("=")
        try:
            decisions[row] = what if what in ("keep", "force") else json.loads(what)
        except ValueError:
            decisions[row] = None
        if not (mark and row) or not isinstance(decisions[row], (str, dict)):
            raise RequestError(f'--decide {text}: expected Model/id=keep, Model/id=force, or Model/id={{"column": value}}.')
    return decisions


# ---- for people ----------------------------------------------------------------------------------------------------
def print_plan(console: Console, plan: CorrectionPlan, out: Path | None) -> None:
    """What would be done, correction by correction."""
    corrections = [one for one in plan.corrections if one]
    for diff in plan.blocked:
        why = diff.raised or f"{diff.missing} is not known"
        print_hanging(
            console, styled("! ", "bold red"), Text(f"#{diff.record.position} {diff.record.type} cannot be decided again: {printable(why)}")
        )
    for one in corrections[:SHOWN_MAX]:
        print_correction(console, one)
    if len(corrections) > SHOWN_MAX:
        print_hanging(console, Text("  "), styled(f"and {len(corrections) - SHOWN_MAX:,} more; --json and --out have all of them", "dim"))
    changes = sum(len(one.changes) for one in corrections)
    effects = sum(len(one.effects) for one in corrections)
    if not plan:
        print_hanging(
            console, styled("✓ ", "bold green"), Text(f"Nothing to correct: {count_text(plan.records, 'record')} come out as they stand.")
        )
        return
    summary = f"{count_text(len(corrections), 'correction')}, {count_text(changes, 'row')}, {count_text(effects, 'effect')}"
    conflicts = f", {count_text(len(plan.conflicts), 'conflict')} to decide" if plan.conflicts else ""
    print_hanging(console, Text(), styled(f"Plan {plan.id}", "bold").append(f"  {summary}{conflicts}. Nothing was saved."))
    if out is not None:
        print_hanging(console, Text(), styled(f"Apply it: ensue correct apply {out} --actor ID --reason TEXT", "dim"))


def print_correction(console: Console, one: PlannedCorrection) -> None:
    """One original and what becomes of it."""
    record = one.diff.record
    ruled = (
        f"{one.diff.base_version} → {one.diff.version}"
        if one.diff.base_version != one.diff.version
        else f"{one.diff.version}, as it now reads"
    )
    head = styled(record.type, "bold").append(f"  {printable(record.subject)}  {ruled}", "dim")
    print_hanging(console, styled(f"#{record.position} ", "dim"), head)
    for reason in one.diff.rejections:
        print_hanging(console, styled("    × ", "red"), Text(printable(f"refused: {reason['message']}")))
    for change in one.changes:
        print_hanging(console, Text("    ").append(*SIGNS[change.kind]).append(" "), change_line(change))
    for effect in one.effects:
        print_hanging(
            console,
            styled("    » ", "cyan"),
            styled(effect.decision, "bold").append(f"  {effect.kind}  ").append_text(values_text(effect.body)),
        )


def change_line(change: PlannedChange) -> Text:
    """One row and what becomes of it, with its status where it is not simply done."""
    line = styled(printable(change.row), "bold").append("  ")
    if change.kind == "update":
        shown = change.present or change.expected or {}
        line.append(
            " · ".join(f"{name} {value_text(shown.get(name))} → {value_text(value)}" for name, value in (change.target or {}).items())
        )
    elif change.kind == "increase":
        line.append(" · ".join(f"{name} by {value_text(value)}" for name, value in (change.target or {}).items()))
    else:
        line.append({"insert": "new", "delete": "deleted"}[change.kind])
    status = {"apply": "", "noop": "  already so", "conflict": f"  conflict: {change.why}; --decide {change.row}=keep or =force"}[
        change.status
    ]
    return line.append(printable(status), "red" if change.status == "conflict" else "dim")


def print_applied(console: Console, records: list[Record], originals: Mapping[str, Record]) -> None:
    """What was done."""
    text = f"{count_text(len(records), 'correction')} committed." if records else "Nothing was left to correct."
    print_hanging(console, styled("✓ ", "bold green"), Text(text))
    for record in records[:SHOWN_MAX]:
        original = originals[record.corrects or ""]
        print_hanging(console, Text("  "), styled(f"#{record.position} corrects #{original.position} {original.type}", "dim"))
