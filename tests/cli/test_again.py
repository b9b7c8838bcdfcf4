"""Replay and compare on the command line: what they say, how they end, and the pages they write."""

from __future__ import annotations

from pathlib import Path

import pytest

import ensue
from ensue.cli.comparison_html import html_of
from ensue.cli.comparison_words import differ_text, spread_text
from tests.cli.conftest import Run
from tests.ledger.pharmacy import pharmacy, sell_to

Where = tuple[str, ...]


@pytest.fixture
def where(sqlite_url: str) -> Where:
    """The options that name a pharmacy with seven records."""
    with ensue.open(pharmacy, sqlite_url) as ledger:
        sell_to(ledger, "a", each=4)
        sell_to(ledger, "b<i>", each=1)
    return ("--app", "tests.ledger.pharmacy:pharmacy", "--database", sqlite_url)


def test_what_still_decides_the_same_ends_with_0(run: Run, where: Where) -> None:
    data, told, one = run("replay", *where, "--json").data, run("replay", *where), run("replay", "3", *where)

    assert (data["records"], data["different"], data["outcomes"], data["differing"]) == (7, 0, {"same": 7}, [])
    assert (told.code, one.code) == (0, 0)
    assert "7 events, none differs" in told.stdout
    assert "#3 sale.buy: the same." in one.stdout


def test_what_no_longer_decides_the_same_ends_with_1(run: Run, where: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.ledger.pharmacy.Receipt.__init__", lambda self, **values: None)

    found, told = run("replay", *where, "--json"), run("replay", *where)

    assert (found.code, told.code, found.error["code"]) == (1, 1, "differs")
    assert found.envelope["data"]["outcomes"] == {"same": 2, "raised": 5}
    assert "5 of them not as they were decided (5 raised)" in " ".join(told.stdout.split())
    assert run("replay", *where, "--fail-on", "never").code == 0
    assert run("replay", *where, "--fail-on", "sometimes").code == 2


def test_a_range_and_a_file_are_replayed(run: Run, where: Where, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert run("export", "events", "--out", str(path), *where).code == 0

    assert run("replay", "--from", "1", "--to", "3", "--type", "sale.buy", *where, "--json").data["records"] == 3
    assert run("replay", str(path), *where[:2], "--json").data["records"] == 7
    assert run("replay", "--file", str(path), "--subject", "Customer/a", *where[:2], "--json").data["records"] == 5
    page = run("compare", str(path), "--version", "2024-06-01", *where[:2], "--format", "md")
    assert (page.code, page.stdout.splitlines()[0]) == (0, "# Events decided under 2024-06-01")


def test_processes_share_the_work_of_a_command(program: Run, where: Where) -> None:
    shared = program("compare", "--version", "2024-06-01", *where, "--jobs", "2", "--json").data

    assert (shared["records"], shared["different"], shared["uncovered"]) == (7, 5, 0)


def test_what_is_declared_ends_with_0_and_what_is_not_with_1(run: Run, where: Where) -> None:
    meant, other = run("compare", "--version", "2024-06-01", *where, "--json"), run("compare", "--version", "2025-01-01", *where, "--json")

    assert (meant.data["different"], meant.data["uncovered"]) == (5, 0)
    assert (other.code, other.error["code"], other.envelope["data"]["uncovered"]) == (1, "differs", 4)
    assert run("compare", "--version", "2025-01-01", *where, "--fail-on", "never").code == 0
    assert run("compare", "--version", "2024-06-01", *where, "--fail-on", "any").code == 1


def test_a_comparison_reads_well_on_a_terminal(run: Run, where: Where) -> None:
    told = " ".join(run("compare", "--version", "2025-01-01", *where).stdout.split())

    assert "4 events of 7 differ in something that nobody has declared as expected." in told
    assert "an effect less receipt.print" in told
    assert "Customer.points moves by 1 to 3" in told
    assert "~ Sale/" in told


def test_one_event_is_told_in_the_singular_and_numbers_that_move_alike_once() -> None:
    alike, spread = {"least": "2", "most": "2", "quantiles": {"50%": "2"}}, {"least": "1", "most": "3", "quantiles": {"50%": "2"}}

    assert (differ_text(1, 5), differ_text(3, 8)) == ("1 event of 5 differs", "3 events of 8 differ")
    assert (spread_text(alike), spread_text(spread)) == ("2", "1 to 3 (50% 2)")


def test_one_event_is_compared_by_itself(run: Run, where: Where) -> None:
    found = run("compare", "1", "--version", "2025-01-01", *where)

    assert found.code == 1
    assert "amount  1 → 1.1" in found.stdout
    assert "points  by 0 → 1" in found.stdout
    assert "- » receipt.print sell/1" in found.stdout


@pytest.mark.parametrize("format", ["md", "html"])
def test_a_page_says_it_all_and_needs_nothing_else(run: Run, where: Where, tmp_path: Path, format: str) -> None:
    path = tmp_path / f"page.{format}"

    told = run("compare", "--version", "2025-01-01", *where, "--format", format, "--out", str(path))
    page = path.read_text(encoding="utf-8")

    assert told.code == 1
    assert f"page.{format}" in told.complaint + told.stdout
    assert run("compare", "--version", "2025-01-01", *where, "--format", format).stdout == page
    for said in ("Events decided under 2025-01-01", "receipt.print", "Regular customers are rewarded", "Sale", "75 %", "Customer/a"):
        assert said in page
    assert "<i>" not in page, "what people typed is no markup"
    for needed in ("http://", "https://", "<script", "<link", "<img", "@import"):
        assert needed not in page


def test_ids_are_no_markup_on_the_page(run: Run, where: Where) -> None:
    data = run("compare", "--version", "2025-01-01", *where, "--json").envelope["data"]
    row = next(row for group in data["groups"] for sample in group["samples"] for row in sample["rows"])
    row["id"] = "<i>x</i>"

    page = html_of(data)

    assert "<i>" not in page
    assert "&lt;i&gt;x&lt;/i&gt;" in page


def test_too_much_noise_says_so_everywhere(run: Run, where: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.ledger.pharmacy.Receipt.__init__", lambda self, **values: None)
    path = tmp_path / "page.html"

    found = run("compare", "--version", "2024-06-01", *where, "--json", "--format", "html", "--out", str(path))

    assert (found.code, found.error["code"]) == (1, "void")
    assert "Void: 5 of 7 events" in path.read_text(encoding="utf-8")
    assert "Void: 5 of 7 events" in " ".join(run("compare", "--version", "2024-06-01", *where).stdout.split())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("compare",), "Compare with what?"),
        (("compare", "--version", "2020-01-01"), "before the first"),
        (("compare", "--version", "2024-06-01", "--format", "pdf"), "expected md or html"),
        (("compare", "--version", "2024-06-01", "--out", "x"), "say which page"),
        (("compare", "--version", "2024-06-01", "--format", "md", "--json"), "where the page goes"),
        (("compare", "--version", "2024-06-01", "--fail-on", "x"), "expected one of"),
        (("compare", "--code", "nowhere"), "There is no folder nowhere"),
        (("replay", "3", "--type", "sale.buy"), "One EVENT"),
        (("replay", "--file", "nowhere.jsonl"), "There is no file nowhere.jsonl"),
        (("replay", "--type", "sale.by"), "did you mean sale.buy"),
        (("compare", "--version", "2024-06-01", "--type", "sale.by"), "did you mean sale.buy"),
        (("replay", "nowhere.jsonl"), "neither an event, by its whole id or its position, nor a file"),
        (("compare", "3", "--version", "2024-06-01", "--format", "md"), "a page of many events"),
        (("replay", "--dask"), "shares out the files of a folder"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_2(run: Run, where: Where, arguments: tuple[str, ...], complaint: str) -> None:
    refused = run(*arguments, *where)

    assert refused.code == 2, refused.stdout
    assert complaint in refused.complaint + refused.stdout
