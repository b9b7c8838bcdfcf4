"""Corrections in storage: told from the logics of a ledger, so that one that has none is not searched for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

import ensue
from ensue import Ledger, Selection
from ensue.core.correction import CORRECTION
from ensue.runtime.ranges.source import DatabaseSource
from ensue.storage.corrections import corrections, corrections_in, has_corrections
from tests.laws.retold import FIRST, SECOND, Deposit, Open, SetRate, Transfer, bank


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with ensue.open(bank, database_url, tag_keys={"k": bytes(32)}) as opened:
        for one in (
            Open(name="ada", account="a"),
            Open(name="bo", account="b"),
            Deposit(amount=10, account="a"),
            Transfer(amount=4, source="a", target="b"),
            SetRate(percent=1, place="r"),
        ):
            opened.submit(one, actor="desk", version=FIRST)
        yield opened


def test_a_ledger_without_corrections_is_not_searched_for_them(ledger: Ledger) -> None:
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(ledger._storage.engine, "before_cursor_execute", note)
    try:
        found = DatabaseSource(ledger._storage).corrected()
    finally:
        event.remove(ledger._storage.engine, "before_cursor_execute", note)

    assert found == {}
    assert any("ensue_logic" in one for one in statements)
    assert not any("ensue_event" in one for one in statements)


def test_every_correction_is_found_in_order(ledger: Ledger) -> None:
    for version in (SECOND, FIRST):
        ledger.correct(ledger.correction_plan(Selection(), version=version), actor="chief", reason="r")
    made = [record for record in ledger.records() if record.type == CORRECTION]
    assert len(made) > 4

    with ledger._storage.snapshot() as connection:
        assert has_corrections(connection)
        assert [one.id for one in corrections(connection)] == [record.id for record in made]
    assert DatabaseSource(ledger._storage).corrected() == {record.corrects: FIRST for record in made}


@pytest.mark.parametrize("chain", ["Account/a", "Account/b", "system/rates"])
def test_those_of_a_chain_are_its_own_and_those_that_link_it(ledger: Ledger, chain: str) -> None:
    ledger.correct(ledger.correction_plan(Selection(), version=SECOND), actor="chief", reason="r")
    made = [record for record in ledger.records() if record.type == CORRECTION and chain in record.subjects]
    assert made

    with ledger._storage.snapshot() as connection:
        assert [one.id for one in corrections_in(connection, {chain}, -1)] == [record.id for record in made]
        assert [one.id for one in corrections_in(connection, {chain}, made[0].position)] == [record.id for record in made[1:]]
