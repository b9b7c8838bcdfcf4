"""`ensue lint`: is everything that decides pure? Reads the steps and all they reach, and runs nothing of it."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ensue.cli.application import find_project, load_app
from ensue.cli.exit_codes import ExitCode
from ensue.cli.options import AppOption, JsonOption
from ensue.cli.output import Answer
from ensue.cli.text import count_text, print_hanging, printable, styled

if TYPE_CHECKING:
    from rich.console import Console

    from ensue.source.lint import Finding, Linted

EXAMPLES = """\b
Examples
  ensue lint --app ensue.demo:clinic
  ensue lint --json | jq '.data.findings[]'
"""


def lint(app: AppOption = None, _json: JsonOption = False) -> Answer:
    """
    Check that steps are pure.

    Reads every step, every up and down, and all of your code that they reach. Ends with 5 when something is found, and names step,
    line and remedy. A line is allowed with a reason: # ensue: allow clock because …
    """
    with redirect_stdout(sys.stderr):
        from ensue.source.lint import lint as run_lint

        linted = run_lint(load_app(app, find_project(Path.cwd())))
    error = None
    if linted.findings:
        found = count_text(len(linted.findings), "line")
        error = {"code": "impure", "message": f"{found} that a step must not reach. The first: {finding_text(linted.findings[0])}"}
    data = {"clean": error is None, "roots": linted.roots, "parts": linted.parts, "findings": list(map(finding_data, linted.findings))}
    return Answer(data, lambda console: print_linted(console, linted), ExitCode.APPLICATION if error else ExitCode.DONE, error)


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding as the envelope has it."""
    return {
        "code": finding.code,
        "message": finding.message,
        "remedy": finding.remedy,
        "file": finding.file,
        "line": finding.line,
        "where": finding.where,
        "reached_from": list(finding.reached_from),
    }


def finding_text(finding: Finding) -> str:
    """A finding in a line, without where it was reached from."""
    return f"{place_text(finding)}: {finding.code}: {finding.message}; {finding.remedy}."


def place_text(finding: Finding) -> str:
    """File and line; the file from here, where it lies below."""
    path = Path(finding.file)
    here = Path.cwd()
    return f"{os.path.relpath(path, here) if path.is_relative_to(here) else path}:{finding.line}"


def print_linted(console: Console, linted: Linted) -> None:
    """One finding after the other, with its remedy, and the steps that reach it."""
    for one in linted.findings:
        print_hanging(console, Text(), styled(printable(place_text(one)), "bold").append(f": {one.code}", "bold red"))
        print_hanging(console, Text("  "), Text(printable(f"{one.message}; {one.remedy}.")))
        print_hanging(console, Text("  "), styled(printable(f"reached from {', '.join(one.reached_from)}"), "dim"))
    seen = f"{count_text(linted.roots, 'step or conversion', 'steps and conversions')}, {count_text(linted.parts, 'part')} of the code"
    if linted.findings:
        told = f": {seen}, {count_text(len(linted.findings), 'finding')}."
        print_hanging(console, styled("✗ ", "bold red"), styled("Not pure", "bold").append(told))
    else:
        print_hanging(console, styled("✓ ", "bold green"), styled("Pure", "bold").append(f": {seen}. Nothing found."))
