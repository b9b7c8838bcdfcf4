"""Allergies: what a patient must not be given."""

from collections.abc import Iterator

from ensue import Event, Insert, New, Ref, new
from ensue.demo.application import clinic
from ensue.demo.models import Allergy, KnownPatient


class RecordAllergy(Event, type="allergy.record", version="2018-07-30"):
    """An allergy of the patient becomes known. While it is active, what it names cannot be prescribed."""

    allergy_id: New[Allergy] = new()
    code: str
    display: str | None = None
    type: str | None = None
    category: str | None = None
    criticality: str | None = None
    clinical_status: str | None = None
    verification_status: str | None = None
    recorded_at: str | None = None
    patient: Ref[KnownPatient]


@clinic.step(RecordAllergy, since="2018-07-30")
def write_allergy(event: RecordAllergy) -> Iterator[Insert[Allergy]]:
    """The allergy is written into the patient's file."""
    yield Insert(
        Allergy(
            id=event.allergy_id,
            patient_id=event.patient.id,
            code=event.code,
            display=event.display,
            type=event.type,
            category=event.category,
            criticality=event.criticality,
            clinical_status=event.clinical_status,
            verification_status=event.verification_status,
            recorded_at=event.recorded_at,
        )
    )
