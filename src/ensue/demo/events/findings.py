"""Findings and deeds during an encounter: observations with their parts, procedures, immunizations."""

from collections.abc import Iterator

from ensue import Event, Insert, New, Ref, Value, new
from ensue.demo.application import clinic
from ensue.demo.models import Immunization, KnownEncounter, KnownPatient, Observation, Procedure


class ObservationPart(Value):
    """One value of a panel, such as the systolic half of a blood pressure; time and category are the panel's."""

    observation_id: str | None = None
    """Left out: the panel's id, `#` and the place in the panel, from 0."""
    code: str
    display: str | None = None
    value_type: str | None = None
    value: str | None = None
    unit: str | None = None


class RecordObservation(Event, type="observation.record", version="2018-07-30"):
    """A vital sign is measured, a survey answered; a panel comes with its parts."""

    observation_id: New[Observation] = new()
    category: str | None = None
    code: str
    display: str | None = None
    effective_at: str | None = None
    issued_at: str | None = None
    value_type: str | None = None
    value: str | None = None
    unit: str | None = None
    parts: tuple[ObservationPart, ...] = ()
    patient: Ref[KnownPatient]
    encounter: Ref[KnownEncounter]


@clinic.step(RecordObservation, since="2018-07-30")
def write_observation(event: RecordObservation) -> Iterator[Insert[Observation]]:
    """The observation is written, and each part of a panel beside it."""
    yield Insert(
        Observation(
            id=event.observation_id,
            patient_id=event.patient.id,
            encounter_id=event.encounter.id,
            category=event.category,
            code=event.code,
            display=event.display,
            effective_at=event.effective_at,
            issued_at=event.issued_at,
            value_type=event.value_type,
            value=event.value,
            unit=event.unit,
        )
    )
    for place, part in enumerate(event.parts):
        yield Insert(
            Observation(
                id=part.observation_id or f"{event.observation_id}#{place}",
                patient_id=event.patient.id,
                encounter_id=event.encounter.id,
                parent_id=event.observation_id,
                category=event.category,
                code=part.code,
                display=part.display,
                effective_at=event.effective_at,
                issued_at=event.issued_at,
                value_type=part.value_type,
                value=part.value,
                unit=part.unit,
            )
        )


class RecordProcedure(Event, type="procedure.record", version="2018-07-30"):
    """Something was done to or with the patient."""

    procedure_id: New[Procedure] = new()
    code: str
    display: str | None = None
    status: str | None = None
    start: str | None = None
    end: str | None = None
    reason_condition_id: str | None = None
    patient: Ref[KnownPatient]
    encounter: Ref[KnownEncounter]


@clinic.step(RecordProcedure, since="2018-07-30")
def write_procedure(event: RecordProcedure) -> Iterator[Insert[Procedure]]:
    """The procedure is written into the patient's file."""
    yield Insert(
        Procedure(
            id=event.procedure_id,
            patient_id=event.patient.id,
            encounter_id=event.encounter.id,
            code=event.code,
            display=event.display,
            status=event.status,
            start=event.start,
            end=event.end,
            reason_condition_id=event.reason_condition_id,
        )
    )


class RecordImmunization(Event, type="immunization.record", version="2018-07-30"):
    """The patient was vaccinated, here or earlier elsewhere."""

    immunization_id: New[Immunization] = new()
    cvx_code: str
    display: str | None = None
    status: str | None = None
    occurred_at: str | None = None
    patient: Ref[KnownPatient]
    encounter: Ref[KnownEncounter]


@clinic.step(RecordImmunization, since="2018-07-30")
def write_immunization(event: RecordImmunization) -> Iterator[Insert[Immunization]]:
    """The vaccination is written into the patient's file."""
    yield Insert(
        Immunization(
            id=event.immunization_id,
            patient_id=event.patient.id,
            encounter_id=event.encounter.id,
            cvx_code=event.cvx_code,
            display=event.display,
            status=event.status,
            occurred_at=event.occurred_at,
        )
    )
