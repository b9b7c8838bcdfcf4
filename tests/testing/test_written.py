"""A record turned into a test: complete, and it passes when it is run, whatever stands in the record."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from ensue import App, Event, Insert, Model, New, Record, RequestError, new
from ensue.demo import clinic, import_stream, shipped_stream
from ensue.testing import FrozenClock, given, memory_ledger, written_test
from ensue.testing.python_source import WIDTH
from tests.laws.test_storage_laws import Colour, Contents, Inner, Look, Refill, Size, Store, attic
from tests.ledger.ward import (
    AddAllergy,
    CorrectAllergy,
    CountVisits,
    Discharge,
    FewAllergies,
    Give,
    GiveNamesake,
    Hire,
    Lay,
    Meet,
    Reason,
    Register,
    RemoveAllergy,
    Rename,
    See,
    SetPhone,
    SetPhoneByView,
    SetPhoneSeen,
    StockDrug,
    SwapEmails,
    ward,
)
from tests.source_tree import ROOT
from tests.testing.bakery import ADA, Forget, Order, PlaceOrder, PlaceOrder2, bakery

EXAMPLES = ROOT.parent / "shared" / "examples"
MOMENT = datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC)


def run(sources: list[str], folder: Path) -> str:
    """What pytest says of these modules, run in a program of its own."""
    for number, source in enumerate(sources):
        (folder / f"test_{number}.py").write_text(source, encoding="utf-8")
    path = os.pathsep.join(map(str, (ROOT / "src", ROOT, EXAMPLES)))
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ran = subprocess.run(
        [*command, str(folder)],
        cwd=folder,
        env={**environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return ran.stdout + ran.stderr


def assert_pass(records: list[Record], folder: Path) -> None:
    sources = [written_test(record) for record in records]

    said = run(sources, folder)

    assert f"{len(records)} passed" in said
    assert "failed" not in said


def test_records_of_the_clinic_pass(tmp_path: Path) -> None:
    with memory_ledger(clinic) as ledger:
        import_stream(ledger, shipped_stream())
        records = {(record.type, len(record.state), len(record.plan.effects)): record for record in ledger.records()}

    assert len(records) > 15
    assert_pass(list(records.values()), tmp_path)


def test_records_of_every_kind_of_operation_and_state_pass(tmp_path: Path) -> None:
    with memory_ledger(ward, clock=FrozenClock(MOMENT)) as ledger:
        said: dict[str, Any] = {
            "occurred": datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=3))),
            "behalf": "a\nb",
            "cause": "c",
            "purpose": '"why"',
        }
        submit = ledger.submit
        submit(Register(name="A\\d\"a's ☂\n\x01" + "long " * 60, phone="1", email="a@x", patient="p1"), actor="desk", key="k", **said)
        for event in (
            Register(name="Bea", email="b@x"),
            Register(name="Cia", patient="c1"),
            Hire(name="Dr. No", doctor="d1"),
            Rename(name="Ada", patient="p1"),
            SetPhone(phone="2", patient="p1"),
            SetPhone(phone=None, patient="p1"),
            SetPhoneByView(phone="3", patient="p1"),
            Lay(bed="A", patient="c1"),
            SwapEmails(one="p1", other="c1"),
            CountVisits(visits=-3, patient="p1"),
            CountVisits(visits=-1, patient="p1"),
            AddAllergy(code="nuts", patient="p1", allergy="a1"),
            AddAllergy(code="soap", patient="p1"),
            CorrectAllergy(code="milk", allergy="a1"),
            FewAllergies(patient="p1"),
            RemoveAllergy(patient="p1", allergy="a1"),
            See(reason="cough", patient="p1", doctor="d1", visit="v1"),
            Reason(reason="cold", visit="v1"),
            Meet(one="p1", other="p1"),
            Meet(one="p1", other="c1", third="c1"),
            StockDrug(name="c1", drug="x1"),
            Give(patient="p1", drug="x1"),
            Give(patient="p1", drug="x1", other="x1"),
            GiveNamesake(drug="x1"),
            Discharge(patient="p1"),
        ):
            submit(event, actor="desk")
        submit(SetPhoneSeen(phone="4", patient="c1"), actor="desk", expect=ledger.tags(SetPhoneSeen(phone="4", patient="c1")))
        records = list(ledger.records())

    assert len(records) == 27
    assert_pass(records, tmp_path)


def test_records_with_values_of_every_type_pass(tmp_path: Path) -> None:
    inner = Inner(amount=Decimal("-0.10"), moment=MOMENT, names=("a",))
    full = Contents(
        text="t",
        number=-(2**53) + 1,
        flag=True,
        amount=Decimal("1E+3"),
        price=Decimal("2.5"),
        moment=datetime(1, 1, 3, 0, 0, 0, 1, UTC),
        day=date(9999, 12, 29),
        hour=time(23, 59, 0, 5),
        uuid=UUID(int=5),
        raw=b"\x00\xff'",
        colour=Colour.RED,
        size=Size.LARGE,
        word="yes",
        rank=2,
        texts=("one",),
        numbers=frozenset({3, 1}),
        inner=inner,
        inners=(inner, inner),
        secret="s",
        text_or_none="t",
        number_or_none=0,
        flag_or_none=False,
        amount_or_none=Decimal(0),
        moment_or_none=MOMENT,
        day_or_none=date(2024, 2, 29),
        hour_or_none=time(0, 0),
        uuid_or_none=UUID(int=0),
        raw_or_none=b"",
        colour_or_none=Colour.BLUE,
        texts_or_none=(),
        inner_or_none=inner,
        secret_or_none=b"s",
    )
    bare = full.__replace__(
        numbers=frozenset(), inners=(), texts=(), **dict.fromkeys(name for name in vars(full) if name.endswith("_or_none"))
    )
    with memory_ledger(attic) as ledger:
        for event in (
            Store(contents=full, box="b1"),
            Refill(contents=bare, box="b1"),
            Refill(contents=full, box="b1"),
            Look(contents=full, box="b1"),
        ):
            ledger.submit(event, actor="desk")
        records = list(ledger.records())

    assert len(records[-1].state) == 4
    assert_pass(records, tmp_path)


def test_records_with_derived_ids_effects_cancellations_and_older_versions_pass(tmp_path: Path) -> None:
    with memory_ledger(bakery, ADA, Order(id="o1", customer_id="ada", loaf="rye", note="n")) as ledger:
        ledger.submit(PlaceOrder(loaf="rye", customer="ada"), actor="ada", version="2024-01-01")
        ledger.submit(PlaceOrder2(loaf="rye", customer="ada"), actor="ada", key="k")
        ledger.submit(Forget(customer="ada"), actor="ada")
        records = list(ledger.records())

    assert_pass(records, tmp_path)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example applications can be imported by their names."""
    if not EXAMPLES.is_dir():
        pytest.skip("The example applications are not beside this repository (../shared/examples).")
    monkeypatch.syspath_prepend(EXAMPLES)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def submitted(app: App, rows: Sequence[Model], *events: Event, version: str | None = None) -> list[Record]:
    with memory_ledger(app, *rows) as ledger:
        return [ledger.submit(event, actor="desk", version=version) for event in events]


@pytest.mark.usefixtures("example")
def test_records_of_the_examples_pass(tmp_path: Path) -> None:
    transfer, booking, consent, history = map(importlib.import_module, ("transfer", "booking", "consent", "history"))

    assert_pass([*transfers(transfer), *bookings(booking), *withdrawals(consent), *registrations(history)], tmp_path)


def transfers(module: ModuleType) -> list[Record]:
    rows = [module.Account(id="a", owner="Ada", balance=Decimal("100.25")), module.Account(id="b", owner="Bo")]
    event = module.Transfer(amount=Decimal("30.10"), source="a", target="b")
    return [*submitted(module.bank, rows, event), *submitted(module.bank, rows, event, version="2024-01-01")]


def bookings(module: ModuleType) -> list[Record]:
    rows = [module.Patient(id="p", name="Ada", phone="077"), module.Practitioner(id="d", name="Dr. No")]
    day, at = date(2025, 3, 4), datetime(2025, 3, 4, 9, tzinfo=UTC)
    with memory_ledger(module.practice, *rows) as ledger:
        booked = ledger.submit(module.Book(day=day, starts_at=at, minutes=30, patient="p", practitioner="d"), actor="desk")
        (appointment,) = booked.plan.inserted(module.Appointment)
        moved = ledger.submit(module.Move(day=day, starts_at=at + timedelta(hours=1), appointment=appointment), actor="desk")
        return [booked, moved, ledger.submit(module.CancelAppointment(appointment=appointment, patient="p"), actor="desk")]


def withdrawals(module: ModuleType) -> list[Record]:
    rows = [module.Patient(id="p", name="Ada", phone="077", photo="a.png"), module.Consent(id="c", patient_id="p", purpose="research")]
    return submitted(module.clinic, rows, module.Withdraw(purpose="research", patient="p"))


def registrations(module: ModuleType) -> list[Record]:
    event = module.Register4(given_name="Ada", family_name="L", reason="new phone", channel="web", person="p1")
    return submitted(module.reg, [module.ADA], event, version="2025-10-01")


# ---- how it reads --------------------------------------------------------------------------------------------------
def test_an_event_of_a_record_is_decided_the_same_again() -> None:
    (record,) = submitted(bakery, [ADA], PlaceOrder2(loaf="rye", customer="ada"))

    outcome = given(bakery, ADA).when(PlaceOrder2(loaf="rye", customer="ada"), id=record.id).same_again()

    assert outcome.record is not None
    assert (outcome.record.id, outcome.plan) == (record.id, record.plan)


def test_it_reads_as_a_person_would_write_it() -> None:
    with memory_ledger(ward, clock=FrozenClock(datetime(2024, 8, 1, 9, tzinfo=UTC))) as ledger:
        ledger.submit(Register(name="Ada", phone="1", patient="p1"), actor="desk", key="one")
        record = ledger.submit(SetPhone(phone="2", patient="p1"), actor="desk", key="two", version="2024-01-01")

    assert (
        written_test(record)
        == f'''"""patient.phone under 2024-01-01: event {record.id}, of 2024-08-01T09:00:00.000000Z."""

from datetime import UTC, datetime

from ensue import Update
from ensue.testing import given
from tests.ledger.ward import Patient, Push, SetPhone, ward

PATIENT = Patient(id="p1", name="Ada", phone="1")


def test_patient_phone() -> None:
    (
        given(ward, PATIENT)
        .at(datetime(2024, 8, 1, 9, 0, tzinfo=UTC))
        .when(
            SetPhone(phone="2", patient="p1"),
            version="2024-01-01",
            actor="desk",
            id="{record.id}",
        )
        .then(Update(PATIENT, phone="2"), Push(to="2", text="This is your number now."))
    )
'''
    )


def test_no_line_is_longer_than_it_must_be() -> None:
    with memory_ledger(clinic) as ledger:
        import_stream(ledger, shipped_stream(), limit=60)
        sources = map(written_test, ledger.records())

        assert max(len(line) for source in sources for line in source.splitlines()) <= WIDTH + 20


def test_a_test_fails_when_the_rules_do_something_else(tmp_path: Path) -> None:
    (record,) = submitted(bakery, [ADA], PlaceOrder(loaf="rye", customer="ada"), version="2024-01-01")

    said = run([written_test(record).replace('"One rye"', '"Two rye"')], tmp_path)

    assert "1 failed" in said
    assert '> text          "Two rye"' in said


# ---- what cannot be ------------------------------------------------------------------------------------------------
def test_an_application_that_no_module_holds_is_refused() -> None:
    app = App("fleeting")

    class Thing(Model, subject=True):
        name: str

    class Make(Event, type="thing.make", version="2024-01-01"):
        name: str
        thing: New[Thing] = new()

    @app.step(Make, since="2024-01-01")
    def make(event: Make) -> Iterator[Insert[Thing]]:
        yield Insert(Thing(id=event.thing, name=event.name))

    (record,) = submitted(app, [], Make(name="x"))

    with pytest.raises(RequestError, match="is in no module that was imported"):
        written_test(record)


def test_a_class_that_a_function_made_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    app = App("local")
    monkeypatch.setattr(sys.modules[__name__], "local_app", app, raising=False)

    class Thing(Model, subject=True):
        name: str

    class Make(Event, type="thing.make", version="2024-01-01"):
        name: str
        thing: New[Thing] = new()

    @app.step(Make, since="2024-01-01")
    def make(event: Make) -> Iterator[Insert[Thing]]:
        yield Insert(Thing(id=event.thing, name=event.name))

    (record,) = submitted(app, [], Make(name="x"))

    with pytest.raises(RequestError, match="is made by a function"):
        written_test(record)


def test_an_erased_record_is_refused() -> None:
    (record,) = submitted(bakery, [ADA], PlaceOrder2(loaf="rye", customer="ada"))
    record.document["state"][0][3]["name"] = {"_erased": True}  # as reading puts it where a leaf is gone

    with pytest.raises(RequestError, match="parts of it were erased"):
        written_test(record)
