"""`ensue verify`: does everything stored follow from itself? Names the first bad record, and what is wrong with it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ensue.cli import progress
from ensue.cli.application import Where, opened
from ensue.cli.exit_codes import ExitCode
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption
from ensue.cli.output import Answer
from ensue.cli.text import count_text, print_hanging, printable, styled

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import Ledger, Report
    from ensue.errors import Fault

FAULTS_SHOWN = 20

EXAMPLES = """\b
Examples
  ensue verify --app ensue.demo:clinic --database sqlite:///clinic.db
"""


def verify(
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Check all that is stored against itself.

    Chains, links, payloads, stamps, copied columns, and every row. Ends with 3 when something is wrong, and names the first bad record.
    """
    with opened(Where(app, database, ledger)) as opened_ledger:
        report = verified(opened_ledger)
    return Answer(report_data(report), lambda console: print_report(console, report), *verdict(report))


def verified(ledger: Ledger) -> Report:
    """Verify, with a bar where somebody watches."""
    with progress.bar("Verifying", "records") as told:
        return ledger.verify(progress=told)


def verdict(report: Report) -> tuple[ExitCode, dict[str, Any] | None]:
    """How a command that verified ends, and its error: the first bad record."""
    if report.is_clean:
        return ExitCode.DONE, None
    first = report.faults[0]
    return ExitCode.NOT_VERIFIED, {"code": "verification", "message": first.message, "fault": asdict(first)}


def report_data(report: Report) -> dict[str, Any]:
    """What verification saw, as the envelope has it."""
    return {
        "clean": report.is_clean,
        "records": report.records,
        "chains": report.chains,
        "rows": report.rows,
        "faults": [asdict(fault) for fault in report.faults],
        "outside": [asdict(fault) for fault in report.outside],
    }


def print_report(console: Console, report: Report) -> None:
    """What was seen; and where something is wrong, the first bad record, then the others."""
    seen = f"{count_text(report.records, 'record')} in {count_text(report.chains, 'chain')}, {count_text(report.rows, 'row')}"
    if report.is_clean:
        print_hanging(
            console, styled("✓ ", "bold green"), styled("Verified", "bold").append(f": {seen}. Everything stored follows from itself.")
        )
    else:
        first, *others = report.faults
        print_hanging(
            console,
            styled("✗ ", "bold red"),
            styled("Not verified", "bold").append(f": {seen}, {count_text(len(report.faults), 'fault')}."),
        )
        print_hanging(
            console,
            Text("  "),
            styled("First bad record" if first.position is not None else "First", "bold").append(f": {fault_text(first)}"),
        )
        print_others(console, "Others", others)
    print_others(console, "Changed outside of ensue, in tables that others write too", list(report.outside))


def print_others(console: Console, heading: str, faults: list[Fault]) -> None:
    """Some faults, and how many more there are."""
    if not faults:
        return
    print_hanging(console, Text("  "), styled(f"{heading}:", "bold"))
    for fault in faults[:FAULTS_SHOWN]:
        print_hanging(console, styled("  - ", "red"), Text(fault_text(fault)))
    if len(faults) > FAULTS_SHOWN:
        print_hanging(console, Text("  - "), Text(f"and {len(faults) - FAULTS_SHOWN} more; --json has them."))


def fault_text(fault: Fault) -> str:
    """A fault's sentence; its place is in it."""
    return printable(fault.message)
