"""A ledger goes on after its tables changed their shape: what was recorded before still means what it meant, on every database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

import ensue
from ensue import Ledger, Record, Selection
from ensue.runtime.ranges.worker import row_here
from tests.ledger.test_decisions import beside
from tests.ledger.ward_shapes import FIRST, SECOND, first, migrate, second

AFTER = second()
KEYS = {"k": bytes(32)}


@pytest.fixture
def url(database_url: str, tmp_path: Path) -> str:
    """A database that stays when it is closed."""
    return f"sqlite:///{tmp_path / 'ward.db'}" if make_url(database_url).get_backend_name() == "sqlite" else database_url


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """Doses in grams, corrected and taken back, then a release that keeps them in milligrams."""
    ward = first().ward
    with ensue.open(ward, url, tag_keys=KEYS) as opened:
        give = submitter(opened)
        give(ward.Register(name="Ada", phone="1", patient="p"))
        give(ward.Give(drug="tea", amount=Decimal("0.5"), patient="p", dose="tea"))
        give(ward.Give(drug="milk", amount=Decimal(2), patient="p", dose="milk"))
        give(ward.Raise(factor=3, dose="tea"))
        give(ward.Call(phone="2", patient="p"))
        give(ward.Pay(amount=4, patient="p"))
        give(ward.Stop(dose="milk"))
        opened.correct(opened.undo_plan(give(ward.Give(drug="rum", amount=Decimal(4), patient="p", dose="rum"))), actor="chief", reason="r")
        gin = give(ward.Give(drug="gin", amount=Decimal(4), patient="p", dose="gin"))
        opened.correct(opened.correction_plan({gin.id: SECOND}), actor="chief", reason="r")
    migrate(url)
    with ensue.open(AFTER.ward, url, tag_keys=KEYS) as opened:
        submitter(opened)(AFTER.ward.Give(drug="wine", amount=Decimal(1), patient="p", dose="wine"))
        submitter(opened)(AFTER.ward.Pay(amount=1, patient="p"))
        yield opened


def submitter(ledger: Ledger) -> Callable[[Any], Record]:
    return lambda event: ledger.record(ledger.submit(event, actor="desk", version=FIRST).id)


def doses(ledger: Ledger) -> dict[str, Decimal]:
    """Milligrams, by id."""
    return {row.id: row.amount for row in ledger.snapshot("Patient/p").of(AFTER.Dose2)}


def of_type(ledger: Ledger, type: str) -> list[Record]:
    return [record for record in ledger.records() if record.type == type]


def test_what_was_recorded_in_grams_is_not_read_as_milligrams(ledger: Ledger) -> None:
    tea, milk, *_ = of_type(ledger, "give")

    assert [row.amount for record in (tea, milk) for row in record.plan.inserted(AFTER.Dose2)] == [Decimal(500), Decimal(2000)]
    (frozen,) = of_type(ledger, "raise")
    assert frozen.event.dose.amount == Decimal("0.5")  # as its step saw it


def test_everything_still_replays_as_it_happened(ledger: Ledger) -> None:
    assert {ledger.replay(record).outcome for record in ledger.records()} == {"same"}
    assert not ledger.replay(Selection())


def test_everything_still_proves(ledger: Ledger) -> None:
    assert ledger.verify().faults == ()


def test_a_dose_that_is_changed_past_the_ledger_is_still_found(ledger: Ledger) -> None:
    with ledger._storage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE dose SET amount = '1' WHERE id = 'tea'")

    assert [fault.message for fault in ledger.verify().faults] == ["Dose/tea: the row is not what its events made it in amount."]


def test_rows_are_rebuilt_in_the_newest_shape(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.rebuild(f"sqlite:///{tmp_path / 'rebuilt.db'}", check=True).difference is None


def test_exported_records_say_the_shapes_and_replay_without_a_database(ledger: Ledger, tmp_path: Path) -> None:
    ledger.export(tmp_path / "events.jsonl")

    records = list(ensue.records_from(tmp_path / "events.jsonl", AFTER.ward))

    assert records[1].table_shapes == {"Dose": "Dose", "Patient": "Patient"}
    assert records[-1].table_shapes == {"Patient": "Patient2@2025-01-01"}
    assert not ensue.replay_files(AFTER.ward, tmp_path / "events.jsonl")


def test_another_version_decides_on_the_doses_that_were_given(ledger: Ledger) -> None:
    wine = of_type(ledger, "give")[-1]

    diff = ledger.compare(wine, version=SECOND)

    assert [(one.column, one.base, one.new) for one in diff.rows if one.model == "Dose"] == [("amount", "1000", "0")]


def test_a_correction_over_the_change_of_shape_is_as_if_its_version_had_ruled(ledger: Ledger) -> None:
    ledger.correct(ledger.correction_plan(Selection(types=["give"]), version=SECOND), actor="chief", reason="r")

    assert doses(ledger) == {"tea": Decimal(750), "gin": Decimal(2000), "wine": Decimal(0)}, "who has more than a gram gets none"
    assert ledger.get(AFTER.Patient2, "p").mobile == "2"
    assert {ledger.replay(record).outcome for record in ledger.records()} == {"same"}
    assert ledger.verify().faults == ()


def test_an_event_of_before_the_change_is_undone_after_it(ledger: Ledger) -> None:
    tea = of_type(ledger, "give")[0]

    ledger.correct(ledger.undo_plan(tea), actor="chief", reason="r")

    assert "tea" not in doses(ledger)
    assert doses(ledger)["gin"] == Decimal(2000), "who has less than a gram already gets half of four"
    assert not ledger.undo_plan(tea)
    assert ledger.verify().faults == ()


def test_a_shape_that_is_no_longer_declared_is_named_instead_of_guessed(ledger: Ledger, url: str) -> None:
    dose = AFTER.Dose2.__ensue__
    older, dose.follows = dose.follows, None
    try:
        replayed = ledger.replay(of_type(ledger, "raise")[0])
    finally:
        dose.follows = older

    assert replayed.outcome == "raised"
    assert "recorded in the shape Dose, which is none of Dose2@2025-01-01" in str(replayed.raised)


def test_another_checkout_is_told_in_which_shape_rows_are() -> None:
    before = first()
    grams: dict[str, Any] = {"id": "tea", "patient_id": "p", "drug": "tea", "amount": "0.5"}

    assert row_here(AFTER.Dose2, grams, {"Dose": "Dose"})["amount"] == "500"
    assert row_here(AFTER.Dose2, grams, {"Dose": "Dose2@2025-01-01"})["amount"] == "0.5"
    with pytest.raises(ensue.EnsueError, match="which is none of Dose"):
        row_here(before.Dose, grams, {"Dose": "Dose2@2025-01-01"})


@pytest.mark.parametrize(("decision", "grams"), [("keep", 3), ("force", 2), ({"amount": "7"}, 7)])
def test_what_people_decided_in_grams_still_proves_in_milligrams(url: str, tmp_path: Path, decision: Any, grams: int) -> None:
    ward = first().ward
    with ensue.open(ward, url, tag_keys=KEYS) as opened:
        give = submitter(opened)
        give(ward.Register(name="Ada", phone="1", patient="p"))
        gin = give(ward.Give(drug="gin", amount=Decimal(4), patient="p", dose="gin"))
        beside(url, "UPDATE dose SET amount = '3' WHERE id = 'gin'")
        plan = opened.correction_plan({gin.id: SECOND})
        opened.correct(plan, actor="chief", reason="r", decisions={"Dose/gin": decision})
    migrate(url)

    with ensue.open(AFTER.ward, url, tag_keys=KEYS) as ledger:
        assert doses(ledger) == {"gin": Decimal(grams * 1000)}
        assert ledger.verify().faults == ()
        assert ledger.rebuild(f"sqlite:///{tmp_path / 'rebuilt.db'}", check=True).difference is None
        assert not ledger.correction_plan({gin.id: SECOND})
        beside(url, "UPDATE dose SET amount = '1' WHERE id = 'gin'")
        assert [fault.message for fault in ledger.verify().faults] == ["Dose/gin: the row is not what its events made it in amount."]
