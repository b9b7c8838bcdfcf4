"""History altered as a whole: events reordered, cut off, mined again, rows of the business changed; and other people's tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, create_engine, delete, update

import ensue
from ensue import App, Event, Increase, Insert, Model, New, Ref, new
from ensue.core.canonical import base64url
from ensue.log.chain import event_hash, is_valid, stamp
from ensue.log.header import parse_header
from ensue.log.payload import seal
from tests.verification.conftest import Told
from tests.verification.story import TABLES
from tests.verification.tampering import Tampering, altered


def of_record(tampering: Tampering, table: str, place: tuple[str, int]) -> dict[str, Any]:
    return next(row for row in tampering.rows(table) if (row["subject"], row["seq"]) == place)


@pytest.mark.parametrize("model", TABLES)
def test_a_business_row_altered_in_any_column_is_found_with_the_last_event_that_wrote_it(told: Told, model: str) -> None:
    table = TABLES[model]
    last_written = {row["id"]: told.ledger.history(f"{model}/{row['id']}")[-1].position for row in told.tampering.rows(table)}
    for row in told.tampering.rows(table):
        for column in told.tampering.table(table).columns:
            with told.tampering.changing() as connection:
                told.tampering.set(connection, table, row, **{column.name: altered(row[column.name], column)})
                report = told.ledger.verify()

            assert {fault.kind for fault in report.faults} == {"row"}
            assert report.faults[0].position == last_written[row["id"]]
            assert f"{model}/{row['id']}" in report.faults[0].message
            if column.name != "id":
                assert report.faults[0].message.endswith(f" in {column.name}.")


@pytest.mark.parametrize("model", TABLES)
def test_a_business_row_deleted_or_inserted_behind_the_ledger_is_found(told: Told, model: str) -> None:
    row = told.tampering.rows(TABLES[model])[0]
    stranger = {column.name: altered(row[column.name], column) for column in told.tampering.table(TABLES[model]).columns}

    with told.tampering.changing() as connection:
        told.tampering.delete(connection, TABLES[model], row)
        deleted = told.ledger.verify()
    with told.tampering.changing() as connection:
        told.tampering.insert(connection, TABLES[model], stranger)
        inserted = told.ledger.verify()

    assert [(fault.kind, fault.message) for fault in deleted.faults] == [
        ("row", f"{model}/{row['id']}: its events made this row, but the table has it no more.")
    ]
    assert [(fault.kind, fault.message) for fault in inserted.faults] == [
        ("row", f"{model}/{stranger['id']}: the table has this row, but no event inserted it.")
    ]


def test_a_row_that_its_events_deleted_may_not_come_back(told: Told) -> None:
    with told.tampering.changing() as connection:
        told.tampering.insert(connection, "allergy", {"id": "a-1", "patient_id": "p-0", "code": "latex"})
        report = told.ledger.verify()

    assert [fault.message for fault in report.faults] == ["Allergy/a-1: the table has this row, but its events deleted it."]


def test_two_events_of_a_subject_in_the_other_order_are_found_at_the_first_of_them(told: Told) -> None:
    one, other = [row for row in told.tampering.rows("ensue_log") if row["subject"] == "Patient/p-0"][2:4]

    with told.tampering.changing() as connection:
        told.tampering.set(connection, "ensue_log", one, position=-7)
        told.tampering.set(connection, "ensue_log", other, position=one["position"])
        told.tampering.set(connection, "ensue_log", {"position": -7}, position=other["position"])
        report = told.ledger.verify()

    assert (report.faults[0].kind, report.faults[0].position) == ("sequence", one["position"])


@pytest.mark.parametrize("count", [1, 5, 31])
def test_the_last_events_cut_off_everywhere_are_missed_by_the_counter(told: Told, count: int) -> None:
    with told.tampering.changing() as connection:
        cut_at = _cut(told.tampering, connection, count)
        report = told.ledger.verify()

    assert ("counter", cut_at) in {(fault.kind, fault.position) for fault in report.faults}
    assert {fault.kind for fault in report.faults} <= {"counter", "row", "logic"}


def test_the_last_events_cut_off_with_the_counter_are_missed_by_the_heads(told: Told) -> None:
    with told.tampering.changing() as connection:
        cut_at = _cut(told.tampering, connection, 3, heads=False)
        connection.execute(update(told.tampering.table("ensue_ledger")).values(position=cut_at))
        report = told.ledger.verify()

    assert report.faults
    assert {fault.kind for fault in report.faults} <= {"head", "row"}
    assert "head" in {fault.kind for fault in report.faults}


def _cut(tampering: Tampering, connection: Connection, count: int, *, heads: bool = True) -> int:
    """Take the last events away from every table, and set the heads back."""
    log = tampering.rows("ensue_log")
    kept, gone = log[: len(log) - count], {(row["subject"], row["seq"]) for row in log[len(log) - count :]}
    for name in ("ensue_log", "ensue_event", "ensue_payload", "ensue_operation", "ensue_effect", "ensue_link"):
        subject, seq = ("event_subject", "event_seq") if name == "ensue_link" else ("subject", "seq")
        for row in tampering.rows(name):
            if (row[subject], row[seq]) in gone:
                tampering.delete(connection, name, row)
    ends: dict[str, tuple[int, str, bytes]] = {}
    for row in kept:
        header = parse_header(of_record(tampering, "ensue_event", (row["subject"], row["seq"]))["header"])
        for link in header.links:
            ends[link.subject] = (link.seq, header.at, row["hash"])
    if heads:
        connection.execute(delete(tampering.table("ensue_head")))
        for chain, end in ends.items():
            tampering.insert(connection, "ensue_head", dict(zip(("subject", "seq", "at", "hash"), (chain, *end), strict=True)))
    return len(kept)


@pytest.mark.parametrize("last", [False, True])
def test_an_event_rewritten_whole_and_mined_again_is_found_by_the_next_or_the_head(told: Told, last: bool) -> None:
    chain = [row for row in told.tampering.rows("ensue_log") if row["subject"] == "system/formulary"]
    entry, after = (chain[-1], None) if last else (chain[0], chain[1])

    with told.tampering.changing() as connection:
        _forge(told.tampering, connection, (entry["subject"], entry["seq"]))
        report = told.ledger.verify()

    expected = ("head", "system/formulary", entry["seq"]) if after is None else ("chain", "system/formulary", after["seq"])
    assert (report.faults[0].kind, report.faults[0].subject, report.faults[0].seq) == expected, report.faults


def _forge(tampering: Tampering, connection: Connection, place: tuple[str, int]) -> None:
    """Another actor, with every hash of this record made to fit."""
    event = of_record(tampering, "ensue_event", place)
    header = event["header"].replace(b'"actor":"nurse-1"', b'"actor":"nurse-2"')
    nonce, hash = stamp(header, parse_header(header).cost)
    assert is_valid(event_hash(header, nonce), 4)
    tampering.set(connection, "ensue_event", event, header=header, nonce=nonce, hash=hash, actor="nurse-2")
    tampering.set(
        connection, "ensue_log", next(row for row in tampering.rows("ensue_log") if (row["subject"], row["seq"]) == place), hash=hash
    )


@pytest.mark.parametrize(
    "leaves",
    [
        [("form", {})],
        [("operations", 1), ("effects", 2), ("state", 3)],
        [("form", {}), ("state", []), ("operations", [["insert", "Patient", "p-9"]]), ("effects", [])],
        [("form", {}), ("state", []), ("operations", [["update", "Patient", "p-0", None, None, "x"]]), ("effects", [])],
        [("form", {}), ("state", []), ("operations", [["insert", ["Patient"], "p-0", None, {}, "x"]]), ("effects", [])],
        [("form", {}), ("state", [["x", "Visit", None, None]]), ("operations", []), ("effects", [])],
        [("form", {}), ("state", []), ("operations", []), ("effects", [["push", "key", None, "x"]])],
    ],
)
def test_a_forged_payload_of_any_form_is_told_and_not_raised(told: Told, leaves: list[tuple[str, Any]]) -> None:
    entry = [row for row in told.tampering.rows("ensue_log") if row["subject"] == "Patient/p-2"][-1]
    place = (entry["subject"], entry["seq"])
    event, payload = (of_record(told.tampering, table, place) for table in ("ensue_event", "ensue_payload"))
    forged = seal(leaves, payload["seed"])
    old = parse_header(event["header"])
    header = event["header"].replace(f'"n":{old.payload_n},'.encode(), f'"n":{forged.leaf_count},'.encode())
    header = header.replace(base64url(old.payload_root).encode(), base64url(forged.root).encode())
    nonce, hash = stamp(header, old.cost)

    with told.tampering.changing() as connection:
        told.tampering.set(connection, "ensue_event", event, header=header, nonce=nonce, hash=hash)
        told.tampering.set(connection, "ensue_payload", payload, bytes=forged.data)
        told.tampering.set(connection, "ensue_log", entry, hash=hash)
        head = next(row for row in told.tampering.rows("ensue_head") if row["subject"] == place[0])
        told.tampering.set(connection, "ensue_head", head, hash=hash)
        report = told.ledger.verify()

    assert report.faults[0].position == entry["position"], report.faults
    assert report.faults[0].kind in ("payload", "operation", "effect")


# ---- tables that others write too ----------------------------------------------------------------------------------
others = MetaData()
accounts = Table(
    "legacy_accounts",
    others,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("balance", Integer, nullable=False),
)
bank = App("verified-bank")


class Account(Model, subject=True, table=accounts):
    owner: str
    balance: int


class Open(Event, type="account.open", version="2024-01-01"):
    owner: str
    account: New[Account] = new()


class Pay(Event, type="account.pay", version="2024-01-01"):
    amount: int
    account: Ref[Account]


@bank.step(Open, since="2024-01-01")
def open_account(event: Open) -> Iterator[Insert[Account]]:
    yield Insert(Account(id=event.account, owner=event.owner, balance=0))


@bank.step(Pay, since="2024-01-01")
def pay(event: Pay) -> Iterator[Increase[Account]]:
    yield Increase(event.account, balance=event.amount)


def test_what_others_changed_in_their_tables_is_reported_and_no_fault(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bank.db'}"
    legacy = create_engine(url)
    others.create_all(legacy)
    with legacy.begin() as connection:
        connection.execute(
            accounts.insert(), [{"id": "before", "owner": "Silva", "balance": 7}, {"id": "never", "owner": "Haddad", "balance": 1}]
        )
    with ensue.open(bank, url) as ledger:
        ledger.submit(Open(owner="Tanaka", account="a-1"), actor="teller")
        ledger.submit(Pay(amount=5, account="a-1"), actor="teller")
        ledger.submit(Pay(amount=5, account="before"), actor="teller")
        untouched = ledger.verify()
        with legacy.begin() as connection:
            connection.execute(accounts.update().where(accounts.c.id != "never").values(balance=100))

        report = ledger.verify()

    legacy.dispose()
    assert (untouched.faults, untouched.outside) == ((), ())
    assert report.is_clean
    assert sorted((one.kind, one.message) for one in report.outside) == [
        ("changed outside", "Account/a-1: the row is not what its events made it in balance."),
        ("changed outside", "Account/before: the row is not what its events made it in balance."),
    ]
