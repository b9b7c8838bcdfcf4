"""Prescriptions: what is refused, what is written, which test follows, and what the patient is told."""

from collections.abc import Iterator
from decimal import Decimal

from ensue import Event, Insert, New, Ref, Related, new, related
from ensue.demo.application import clinic
from ensue.demo.effects import Push, TextMessage
from ensue.demo.models import ActiveAllergy, KnownEncounter, LabTask, MedicationRequest, PatientPhone
from ensue.demo.rejections import Allergic

LONG_COURSE_DAYS = 14
DAYS_PER_UNIT = {"days": 1, "weeks": 7, "months": 30}


class RequestMedication(Event, type="medication.request", version="2018-07-30"):
    """A clinician prescribes a drug."""

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
    patient: Ref[PatientPhone]
    encounter: Ref[KnownEncounter]
    allergies: Related[ActiveAllergy] = related()


@clinic.step(RequestMedication, since="2018-07-30", rejects=[Allergic])
def refuse_allergen(event: RequestMedication) -> None:
    """What the patient is allergic to cannot be prescribed."""
    for allergy in event.allergies:
        if allergy.code == event.rxnorm_code and allergy.clinical_status in ("active", None):
            raise Allergic(patient_id=event.patient.id, rxnorm_code=event.rxnorm_code)


@clinic.step(RequestMedication, since="2018-07-30")
def write_prescription(event: RequestMedication) -> Iterator[Insert[MedicationRequest]]:
    """The prescription is written."""
    yield Insert(
        MedicationRequest(
            id=event.request_id,
            patient_id=event.patient.id,
            encounter_id=event.encounter.id,
            rxnorm_code=event.rxnorm_code,
            display=event.display,
            status=event.status,
            intent=event.intent,
            authored_at=event.authored_at,
            requester_id=event.requester_id,
            reason_condition_id=event.reason_condition_id,
            dose_value=event.dose_value,
            frequency=event.frequency,
            period=event.period,
            period_unit=event.period_unit,
            as_needed=event.as_needed,
            repeats_allowed=event.repeats_allowed,
            quantity=event.quantity,
            supply_value=event.supply_value,
            supply_unit=event.supply_unit,
            instructions=event.instructions,
        )
    )


@clinic.step(RequestMedication, since="2018-07-30")
def notify_of_prescription(event: RequestMedication) -> Iterator[Push]:
    """A notification on the patient's phone names the drug."""
    if event.patient.phone:
        yield Push(to=event.patient.phone, text=f"New prescription: {drug_name(event)}")


@clinic.step(RequestMedication, since="2018-07-30")
def explain_prescription(event: RequestMedication) -> Iterator[TextMessage]:
    """A message tells the patient which drug to take, and how."""
    if event.patient.phone:
        how = event.instructions or "Please follow what was agreed in the consultation."
        yield TextMessage(to=event.patient.phone, text=f"You have been prescribed {drug_name(event)}. {how}")


# ---- 2018-08-01: kidneys ------------------------------------------------------------------------------------------
@clinic.step(RequestMedication, since="2018-08-01")
def order_kidney_test(event: RequestMedication) -> Iterator[Insert[LabTask]]:
    """A prescription for two weeks or longer also gets a test of the kidneys."""
    if supply_days(event) >= LONG_COURSE_DAYS:
        yield Insert(
            LabTask(
                id=event.new_id("kidney test"),
                patient_id=event.patient.id,
                request_id=event.request_id,
                code="24362-6",
                display="Renal function 2000 panel - Serum or Plasma",
            )
        )


clinic.expects("2018-08-01", adds=[LabTask], of=RequestMedication, why="Long courses also get a test of the kidneys.")


# ---- 2019-05-01: nothing medical on a locked phone ---------------------------------------------------------------
@clinic.step(RequestMedication, since="2019-05-01", replaces=notify_of_prescription)
def notify_of_prescription_discreetly(event: RequestMedication) -> Iterator[Push]:
    """The notification on the patient's phone no longer names the drug."""
    if event.patient.phone:
        yield Push(to=event.patient.phone, text="Your clinic has written a prescription for you.")


clinic.expects("2019-05-01", changes=[Push], why="A locked phone no longer shows anything medical.")


def drug_name(event: RequestMedication) -> str:
    """The drug as a patient should read it."""
    return (event.display or event.rxnorm_code).strip()


def supply_days(event: RequestMedication) -> Decimal:
    """For how many days the patient is supplied; 0 where the prescription does not say."""
    value, unit = event.supply_value or "", event.supply_unit or ""
    return Decimal(value) * DAYS_PER_UNIT.get(unit, 0) if value.isdecimal() else Decimal(0)
