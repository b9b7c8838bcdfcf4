"""`ensue audit`: do steps still decide what they decided? A share of the newest records, once more, in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli.application import Where, opened
from ensue.cli.exit_codes import ExitCode
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption
from ensue.cli.output import Answer
from ensue.cli.text import count_text, print_hanging, printable, styled

if TYPE_CHECKING:
    from rich.console import Console

    from ensue.runtime.audit import AuditReport

SHOWN = 20

EXAMPLES = """\b
Examples
  ensue audit                          one in a hundred of the newest 10,000 records
  ensue audit --rate 1 --last 500      all of the newest 500
"""


def audit(
    rate: Annotated[float, typer.Option("--rate", metavar="SHARE", help="How many of them to decide again: 0.01 is 1 in 100.")] = 0.01,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, help="Among how many of the newest records to choose.")] = 10_000,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Decide some records again, elsewhere.

    In a process with another hash seed and time zone, where a step that is not pure says something else. Nothing is written and
    nothing performed. Ends with 3 when a record is decided differently, and names step, line and remedy.
    """
    with opened(Where(app, database, ledger)) as opened_ledger:
        report = opened_ledger.audit_sample(rate, last=last)
    error = None
    if not report.is_clean:
        first = report.differing[0]
        error = {"code": "decided_differently", "message": f"Record {first.record.position}: {first.disagreement}"}
    exit_code = ExitCode.NOT_VERIFIED if error else ExitCode.DONE
    return Answer(report_data(report), lambda console: print_report(console, report), exit_code, error)


def report_data(report: AuditReport) -> dict[str, Any]:
    """What the audit saw, as the envelope has it."""
    return {
        "clean": report.is_clean,
        "records": report.records,
        "decided": report.decided,
        "unreplayable": report.unreplayable,
        "elsewhere": report.elsewhere,
        "differing": [
            {
                "event": record.id,
                "type": record.type,
                "version": record.version,
                "position": record.position,
                "step": found.step,
                "what": found.what,
                "file": found.file,
                "line": found.line,
                "remedy": found.remedy,
            }
            for record, found in report.differing
        ],
    }


def print_report(console: Console, report: AuditReport) -> None:
    """How many were decided again, and each that was decided differently."""
    seen = f"{count_text(report.decided, 'record')} of {report.records:,} decided again"
    if report.unreplayable:
        seen += f", {report.unreplayable:,} of which lack an input or their steps"
    if not report.elsewhere and report.decided:
        seen += ", in this process, since the app stands in no module"
    if report.is_clean:
        print_hanging(console, styled("✓ ", "bold green"), styled("Decided alike", "bold").append(f": {seen}."))
        return
    print_hanging(console, styled("✗ ", "bold red"), styled(f"{len(report.differing):,} decided differently", "bold").append(f": {seen}."))
    for record, found in report.differing[:SHOWN]:
        print_hanging(console, styled("  - ", "red"), Text(printable(f"Record {record.position}, {record.type}: {found}")))
    if len(report.differing) > SHOWN:
        print_hanging(console, Text("  - "), Text(f"and {len(report.differing) - SHOWN} more; --json has them."))
