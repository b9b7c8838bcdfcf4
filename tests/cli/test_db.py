"""Db: migrate and status, where there is nothing yet and where there is, on every database; and databases that cannot be used."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ensue.storage.migrate import RELEASE
from tests.cli.conftest import SHOP, Run

Where = tuple[str, ...]


@pytest.fixture
def anywhere(database_url: str) -> Where:
    """The options of the shop on each kind of database in turn."""
    return ("--app", SHOP, "--database", database_url)


def test_status_before_and_after_migrate(run: Run, anywhere: Where) -> None:
    before = run("db", "status", *anywhere, "--json").data
    made = run("db", "migrate", *anywhere, "--json").data
    after = run("db", "status", *anywhere, "--json").data
    again, told = run("db", "migrate", *anywhere, "--json").data, run("db", "migrate", *anywhere)

    assert (before["ready"], before["release"], before["program"], before["events"]) == (False, None, RELEASE, None)
    assert "ensue db migrate" in before["message"]
    assert (made["before"], made["release"]) == (None, RELEASE)
    assert (after["ready"], after["release"], after["events"], after["message"]) == (True, RELEASE, 0, None)
    assert len(after["ledger"]) == 32
    assert (again["before"], again["applied"]) == (RELEASE, [])
    assert " ".join(told.stdout.split()).startswith("Nothing to do: ")


def test_every_command_works_on_every_database(run: Run, anywhere: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENSUE_TAG_KEYS", "k1:" + "A" * 43)
    run("db", "migrate", *anywhere)

    opened = run("submit", "account.open", "-f", "account_id=a-1", "-f", "owner=Ada", "--actor", "clerk", *anywhere, "--json")
    refused = run("preview", "account.pay", "-f", "account_id=a-1", "-f", "amount=1", "--actor", "clerk", *anywhere)
    others = [
        run(*command, *anywhere).code
        for command in (
            ("show", "0"),
            ("timeline", "Account/a-1"),
            ("history", "Account/a-1"),
            ("tags", "Account/a-1"),
            ("attempts", "Account/a-1"),
            ("verify",),
        )
    ]

    assert opened.data["position"] == 0
    assert refused.code == 1
    assert others == [0] * 6


def test_status_tells_people_what_to_do(run: Run, where: Where) -> None:
    told = run("db", "status", *where)

    assert told.code == 0
    assert " ".join(told.stdout.split()).startswith("✗ There is no database ")
    assert "ensue db migrate" in " ".join(told.stdout.split())


def test_status_makes_nothing_and_with_check_ends_with_4(run: Run, where: Where, tmp_path: Path) -> None:
    status, check = run("db", "status", *where), run("db", "status", "--check", *where, "--json")

    assert status.code == 0
    assert (check.code, check.error["code"]) == (4, "not_migrated")
    assert list(tmp_path.iterdir()) == []
    run("db", "migrate", *where)
    assert run("db", "status", "--check", *where).code == 0


def test_a_model_whose_table_is_missing_is_named_until_migrate_has_made_it(run: Run, open_shop: Where) -> None:
    with closing(sqlite3.connect(open_shop[3].removeprefix("sqlite:///"))) as connection:
        connection.execute("ALTER TABLE account RENAME TO old_account")

    missing = run("db", "status", *open_shop, "--json").data
    run("db", "migrate", *open_shop)

    assert missing["ready"] is False
    assert "account" in missing["message"]
    assert run("db", "status", *open_shop, "--json").data["ready"] is True


def test_tables_of_another_release_are_not_touched(run: Run, open_shop: Where) -> None:
    with closing(sqlite3.connect(open_shop[3].removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE ensue_migration SET version_num = '9999'")
        connection.commit()

    refused = [run(*command, *open_shop, "--json") for command in (("verify",), ("db", "migrate"), ("show", "0"))]

    assert [(one.code, one.error["code"]) for one in refused] == [(4, "not_migrated")] * 3
    assert "9999" in refused[0].error["message"]
    assert run("db", "status", *open_shop, "--json").data["release"] == "9999"


@pytest.fixture
def unusable(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database that is there and cannot be used."""
    path = tmp_path / "unusable.db"
    if request.param == "noise":
        path.write_bytes(b"no database at all" * 500)
        yield f"sqlite:///{path}"
    elif request.param == "folder":
        path.mkdir()
        yield f"sqlite:///{path}"
    else:
        yield "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.mark.parametrize("unusable", ["noise", "folder", "no server"], indirect=True)
@pytest.mark.parametrize("command", [("verify",), ("show", "1"), ("db", "status"), ("db", "migrate")])
def test_a_database_that_cannot_be_used_ends_with_4_and_no_traceback(run: Run, unusable: str, command: tuple[str, ...]) -> None:
    refused = run(*command, "--app", SHOP, "--database", unusable, "--json")

    assert (refused.code, refused.error["code"]) == (4, "unavailable")
    assert refused.stderr == ""


def test_a_folder_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    refused = run("db", "migrate", "--app", SHOP, "--database", f"sqlite:///{tmp_path}/no/such.db", "--json")

    assert (refused.code, refused.error["code"]) == (4, "unavailable")
    assert f"There is no folder {tmp_path}/no" in refused.error["message"]


def test_a_password_is_never_printed(run: Run) -> None:
    refused = run("verify", "--app", SHOP, "--database", "postgresql://nobody:hunter2@127.0.0.1:1/nothing", "--json")

    assert refused.code == 4
    assert "hunter2" not in refused.stdout + refused.stderr
