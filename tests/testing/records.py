"""Records of every kind of which tests are written, by the story they come from."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import ModuleType
from typing import Any
from uuid import UUID

from ensue import App, Event, Model, Record
from ensue.demo import clinic, import_stream, shipped_stream
from ensue.testing import FrozenClock, memory_ledger
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


def submitted(app: App, rows: Sequence[Model], *events: Event, version: str | None = None) -> list[Record]:
    with memory_ledger(app, *rows) as ledger:
        return [ledger.submit(event, actor="desk", version=version) for event in events]


def of_the_clinic() -> list[Record]:
    with memory_ledger(clinic) as ledger:
        import_stream(ledger, shipped_stream())
        records = {(record.type, len(record.state), len(record.plan.effects)): record for record in ledger.records()}
    assert len(records) > 15
    return list(records.values())


def of_every_kind_of_operation_and_state() -> list[Record]:
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
    return records


def with_values_of_every_type() -> list[Record]:
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
    return records


def with_derived_ids_effects_cancellations_and_older_versions() -> list[Record]:
    with memory_ledger(bakery, ADA, Order(id="o1", customer_id="ada", loaf="rye", note="n")) as ledger:
        ledger.submit(PlaceOrder(loaf="rye", customer="ada"), actor="ada", version="2024-01-01")
        ledger.submit(PlaceOrder2(loaf="rye", customer="ada"), actor="ada", key="k")
        ledger.submit(Forget(customer="ada"), actor="ada")
        return list(ledger.records())


# ---- of the example applications -----------------------------------------------------------------------------------
@contextmanager
def examples_importable() -> Iterator[None]:
    """The example applications can be imported by their names."""
    before = set(sys.modules)
    sys.path.insert(0, str(EXAMPLES))
    yield
    sys.path.remove(str(EXAMPLES))
    for name in set(sys.modules) - before:
        del sys.modules[name]


def of_the_examples() -> list[Record]:
    transfer, booking, consent, history = map(importlib.import_module, ("transfer", "booking", "consent", "history"))
    return [*transfers(transfer), *bookings(booking), *withdrawals(consent), *registrations(history)]


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


EXAMPLES_STORY = "of the examples"
STORIES: dict[str, Callable[[], list[Record]]] = {
    "of the clinic": of_the_clinic,
    "of every kind of operation and state": of_every_kind_of_operation_and_state,
    "with values of every type": with_values_of_every_type,
    "with derived ids, effects, cancellations and older versions": with_derived_ids_effects_cancellations_and_older_versions,
    EXAMPLES_STORY: of_the_examples,
}
"""Where the examples are not beside this repository, theirs cannot be told."""
