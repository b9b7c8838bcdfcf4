"""
The peer: "prescribe" as a good engineer writes it by hand today. FastAPI-style: a controller function that takes a
pydantic form and a session of its own, SQLAlchemy's async ORM, one commit a request, an outbox row for each effect and an
audit row with before and after. Called in process, so that HTTP is not counted.

It gives less than ensue does: no chain, no proof, no idempotency key, no conflict tags, no replay.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import islice
from time import perf_counter
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, PositiveInt
from sqlalchemy import JSON, DateTime, ForeignKey, insert, make_url, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks import workload
from benchmarks.measure import median
from benchmarks.workload import Form

# Measured on two cores with 64 callers. Connections: 3 to 8 make little difference, 16 and more are slower. Driver: asyncpg gives 1.4 times
# the events a second of psycopg's asynchronous connection.
POOL_SIZE = 5
DRIVER = "asyncpg"


class Base(DeclarativeBase):
    """The tables of the application."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSON().with_variant(JSONB(), "postgresql"),
    }


class Patient(Base):
    """A patient of the clinic."""

    __tablename__ = "patient"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    phone: Mapped[str]
    address: Mapped[str]
    born: Mapped[date]
    sex: Mapped[str]
    prescription_count: Mapped[int]
    last_drug: Mapped[str]


class Allergy(Base):
    """Something a patient must not be given."""

    __tablename__ = "allergy"
    id: Mapped[str] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = mapped_column(ForeignKey("patient.id"), index=True)
    code: Mapped[str]
    display: Mapped[str]


class Prescription(Base):
    """A drug prescribed to a patient."""

    __tablename__ = "prescription"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = mapped_column(ForeignKey("patient.id"), index=True)
    drug: Mapped[str]
    dose_mg: Mapped[int]
    times_a_day: Mapped[int]
    days: Mapped[int]
    reason: Mapped[str]
    status: Mapped[str]
    prescribed_at: Mapped[datetime]


class LabTask(Base):
    """A laboratory test to be made."""

    __tablename__ = "lab_task"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = mapped_column(ForeignKey("patient.id"), index=True)
    prescription_id: Mapped[uuid.UUID]
    code: Mapped[str]
    status: Mapped[str]
    ordered_at: Mapped[datetime]


class Outbox(Base):
    """Something to do outside, for a worker to find."""

    __tablename__ = "outbox"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Audit(Base):
    """Who changed what, from what, to what."""

    __tablename__ = "audit"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = mapped_column(index=True)
    action: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]


class PrescribeForm(BaseModel):
    """The body of the request."""

    model_config = ConfigDict(extra="forbid", strict=True)
    patient_id: str
    drug: str
    dose_mg: PositiveInt
    times_a_day: PositiveInt
    days: PositiveInt
    reason: str


class Prescribed(BaseModel):
    """The body of the answer."""

    prescription_id: uuid.UUID
    lab_task_id: uuid.UUID


class NotFoundError(Exception):
    """404."""


class AllergicError(Exception):
    """409."""


async def prescribe(form: PrescribeForm, session: AsyncSession, actor: str) -> Prescribed:
    """The controller function: everything that follows from a prescription, in one transaction."""
    patient = await session.scalar(select(Patient).where(Patient.id == form.patient_id).with_for_update())
    if patient is None:
        raise NotFoundError(form.patient_id)
    allergies = (await session.scalars(select(Allergy).where(Allergy.patient_id == patient.id))).all()
    if any(allergy.code == form.drug for allergy in allergies):
        raise AllergicError(form.drug)

    now = datetime.now(UTC)
    prescription = Prescription(id=uuid.uuid4(), **form.model_dump(), status="active", prescribed_at=now)
    task = LabTask(id=uuid.uuid4(), patient_id=patient.id, prescription_id=prescription.id, code="45066-8", status="open", ordered_at=now)
    before = {"prescription_count": patient.prescription_count, "last_drug": patient.last_drug}
    patient.prescription_count += 1
    patient.last_drug = form.drug
    after = {
        "prescription_count": patient.prescription_count,
        "last_drug": patient.last_drug,
        "prescription": form.model_dump() | {"id": str(prescription.id)},
        "lab_task": {"id": str(task.id), "code": task.code},
    }
    session.add_all(
        [
            prescription,
            task,
            Outbox(id=uuid.uuid4(), kind="push.send", body={"to": patient.phone, "text": f"New prescription: {form.drug}"}, created_at=now),
            Outbox(id=uuid.uuid4(), kind="laboratory.order", body={"task_id": str(task.id), "code": task.code}, created_at=now),
            Audit(id=uuid.uuid4(), patient_id=patient.id, action="medication.request", actor=actor, at=now, before=before, after=after),
        ]
    )
    await session.commit()
    return Prescribed(prescription_id=prescription.id, lab_task_id=task.id)


class Handwritten:
    """The application over the PostgreSQL database at *url*, and callers that keep it busy."""

    def __init__(self, url: str, *, driver: str = DRIVER, pool_size: int = POOL_SIZE) -> None:
        self._runner = asyncio.Runner()
        self._engine = create_async_engine(make_url(url).set(drivername=f"postgresql+{driver}"), pool_size=pool_size, max_overflow=0)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._patients = workload.patients()
        self._forms = workload.forms(self._patients)
        self._runner.run(self._prepare())

    def close(self) -> None:
        """Close every connection."""
        self._runner.run(self._engine.dispose())
        self._runner.close()

    def callers(self, events_count: int, callers_count: int = workload.CALLERS_COUNT) -> float:
        """*callers_count* callers send *events_count* requests, each its next when it has its answer; return events a second."""
        return self._runner.run(self._callers(events_count, callers_count))

    def alone(self, events_count: int) -> float:
        """One caller sends *events_count* requests; return the median in milliseconds."""
        return self._runner.run(self._alone(events_count))

    async def _prepare(self) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.execute(
                insert(Patient), [{**asdict(patient), "born": date.fromisoformat(patient.born)} for patient in self._patients]
            )
            await connection.execute(insert(Allergy), [asdict(allergy) for allergy in workload.allergies(self._patients)])

    async def _request(self, form: Form) -> Prescribed:
        # What the web framework does around the controller: parse the body, give it a session, close the session.
        async with self._sessions() as session:
            return await prescribe(PrescribeForm.model_validate(form), session, actor="dr-ada")

    async def _callers(self, events_count: int, callers_count: int) -> float:
        forms = islice(self._forms, events_count)
        start = perf_counter()
        async with asyncio.TaskGroup() as callers:
            for _ in range(callers_count):
                callers.create_task(self._caller(forms))
        return events_count / (perf_counter() - start)

    async def _caller(self, forms: Iterator[Form]) -> None:
        for form in forms:
            await self._request(form)

    async def _alone(self, events_count: int) -> float:
        taken = []
        for form in islice(self._forms, events_count):
            start = perf_counter()
            await self._request(form)
            taken.append((perf_counter() - start) * 1000)
        return median(taken)
