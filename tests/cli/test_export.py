"""Export on the command line: where events go, which, and what is said of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ensue
from tests.cli.conftest import MakeShop, Run
from tests.cli.shop import shop

Where = tuple[str, ...]


@pytest.fixture(scope="module")
def made_busy(make_shop: MakeShop) -> Path:
    """A shop where two payments followed, and another account was opened."""
    return make_shop(
        *(("account.pay", "-f", "account_id=a-1", "-f", f"amount={amount}") for amount in (30, 5)),
        ("account.open", "-f", "account_id=a-2", "-f", "owner=Grace"),
    )


@pytest.fixture
def busy_shop(made_busy: Path, where: Where, tmp_path: Path) -> Where:
    """The options of that shop."""
    shutil.copytree(made_busy, tmp_path, dirs_exist_ok=True)
    return where


def test_events_go_to_standard_output_and_nothing_else_does(run: Run, busy_shop: Where) -> None:
    exported = run("export", "events", *busy_shop)

    head, *lines = map(json.loads, exported.stdout.splitlines())
    assert (exported.code, exported.stderr, head["app"]) == (0, "", "shop")
    assert [(line["position"], line["type"]) for line in lines] == list(
        enumerate(["account.open", "account.pay", "account.pay", "account.open"])
    )


@pytest.mark.parametrize("format", ["jsonl", "cloudevents", "parquet"])
def test_events_go_to_a_file_with_a_word_for_people_and_an_envelope_for_programs(
    run: Run, busy_shop: Where, tmp_path: Path, format: str
) -> None:
    out = tmp_path / "events"
    told = run("export", "events", "--format", format, "--out", str(out), *busy_shop)
    data = run("export", "events", "--format", format, "--out", str(out), *busy_shop, "--json").data

    assert " ".join(told.stdout.split()) == f"Exported 4 events to {out}."
    assert data == {"path": str(out), "format": format, "events": 4, "partitions": None}
    assert [record.position for record in ensue.records_from(out, shop)] == [0, 1, 2, 3]


def test_partitions_make_a_folder(run: Run, busy_shop: Where, tmp_path: Path) -> None:
    data = run("export", "events", "--partitions", "2", "--out", str(tmp_path / "parts"), *busy_shop, "--json").data

    assert data["partitions"] == 2
    assert sorted(part.name for part in (tmp_path / "parts").iterdir()) == ["part-000.jsonl", "part-001.jsonl"]


@pytest.mark.parametrize(
    ("options", "positions"),
    [
        (("--from", "2"), [2, 3]),
        (("--from", "#1", "--to", "2"), [1, 2]),
        (("--to", "1999-12-31"), []),
        (("--from", "1999-12-31", "--to", "2999-01-01T00:00:00Z"), [0, 1, 2, 3]),
        (("--type", "account.pay"), [1, 2]),
        (("--type", "account.pay", "--type", "account.open", "--subject", "Account/a-2"), [3]),
    ],
)
def test_a_selection_is_said_in_four_options(run: Run, busy_shop: Where, options: tuple[str, ...], positions: list[int]) -> None:
    lines = run("export", "events", *options, *busy_shop).stdout.splitlines()[1:]

    assert [json.loads(line)["position"] for line in lines] == positions


def test_the_day_of_to_is_whole(run: Run, busy_shop: Where) -> None:
    with ensue.open(shop, busy_shop[3]) as ledger:
        first, *_, last = (record.at.date().isoformat() for record in ledger.records())

    assert len(run("export", "events", "--from", first, "--to", last, *busy_shop).stdout.splitlines()) == 5


@pytest.mark.parametrize("place", ["yesterday", "2024-02-30", "2024-01-01T10:00", "-1", ""])
def test_a_place_that_is_none_is_explained(run: Run, busy_shop: Where, place: str) -> None:
    refused = run("export", "events", f"--from={place}", "--out", "/dev/null", *busy_shop, "--json")

    assert (refused.code, refused.error["code"]) == (2, "request")
    assert "a position such as 243" in refused.error["message"]


@pytest.mark.parametrize(
    ("options", "word"),
    [(("--format", "csv"), "jsonl, cloudevents, parquet"), (("--format", "parquet"), "path"), (("--json",), "--out PATH")],
)
def test_what_cannot_be_written_is_said(run: Run, busy_shop: Where, options: tuple[str, ...], word: str) -> None:
    refused = run("export", "events", *options, *busy_shop)

    assert refused.code == 2
    assert word in refused.stdout + refused.complaint


def test_a_look_by_export_is_on_record(run: Run, busy_shop: Where) -> None:
    run("export", "events", "--actor", "auditor", "--purpose", "yearly review", *busy_shop)

    with ensue.open(shop, busy_shop[3]) as ledger:
        [read] = [one for one in ledger.reads("Account/a-1") if one["actor"] == "auditor"]
    assert (read["action"], read["purpose"]) == ("records", "yearly review")


def test_a_reader_that_goes_away_is_no_fault(busy_shop: Where, surroundings: dict[str, str]) -> None:
    with ensue.open(shop, busy_shop[3]) as ledger:
        event = ledger.read_event("account.pay", {"account_id": "a-1", "amount": 1})
        ledger.submit_all([ensue.Request(ledger.read_event("account.open", {"owner": "x" * 2_000})) for _ in range(100)], actor="clerk")
        ledger.submit(event, actor="clerk")

    command = [sys.executable, "-m", "ensue.cli", "export", "events", *busy_shop]
    with subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        assert started.stdout.readline().startswith(b'{"app":"shop"')
        started.stdout.close()
        complaint = started.stderr.read()

    assert (started.returncode, complaint) == (141, b"")
