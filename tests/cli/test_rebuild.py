"""Rebuild on the command line: what is counted, what is compared, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

import ensue
from tests.cli.conftest import Run
from tests.cli.shop import Account, shop

Where = tuple[str, ...]


@pytest.fixture
def into(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'rebuilt.db'}"


def test_rows_are_counted_and_compared(run: Run, open_shop: Where, into: str) -> None:
    data = run("rebuild", "--into", into, "--check", *open_shop, "--json").data

    assert data == {"into": into, "records": 1, "rows": {"Account": 1}, "skipped": [], "checked": True, "difference": None}


def test_people_are_told_the_same(run: Run, open_shop: Where, into: str) -> None:
    told = " ".join(run("rebuild", "--into", into, "--check", *open_shop).stdout.split())

    assert told.startswith("Rebuilt 1 row from 1 record in ")
    assert "Account 1" in told
    assert told.endswith("They are the live rows, value by value.")


def test_a_difference_is_named_and_ends_with_3(run: Run, open_shop: Where, into: str) -> None:
    with ensue.open(shop, open_shop[3]) as ledger, ledger._storage.engine.connect() as connection:
        connection.execute(update(Account.table).values(balance=1_000))

    found = run("rebuild", "--into", into, "--check", *open_shop, "--json")

    assert (found.code, found.error["code"]) == (3, "verification")
    assert found.envelope["data"]["difference"] == "Account/a-1: the row is not what its events made it in balance."


def test_an_export_is_enough(run: Run, open_shop: Where, into: str, tmp_path: Path) -> None:
    run("export", "events", "--format", "parquet", "--out", str(tmp_path / "events"), *open_shop)

    data = run("rebuild", "--into", into, "--events", str(tmp_path / "events"), *open_shop[:2], "--json").data

    assert (data["records"], data["rows"]) == (1, {"Account": 1})


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--events", "events.jsonl"), "There is no file events.jsonl"),
        (("--events", "events.jsonl", "--check"), "leave out --events or --check"),
    ],
)
def test_what_cannot_be_is_said(run: Run, open_shop: Where, into: str, options: tuple[str, ...], word: str) -> None:
    refused = run("rebuild", "--into", into, *options, *open_shop, "--json")

    assert refused.code == 2
    assert word in refused.error["message"]


def test_a_database_with_rows_is_refused(run: Run, open_shop: Where) -> None:
    refused = run("rebuild", "--into", open_shop[3], *open_shop, "--json")

    assert (refused.code, refused.error["code"]) == (2, "request")
    assert "rebuild into an empty database" in refused.error["message"]


def test_a_folder_that_is_not_there_is_said(run: Run, open_shop: Where, tmp_path: Path) -> None:
    refused = run("rebuild", "--into", f"sqlite:///{tmp_path}/nowhere/r.db", *open_shop, "--json")

    assert (refused.code, refused.error["code"]) == (4, "unavailable")
