"""The workload "prescribe" as an application on ensue: models, two event types, steps and effects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from pydantic import PositiveInt

from benchmarks.workload import AllergyRow, Form, PatientRow
from ensue import App, Effect, Event, Insert, Model, New, Ref, Rejection, Related, Request, Sensitive, Update, Value, new, related

clinic = App("clinic")


class Patient(Model, subject=True):
    """A patient of the clinic."""

    name: Sensitive[str]
    phone: Sensitive[str]
    address: Sensitive[str]
    born: date
    sex: str
    prescription_count: int = 0
    last_drug: str = ""


class Allergy(Model, of=Patient):
    """Something a patient must not be given."""

    patient_id: str
    code: str
    display: str


class Prescription(Model, of=Patient):
    """A drug prescribed to a patient."""

    patient_id: str
    drug: str
    dose_mg: PositiveInt
    times_a_day: PositiveInt
    days: PositiveInt
    reason: Sensitive[str]
    status: str
    prescribed_at: datetime


class LabTask(Model, of=Patient):
    """A laboratory test to be made."""

    patient_id: str
    prescription_id: str
    code: str
    status: str
    ordered_at: datetime


class Push(Effect, kind="push.send"):
    """A push notification to the patient's phone."""

    to: Sensitive[str]
    text: str


class OrderTest(Effect, kind="laboratory.order"):
    """An order to the laboratory."""

    task_id: str
    code: str


class Allergic(Rejection, code="medication.allergic", field="drug"):
    """The patient is allergic to {drug}."""

    drug: str


class KnownAllergy(Value):
    """An allergy told at registration."""

    code: str
    display: str


class Register(Event, type="patient.register", version="2018-07-30"):
    """A patient comes for the first time."""

    name: Sensitive[str]
    phone: Sensitive[str]
    address: Sensitive[str]
    born: date
    sex: str
    allergies: tuple[KnownAllergy, ...]
    patient: New[Patient] = new()


class Prescribe(Event, type="medication.request", version="2018-07-30"):
    """A clinician prescribes a drug."""

    drug: str
    dose_mg: PositiveInt
    times_a_day: PositiveInt
    days: PositiveInt
    reason: Sensitive[str]
    patient: Ref[Patient]
    allergies: Related[Allergy] = related()


@clinic.step(Register, since="2018-07-30")
def register_patient(event: Register) -> Iterator[Insert[Patient] | Insert[Allergy]]:
    """Writes the patient and the allergies."""
    yield Insert(Patient(id=event.patient, name=event.name, phone=event.phone, address=event.address, born=event.born, sex=event.sex))
    for number, allergy in enumerate(event.allergies):
        yield Insert(Allergy(id=event.new_id(f"allergy {number}"), patient_id=event.patient, code=allergy.code, display=allergy.display))


@clinic.step(Prescribe, since="2018-07-30", rejects=[Allergic])
def write_prescription(event: Prescribe) -> Iterator[Insert[Prescription] | Push]:
    """Writes the prescription and tells the patient."""
    if any(allergy.code == event.drug for allergy in event.allergies):
        raise Allergic(drug=event.drug)
    yield Insert(
        Prescription(
            id=event.new_id("prescription"),
            patient_id=event.patient.id,
            drug=event.drug,
            dose_mg=event.dose_mg,
            times_a_day=event.times_a_day,
            days=event.days,
            reason=event.reason,
            status="active",
            prescribed_at=event.at,
        )
    )
    yield Push(to=event.patient.phone, text=f"New prescription: {event.drug}")


@clinic.step(Prescribe, since="2018-07-30")
def count_prescription(event: Prescribe) -> Iterator[Update[Patient]]:
    """Keeps the patient's summary."""
    yield Update(event.patient, prescription_count=event.patient.prescription_count + 1, last_drug=event.drug)


@clinic.step(Prescribe, since="2018-08-01")
def order_kidney_test(event: Prescribe) -> Iterator[Insert[LabTask] | OrderTest]:
    """Every course also gets a kidney test."""
    task = LabTask(
        id=event.new_id("kidney test"),
        patient_id=event.patient.id,
        prescription_id=event.new_id("prescription"),
        code="45066-8",
        status="open",
        ordered_at=event.at,
    )
    yield Insert(task)
    yield OrderTest(task_id=task.id, code=task.code)


def registrations(patients: Iterable[PatientRow], allergies: Iterable[AllergyRow]) -> Iterator[Request]:
    """The requests that bring the workload's patients in."""
    known: dict[str, list[KnownAllergy]] = {}
    for allergy in allergies:
        known.setdefault(allergy.patient_id, []).append(KnownAllergy(code=allergy.code, display=allergy.display))
    for patient in patients:
        event = Register(
            name=patient.name,
            phone=patient.phone,
            address=patient.address,
            born=date.fromisoformat(patient.born),
            sex=patient.sex,
            allergies=tuple(known.get(patient.id, ())),
            patient=patient.id,
        )
        yield Request(event, key=f"register {patient.id}")


def prescription(form: Form) -> Prescribe:
    """The event of one request: the parsed form checked and typed, as a door would."""
    return Prescribe(
        drug=form["drug"],
        dose_mg=form["dose_mg"],
        times_a_day=form["times_a_day"],
        days=form["days"],
        reason=form["reason"],
        patient=form["patient_id"],
    )
