"""
A law of correction over tables that others write too: a plan that can be performed makes the history that would have been.

Others change rows at any place of a life, unseen, and do so again in the history that is told. Where a plan would have to guess
what they left, it is blocked; where they are in its way, it has a conflict. Nothing else may go wrong.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError

import ensue
from ensue import Event, Ledger, Record
from ensue.core.selection import ALL
from ensue.core.wanted import Wanted
from ensue.storage.tables import table_of
from tests.laws import retold as own_tables
from tests.laws.retold import FIRST, SECOND, THIRD
from tests.laws.test_batch_laws import empty

NOON = datetime(2024, 8, 1, 12, tzinfo=UTC)
Life = Sequence[Event | str]


def over_shared_tables() -> ModuleType:
    """The same bank once more, with classes of its own, over tables that are declared to be others'."""
    name = "tests.laws.retold_over_shared_tables"
    spec = importlib.util.spec_from_file_location(name, own_tables.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for model in module.bank.models():
        model.__ensue__.table = table_of(model)
    return module


retold = over_shared_tables()
others = st.sampled_from(
    [
        "UPDATE account SET name = 'out' WHERE id = 'a'",
        "UPDATE account SET visits = 7 WHERE id = 'b'",
        "DELETE FROM account WHERE id = 'b'",
        "INSERT INTO account (id, name, balance, visits) VALUES ('c', 'zed', 5, 0)",
        "DELETE FROM item WHERE id = 'i'",
        "INSERT INTO item (id, account_id, label, amount) VALUES ('j', 'a', 'z', 1)",
        "UPDATE item SET amount = 1 WHERE id = 'j'",
        "DELETE FROM rate",
        "INSERT INTO rate (id, percent) VALUES ('r', 4)",
    ]
)
"""What another program does, row by row. It sets no balance: a correction that adds an amount adds it to whatever others left."""
lives = st.lists(st.one_of(retold.events, retold.events, others), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Ledger]]:
    """Two ledgers of one identity: one to be corrected, one that tells what would have been."""
    folder = tmp_path_factory.mktemp("banks")
    with a_bank(folder / "corrected.db") as corrected, a_bank(folder / "other.db") as other:
        assert corrected.uid == other.uid
        yield corrected, other


def a_bank(file: Path) -> Ledger:
    engine = create_engine(f"sqlite:///{file}")
    for model in retold.bank.models():
        model.table.create(engine)
    engine.dispose()
    return ensue.open(retold.bank, f"sqlite:///{file}", clock=lambda: NOON, tag_keys={"k": bytes(32)}, random_bytes=Random(0).randbytes)


def live(ledger: Ledger, life: Life, versions: Mapping[int, str | None], otherwise: str) -> dict[int, Record | None]:
    """
    Submit a life, each event under its version (None: not at all), others' statements in between.

    Returns, by place, the records, and None for each statement that did anything.
    """
    done: dict[int, Record | None] = {}
    for place, one in enumerate((*retold.before, *life)):
        version = versions.get(place, otherwise)
        if version is None:
            continue
        if isinstance(one, str):
            with suppress(IntegrityError), ledger._storage.engine.begin() as connection:
                if connection.exec_driver_sql(one).rowcount:
                    done[place] = None
        else:
            with suppress(ensue.Rejected):
                done[place] = ledger.submit(one, actor="desk", key=str(place), version=version)
    return done


def tables(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    with ledger.read() as connection:
        return {
            model.table.name: sorted((tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {model.table.name}")), key=repr)
            for model in retold.bank.models()
        }


@given(life=lives, data=st.data())
def test_what_can_be_corrected_is_as_it_would_have_been_and_nothing_is_guessed(
    banks: tuple[Ledger, Ledger], life: list[Event | str], data: st.DataObject
) -> None:
    ledger, other = banks
    empty(ledger)
    done = live(ledger, life, {}, FIRST)
    accepted = {place: record for place, record in done.items() if record is not None}
    chosen = data.draw(st.lists(st.sampled_from(sorted(accepted)), max_size=3, unique=True))
    versions = {place: data.draw(st.sampled_from([SECOND, THIRD, None])) for place in chosen}
    wanted = Wanted({accepted[place].id: version for place, version in versions.items()})
    if not chosen:
        wanted = Wanted(selection=ALL, version=SECOND)
    plan, before = ledger.correction_plan(wanted), tables(ledger)

    try:
        ledger.correct(plan, actor="chief", reason="the law")
    except ensue.PlanBlocked:
        assert tables(ledger) == before
        return

    corrected = tables(ledger)
    assert not ledger.correction_plan(wanted)
    empty(other)
    missing = dict.fromkeys(place for place in range(len(retold.before) + len(life)) if place not in done)
    live(other, life, {**versions, **missing}, FIRST if chosen else SECOND)
    assert corrected == tables(other)
