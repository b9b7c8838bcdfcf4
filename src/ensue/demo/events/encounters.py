"""Encounters: a visit begins and ends."""

from collections.abc import Iterator

from ensue import Event, Insert, New, Ref, Update, new
from ensue.demo.application import clinic
from ensue.demo.models import Encounter, EncounterEnd, KnownPatient


class StartEncounter(Event, type="encounter.start", version="2018-07-30"):
    """A visit, stay or call begins. Others of the same patient may still be open."""

    encounter_id: New[Encounter] = new()
    class_code: str | None = None
    type_code: str | None = None
    type_display: str | None = None
    start: str | None = None
    reason_code: str | None = None
    reason_display: str | None = None
    provider_org_id: str | None = None
    practitioner_id: str | None = None
    patient: Ref[KnownPatient]


@clinic.step(StartEncounter, since="2018-07-30")
def open_encounter(event: StartEncounter) -> Iterator[Insert[Encounter]]:
    """The encounter is opened."""
    yield Insert(
        Encounter(
            id=event.encounter_id,
            patient_id=event.patient.id,
            class_code=event.class_code,
            type_code=event.type_code,
            type_display=event.type_display,
            start=event.start,
            reason_code=event.reason_code,
            reason_display=event.reason_display,
            provider_org_id=event.provider_org_id,
            practitioner_id=event.practitioner_id,
        )
    )


class EndEncounter(Event, type="encounter.end", version="2018-07-30"):
    """The visit, stay or call is over."""

    end: str
    discharge_disposition: str | None = None
    patient: Ref[KnownPatient]
    encounter: Ref[EncounterEnd]


@clinic.step(EndEncounter, since="2018-07-30")
def close_encounter(event: EndEncounter) -> Iterator[Update[EncounterEnd]]:
    """The end, and where the patient went, are noted."""
    yield Update(event.encounter, end=event.end, discharge_disposition=event.discharge_disposition)
