"""What is told fits the terminal: no sentence of a list is cut, no word broken, however narrow it is; and no style runs on."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from ensue.cli.text import print_hanging, styled
from ensue.demo import shipped_stream
from tests.cli.conftest import Run

CLINIC = ("--app", "ensue.demo:clinic")
GROUPS = ((), ("catalog",), ("versions",), ("export",), ("correct",), ("undo",), ("db",), ("demo",))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: " ".join(group) or "ensue")
def test_no_command_of_a_list_is_cut_short_on_a_terminal_of_80_columns(
    run: Run, monkeypatch: pytest.MonkeyPatch, group: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    told = run(*group, "--help")

    assert told.code == 0
    assert [line for line in told.stdout.splitlines()[1:] if line.endswith("...")] == []


def patient(run: Run, *where: str) -> str:
    """Somebody of the clinic."""
    found: str = run("show", "0", *where, "--json").data["subject"]
    return found


@pytest.mark.parametrize("width", [56, 80, 120])
def test_words_stay_whole_and_lines_within_the_terminal(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    database = ("--database", f"sqlite:///{tmp_path / 'clinic.db'}")
    assert run("demo", "import", str(shipped_stream()), *database, "--limit", "60").code == 0
    commands = [
        ("catalog", "list", *CLINIC),
        ("catalog", "show", "medication.request", *CLINIC),
        ("catalog", "causes", "push.send", *CLINIC),
        ("catalog", "writes", "LabTask", *CLINIC),
        ("catalog", "diff", "2018-07-30", "2019-05-01", *CLINIC),
        ("versions", "list", *CLINIC),
        ("versions", "show", "medication.request", *CLINIC),
        ("timeline", patient(run, *CLINIC, *database), *CLINIC, *database),
        ("compare", "--version", "2018-07-30", *CLINIC, *database),
        ("correct", "plan", "--version", "2018-07-30", "--type", "medication.request", *CLINIC, *database),
    ]
    for command in commands:
        monkeypatch.setenv("COLUMNS", "1000")
        whole = set(run(*command).stdout.lower().split())
        monkeypatch.setenv("COLUMNS", str(width))
        told = run(*command).stdout

        assert set(told.lower().split()) <= whole, command
        assert [line for line in told.splitlines() if len(line) > width] == [], command


def test_a_style_ends_where_its_words_end() -> None:
    told = io.StringIO()
    console = Console(file=told, force_terminal=True, color_system="standard", width=80)

    print_hanging(console, styled("✓ ", "bold green"), styled("Done", "bold").append(": all of it."))

    assert told.getvalue() == "\x1b[1;32m✓ \x1b[0m\x1b[1mDone\x1b[0m: all of it.\n"
