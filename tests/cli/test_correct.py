"""`ensue correct plan | apply` and `ensue undo plan`: shown first, then performed exactly as shown, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

BANK = '''
from collections.abc import Iterator

from ensue import App, Event, Increase, Insert, Model, New, Ref, new

bank = App("bank")


class Account(Model, subject=True):
    balance: int = 0


class Open(Event, type="open", version="2024-01-01"):
    account: New[Account] = new()


@bank.step(Open, since="2024-01-01")
def open_account(event: Open) -> Iterator[Insert[Account]]:
    yield Insert(Account(id=event.account))


class Pay(Event, type="pay", version="2024-01-01"):
    amount: int
    account: Ref[Account]


@bank.step(Pay, since="2024-01-01")
def pay(event: Pay) -> Iterator[Increase[Account]]:
    yield Increase(event.account, balance=event.amount)


@bank.step(Pay, since="2024-07-01")
def fee(event: Pay) -> Iterator[Increase[Account]]:
    """A payment costs one."""
    yield Increase(event.account, balance=-1)
'''


@pytest.fixture
def bank(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The options of a bank in which 10 and 20 were paid by the rules of January."""
    (tmp_path / "correct_bank.py").write_text(BANK, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    where = ("--app", "correct_bank:bank", "--database", f"sqlite:///{tmp_path / 'bank.db'}")
    assert run("db", "migrate", *where).code == 0
    for form in (("open", "-f", "account_id=a"), *(("pay", "-f", "account_id=a", "-f", f"amount={amount}") for amount in (10, 20))):
        assert run("submit", *form, "--actor", "desk", "--version", "2024-01-01", *where).code == 0
    return where


def balance(run: Run, bank: tuple[str, ...]) -> int:
    rows = run("history", "Account/a", "--json", *bank).data
    found: int = rows[-1]["after"]["balance"]
    return found


def test_a_plan_is_shown_and_then_performed(run: Run, bank: tuple[str, ...], tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")

    shown = run("correct", "plan", "--type", "pay", "--version", "2024-07-01", "--out", file, *bank)

    assert shown.code == 0
    assert "balance by -1" in shown.stdout
    assert "2 corrections, 2 rows, 0 effects. Nothing was saved." in " ".join(shown.stdout.split())
    assert balance(run, bank) == 30

    applied = run("correct", "apply", file, "--actor", "chief", "--reason", "fees", "--json", *bank)

    assert [one["type"] for one in applied.data["records"]] == ["ensue.correction", "ensue.correction"]
    assert balance(run, bank) == 28


def test_applying_it_again_changes_nothing(run: Run, bank: tuple[str, ...], tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    assert run("correct", "plan", "1", "--version", "2024-07-01", "--out", file, *bank).code == 0
    assert run("correct", "apply", file, "--actor", "chief", "--reason", "fees", *bank).code == 0

    again = run("correct", "apply", file, "--actor", "chief", "--reason", "fees", "--json", *bank)

    assert again.data["records"] == []
    assert balance(run, bank) == 29


def test_a_plan_that_no_longer_holds_is_refused(run: Run, bank: tuple[str, ...], tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    assert run("correct", "plan", "--version", "2024-07-01", "--out", file, *bank).code == 0
    assert run("submit", "pay", "-f", "account_id=a", "-f", "amount=5", "--actor", "desk", "--version", "2024-01-01", *bank).code == 0

    refused = run("correct", "apply", file, "--actor", "chief", "--reason", "fees", "--json", *bank)

    assert (refused.code, refused.error["code"]) == (1, "plan_moved")
    assert balance(run, bank) == 35


def test_an_event_is_undone_through_the_same_door(run: Run, bank: tuple[str, ...], tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")

    plan = run("undo", "plan", "1", "--out", file, "--json", *bank).data
    assert run("correct", "apply", file, "--actor", "chief", "--reason", "never paid", *bank).code == 0

    assert [one["difference"]["version"] for one in plan["corrections"]] == ["undone"]
    assert balance(run, bank) == 20
    assert run("verify", *bank).code == 0


def test_a_plan_of_another_ledger_is_refused(run: Run, bank: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert run("correct", "plan", "1", "--version", "2024-07-01", "--out", str(file), *bank).code == 0
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), "ledger": "f" * 32}), encoding="utf-8")

    refused = run("correct", "apply", str(file), "--actor", "chief", "--reason", "r", *bank)

    assert refused.code == 2
    assert "is a plan of the ledger ffff" in refused.complaint


def edited(file: Path, edit: Callable[[Any], object]) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    edit(data)
    file.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda data: data["corrections"][0]["changes"][0]["target"].update(balance=-9),
            "changes[0].target.balance is -9 there, and -1 in the plan",
        ),
        (lambda data: data["corrections"][0]["changes"][0].update(id="b"), 'changes[0].id is "b" there, and "a" in the plan'),
        (lambda data: data["corrections"][0]["changes"].clear(), "changes[0] is nothing there, and {"),
        (lambda data: data["corrections"].pop(), "corrections[1] is nothing there, and {"),
        (
            lambda data: data["corrections"][0]["effects"].append({"kind": "sms"}),
            'effects[0] is {"kind": "sms"} there, and nothing in the plan',
        ),
        (lambda data: data["corrections"][0]["subjects"].append("Account/b"), 'subjects[1] is "Account/b" there, and nothing in the plan'),
        (
            lambda data: data["corrections"][0].update(note="looks fine"),
            'corrections[0].note is "looks fine" there, and nothing in the plan',
        ),
    ],
)
def test_a_file_that_shows_something_else_than_its_plan_is_refused(
    run: Run, bank: tuple[str, ...], tmp_path: Path, edit: Callable[[Any], object], said: str
) -> None:
    file = tmp_path / "plan.json"
    assert run("correct", "plan", "--type", "pay", "--version", "2024-07-01", "--out", str(file), *bank).code == 0
    edited(file, edit)

    refused = run("correct", "apply", str(file), "--actor", "chief", "--reason", "fees", "--json", *bank)

    assert (refused.code, refused.error["code"]) == (1, "plan_moved")
    assert said in refused.error["message"]
    assert "ensue correct plan" in refused.error["message"]
    assert balance(run, bank) == 30
    assert run("timeline", "Account/a", "--json", *bank).data[-1]["type"] == "pay"


def places(value: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every value that holds no others."""
    if isinstance(value, (dict, list)) and value:
        for name, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(one, *above, name)
    else:
        yield above


def test_no_value_of_a_plan_can_be_edited(run: Run, bank: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    data = run("correct", "plan", "1", "--version", "2024-07-01", "--out", str(file), "--json", *bank).data
    found = list(places(data))
    assert len(found) > 30

    for *above, last in found:
        if last == "records" or "present" in above:
            continue
        changed = json.loads(file.read_text(encoding="utf-8"))
        holder = changed
        for name in above:
            holder = holder[name]
        holder[last] = "other" if holder[last] != "other" else "another"
        (tmp_path / "edited.json").write_text(json.dumps(changed), encoding="utf-8")

        refused = run("correct", "apply", str(tmp_path / "edited.json"), "--actor", "chief", "--reason", "fees", *bank)

        assert refused.code in (1, 2), (above, last)
    assert balance(run, bank) == 30


def test_a_file_that_says_a_thing_twice_is_refused(run: Run, bank: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert run("correct", "plan", "1", "--version", "2024-07-01", "--out", str(file), *bank).code == 0
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"balance": -1', '"balance": -9, "balance": -1'), encoding="utf-8")

    refused = run("correct", "apply", str(file), "--actor", "chief", "--reason", "fees", *bank)

    assert refused.code == 2
    assert "balance stands there twice" in refused.complaint
    assert balance(run, bank) == 30


def test_the_form_of_a_file_may_change_and_so_may_what_does_not_move_the_plan(run: Run, bank: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert run("correct", "plan", "1", "--version", "2024-07-01", "--out", str(file), *bank).code == 0
    file.write_text(json.dumps(dict(reversed(json.loads(file.read_text(encoding="utf-8")).items())), indent=7), encoding="utf-8")
    pay = ("submit", "pay", "-f", "account_id=a", "-f", "amount=5", "--actor", "desk", "--version", "2024-01-01")
    assert run(*pay, *bank).code == 0  # one record more, and the row stands otherwise

    applied = run("correct", "apply", str(file), "--actor", "chief", "--reason", "fees", "--json", *bank)

    assert len(applied.data["records"]) == 1
    assert balance(run, bank) == 34


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "other/1"}'])
def test_a_file_that_is_no_plan_is_said_to_be_none(run: Run, bank: tuple[str, ...], tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")

    refused = run("correct", "apply", str(tmp_path / "plan.json"), "--actor", "chief", "--reason", "r", *bank)

    assert refused.code == 2
    assert "is no plan" in refused.complaint


@pytest.mark.parametrize("said", ["Account/a", "keep", "Account/a=[1]", "=keep"])
def test_a_decision_that_cannot_be_read_says_what_to_write(run: Run, bank: tuple[str, ...], tmp_path: Path, said: str) -> None:
    file = str(tmp_path / "plan.json")
    assert run("correct", "plan", "1", "--version", "2024-07-01", "--out", file, *bank).code == 0

    refused = run("correct", "apply", file, "--actor", "chief", "--reason", "r", "--decide", said, *bank)

    assert refused.code == 2
    assert "Model/id=keep" in refused.complaint


def test_nothing_to_correct_is_said(run: Run, bank: tuple[str, ...]) -> None:
    shown = run("correct", "plan", "--type", "open", "--version", "2024-07-01", *bank)

    assert shown.code == 0
    assert "Nothing to correct" in shown.stdout
