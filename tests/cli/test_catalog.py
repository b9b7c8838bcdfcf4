"""The catalog on the command line: lists, cards, uses, differences, findings and every export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ensue.core.catalog import read_catalog
from tests.cli.conftest import SHOP, Run
from tests.cli.shop import shop

APP = ("--app", SHOP)
CLINIC = ("--app", "ensue.demo:clinic")


def test_list_names_every_event_type_with_its_dates_and_purpose(run: Run) -> None:
    data, told = run("catalog", "list", *APP, "--json").data, run("catalog", "list", *APP)

    assert [(one["type"], one["dates"], one["seen"]) for one in data][2:] == [
        ("account.open", ["2024-01-01"], None),
        ("account.pay", ["2024-01-01", "2024-06-01"], None),
        ("account.rename", ["2024-01-01"], None),
    ]
    assert "account.pay     2024-01-01 +1  Someone pays from an account." in told.stdout
    assert told.stderr == ""


def test_show_tells_one_event_type_at_a_date(run: Run) -> None:
    data = run("catalog", "show", "account.pay@2024-01-01", *APP, "--json").data
    told = run("catalog", "show", "account.pay", *APP).stdout

    assert (data["since"], data["until"], [one["name"] for one in data["steps"]]) == ("2024-01-01", "2024-06-01", ["take_amount"])
    for words in ("account.pay  since 2024-06-01", "Someone pays from an account.", "effect receipt.print  print_receipt", "more than 0"):
        assert words in told
    assert "account.overdrawn  There are only {balance} of {amount}.  amount  take_amount\n" in told
    assert "behaviour  Step print_receipt is new." in told


def test_show_takes_effects_and_models_too(run: Run) -> None:
    assert run("catalog", "show", "receipt.print", *APP, "--json").data["caused_by"] == ["account.pay"]
    assert "Written by" in run("catalog", "show", "Account", *APP).stdout


def test_what_is_not_there_is_said_with_what_is(run: Run) -> None:
    assert "did you mean account.pay" in run("catalog", "show", "account.pa", *APP, "--json").error["message"]
    assert run("catalog", "show", "account.pay@2020-01-01", *APP, "--json").error["code"] == "version_not_in_version"
    assert "did you mean receipt.print" in run("catalog", "causes", "receipt.prin", *APP, "--json").error["message"]
    assert "did you mean Account" in run("catalog", "writes", "Acount", *APP, "--json").error["message"]


def test_causes_and_writes_name_the_event_types_their_dates_and_steps(run: Run) -> None:
    assert run("catalog", "causes", "receipt.print", *APP, "--json").data == [
        {"type": "account.pay", "since": "2024-06-01", "until": None, "name": "receipt.print", "steps": ["print_receipt"], "seen": None}
    ]
    written = run("catalog", "writes", "Account", *APP, "--json").data
    assert {(one["type"], one["name"]) for one in written} >= {("account.open", "insert Account"), ("account.pay", "increase Account")}
    told = run("catalog", "causes", "Push", *CLINIC).stdout
    assert "Push may be caused by\n  medication.request  2018-07-30 until 2019-05-01" in told


def test_counts_are_told_where_a_database_is_named(run: Run, open_shop: tuple[str, ...]) -> None:
    run("submit", "account.pay", "-f", "account_id=a-1", "-f", "amount=30", "--actor", "clerk", *open_shop)
    run("submit", "account.pay", "-f", "account_id=a-1", "-f", "amount=999", "--actor", "clerk", *open_shop)

    listed = {one["type"]: one["seen"] for one in run("catalog", "list", *open_shop, "--json").data}
    shown = run("catalog", "show", "account.pay", *open_shop, "--json").data["seen"]

    assert (listed["account.pay"], listed["account.close"]) == (1, 0)
    assert (shown["operations"], shown["effects"]) == ({"increase Account": 1}, {"receipt.print": 1})
    assert shown["rejections"] == {"account.overdrawn": 1}
    assert "by print_receipt, seen 1" in run("catalog", "causes", "receipt.print", *open_shop).stdout


def test_diff_tells_what_changed_and_fails_where_it_was_told_to(run: Run) -> None:
    found = run("catalog", "diff", "2024-01-01", "2024-06-01", *APP, "--json").data

    assert [(one["name"], one["compatibility"]) for one in found] == [("account.pay", "behaviour")]
    assert run("catalog", "diff", "2024-01-01", "2024-06-01", "--fail-on", "breaking", *APP).code == 0
    failed = run("catalog", "diff", "2024-01-01", "2024-06-01", "--fail-on", "behaviour", *APP, "--json")
    assert (failed.code, failed.error["code"]) == (1, "changed")
    assert "breaking   address is gone; leave it out." in run("catalog", "diff", "2018-07-30", "2019-05-01", *CLINIC).stdout
    assert "Nothing changed" in run("catalog", "diff", "2024-06-01", "2024-06-01", *APP).stdout


def test_diff_takes_exported_catalogs_and_needs_no_application_then(run: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "old.json")
    assert run("catalog", "export", "--out", file, *APP).code == 0

    assert run("catalog", "diff", file, file, "--json").data == []
    assert [one["name"] for one in run("catalog", "diff", f"{file}@2024-01-01", file, "--json").data] == ["account.pay"]
    assert [one["name"] for one in run("catalog", "diff", f"{file}@2024-01-01", "2024-06-01", *APP, "--json").data] == ["account.pay"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("diff", "2024-01-01", "2030-01-01"), "after the newest version"),
        (("diff", "yesterday", "2024-01-01"), "is no version"),
        (("diff", "none.json", "2024-01-01"), "none.json cannot be read"),
        (("diff", "2024-01-01", "2024-06-01", "--fail-on", "anything"), "expected one of additive, behaviour, breaking"),
        (("export", "--format", "pdf"), "expected json, md, html"),
        (("export", "--format", "eventcatalog"), "say where with --out FOLDER"),
        (("export", "--out", "no/such/folder/catalog.json"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, arguments: tuple[str, ...], words: str) -> None:
    failed = run("catalog", *arguments, *APP)

    assert failed.code == 2
    assert words in failed.complaint


def test_a_file_that_is_no_catalog_is_refused(run: Run, tmp_path: Path) -> None:
    for text, words in (("{", "is no JSON"), ('{"format": "other"}', "Expected a catalog of the format"), ("[]", "Expected a catalog")):
        (tmp_path / "old.json").write_text(text, encoding="utf-8")
        failed = run("catalog", "diff", str(tmp_path / "old.json"), "2024-06-01", *APP)
        assert (failed.code, words in failed.complaint) == (2, True)


def test_lint_ends_with_5_where_something_is_missing(run: Run) -> None:
    found = run("catalog", "lint", *APP, "--json")

    assert (found.code, found.error["code"]) == (5, "catalog")
    listed: list[dict[str, Any]] = found.envelope["data"]
    assert {"no_purpose", "no_performer"} == {one["code"] for one in listed}
    assert any(one["place"].startswith("tests/cli/shop.py:") for one in listed)
    told = run("catalog", "lint", *CLINIC)
    assert (told.code, told.stdout) == (0, "✓ The catalog is whole.\n")


@pytest.mark.parametrize("format", ["json", "schema", "md", "html", "jsonschema", "asyncapi", "openapi"])
def test_every_format_is_the_same_on_standard_output_and_in_a_file(run: Run, tmp_path: Path, format: str) -> None:
    printed = run("catalog", "export", "--format", format, *APP).stdout
    run("catalog", "export", "--format", format, "--out", str(tmp_path / "out"), *APP)

    assert printed == (tmp_path / "out").read_text(encoding="utf-8")
    if format not in ("md", "html"):
        assert run("catalog", "export", "--format", format, *APP, "--json").data["document"] == json.loads(printed)
    if format == "json":
        assert read_catalog(json.loads(printed)) == shop.catalog()


def test_eventcatalog_is_a_folder(run: Run, tmp_path: Path) -> None:
    written = run("catalog", "export", "--format", "eventcatalog", "--out", str(tmp_path / "docs"), *APP, "--json").data

    files = [path for path in (tmp_path / "docs").rglob("*") if path.is_file()]
    assert len(files) == written["files"]
    assert (tmp_path / "docs/services/shop/commands/account.pay/versioned/2024.101.1/index.mdx").is_file()
