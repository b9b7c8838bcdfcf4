"""Two databases of one application, open at once: each keeps what its own tables say, which others declared and which differ."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, create_engine, event, make_url

import ensue
from ensue import App, Event, Insert, Ledger, Model, New, NotMigrated, new
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.press import Number, Publish, metadata, press

depot = App("depot")


class Part(Model, subject=True, table="depot_parts"):
    label: str
    weight: Decimal


class AddPart(Event, type="part.add", version="2024-01-01"):
    label: str
    weight: Decimal
    part: New[Part] = new()


@depot.step(AddPart, since="2024-01-01")
def add_part(event: AddPart) -> Iterator[Insert[Part]]:
    yield Insert(Part(id=event.part, label=event.label, weight=event.weight))


def a_file(path: Path, *tables: str) -> str:
    """The address of a file in which these tables stand."""
    database = sqlite3.connect(path)
    for table in tables:
        database.execute(f"CREATE TABLE {table}")
    database.commit()
    database.close()
    return f"sqlite:///{path}"


def a_depot(path: Path, scale: int, rule: str = "") -> str:
    return a_file(path, f"depot_parts (id TEXT PRIMARY KEY, label TEXT NOT NULL {rule}, weight NUMERIC(10, {scale}))")


def opened(app: App, url: str) -> Ledger:
    return ensue.open(app, url, tag_keys=TAG_KEYS)


def test_a_key_that_one_database_has_is_kept_to_while_another_has_none(database_url: str, tmp_path: Path) -> None:
    engine = create_engine(make_url(database_url))
    metadata.create_all(engine)
    engine.dispose()
    keyless = a_file(
        tmp_path / "keyless.db",
        "press_authors (id TEXT PRIMARY KEY, name TEXT NOT NULL)",
        "press_books (id TEXT PRIMARY KEY, written_by TEXT, follows TEXT, isbn TEXT)",
    )

    with opened(press, database_url) as ledger, opened(press, keyless) as other:
        for one in (ledger, other):
            one.submit(Publish(isbn="1", book="x"), actor="web")
            one.submit(Publish(book="y"), actor="web")
            moved = [one.submit(Number(isbn=isbn, book=book), actor="web") for isbn, book in ((None, "x"), ("1", "y"))]

            corrections = one.correct(one.correction_plan({record.id: None for record in moved}), actor="chief", reason="r")

            writes = [[(kind, id) for kind, _, id, *_ in record.plan.recorded_operations] for record in corrections]
            # Where the value may stand once, it is given up before it is taken; elsewhere each change stays with its event.
            assert writes == ([[], [("update", "y"), ("update", "x")]] if one is ledger else [[("update", "x")], [("update", "y")]])


@pytest.mark.parametrize("first", [2, 4])
def test_a_column_is_read_as_its_own_database_describes_it(tmp_path: Path, first: int) -> None:
    coarse, fine = (a_depot(tmp_path / f"{scale}.db", scale) for scale in (2, 4))

    with opened(depot, coarse if first == 2 else fine), opened(depot, fine) as ledger, opened(depot, coarse):
        ledger.submit(AddPart(label="bolt", weight=Decimal("1.2345"), part="p"), actor="web")

        assert ledger.get(Part, "p").weight == Decimal("1.2345")
        assert ledger.verify().outside == ()


def an_office() -> tuple[App, type[Model], type[Event]]:
    """An application whose classes nobody has seen before: what is remembered of a table may be kept with its class."""

    class Slip(Model, subject=True, table="office_slips"):
        made: datetime

    class AddSlip(Event, type="slip.add", version="2024-01-01"):
        slip: New[Slip] = new()

    def add(event: Any) -> Iterator[Insert[Slip]]:
        yield Insert(Slip(id=event.slip, made=event.at))

    add.__annotations__.update({"event": AddSlip, "return": Iterator[Insert[Slip]]})
    office = App("office")
    office.step(AddSlip, since="2024-01-01")(add)
    return office, Slip, AddSlip


@pytest.mark.parametrize("asked", [False, True])
def test_whether_a_table_was_asked_for_before_makes_no_difference(tmp_path: Path, asked: bool) -> None:
    office, slip, add_slip = an_office()
    if asked:
        assert slip.table.name == "office_slips"

    with opened(office, a_file(tmp_path / "office.db", "office_slips (id TEXT PRIMARY KEY, made TIMESTAMP)")) as ledger:
        at = ledger.submit(add_slip(slip="s"), actor="web").at
        with ledger.read() as connection:
            stored = connection.exec_driver_sql("SELECT made FROM office_slips").scalar_one()

    assert stored == at.strftime("%Y-%m-%d %H:%M:%S.%f")  # as this database's own programs write it


def test_each_table_is_described_once_when_a_ledger_opens(tmp_path: Path) -> None:
    described: list[str] = []

    def note(_: Any, table: Table, column: Any) -> None:
        if column["name"] == "id":
            described.append(table.name)

    office, *_ = an_office()
    files = [a_file(tmp_path / f"{name}.db", "office_slips (id TEXT PRIMARY KEY, made TIMESTAMP)") for name in ("a", "b")]
    press_file = f"sqlite:///{tmp_path / 'press.db'}"
    engine = create_engine(press_file)
    metadata.create_all(engine)
    engine.dispose()

    event.listen(Table, "column_reflect", note)
    try:
        for url in (*files, *files):
            opened(office, url).close()
        opened(press, press_file).close()
    finally:
        event.remove(Table, "column_reflect", note)

    assert described == ["office_slips"] * 4 + ["press_authors", "press_books"]


def test_a_table_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(NotMigrated, match="There is no file"):
        ensue.open(depot, f"sqlite:///{tmp_path / 'absent.db'}", create=False, tag_keys=TAG_KEYS)
    assert not (tmp_path / "absent.db").exists()

    url = a_file(tmp_path / "empty.db")
    with pytest.raises(NotMigrated, match="no table depot_parts"):
        opened(depot, url)
    found = MetaData()
    engine = create_engine(url)
    found.reflect(engine)
    engine.dispose()
    assert not found.tables
