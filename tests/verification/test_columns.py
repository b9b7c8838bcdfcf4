"""Every column of every framework table, altered: verification names the record and says what is wrong with it."""

from __future__ import annotations

import pytest

from tests.verification.conftest import Told
from tests.verification.tampering import altered

# What is found where one column has another value. A row of the ledger's own tables that leads elsewhere is missing at its place.
KINDS = {
    "ensue_ledger.uid": "ledger",
    "ensue_ledger.position": "counter",
    "ensue_head.subject": "head",
    "ensue_head.seq": "head",
    "ensue_head.at": "head",
    "ensue_head.hash": "head",
    "ensue_event.subject": "missing",
    "ensue_event.seq": "missing",
    "ensue_event.id": "column",
    "ensue_event.type": "column",
    "ensue_event.version": "column",
    "ensue_event.actor": "column",
    "ensue_event.at": "column",
    "ensue_event.header": "hash",
    "ensue_event.nonce": "hash",
    "ensue_event.hash": "hash",
    "ensue_link.subject": "link",
    "ensue_link.seq": "link",
    "ensue_link.event_subject": "link",
    "ensue_link.event_seq": "link",
    "ensue_payload.subject": "payload",
    "ensue_payload.seq": "payload",
    "ensue_payload.bytes": "payload",
    "ensue_payload.seed": "payload",
    "ensue_payload.request": "column",
    "ensue_operation.subject": "operation",
    "ensue_operation.model": "operation",
    "ensue_operation.row_id": "operation",
    "ensue_operation.seq": "operation",
    "ensue_operation.n": "operation",
    "ensue_operation.kind": "operation",
    "ensue_operation.columns": "operation",
    "ensue_log.position": "gap",
    "ensue_log.subject": "missing",
    "ensue_log.seq": "missing",
    "ensue_log.hash": "log",
    "ensue_logic.hash": "logic",
    "ensue_logic.document": "logic",
    "ensue_effect.subject": "effect",
    "ensue_effect.seq": "effect",
    "ensue_effect.n": "effect",
    "ensue_effect.event_id": "effect",
    "ensue_effect.kind": "effect",
    "ensue_effect.key": "effect",
    "ensue_effect.not_before": "effect",
    "ensue_effect.state": "effect",
}
# The epoch is drawn at random and changed when a backup is restored: nothing else knows it.
UNPROVED = {"ensue_ledger.epoch"}


def test_a_ledger_nobody_touched_is_clean(told: Told) -> None:
    report = told.ledger.verify()

    assert report.faults == ()
    assert (report.records, report.rows) == (31, 11)


def test_no_column_of_the_framework_is_left_out(told: Told) -> None:
    columns = {
        f"{name}.{column.name}" for name in {one.partition(".")[0] for one in KINDS} for column in told.tampering.table(name).columns
    }

    assert columns == KINDS.keys() | UNPROVED


@pytest.mark.parametrize("column", KINDS)
def test_an_altered_column_is_found_at_its_record(told: Told, column: str) -> None:
    table, _, name = column.partition(".")
    rows = told.tampering.rows(table)
    if table == "ensue_operation":
        rows = [row for row in rows if row["kind"] == "read"][:1] + rows

    for row in {id(one): one for one in (rows[0], rows[len(rows) // 2], rows[-1])}.values():
        with told.tampering.changing() as connection:
            told.tampering.set(connection, table, row, **{name: altered(row[name], told.tampering.table(table).c[name])})
            report = told.ledger.verify()

        first = report.faults[0]
        assert first.kind == KINDS[column], report.faults
        place = told.tampering.place(table, row)
        if table == "ensue_log":  # its position is what went wrong, or all that is left to tell the record by
            assert place is not None
            assert first.position == place[2], report.faults
        elif place is not None:
            assert (first.subject, first.seq, first.position) == place, report.faults


DELETED = {
    "ensue_head": "head",
    "ensue_event": "missing",
    "ensue_link": "link",
    "ensue_payload": "payload",
    "ensue_operation": "operation",
    "ensue_log": "gap",
    "ensue_logic": "logic",
    "ensue_effect": "effect",
}
INSERTED = {
    "ensue_head": "head",
    "ensue_event": "unlogged",
    "ensue_link": "unlogged",
    "ensue_payload": "unlogged",
    "ensue_operation": "operation",
    "ensue_log": "missing",
    "ensue_logic": "logic",
    "ensue_effect": "unlogged",
    "ensue_ledger": "counter",
}


@pytest.mark.parametrize("table", DELETED)
def test_a_deleted_row_is_found_at_its_record(told: Told, table: str) -> None:
    rows = told.tampering.rows(table)
    last_position = max(row["position"] for row in told.tampering.rows("ensue_log"))

    for row in {id(one): one for one in (rows[0], rows[len(rows) // 2], rows[-1])}.values():
        with told.tampering.changing() as connection:
            told.tampering.delete(connection, table, row)
            report = told.ledger.verify()

        first = report.faults[0]
        place = told.tampering.place(table, row)
        cut_at_the_end = table == "ensue_log" and place is not None and place[2] == last_position
        assert first.kind == ("counter" if cut_at_the_end else DELETED[table]), report.faults
        if place is not None:
            assert first.position == place[2], report.faults


@pytest.mark.parametrize("table", INSERTED)
def test_a_row_more_than_there_should_be_is_found(told: Told, table: str) -> None:
    row = told.tampering.rows(table)[-1]
    new = {name: altered(row[name], told.tampering.table(table).c[name]) for name in row}

    with told.tampering.changing() as connection:
        told.tampering.insert(connection, table, new)
        report = told.ledger.verify()

    assert INSERTED[table] in {fault.kind for fault in report.faults}, report.faults


@pytest.mark.parametrize("table", ["ensue_link", "ensue_operation", "ensue_effect"])
def test_a_row_doubled_under_another_number_is_found_at_its_record(told: Told, table: str) -> None:
    row = told.tampering.rows(table)[0]
    number = "seq" if table == "ensue_link" else "n"

    with told.tampering.changing() as connection:
        told.tampering.insert(connection, table, {**row, number: row[number] + 500})
        report = told.ledger.verify()

    place = told.tampering.place(table, row)
    assert [(fault.kind, fault.subject, fault.seq, fault.position) for fault in report.faults] == [
        (table.removeprefix("ensue_"), *(place or ()))
    ]


@pytest.mark.parametrize("table", INSERTED)
def test_an_emptied_table_is_told_and_not_raised(told: Told, table: str) -> None:
    with told.tampering.changing() as connection:
        connection.execute(told.tampering.table(table).delete())
        report = told.ledger.verify()

    assert not report.is_clean
