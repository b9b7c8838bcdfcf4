"""Patients: first contact, contact details, death."""

from collections.abc import Iterator
from typing import Self

from ensue import Event, Insert, New, Ref, Sensitive, Update, lossy, new
from ensue.demo.application import clinic
from ensue.demo.models import Patient, PatientContact, PatientDeath


class RegisterPatient(Event, type="patient.register", version="2018-07-30"):
    """A patient comes to the clinic for the first time."""

    patient_id: New[Patient] = new()
    mrn: Sensitive[str] | None = None
    source: str | None = None
    family: Sensitive[str]
    given: Sensitive[str]
    prefix: str | None = None
    suffix: str | None = None
    maiden_name: Sensitive[str] | None = None
    gender: str | None = None
    birth_date: Sensitive[str] | None = None
    marital_status: str | None = None
    race: str | None = None
    ethnicity: str | None = None
    language: str | None = None
    birth_place: Sensitive[str] | None = None
    address_line: Sensitive[str] | None = None
    city: Sensitive[str] | None = None
    state: str | None = None
    postal_code: Sensitive[str] | None = None
    country: str | None = None
    phone: Sensitive[str] | None = None
    multiple_birth: str | None = None


@clinic.step(RegisterPatient, since="2018-07-30")
def open_file(event: RegisterPatient) -> Iterator[Insert[Patient]]:
    """The patient's file is opened."""
    yield Insert(
        Patient(
            id=event.patient_id,
            mrn=event.mrn,
            source=event.source,
            family=event.family,
            given=event.given,
            prefix=event.prefix,
            suffix=event.suffix,
            maiden_name=event.maiden_name,
            gender=event.gender,
            birth_date=event.birth_date,
            marital_status=event.marital_status,
            race=event.race,
            ethnicity=event.ethnicity,
            language=event.language,
            birth_place=event.birth_place,
            address_line=event.address_line,
            city=event.city,
            state=event.state,
            postal_code=event.postal_code,
            country=event.country,
            phone=event.phone,
            multiple_birth=event.multiple_birth,
        )
    )


class RecordDeath(Event, type="patient.record_death", version="2018-07-30"):
    """The patient has died."""

    deceased_at: str
    patient: Ref[PatientDeath]


@clinic.step(RecordDeath, since="2018-07-30")
def note_death(event: RecordDeath) -> Iterator[Update[PatientDeath]]:
    """The time of death is noted in the patient's file."""
    yield Update(event.patient, deceased_at=event.deceased_at)


# ---- contact details: the address as one text, until 2019 --------------------------------------------------------
class UpdateContact(Event, type="patient.update_contact", version="2018-07-30"):
    """The patient has a new phone number or address. What is left out stays; an empty text removes the entry."""

    phone: Sensitive[str] | None = None
    address: Sensitive[str] | None = None
    patient: Ref[PatientContact]


@clinic.step(UpdateContact, since="2018-07-30")
def write_contact(event: UpdateContact) -> Iterator[Update[PatientContact]]:
    """Phone number and address are changed. The address is one text and takes the place of all its parts."""
    yield Update(event.patient, phone=changed(event.patient.phone, event.phone))
    if event.address is not None:
        yield Update(event.patient, address_line=event.address or None, city=None, state=None, postal_code=None, country=None)


# ---- 2019-02-14: the address in its parts ------------------------------------------------------------------------
class UpdateContact2(Event, type="patient.update_contact", version="2019-02-14", follows=UpdateContact):
    """
    The patient has a new phone number or address.

    The address is sent in its parts, and each part can be changed alone. What is left out stays; an empty text removes the entry.
    """

    phone: Sensitive[str] | None = None
    address_line: Sensitive[str] | None = None
    city: Sensitive[str] | None = None
    state: str | None = None
    postal_code: Sensitive[str] | None = None
    country: str | None = None
    patient: Ref[PatientContact]

    @classmethod
    def up(cls, old: UpdateContact) -> Self:
        """The old text is kept whole as the street; it took the place of all parts, so the others become empty."""
        if old.address is None:
            return cls(phone=old.phone, patient=old.patient)
        return cls(phone=old.phone, address_line=old.address, city="", state="", postal_code="", country="", patient=old.patient)

    @lossy("One text cannot say which part of an address has changed: the parts that were sent become the whole address.")
    def down(self) -> UpdateContact:
        """The parts that were sent, joined by commas."""
        parts = (self.address_line, self.city, self.state, self.postal_code, self.country)
        sent = [part for part in parts if part is not None]
        return UpdateContact(phone=self.phone, address=", ".join(filter(None, sent)) if sent else None, patient=self.patient)


@clinic.step(UpdateContact2, since="2019-02-14", replaces=write_contact)
def write_contact_in_parts(event: UpdateContact2) -> Iterator[Update[PatientContact]]:
    """Each part of the address is changed by itself."""
    yield Update(
        event.patient,
        phone=changed(event.patient.phone, event.phone),
        address_line=changed(event.patient.address_line, event.address_line),
        city=changed(event.patient.city, event.city),
        state=changed(event.patient.state, event.state),
        postal_code=changed(event.patient.postal_code, event.postal_code),
        country=changed(event.patient.country, event.country),
    )


def changed(before: str | None, sent: str | None) -> str | None:
    """What an entry becomes: left out it stays, an empty text removes it."""
    return before if sent is None else sent or None
