"""`ensue replay`: do the events of then still decide what they decided? Nothing is saved, and nothing performed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli import progress
from ensue.cli.again import DaskOption, EventArgument, FileOption, JobsOption, chosen, one_record
from ensue.cli.application import Where
from ensue.cli.difference import LEGEND, outcome_text, print_difference, print_lines
from ensue.cli.exit_codes import ExitCode
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption, ReaderOption, ReadPurposeOption
from ensue.cli.output import Answer
from ensue.cli.selection import FromOption, SubjectOption, ToOption, TypeOption, read_selection
from ensue.cli.text import count_text, print_hanging, printable, styled
from ensue.errors import RequestError

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import Diff, ReplayReport

EXAMPLES = """\b
Examples
  ensue replay
  ensue replay 243
  ensue replay --from 2024-01-01 --type medication.request --jobs 4
  ensue replay events.jsonl.gz --json
"""
FAIL_ON = {
    "changed": ("differs", "newly_rejected", "newly_accepted", "raised", "unreplayable"),
    "raised": ("raised", "unreplayable"),
    "never": (),
}
"""The outcomes that end the command with 1."""

FailOnOption = Annotated[
    str,
    typer.Option(
        "--fail-on", metavar="WHAT", help="End with 1 when something is changed, when only a step raised or input is missing, or never."
    ),
]


def replay(
    event: EventArgument = None,
    file: FileOption = None,
    first: FromOption = None,
    last: ToOption = None,
    type: TypeOption = None,
    subject: SubjectOption = None,
    jobs: JobsOption = 1,
    dask: DaskOption = False,
    fail_on: FailOnOption = "changed",
    actor: ReaderOption = None,
    purpose: ReadPurposeOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Decide events again as they happened.

    From their own form, state, moment and steps, compared operation by operation and effect by effect. Ends with 1 when something
    differs.
    """
    if fail_on not in FAIL_ON:
        raise RequestError(f"--fail-on {fail_on}: expected one of {', '.join(FAIL_ON)}.")
    where = Where(app, database, ledger)
    with chosen(where, event, file, read_selection(first, last, type, subject), dask=dask) as what:
        if what.place is None:
            assert what.event is not None, "either a place or one event is chosen"
            with one_record(where, what.event, actor, purpose) as (opened_ledger, record):
                return one_answer(opened_ledger.replay(record), fail_on)
        from ensue.runtime.again import replay_at  # with all that a database needs

        with progress.bar("Replaying", "events") as told:
            report = replay_at(what.place, what.app, what.selection, jobs, told, dask=dask)
        what.check_found(report.records)
    return answer(report, fail_on)


def answer(report: ReplayReport, fail_on: str) -> Answer:
    """What a report says, and how to end."""
    failed = sum(report.outcomes[outcome] for outcome in FAIL_ON[fail_on])
    error = None
    if failed:
        error = {"code": "differs", "message": f"{count_text(failed, 'event')} of {report.records:,} no longer decide what they decided."}
    return Answer(report.as_json(), lambda console: print_report(console, report), ExitCode.REFUSED if failed else ExitCode.DONE, error)


def one_answer(diff: Diff, fail_on: str) -> Answer:
    """What the replay of one event says."""
    failed = diff.outcome in FAIL_ON[fail_on]
    error = {"code": "differs", "message": f"Event {diff.record.id} no longer decides what it decided."} if failed else None
    data = diff.as_json()
    return Answer(data, lambda console: print_one(console, data), ExitCode.REFUSED if failed else ExitCode.DONE, error)


def print_one(console: Console, diff: dict[str, Any]) -> None:
    """One event: the same, or what differs."""
    same = diff["outcome"] == "same"
    sign = styled("✓ ", "bold green") if same else styled("✗ ", "bold red")
    print_hanging(console, sign, styled(f"#{diff['position']} {printable(diff['type'])}", "bold").append(f": {outcome_text(diff)}."))
    print_lines(console, diff)


def print_report(console: Console, report: ReplayReport) -> None:
    """How many are the same; the first that are not."""
    done = count_text(report.records, "event")
    if not report:
        speed = f" ({report.events_per_second:,.0f} a second)" if report.seconds else ""
        said = f"{done}, none differs{speed}." if report.records else "there was no such event."
        print_hanging(console, styled("✓ ", "bold green"), styled("Replayed", "bold").append(f": {said}"))
        return
    counts = ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in sorted(report.outcomes.items()) if outcome != "same")
    summary = f": {done}, {report.different:,} of them not as they were decided ({counts})."
    print_hanging(console, styled("✗ ", "bold red"), styled("Replayed", "bold").append(summary))
    print_hanging(console, Text("  "), styled(LEGEND, "dim"))
    for diff in report.differing:
        print_difference(console, diff)
    if report.different > len(report.differing):
        print_hanging(console, Text("  "), Text(f"and {report.different - len(report.differing):,} more."))
