"""Care plans: care over weeks or years, from start to end."""

from collections.abc import Iterator

from ensue import Event, Insert, New, Ref, Update, new
from ensue.demo.application import clinic
from ensue.demo.models import CarePlan, CarePlanEnd, KnownEncounter, KnownPatient


class StartCarePlan(Event, type="careplan.start", version="2018-07-30"):
    """A plan of care begins."""

    careplan_id: New[CarePlan] = new()
    code: str
    display: str | None = None
    status: str | None = "active"
    start: str | None = None
    addresses_condition_ids: str | None = None
    activity_codes: str | None = None
    patient: Ref[KnownPatient]
    encounter: Ref[KnownEncounter]


@clinic.step(StartCarePlan, since="2018-07-30")
def write_careplan(event: StartCarePlan) -> Iterator[Insert[CarePlan]]:
    """The plan is written into the patient's file."""
    yield Insert(
        CarePlan(
            id=event.careplan_id,
            patient_id=event.patient.id,
            encounter_id=event.encounter.id,
            code=event.code,
            display=event.display,
            status=event.status,
            start=event.start,
            addresses_condition_ids=event.addresses_condition_ids,
            activity_codes=event.activity_codes,
        )
    )


class EndCarePlan(Event, type="careplan.end", version="2018-07-30"):
    """The plan has been carried out, or is given up."""

    end: str
    status: str | None = "completed"
    patient: Ref[KnownPatient]
    careplan: Ref[CarePlanEnd]


@clinic.step(EndCarePlan, since="2018-07-30")
def close_careplan(event: EndCarePlan) -> Iterator[Update[CarePlanEnd]]:
    """The end of the plan is noted."""
    yield Update(event.careplan, end=event.end, status=event.status)
