"""
The clinic with two drafts of later versions, for a process of its own: who imports this has them on the clinic itself.

    2030-01-01   a prescription says for which condition it is
    2030-02-01   that is taken back; nobody prescribes for a patient whose death is on record
"""

from __future__ import annotations

from ensue import Event, New, Ref, Rejection, Related, new, related
from ensue.demo import clinic
from ensue.demo.events.medication import RequestMedication
from ensue.demo.models import ActiveAllergy, KnownEncounter, MedicationRequest, Patient

REASON, DEATH = "2030-01-01", "2030-02-01"


class WithoutReason(Rejection, code="medication.without_reason", field="reason_condition_id"):
    """A prescription says for which condition it is."""


class Deceased(Rejection, code="medication.deceased", field="patient_id"):
    """The patient died on {deceased_at}."""

    deceased_at: str


@clinic.step(RequestMedication, since=REASON, rejects=[WithoutReason])
def require_reason(event: RequestMedication) -> None:
    """A prescription without a reason is refused."""
    if not event.reason_condition_id:
        raise WithoutReason


clinic.end_step(require_reason, since=DEATH, why="Too many prescriptions have no condition on record.")


class RequestMedicationOfTheLiving(Event, type="medication.request", version=DEATH, follows=RequestMedication):
    """A clinician prescribes a drug; whether the patient lives is read as well."""

    request_id: New[MedicationRequest] = new()
    rxnorm_code: str
    display: str | None = None
    status: str | None = "active"
    intent: str | None = "order"
    authored_at: str | None = None
    requester_id: str | None = None
    reason_condition_id: str | None = None
    dose_value: str | None = None
    frequency: str | None = None
    period: str | None = None
    period_unit: str | None = None
    as_needed: str | None = None
    repeats_allowed: str | None = None
    quantity: str | None = None
    supply_value: str | None = None
    supply_unit: str | None = None
    instructions: str | None = None
    patient: Ref[Patient]
    encounter: Ref[KnownEncounter]
    allergies: Related[ActiveAllergy] = related()


@clinic.step(RequestMedicationOfTheLiving, since=DEATH, rejects=[Deceased])
def refuse_the_dead(event: RequestMedicationOfTheLiving) -> None:
    """Nothing is prescribed once the patient's death is on record."""
    if event.patient.deceased_at is not None:
        raise Deceased(deceased_at=event.patient.deceased_at)


clinic.expects(REASON, rejects=[WithoutReason], why="That is what it is for.")
clinic.expects(DEATH, rejects=[Deceased], why="That is what it is for.")
