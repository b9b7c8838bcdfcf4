"""
A ward whose tables change their shape between two releases, in every way that tables can.

`first()` is the application as it was, `second()` as it is today, each with classes of its own, as two checkouts have them;
`migrate` is what the release did to the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, create_engine, text

from ensue import App, Delete, Event, Increase, Insert, Model, New, Ref, Related, Sensitive, Update, View, by, new, related

FIRST, SECOND, SHAPES = "2024-01-01", "2024-07-01", "2025-01-01"


def first() -> SimpleNamespace:
    """Doses in grams, whole amounts, a phone."""
    ward = App("ward")

    class Patient(Model, subject=True):
        name: Sensitive[str]
        phone: Sensitive[str] | None = None
        balance: int = 0

    class Dose(Model, of=Patient):
        """In grams."""

        patient_id: str
        drug: str
        amount: Decimal

    class Balance(View[Patient]):
        balance: int

    declare(ward, Patient, Dose, Balance)
    return SimpleNamespace(**locals())


def second() -> SimpleNamespace:
    """Doses in milligrams in a column of the same name and type, a mobile, and balances in cents."""
    ward = App("ward")

    class Patient(Model, subject=True):
        name: Sensitive[str]
        phone: Sensitive[str] | None = None
        balance: int = 0

    class Dose(Model, of=Patient):
        """In grams."""

        patient_id: str
        drug: str
        amount: Decimal

    class Balance(View[Patient]):
        balance: int

    class Patient2(Model, version=SHAPES, follows=Patient):
        name: Sensitive[str]
        mobile: Sensitive[str] | None = None
        balance: Decimal = Decimal(0)
        city: str = "Bern"

        @classmethod
        def up(cls, old: Patient, present: Patient2 | None) -> Patient2:
            city = "Bern" if present is None else present.city
            return cls(id=old.id, name=old.name, mobile=old.phone, balance=Decimal(old.balance), city=city)

        def down(self) -> Patient:
            return Patient(id=self.id, name=self.name, phone=self.mobile, balance=int(self.balance))

    class Dose2(Model, version=SHAPES, follows=Dose):
        """In milligrams."""

        patient_id: str
        drug: str
        amount: Decimal

        @classmethod
        def up(cls, old: Dose) -> Dose2:
            return cls(id=old.id, patient_id=old.patient_id, drug=old.drug, amount=old.amount * 1000)

        def down(self) -> Dose:
            return Dose(id=self.id, patient_id=self.patient_id, drug=self.drug, amount=self.amount / 1000)

    declare(ward, Patient, Dose, Balance)
    return SimpleNamespace(**locals())


def declare(ward: App, Patient: Any, Dose: Any, Balance: Any) -> None:  # noqa: N803  # they stand for classes
    """The events, which are written for the first shapes."""

    class Register(Event, type="register", version=FIRST):
        name: Sensitive[str]
        phone: Sensitive[str] | None = None
        patient: New[Patient] = new()

    @ward.step(Register, since=FIRST)
    def register(event: Register) -> Iterator[Insert[Patient]]:
        yield Insert(Patient(id=event.patient, name=event.name, phone=event.phone))

    class Give(Event, type="give", version=FIRST):
        drug: str
        amount: Decimal
        patient: Ref[Patient]
        doses: Related[Dose] = related()
        dose: New[Dose] = new()

    @ward.step(Give, since=FIRST)
    def give(event: Give) -> Iterator[Insert[Dose] | Increase[Patient]]:
        yield Insert(Dose(id=event.dose, patient_id=event.patient.id, drug=event.drug, amount=event.amount))
        yield Increase(event.patient, balance=10 + len(event.doses))

    @ward.step(Give, since=SECOND, replaces=give)
    def give_half(event: Give) -> Iterator[Insert[Dose] | Increase[Patient]]:
        """Half of what is asked for; who has more than a gram already gets none."""
        total = sum((dose.amount for dose in event.doses), Decimal(0))
        amount = event.amount / 2 if total <= 1 else Decimal(0)
        yield Insert(Dose(id=event.dose, patient_id=event.patient.id, drug=event.drug, amount=amount))
        yield Increase(event.patient, balance=5)

    class Raise(Event, type="raise", version=FIRST):
        factor: int
        dose: Ref[Dose]
        patient: Ref[Patient] = by("dose.patient_id")

    @ward.step(Raise, since=FIRST)
    def increase(event: Raise) -> Iterator[Update[Dose]]:
        yield Update(event.dose, amount=event.dose.amount * event.factor)

    class Stop(Event, type="stop", version=FIRST):
        dose: Ref[Dose]
        patient: Ref[Patient] = by("dose.patient_id")

    @ward.step(Stop, since=FIRST)
    def stop(event: Stop) -> Iterator[Delete[Dose]]:
        yield Delete(event.dose)

    class Call(Event, type="call", version=FIRST):
        phone: Sensitive[str] | None
        patient: Ref[Patient]

    @ward.step(Call, since=FIRST)
    def call(event: Call) -> Iterator[Update[Patient]]:
        yield Update(event.patient, phone=event.phone)

    class Pay(Event, type="pay", version=FIRST):
        amount: int
        patient: Ref[Balance]

    @ward.step(Pay, since=FIRST)
    def pay(event: Pay) -> Iterator[Update[Balance]]:
        yield Update(event.patient, balance=event.patient.balance - event.amount)

    for one in (Register, Give, Raise, Stop, Call, Pay):
        setattr(ward, one.__name__, one)


def migrate(url: str) -> None:
    """What the second release did to the tables."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE patient RENAME COLUMN phone TO mobile"))
        connection.execute(text("ALTER TABLE patient ADD COLUMN city TEXT NOT NULL DEFAULT 'Bern'"))
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE patient ALTER COLUMN balance TYPE NUMERIC"))
            connection.execute(text("UPDATE dose SET amount = amount * 1000"))
        else:
            _migrate_sqlite(connection)
    engine.dispose()


def _migrate_sqlite(connection: Connection) -> None:
    """SQLite keeps decimals as text."""
    connection.execute(text("ALTER TABLE patient RENAME COLUMN balance TO old_balance"))
    connection.execute(text("ALTER TABLE patient ADD COLUMN balance TEXT NOT NULL DEFAULT '0'"))
    connection.execute(text("UPDATE patient SET balance = CAST(old_balance AS TEXT)"))
    connection.execute(text("ALTER TABLE patient DROP COLUMN old_balance"))
    for id, amount in connection.execute(text("SELECT id, amount FROM dose")).all():
        milligrams = format((Decimal(amount) * 1000).normalize(), "f")
        connection.execute(text("UPDATE dose SET amount = :amount WHERE id = :id"), {"id": id, "amount": milligrams})
