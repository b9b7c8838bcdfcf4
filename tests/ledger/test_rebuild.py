"""Rebuild: the rows that the operations of the records make in an empty database are the live ones, value by value."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, insert, inspect, update

import ensue
from ensue import Ledger, Model, RequestError, Selection, Tampered
from ensue.runtime import rebuild
from ensue.runtime.rebuild import rebuild_records
from ensue.runtime.seeding import put_rows
from ensue.testing import written_test
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.shop import Join, metadata, shop
from tests.ledger.test_correct import Prescribe, pharmacy
from tests.ledger.test_correct import Register as RegisterPatient
from tests.ledger.ward import (
    AddAllergy,
    CountVisits,
    Discharge,
    Hire,
    Patient,
    Register,
    RemoveAllergy,
    Rename,
    See,
    SetEmail,
    SetPhone,
    StockDrug,
    SwapEmails,
    ward,
)


@pytest.fixture
def told(ledger: Ledger) -> Ledger:
    """A ledger with every kind of change: rows that come again, and unique values that change hands, in one batch and between them."""
    for event in (
        Register(name="Ada", phone="1", email="a@x", patient="p1"),
        Register(name="Bea ☂", email="b@x", patient="p2"),
        Hire(name="Dr. No", doctor="d1"),
        SwapEmails(one="p1", other="p2"),
        AddAllergy(code="nuts", patient="p1", allergy="a1"),
        CountVisits(visits=3, patient="p1"),
        CountVisits(visits=-1, patient="p1"),
        SetEmail(email=None, patient="p2"),
        SetEmail(email="a@x", patient="p1"),
        SetPhone(phone="2", patient="p1"),
        See(reason="cough", patient="p2", doctor="d1", visit="v1"),
        RemoveAllergy(patient="p1", allergy="a1"),
        AddAllergy(code="soap", patient="p1", allergy="a1"),
        Discharge(patient="p1"),
        Register(name="Ada again", email="a@x", patient="p1"),
        Rename(name="Ada once more", patient="p1"),
        StockDrug(name="aspirin", drug="x1"),
    ):
        ledger.submit(event, actor="desk")
    return ledger


@pytest.fixture
def into(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'rebuilt.db'}"


def rows_at(url: str, model: type[Model]) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(model.table.select().order_by("id"))]
    engine.dispose()
    return found


@pytest.mark.parametrize("batch", [1, 2, 5, 1_000])
def test_the_rows_are_the_live_ones_whatever_the_batches(told: Ledger, tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "BATCH", batch)
    progress: list[tuple[int, int]] = []

    rebuilt = told.rebuild(f"sqlite:///{tmp_path / 'r.db'}", check=True, progress=lambda done, total: progress.append((done, total)))

    assert rebuilt.difference is None
    assert (rebuilt.records, rebuilt.rows) == (17, {"Allergy": 0, "Doctor": 1, "Drug": 1, "Patient": 2, "Visit": 1})
    assert progress[-1] == (17, 17)
    with told.read() as connection:
        live = [tuple(row) for row in connection.execute(Patient.table.select().order_by("id"))]
    assert rows_at(f"sqlite:///{tmp_path / 'r.db'}", Patient) == live


def test_a_postgresql_database_is_filled_too(told: Ledger, postgresql_database_url: str) -> None:
    assert told.rebuild(postgresql_database_url, check=True).difference is None

    with pytest.raises(RequestError, match=r"The table \w+ there has rows"):
        told.rebuild(postgresql_database_url)


def test_the_tables_are_ordinary_ones_with_their_rules_and_nothing_else_is_left(told: Ledger, into: str) -> None:
    told.rebuild(into)

    engine = create_engine(into)
    with engine.connect() as connection:
        seen = inspect(connection)
        tables, rules = set(seen.get_table_names()), seen.get_unique_constraints("patient")
    engine.dispose()
    assert tables == {"allergy", "doctor", "drug", "patient", "visit"}
    assert [rule["column_names"] for rule in rules] == [["email"]]


def test_it_works_from_an_export_without_any_database(told: Ledger, into: str, tmp_path: Path) -> None:
    told.export(tmp_path / "events.jsonl.gz")

    rebuilt = rebuild_records(ward, ensue.records_from(tmp_path / "events.jsonl.gz", ward), into)

    assert (rebuilt.records, sum(rebuilt.rows.values())) == (17, 5)
    with told.read() as connection:
        assert rows_at(into, Patient) == [tuple(row) for row in connection.execute(Patient.table.select().order_by("id"))]


def test_a_part_of_the_records_is_refused_and_leaves_no_tables(told: Ledger, into: str, tmp_path: Path) -> None:
    told.export(tmp_path / "events", selection=Selection(first=3))

    with pytest.raises(RequestError, match="Expected the record at position 0, found 3"):
        rebuild_records(ward, ensue.records_from(tmp_path / "events", ward), into)

    engine = create_engine(into)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_an_empty_ledger_gives_empty_tables(ledger: Ledger, into: str) -> None:
    assert set(ledger.rebuild(into, check=True).rows.values()) == {0}


def test_empty_tables_that_stand_there_are_filled_and_lacking_ones_refused(told: Ledger, into: str) -> None:
    engine = create_engine(into)
    with engine.begin() as connection:
        Patient.table.create(connection)
        connection.exec_driver_sql("CREATE TABLE visit (id TEXT PRIMARY KEY)")
    with pytest.raises(RequestError, match="The table visit there has no column"):
        told.rebuild(into)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE visit")
    engine.dispose()

    assert told.rebuild(into, check=True).difference is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            update(Patient.table).where(Patient.table.c.id == "p2").values(phone="9"),
            "Patient/p2: the row is not what its events made it in phone.",
        ),
        (insert(Patient.table).values(id="p0", name="Eve", visits=0), "Patient/p0: the table has this row, and no event made it."),
        (insert(Patient.table).values(id="p9", name="Eve", visits=0), "Patient/p9: the table has this row, and no event made it."),
        (delete(Patient.table).where(Patient.table.c.id == "p1"), "Patient/p1: the events made this row, and the table has it no more."),
        (delete(Patient.table), "Patient/p1: the events made this row, and the table has it no more."),
    ],
)
def test_the_first_difference_is_named(told: Ledger, into: str, change: object, said: str) -> None:
    with told._storage.engine.connect() as connection:
        connection.execute(change)  # type: ignore[call-overload]  # statements of three kinds

    assert told.rebuild(into, check=True).difference == said


def test_rows_that_no_event_inserted_cannot_be_rebuilt(ledger: Ledger, into: str) -> None:
    put_rows(ledger, [Patient(id="p1", name="Ada")])
    ledger.submit(Rename(name="Bea", patient="p1"), actor="desk")

    with pytest.raises(Tampered, match="1 rows of Patient are changed by events, but no event inserted them"):
        ledger.rebuild(into)


def test_corrections_are_exported_rebuilt_and_told_like_any_event(database_url: str, into: str, tmp_path: Path) -> None:
    with ensue.open(pharmacy, database_url, tag_keys=TAG_KEYS) as ledger:
        ledger.submit(RegisterPatient(name="Ada", patient="p"), actor="desk", version="2024-01-01")
        wrong = ledger.submit(Prescribe(drug="wine", patient="p"), actor="desk", version="2024-01-01")
        before = ledger.snapshot("Patient/p")
        fixed = ledger.correct(ledger.compare(wrong, version="2024-07-01"), actor="chief", reason="too short")

        assert ledger.rebuild(into, check=True).difference is None
        for format in ("jsonl", "cloudevents", "parquet"):
            ledger.export(tmp_path / format, format=format)
            *_, last = ensue.records_from(tmp_path / format, pharmacy)
            assert (last, last.corrects, last.plan, last.event) == (fixed, wrong.id, fixed.plan, fixed.event)
        now = ledger.snapshot("Patient/p")
        assert [ledger.snapshot("Patient/p", as_of=place).rows for place in (1, 2)] == [before.rows, now.rows]
        with pytest.raises(RequestError, match="is a correction"):
            written_test(fixed)


def test_tables_that_others_write_too_are_left_out_with_a_word(database_url: str, into: str) -> None:
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    metadata.create_all(engine)
    engine.dispose()
    with ensue.open(shop, database_url, tag_keys=TAG_KEYS) as ledger:
        ledger.submit(Join(name="Ada", customer="c1"), actor="desk")

        rebuilt = ledger.rebuild(into, check=True)

    assert (rebuilt.rows, rebuilt.skipped, rebuilt.difference) == ({}, ("Customer", "Order"), None)
