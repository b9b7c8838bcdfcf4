"""Conditions: diagnoses and complaints, from onset to end."""

from collections.abc import Iterator

from ensue import Event, Insert, New, Ref, Update, new
from ensue.demo.application import clinic
from ensue.demo.models import Condition, ConditionEnd, KnownEncounter, KnownPatient


class RecordCondition(Event, type="condition.record", version="2018-07-30"):
    """A diagnosis or complaint is recorded; it may have begun long before."""

    condition_id: New[Condition] = new()
    code: str
    display: str | None = None
    clinical_status: str | None = "active"
    verification_status: str | None = None
    onset_at: str | None = None
    recorded_at: str | None = None
    patient: Ref[KnownPatient]
    encounter: Ref[KnownEncounter]


@clinic.step(RecordCondition, since="2018-07-30")
def write_condition(event: RecordCondition) -> Iterator[Insert[Condition]]:
    """The condition is written into the patient's file."""
    yield Insert(
        Condition(
            id=event.condition_id,
            patient_id=event.patient.id,
            encounter_id=event.encounter.id,
            code=event.code,
            display=event.display,
            clinical_status=event.clinical_status,
            verification_status=event.verification_status,
            onset_at=event.onset_at,
            recorded_at=event.recorded_at,
        )
    )


class ResolveCondition(Event, type="condition.resolve", version="2018-07-30"):
    """The patient no longer has the condition."""

    abated_at: str
    clinical_status: str | None = "resolved"
    patient: Ref[KnownPatient]
    condition: Ref[ConditionEnd]


@clinic.step(ResolveCondition, since="2018-07-30")
def end_condition(event: ResolveCondition) -> Iterator[Update[ConditionEnd]]:
    """The end of the condition is noted."""
    yield Update(event.condition, abated_at=event.abated_at, clinical_status=event.clinical_status)
