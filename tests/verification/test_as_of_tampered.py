"""The past of a record that somebody altered: an answer whose values are of their types, or a typed error that names the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

import ensue
from ensue import Ledger, Model, NotFound, Record, Selection
from ensue.core.data import fields_of
from ensue.errors import EnsueError
from tests.laws.retold import FIRST, SECOND, Deposit, Open, Rename, Transfer, bank
from tests.ledger import ward, ward_shapes
from tests.verification.conftest import TAG_KEYS, Told
from tests.verification.story import tell
from tests.verification.tampering import Tampering, altered_payloads


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    url = f"sqlite:///{tmp_path_factory.mktemp('story') / 'ledger.db'}"
    with ensue.open(ward.ward, url, tag_keys=TAG_KEYS) as ledger:
        tell(ledger)
        yield Told(ledger, Tampering(url))
        assert ledger.verify().is_clean, "a test has left something behind"


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A bank that was corrected, and in which somebody decided about a row that was changed beside it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('corrected') / 'ledger.db'}"
    with ensue.open(bank, url, tag_keys=TAG_KEYS) as ledger:
        for event in (
            Open(name="ada", account="a"),
            Open(name="bo", account="b"),
            Deposit(amount=10, account="a"),
            Transfer(amount=4, source="a", target="b"),
            Rename(name="", account="b"),
        ):
            ledger.submit(event, actor="desk", version=FIRST)
        tampering = Tampering(url)
        with tampering.engine.connect() as connection:
            connection.exec_driver_sql("UPDATE account SET name = 'eve' WHERE id = 'b'")
        plan = ledger.correction_plan(Selection(), version=SECOND)
        assert plan.conflicts
        ledger.correct(plan, actor="chief", reason="r", decisions={one.row: "keep" for one in plan.conflicts})
        yield Told(ledger, tampering)
        assert ledger.verify().is_clean, "a test has left something behind"


@pytest.fixture(scope="module")
def reshaped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A ward whose tables have other shapes since."""
    url = f"sqlite:///{tmp_path_factory.mktemp('reshaped') / 'ledger.db'}"
    before = ward_shapes.first().ward
    with ensue.open(before, url, tag_keys=TAG_KEYS) as ledger:
        ledger.submit(before.Register(name="Ada", phone="1", patient="p"), actor="desk")
        ledger.submit(before.Give(drug="aspirin", amount=Decimal("0.5"), patient="p", dose="d"), actor="desk", version=FIRST)
        ledger.submit(before.Pay(amount=3, patient="p"), actor="desk")
        ledger.submit(before.Raise(factor=2, dose="d"), actor="desk")
        ledger.submit(before.Stop(dose="d"), actor="desk")
    ward_shapes.migrate(url)
    with ensue.open(ward_shapes.second().ward, url, tag_keys=TAG_KEYS) as ledger:
        yield Told(ledger, Tampering(url))
        assert ledger.verify().is_clean, "a test has left something behind"


# ---- who asks ------------------------------------------------------------------------------------------------------
def questions(ledger: Ledger, record: Record) -> list[Callable[[], list[Model]]]:
    """What the past can be asked about the rows that a record is about: its subjects, and the first row by itself."""
    newest = len(list(ledger.records())) - 1
    models = {model.__ensue__.name: model for model in ledger.app.models()}

    def rows_of(subject: str) -> list[Model]:
        found = ledger.snapshot(subject, as_of=newest)
        return [found.subject, *(row for rows in found.rows.values() for row in rows)]

    def row_of(model: str, id: str) -> list[Model]:
        return [ledger.get(models[model], id, as_of=newest)]

    keys = [(model, id) for _, model, id, *_ in [*record.document["operations"], *record.document["state"]] if model in models]
    subjects = [one for one in record.subjects if not one.startswith("system/")]
    return [*(partial(rows_of, subject) for subject in subjects), *(partial(row_of, *key) for key in keys[:1])]


def check_types(rows: list[Model]) -> None:
    """Every value that a row has is one of its field. Raises InvalidForm."""
    for row in rows:
        fields_of(type(row)).validate_some(dict(row.__dict__))


def what_went_wrong(ask: Callable[[], list[Model]], record: Record) -> str | None:
    """What is neither an answer that can be believed as far as its types go, nor an error that says which record, and what to do."""
    try:
        rows = ask()
    except NotFound:
        return None
    except EnsueError as error:
        told = str(error)
        return None if record.id in told and "ensue verify" in told else f"{type(error).__name__}: {told}"
    except Exception as error:  # noqa: BLE001  # that is the question
        return repr(error)
    try:
        check_types(rows)
    except EnsueError as error:
        return f"an answer that cannot be: {error}"
    return None


def tried(told: Told, record: Record, parts: tuple[str, ...]) -> list[str]:
    """What goes wrong over every altered payload of *record*."""
    table = told.tampering.table("ensue_payload")
    row = next(one for one in told.tampering.rows("ensue_payload") if (one["subject"], one["seq"]) == record.place[:2])
    wrong: dict[str, bytes] = {}
    asks = questions(told.ledger, record)
    with told.tampering.engine.connect() as connection:
        try:
            for data in altered_payloads(row["bytes"], parts):
                told.tampering.set(connection, table.name, row, bytes=data)
                for ask in asks:
                    found = what_went_wrong(ask, record)
                    if found is not None:
                        wrong.setdefault(found, data)
        finally:
            told.tampering.set(connection, table.name, row, bytes=row["bytes"])
    return [f"{found} of {data!r}" for found, data in wrong.items()]


@pytest.mark.parametrize(
    "type_",
    ["patient.register", "allergy.add", "allergy.correct", "visit.see", "patient.count", "drug.stock", "allergy.remove", "patient.meet"],
)
def test_the_past_of_an_altered_event_is_a_typed_error_or_no_lie_about_types(story: Told, type_: str) -> None:
    record = next(one for one in story.ledger.records() if one.type == type_)

    assert tried(story, record, ("state", "operations")) == []


@pytest.mark.parametrize("position", range(5))
def test_the_past_of_an_altered_event_in_an_older_shape_is_likewise(reshaped: Told, position: int) -> None:
    record = list(reshaped.ledger.records())[position]

    assert tried(reshaped, record, ("state", "operations")) == []


def test_the_past_of_an_altered_correction_is_likewise(corrected: Told) -> None:
    for record in corrected.ledger.records():
        if record.corrects is not None:
            assert tried(corrected, record, ("form", "state", "operations")) == []


@pytest.mark.parametrize(("column", "value"), [("header", b"{}"), ("header", b""), ("at", "yesterday"), ("at", 7), ("header", 7)])
def test_the_past_of_an_event_whose_columns_were_altered_is_a_typed_error(story: Told, column: str, value: Any) -> None:
    record = next(one for one in story.ledger.records() if one.type == "patient.register")
    row = next(one for one in story.tampering.rows("ensue_event") if one["id"] == record.id)
    asks = questions(story.ledger, record)

    with story.tampering.engine.connect() as connection:
        connection.exec_driver_sql(f"UPDATE ensue_event SET {column} = ? WHERE id = ?", (value, record.id))
        try:
            wrong = [found for ask in asks if (found := what_went_wrong(ask, record)) is not None]
        finally:
            story.tampering.set(connection, "ensue_event", row, **{column: row[column]})

    assert wrong == []
