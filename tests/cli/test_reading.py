"""Show, timeline, history, tags and attempts: the whole record, in the same words for people and programs, and reads on record."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import ensue
from tests.cli.conftest import MakeShop, Run
from tests.cli.shop import shop

Where = tuple[str, ...]


@pytest.fixture(scope="module")
def made_busy(make_shop: MakeShop) -> Path:
    """A shop in which Ada paid twice, was refused once, and closed another account."""
    return make_shop(
        *(("account.pay", "-f", "account_id=a-1", "-f", f"amount={amount}") for amount in (30, 999, 5)),
        ("account.open", "-f", "account_id=a-2", "-f", "owner=Grace"),
        ("account.close", "-f", "account_id=a-2"),
    )


@pytest.fixture
def busy_shop(made_busy: Path, where: Where, tmp_path: Path) -> Where:
    """The options of that shop."""
    shutil.copytree(made_busy, tmp_path, dirs_exist_ok=True)
    return where


def test_show_has_form_state_operations_effects_place_hash_and_version(run: Run, busy_shop: Where) -> None:
    shown = run("show", "1", *busy_shop, "--json").data

    assert {
        "id",
        "type",
        "version",
        "actor",
        "at",
        "occurred",
        "behalf",
        "purpose",
        "cause",
        "subject",
        "seq",
        "position",
        "links",
        "hash",
    } < set(shown)
    assert shown["form"] == {"account_id": "a-1", "amount": 30}
    [state] = shown["state"]
    assert (state["field"], state["model"], state["id"], state["columns"]["balance"]) == ("account", "Account", "a-1", 100)
    assert [(one["kind"], one["before"], one["after"]) for one in shown["operations"]] == [("increase", {"balance": 100}, {"balance": 70})]
    assert [one["kind"] for one in shown["effects"]] == ["receipt.print"]
    assert len(shown["hash"]) == 43


def test_show_tells_people_the_same(run: Run, busy_shop: Where) -> None:
    data, told = run("show", "1", *busy_shop, "--json").data, run("show", "1", *busy_shop)

    for word in (
        data["id"],
        data["hash"],
        data["version"],
        data["at"],
        "#1, Account/a-1 2",
        "amount      30",
        "balance  100 → 70",
        "Paid 30.",
    ):
        assert word in told.stdout
    assert told.stderr == ""


def test_show_as_test_prints_a_module_that_passes(run: Run, busy_shop: Where) -> None:
    told, data = run("show", "1", "--as-test", *busy_shop).stdout, run("show", "1", "--as-test", *busy_shop, "--json").data

    assert data == {"test": told}
    module: dict[str, Any] = {}
    exec(told, module)
    module["test_account_pay"]()


def test_an_event_is_found_by_its_id_and_by_its_position(run: Run, busy_shop: Where) -> None:
    by_position = run("show", "#1", *busy_shop, "--json").data

    by_id = run("show", by_position["id"], *busy_shop, "--json").data

    assert by_id == by_position


@pytest.mark.parametrize("event", ["99", "-1", "nobody", "0f84922d-d205-8105-a39d-aa7f9df177d8", "9" * 30, "é"])
def test_an_event_that_is_not_there_is_not_found(run: Run, busy_shop: Where, event: str) -> None:
    absent = run("show", *busy_shop, "--json", "--", event)

    assert (absent.code, absent.error["code"]) == (1, "not_found")


def test_a_timeline_has_every_event_of_its_subject_in_order(run: Run, busy_shop: Where) -> None:
    events = run("timeline", "Account/a-1", *busy_shop, "--json").data

    assert [(one["seq"], one["type"]) for one in events] == [(1, "account.open"), (2, "account.pay"), (3, "account.pay")]
    assert events[1] == run("show", "1", *busy_shop, "--json").data
    assert run("timeline", "Account/a-1", "--after", "1", "--limit", "1", *busy_shop, "--json").data == events[1:2]


def test_a_timeline_tells_people_every_operation_and_effect(run: Run, busy_shop: Where) -> None:
    told = run("timeline", "Account/a-1", *busy_shop).stdout

    assert told.startswith("Account/a-1  3 events\n")
    assert "+ Account a-1  balance 100" in told
    assert "± Account a-1  balance 100 → 70" in told
    assert "± Account a-1  balance 70 → 65" in told
    assert told.count("» receipt.print  text Paid") == 2


def test_nothing_on_record_is_said_so_and_is_no_error(run: Run, busy_shop: Where) -> None:
    timeline, history, attempts = (run(verb, "Account/none", *busy_shop) for verb in ("timeline", "history", "attempts"))

    assert [timeline.code, history.code, attempts.code] == [0, 0, 0]
    assert "Nothing is on record here" in timeline.stdout
    assert "No event wrote it" in history.stdout
    assert "0 attempts" in attempts.stdout
    assert run("timeline", "Account/none", *busy_shop, "--json").data == []


@pytest.mark.parametrize("verb", ["timeline", "history", "attempts", "tags"])
@pytest.mark.parametrize("what", ["Nothing/1", "Account", "Account/", "/a-1", ""])
def test_what_names_no_row_is_explained(run: Run, busy_shop: Where, verb: str, what: str) -> None:
    refused = run(verb, what, *busy_shop, "--json")

    assert (refused.code, refused.error["code"]) == (2, "request")
    assert "Account" in refused.error["message"]


def test_a_history_has_every_change_of_a_row(run: Run, busy_shop: Where) -> None:
    changes = run("history", "Account/a-1", *busy_shop, "--json").data

    assert [(one["kind"], one["type"], one["actor"], one["position"]) for one in changes] == [
        ("insert", "account.open", "clerk", 0),
        ("increase", "account.pay", "clerk", 1),
        ("increase", "account.pay", "clerk", 2),
    ]
    assert (changes[0]["before"], changes[0]["after"]["balance"]) == (None, 100)
    assert (changes[2]["before"], changes[2]["after"]) == ({"balance": 70}, {"balance": 65})


def test_a_history_shows_what_a_deleted_row_was(run: Run, busy_shop: Where) -> None:
    changes, told = run("history", "Account/a-2", *busy_shop, "--json").data, run("history", "Account/a-2", *busy_shop).stdout

    assert [one["kind"] for one in changes] == ["insert", "delete"]
    assert (changes[1]["before"]["owner"], changes[1]["after"]) == ("Grace", None)
    assert "owner    Grace → –" in told


def test_attempts_are_what_was_refused_and_why(run: Run, busy_shop: Where) -> None:
    [attempt], told = run("attempts", "Account/a-1", *busy_shop, "--json").data, run("attempts", "Account/a-1", *busy_shop).stdout

    assert (attempt["type"], attempt["actor"], attempt["outcome"]) == ("account.pay", "clerk", "rejected")
    assert attempt["reasons"][0]["code"] == "account.overdrawn"
    assert attempt["form"] == {"account_id": "a-1", "amount": 999}
    assert "account.overdrawn: There are only 70 of 999." in told


def test_tags_of_no_row_are_not_found_and_say_how_to_expect_nothing(run: Run, busy_shop: Where) -> None:
    absent = run("tags", "Account/none", *busy_shop, "--json")

    assert (absent.code, absent.error["code"]) == (1, "not_found")
    assert '{"Account/none": null}' in absent.error["message"]


@pytest.mark.parametrize("command", [("show", "1"), ("timeline", "Account/a-1"), ("history", "Account/a-1"), ("tags", "Account/a-1")])
def test_reads_are_on_record_with_who_and_why(run: Run, busy_shop: Where, command: tuple[str, str]) -> None:
    run(*command, "--actor", "auditor", "--purpose", "yearly review", *busy_shop)

    with ensue.open(shop, busy_shop[3]) as ledger:
        [read] = [one for one in ledger.reads("Account/a-1") if one["actor"] == "auditor"]
    assert read["purpose"] == "yearly review"


def test_characters_that_a_terminal_would_obey_are_shown_not_sent(run: Run, open_shop: Where) -> None:
    sent = "\x1b[31mred\x1b[0m\u202e\u200b\n tail "
    run("submit", "account.open", "-f", "account_id=a-9", "-f", f"owner={sent}", "--actor", "clerk", *open_shop)

    told, data = run("timeline", "Account/a-9", *open_shop).stdout, run("timeline", "Account/a-9", *open_shop, "--json").data

    assert "\x1b" not in told
    assert r'"\x1b[31mred\x1b[0m\u202e\u200b\n tail "' in told
    assert data[0]["form"]["owner"] == sent


@pytest.mark.parametrize(
    ("as_of", "balance"), [((), 65), (("--as-of", "2999-12-31"), 65), (("--as-of", "1"), 70), (("--as-of", "#0"), 100)]
)
def test_show_tells_a_subject_as_it_stands_or_once_stood(run: Run, busy_shop: Where, as_of: tuple[str, ...], balance: int) -> None:
    data, told = run("show", "Account/a-1", *as_of, *busy_shop, "--json").data, run("show", "Account/a-1", *as_of, *busy_shop).stdout

    assert (data["subject"], data["row"]["balance"], data["rows"]) == ("Account/a-1", balance, {})
    assert told.startswith(f"Account/a-1  as of #{data['position']}\n" if as_of else "Account/a-1  as it stands\n")
    assert f"balance  {balance}" in told


@pytest.mark.parametrize("said", [("Account/a-1", "--as-of", "1999-12-31"), ("Account/a-2",), ("Account/none", "--as-of", "2")])
def test_a_subject_that_is_not_there_then_is_not_found(run: Run, busy_shop: Where, said: tuple[str, ...]) -> None:
    absent = run("show", *said, *busy_shop, "--json")

    assert (absent.code, absent.error["code"]) == (1, "not_found")
    assert "says when it came and went" in absent.error["message"]


@pytest.mark.parametrize("said", [("Account/a-1", "--as-of", "99"), ("Account/a-1", "--as-of", "soon"), ("1", "--as-of", "1")])
def test_a_past_that_cannot_be_is_explained(run: Run, busy_shop: Where, said: tuple[str, ...]) -> None:
    refused = run("show", *said, *busy_shop, "--json")

    assert (refused.code, refused.error["code"]) == (2, "request")
