"""Submit and preview: forms from options, files and standard input; every way to be refused, and what is then said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

Where = tuple[str, ...]
ACTOR = ("--actor", "clerk")


def fields(**values: str) -> list[str]:
    return [part for name, value in values.items() for part in ("-f", f"{name}={value}")]


def test_a_submitted_event_is_saved_with_all_that_follows(run: Run, open_shop: Where) -> None:
    paid = run("submit", "account.pay", *fields(account_id="a-1", amount="30"), *ACTOR, *open_shop, "--json").data

    assert (paid["type"], paid["position"], paid["subject"], paid["seq"], paid["repeated"]) == ("account.pay", 1, "Account/a-1", 2, False)
    assert paid["form"] == {"account_id": "a-1", "amount": 30}
    assert [(one["kind"], one["before"], one["after"]) for one in paid["operations"]] == [("increase", {"balance": 100}, {"balance": 70})]
    assert [(one["kind"], one["body"], one["step"]) for one in paid["effects"]] == [
        ("receipt.print", {"text": "Paid 30."}, "print_receipt")
    ]
    assert run("show", paid["id"], *open_shop, "--json").data == paid


def test_people_read_what_followed_with_the_steps_it_came_from(run: Run, open_shop: Where) -> None:
    said = run("submit", "account.pay", *fields(account_id="a-1", amount="30"), *ACTOR, *open_shop)

    assert said.code == 0
    assert "Saved. account.pay #1, Account/a-1 2, rules of 2024-06-01" in said.stdout
    assert "± Account a-1   increase, by take_amount" in said.stdout
    assert "balance  100 → 70" in said.stdout
    assert "» receipt.print print_receipt/1   effect, by print_receipt" in said.stdout


def test_a_preview_says_the_same_and_saves_nothing(run: Run, open_shop: Where) -> None:
    request = ("account.pay", *fields(account_id="a-1", amount="30"), *ACTOR, "--key", "k", *open_shop)

    planned = run("preview", *request, "--json").data
    told = run("preview", *request)
    saved = run("submit", *request, "--json").data

    assert planned["operations"] == saved["operations"]
    assert planned["effects"] == saved["effects"]
    assert planned["steps"] == ["take_amount", "print_receipt"]
    assert saved["position"] == 1
    assert "Preview. account.pay: 1 operation and 1 effect would follow; nothing was saved." in told.stdout


def test_the_same_key_gives_the_same_record(run: Run, open_shop: Where) -> None:
    request = ("submit", "account.pay", *fields(account_id="a-1", amount="30"), *ACTOR, "--key", "k", *open_shop)

    first, again, told = run(*request, "--json").data, run(*request, "--json").data, run(*request)

    assert again == {**first, "repeated": True}
    assert "Saved before, under this key: nothing was added." in told.stdout


def test_the_same_key_for_another_request_is_a_conflict(run: Run, open_shop: Where) -> None:
    run("submit", "account.pay", *fields(account_id="a-1", amount="30"), *ACTOR, "--key", "k", *open_shop)

    other = run("submit", "account.pay", *fields(account_id="a-1", amount="31"), *ACTOR, "--key", "k", *open_shop, "--json")

    assert (other.code, other.error["code"]) == (1, "key_reused")


@pytest.mark.parametrize("verb", ["submit", "preview"])
def test_a_rejected_event_ends_with_1_and_every_reason(run: Run, open_shop: Where, verb: str) -> None:
    request = (verb, "account.pay", *fields(account_id="a-1", amount="500"), *ACTOR, *open_shop)

    refused, told = run(*request, "--json"), run(*request)

    assert (refused.code, refused.error["code"]) == (1, "rejected")
    assert refused.error["reasons"] == [
        {"code": "account.overdrawn", "field": "amount", "message": "There are only 100 of 500.", "values": {"amount": 500, "balance": 100}}
    ]
    assert (told.code, told.stdout) == (1, "")
    assert "account.overdrawn There are only 100 of 500." in told.complaint


def test_a_row_that_is_not_there_is_a_rejection_that_names_it(run: Run, open_shop: Where) -> None:
    refused = run("submit", "account.pay", *fields(account_id="a-2", amount="1"), *ACTOR, *open_shop, "--json")

    assert refused.error["reasons"][0]["values"] == {"model": "Account", "id": "a-2"}


# ---- the rule for -f -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("owner=834060", "834060"),
        ("owner=null", "null"),
        ("owner= spaced = out ", " spaced = out "),
        ('owner:="quoted"', "quoted"),
        ("balance=12", 12),
        ("balance=-3", -3),
        ("balance=9007199254740991", 2**53 - 1),
        ("vip=true", True),
        ("note=null", None),
        ("note=", ""),
        ('note:="null"', "null"),
        ("since=2024-02-29", "2024-02-29"),
        ("limit=12.50", "12.5"),
        ('address={"street": "Mill Road", "number": 7}', {"street": "Mill Road", "number": 7}),
        ('labels=["a", "b"]', ["a", "b"]),
    ],
)
def test_a_field_is_read_by_its_type(run: Run, open_shop: Where, field: str, value: object) -> None:
    owner = [] if field.startswith("owner") else ["-f", "owner=Grace"]

    saved = run("submit", "account.open", "-f", field, *owner, *ACTOR, *open_shop, "--json").data

    name = field.partition("=")[0].removesuffix(":")
    assert saved["form"][name] == value
    assert saved["operations"][0]["after"][name] == value


@pytest.mark.parametrize(
    ("field", "path", "said"),
    [
        ("balance=12.5", "balance", "expected an integer"),
        ("balance=9007199254740992", "balance", "2^53"),
        ("balance=" + "9" * 5_000, "balance", "expected an integer"),
        ("balance=null", "balance", "expected an integer"),
        ("vip=yes", "vip", "expected true or false"),
        ("since=2024-02-30", "since", "day is out of range"),
        ("limit=1e3", "limit", "expected a decimal"),
        ("address=Mill Road", "address", "Not JSON"),
        ('address={"street": "a", "street": "b", "number": 1}', "address", "more than once"),
        ('address={"street": "a"}', "address.number", "required"),
        ('labels=["a", 1]', "labels.1", "expected a string"),
        ("note:=1.5", "note", "only integers"),
        ("colour=red", "colour", "is no field"),
    ],
)
def test_a_value_that_is_not_of_its_type_is_named_with_what_was_expected(
    run: Run, open_shop: Where, field: str, path: str, said: str
) -> None:
    refused = run("submit", "account.open", "-f", field, "-f", "owner=Grace", *ACTOR, *open_shop, "--json")

    assert (refused.code, refused.error["code"]) == (2, "invalid_form")
    [problem] = refused.error["problems"]
    assert problem["path"] == path
    assert said in problem["message"]


def test_everything_wrong_with_a_form_is_said_at_once(run: Run, open_shop: Where) -> None:
    request = ("submit", "account.open", *fields(balance="x", address="{", colour="red"), *ACTOR, *open_shop)

    refused, told = run(*request, "--json"), run(*request)

    assert {problem["path"] for problem in refused.error["problems"]} == {"balance", "address", "colour", "owner"}
    assert told.stderr.startswith("Error: account.open: the form cannot be used; nothing was saved.\n")
    assert len(told.stderr.splitlines()) >= 5


def test_an_unknown_field_names_those_there_are_references_included(run: Run, open_shop: Where) -> None:
    refused = run("submit", "account.pay", *fields(account="a-1", account_id="a-1", amount="1"), *ACTOR, *open_shop, "--json")

    [problem] = refused.error["problems"]
    assert problem == {
        "path": "account",
        "code": "unknown",
        "message": "is no field of account.pay; its fields are account_id, amount",
    }


@pytest.mark.parametrize(("field", "said"), [("owner", "expected field=value"), ("=x", "expected field=value")])
def test_a_field_without_name_or_value_is_explained(run: Run, open_shop: Where, field: str, said: str) -> None:
    refused = run("submit", "account.open", "-f", field, *ACTOR, *open_shop)

    assert refused.code == 2
    assert said in refused.complaint


def test_a_field_may_be_given_only_once(run: Run, open_shop: Where) -> None:
    refused = run("submit", "account.open", "-f", "owner=Ada", "-f", "owner=Grace", *ACTOR, *open_shop)

    assert refused.code == 2
    assert "given twice" in refused.complaint


# ---- files and standard input --------------------------------------------------------------------------------------
def test_a_form_comes_from_a_file_and_options_come_on_top(run: Run, open_shop: Where, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text('{"account_id": "a-2", "owner": "Grace", "balance": 5}')

    saved = run("submit", "account.open", f"@{form}", "-f", "balance=6", *ACTOR, *open_shop, "--json").data

    assert (saved["form"]["owner"], saved["form"]["balance"]) == ("Grace", 6)


@pytest.mark.parametrize("source", ["-", "@-"])
def test_a_form_comes_from_standard_input(program: Run, open_shop: Where, source: str) -> None:
    saved = program("submit", "account.open", source, *ACTOR, *open_shop, "--json", input='{"owner": "Zoë\u200b"}'.encode()).data

    assert saved["form"]["owner"] == "Zoë\u200b"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (b"", "invalid_json", "Not JSON"),
        (b"[1]", "invalid_json", "expected an object"),
        (b'{"owner": "a", "owner": "b"}', "invalid_json", "more than once"),
        (b'{"owner": "a", "balance": 9007199254740992}', "invalid_json", "2^53"),
        (b'{"owner": "a", "balance": 1.0}', "invalid_json", "only integers"),
        (b'{"owner": "\\ud800"}', "invalid_json", "lone surrogate"),
        (b'{"owner": "a\\u0000b"}', "invalid_json", "NUL"),
        (b'{"owner": "\xff"}', "invalid_json", "not UTF-8"),
        (b"[" * 100_000, "invalid_json", "inside one another"),
        (b'{"owner": "' + b"a" * 1_100_000 + b'"}', "too_large", "limit of 1048576 bytes"),
    ],
    ids=["empty", "list", "duplicate", "big integer", "float", "surrogate", "NUL", "not UTF-8", "deep", "huge"],
)
def test_json_outside_the_profile_is_refused_before_anything_is_decided(
    run: Run, open_shop: Where, tmp_path: Path, text: bytes, code: str, said: str
) -> None:
    form = tmp_path / "form.json"
    form.write_bytes(text)

    refused = run("submit", "account.open", f"@{form}", *ACTOR, *open_shop, "--json")

    assert (refused.code, refused.error["code"]) == (2, code)
    assert said in refused.error["message"]


def test_a_file_that_cannot_be_read_is_named(run: Run, open_shop: Where, tmp_path: Path) -> None:
    absent = run("submit", "account.open", f"@{tmp_path}/no.json", *ACTOR, *open_shop)
    folder = run("submit", "account.open", f"@{tmp_path}", *ACTOR, *open_shop)
    forgotten = run("submit", "account.open", "form.json", *ACTOR, *open_shop)

    assert [absent.code, folder.code, forgotten.code] == [2, 2, 2]
    assert "no.json cannot be read: No such file or directory" in absent.complaint
    assert "Is a directory" in folder.complaint
    assert "expected @file.json" in forgotten.complaint


# ---- who, when, which version --------------------------------------------------------------------------------------
def test_what_is_said_beside_the_form_is_on_record(run: Run, open_shop: Where) -> None:
    said = (
        "--occurred",
        "2024-03-01T10:00:00+01:00",
        "--cause",
        "call-7",
        "--behalf",
        "ada",
        "--purpose",
        "billing",
        "--version",
        "2024-01-01",
    )

    saved = run("submit", "account.pay", *fields(account_id="a-1", amount="1"), *ACTOR, *said, *open_shop, "--json").data

    assert saved["occurred"] == "2024-03-01T09:00:00.000000Z"
    assert (saved["cause"], saved["behalf"], saved["purpose"], saved["version"]) == ("call-7", "ada", "billing", "2024-01-01")
    assert (saved["requested"], saved["effects"]) == ("2024-01-01", [])
    assert run("show", saved["id"], *open_shop, "--json").data == saved
    assert "rules of  2024-01-01, as requested" in run("show", saved["id"], *open_shop).stdout


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("tomorrow", "malformed"),
        ("2024-13-01", "malformed"),
        ("2024-03-01", "unknown"),
        ("2030-01-01", "future"),
        ("2020-01-01", "before_first"),
    ],
)
def test_a_version_that_cannot_be_used_says_why_and_which_are_near(run: Run, open_shop: Where, version: str, code: str) -> None:
    refused = run("submit", "account.open", "-f", "owner=Grace", "--version", version, *ACTOR, *open_shop, "--json")

    assert (refused.code, refused.error["code"]) == (2, f"version_{code}")
    assert (refused.error["nearest"] == []) is (code == "malformed")


def test_an_unknown_event_type_names_the_nearest(run: Run, open_shop: Where) -> None:
    refused = run("submit", "account.opne", *ACTOR, *open_shop, "--json")

    assert (refused.code, refused.error["code"]) == (2, "unknown_event_type")
    assert "account.open" in refused.error["message"]


@pytest.mark.parametrize(
    "option", [("--occurred", "yesterday"), ("--occurred", "2024-03-01T10:00:00"), ("--key", ""), ("--purpose", "x" * 201)]
)
def test_what_is_said_beside_the_form_is_checked_as_well(run: Run, open_shop: Where, option: tuple[str, str]) -> None:
    refused = run("submit", "account.open", "-f", "owner=Grace", *option, *ACTOR, *open_shop, "--json")

    assert (refused.code, refused.error["code"]) == (2, "invalid_form")
    assert [problem["path"] for problem in refused.error["problems"]] == [option[0].removeprefix("--")]


def test_an_event_needs_an_actor_from_the_option_or_the_environment(run: Run, open_shop: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    request = ("submit", "account.open", "-f", "owner=Grace", *open_shop, "--json")

    nobody = run(*request)
    monkeypatch.setenv("ENSUE_ACTOR", "dr-ada")

    assert (nobody.code, nobody.error["code"]) == (2, "usage")
    assert "--actor" in nobody.error["message"]
    assert run(*request).data["actor"] == "dr-ada"


# ---- what was seen -------------------------------------------------------------------------------------------------
def test_what_tags_prints_is_what_expect_takes(run: Run, open_shop: Where, tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    seen.write_text(run("tags", "Account/a-1", *open_shop).stdout)
    rename = ("submit", "account.rename", "-f", "account_id=a-1", "--expect", f"@{seen}", *ACTOR, *open_shop)

    first = run(*rename, "-f", "owner=Grace", "--json")
    late, told = run(*rename, "-f", "owner=Joan", "--json"), run(*rename, "-f", "owner=Joan")

    assert set(json.loads(seen.read_text())) == {"Account/a-1"}
    assert first.code == 0
    assert (late.code, late.error["code"]) == (1, "field_conflict")
    [clash] = late.error["clashes"]
    assert (clash["row"], clash["field"], clash["reason"], clash["value"]) == ("Account/a-1", "owner", "changed", "Grace")
    assert clash["event_id"] == first.data["id"]
    assert "Account/a-1 owner changed, now Grace, by event" in told.complaint


def test_an_event_type_that_demands_tags_says_which_are_missing(run: Run, open_shop: Where) -> None:
    refused = run("submit", "account.rename", *fields(account_id="a-1", owner="Grace"), *ACTOR, *open_shop, "--json")

    assert (refused.code, refused.error["code"], refused.error["fields"]) == (2, "expectation_missing", ["account.owner"])


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        (b'{"Account/a-1": "k1.x"}', "invalid_form"),
        (b'{"Account/a-1": {"owner": 1}}', "invalid_form"),
        (b'{"Nothing/a-1": {}}', "invalid_form"),
        (b'{"Account/a-1": {"colour": "k1.x"}}', "invalid_form"),
        (b'{"Account/a-1": {}, "Account/a-1": {}}', "invalid_json"),
        (b'{"Account/a-1": {"owner": "\\ud800"}}', "invalid_json"),
        (b'{"Account/\\u0000": null}', "invalid_json"),
        (b'{"Account/a-1": ', "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b"\xff", "invalid_json"),
        (b"[]", "invalid_json"),
        (b" " * 1_100_000, "too_large"),
    ],
)
def test_an_expectation_of_another_form_is_refused(run: Run, open_shop: Where, tmp_path: Path, expected: bytes, code: str) -> None:
    seen = tmp_path / "seen.json"
    seen.write_bytes(expected)

    refused = run("submit", "account.close", "-f", "account_id=a-1", "--expect", f"@{seen}", *ACTOR, *open_shop, "--json")

    assert (refused.code, refused.error["code"]) == (2, code)


# ---- whose fault ---------------------------------------------------------------------------------------------------
def test_a_step_that_raises_is_the_applications_fault_and_saves_nothing(run: Run, open_shop: Where) -> None:
    refused = run("submit", "account.break", "-f", "account_id=a-1", *ACTOR, *open_shop, "--json")

    assert (refused.code, refused.error["code"], refused.error["step"]) == (5, "step", "divide_by_nothing")
    assert "ZeroDivisionError" in refused.error["message"]
    assert "Traceback" not in refused.complaint
    assert run("db", "status", *open_shop, "--json").data["events"] == 1


def test_what_a_step_prints_stays_out_of_the_envelope(run: Run, open_shop: Where) -> None:
    result = run("submit", "account.open", "-f", "owner=Grace", *ACTOR, *open_shop, "--json")

    assert result.data["type"] == "account.open"
    assert "a step may print" in result.stderr
