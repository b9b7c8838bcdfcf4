"""`ensue lint` on the command line: what it says, to people and to programs, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import SHOP, Run
from tests.source_tree import ROOT


def test_what_is_found_is_told_with_line_remedy_and_step(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    line = next(
        number
        for number, text in enumerate(Path("tests/cli/shop.py").read_text(encoding="utf-8").splitlines(), 1)
        if text.lstrip().startswith("print(")
    )

    told = run("lint", "--app", SHOP)

    assert told.code == 5
    assert told.stdout.splitlines()[:3] == [
        f"tests/cli/shop.py:{line}: print",
        "  print writes to the outside; leave it out, or yield an effect.",
        "  reached from step open_account",
    ]
    assert "✗ Not pure: 6 steps and conversions" in told.stdout


def test_a_program_gets_every_finding(run: Run) -> None:
    told = run("lint", "--app", SHOP, "--json")

    assert (told.code, told.error["code"]) == (5, "impure")
    data = told.envelope["data"]
    assert (data["clean"], data["roots"]) == (False, 6)
    (finding,) = data["findings"]
    assert finding.keys() == {"code", "message", "remedy", "file", "line", "where", "reached_from"}
    assert (finding["code"], finding["where"], finding["reached_from"]) == ("print", "tests.cli.shop.open_account", ["step open_account"])


def test_a_clean_application_ends_with_0_and_needs_no_database(run: Run) -> None:
    assert run("lint", "--app", "ensue.demo:clinic", "--json").data["findings"] == []
    assert "✓ Pure: " in run("lint", "--app", "ensue.demo:clinic").stdout


def test_an_application_that_is_not_there_is_a_setting(run: Run) -> None:
    assert run("lint", "--app", "tests.cli.shop:nothing", "--json").error["code"] == "configuration"
