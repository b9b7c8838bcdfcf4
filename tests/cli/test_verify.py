"""Verify: clean or not, 0 or 3; the first bad record is named with what is wrong with it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import MakeShop, Run

Where = tuple[str, ...]


def alter(where: Where, statement: str) -> None:
    with closing(sqlite3.connect(where[3].removeprefix("sqlite:///"))) as connection:
        assert connection.execute(statement).rowcount > 0
        connection.commit()


@pytest.fixture(scope="module")
def made_paid(make_shop: MakeShop) -> Path:
    """A shop with four records: three payments of Ada's."""
    return make_shop(*[("account.pay", "-f", "account_id=a-1", "-f", "amount=1")] * 3)


@pytest.fixture
def paid_shop(made_paid: Path, where: Where, tmp_path: Path) -> Where:
    """The options of that shop."""
    shutil.copytree(made_paid, tmp_path, dirs_exist_ok=True)
    return where


def test_what_follows_from_itself_is_verified(run: Run, paid_shop: Where) -> None:
    data, told = run("verify", *paid_shop, "--json").data, run("verify", *paid_shop)

    assert (data["clean"], data["records"], data["chains"], data["rows"], data["faults"]) == (True, 4, 1, 1, [])
    assert told.code == 0
    assert told.stdout == "✓ Verified: 4 records in 1 chain, 1 row. Everything stored follows from itself.\n"


@pytest.mark.parametrize(
    ("statement", "position", "said"),
    [
        ("UPDATE ensue_event SET actor = 'somebody' WHERE seq = 3", 2, "actor"),
        ("UPDATE ensue_payload SET bytes = CAST(replace(CAST(bytes AS TEXT), '-1', '-2') AS BLOB) WHERE seq = 2", 1, "payload"),
        ("DELETE FROM ensue_event WHERE seq = 2", 1, "no such event"),
        ("UPDATE account SET balance = 1000", 3, "balance"),
    ],
    ids=["column", "payload", "missing record", "row"],
)
def test_the_first_bad_record_is_named_and_the_exit_code_is_3(run: Run, paid_shop: Where, statement: str, position: int, said: str) -> None:
    alter(paid_shop, statement)

    found, told = run("verify", *paid_shop, "--json"), run("verify", *paid_shop)

    assert (found.code, found.error["code"]) == (3, "verification")
    assert found.error["fault"]["position"] == position
    assert found.envelope["data"]["faults"][0] == found.error["fault"]
    assert found.error["message"] == found.error["fault"]["message"]
    assert said in found.error["message"]
    assert told.code == 3
    assert "First bad record: " + found.error["message"] in " ".join(told.stdout.split())


def test_a_record_whose_payload_cannot_be_read_says_to_verify(run: Run, paid_shop: Where) -> None:
    alter(paid_shop, "UPDATE ensue_payload SET bytes = x'00' WHERE seq = 2")

    refused = run("show", "1", *paid_shop, "--json")

    assert (refused.code, refused.error["code"]) == (3, "verification")
    assert refused.stderr == ""


def test_asking_makes_no_database(run: Run, where: Where, tmp_path: Path) -> None:
    absent = run("verify", *where, "--json")

    assert (absent.code, absent.error["code"]) == (4, "not_migrated")
    assert "ensue db migrate" in absent.error["message"]
    assert list(tmp_path.iterdir()) == []
