"""The pytest plugin, as another project's tests find it."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

from tests.source_tree import ROOT
from tests.testing.another_project import run_pytest

TESTS = """
    from ensue.testing import START, given
    from tests.testing.bakery import ADA, PlaceOrder2, bakery

    kept = []

    def test_a_ledger_runs_on_the_clock_of_the_test(ledger_of, frozen_clock):
        ledger = ledger_of(bakery, ADA)
        frozen_clock.advance(seconds=5)
        record = ledger.submit(PlaceOrder2(loaf="rye", customer="ada"), actor="desk")
        assert (record.at - START).total_seconds() == 5
        kept.append(ledger)

    def test_given_keeps_its_ledger_open(frozen_clock):
        assert frozen_clock() == START
        outcome = given(bakery, ADA).when(PlaceOrder2(loaf="rye", customer="ada"))
        assert len(list(outcome.ledger.records())) == 1
        kept.append(outcome.ledger)

    def test_both_were_closed_after_their_tests():
        import pytest
        from ensue import Closed

        for ledger in kept:
            with pytest.raises(Closed):
                ledger.submit(PlaceOrder2(loaf="rye", customer="ada"), actor="desk")

    def test_a_failure_reads_as_a_difference():
        given(bakery, ADA).when(PlaceOrder2(loaf="cake", customer="ada")).then()
"""


def test_the_entry_point_names_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    (module,) = project["entry-points"]["pytest11"].values()

    assert import_module(module).__name__ == "ensue.testing.plugin"


def test_another_projects_tests_find_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_bakery.py").write_text("\n".join(line.removeprefix("    ") for line in TESTS.splitlines()), encoding="utf-8")

    said = run_pytest(tmp_path, "-q")

    assert "1 failed, 3 passed" in said
    assert "unexpected     SoldOut" in said
    assert "src/ensue/testing/given.py" not in said  # the failure is shown in the test, not in the tool
