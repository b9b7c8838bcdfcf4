"""The ward: a small application that the contract tests of the ledger submit to. Every promise of the ledger has an event here."""

from __future__ import annotations

from collections.abc import Iterator

from ensue import (
    App,
    Delete,
    Effect,
    Event,
    Increase,
    Insert,
    Lookup,
    Model,
    New,
    Ref,
    Rejection,
    Related,
    Sensitive,
    Update,
    View,
    by,
    new,
    optional,
    related,
)

ward = App("ward")


class Patient(Model, subject=True, unique=[("email",)], strict=["bed"]):
    name: Sensitive[str]
    phone: Sensitive[str] | None = None
    email: str | None = None
    bed: str | None = None
    visits: int = 0


class Contact(View[Patient]):
    phone: Sensitive[str] | None = None


class Doctor(Model, subject=True):
    name: str


class Allergy(Model, of=Patient):
    patient_id: str
    code: str


class Visit(Model, of=(Patient, Doctor)):
    patient_id: str
    doctor_id: str
    reason: str


class Drug(Model, unique=[("name",)]):
    name: str


class Push(Effect, kind="push.send"):
    to: Sensitive[str]
    text: str


class Known(Rejection, code="allergy.known", field="code"):
    """The allergy {allergy} is on record already."""

    allergy: str


class Blank(Rejection, code="name.blank", field="name"):
    """A name has letters."""


# ---- a patient -----------------------------------------------------------------------------------------------------
class Register(Event, type="patient.register", version="2024-01-01"):
    name: str
    phone: str | None = None
    email: str | None = None
    patient: New[Patient] = new()


@ward.step(Register, since="2024-01-01", rejects=[Blank])
def register(event: Register) -> Iterator[Insert[Patient]]:
    if not event.name.strip():
        raise Blank()
    yield Insert(Patient(id=event.patient, name=event.name, phone=event.phone, email=event.email))


class Rename(Event, type="patient.rename", version="2024-01-01"):
    name: str
    patient: Ref[Patient]


@ward.step(Rename, since="2024-01-01", rejects=[Blank])
def rename(event: Rename) -> Iterator[Update[Patient]]:
    if not event.name.strip():
        raise Blank()
    yield Update(event.patient, name=event.name)


class SetPhone(Event, type="patient.phone", version="2024-01-01"):
    phone: str | None
    patient: Ref[Patient]


@ward.step(SetPhone, since="2024-01-01")
def set_phone(event: SetPhone) -> Iterator[Update[Patient] | Push]:
    yield Update(event.patient, phone=event.phone)
    if event.phone is not None:
        yield Push(to=event.phone, text="This is your number now.")


class SetPhoneSeen(Event, type="patient.phone_seen", version="2024-01-01", seen=["patient.phone"]):
    phone: str | None
    patient: Ref[Patient]


@ward.step(SetPhoneSeen, since="2024-01-01")
def set_phone_seen(event: SetPhoneSeen) -> Iterator[Update[Patient]]:
    yield Update(event.patient, phone=event.phone)


class SetPhoneByView(Event, type="patient.contact", version="2024-01-01"):
    phone: str
    patient: Ref[Contact]


@ward.step(SetPhoneByView, since="2024-01-01")
def set_phone_by_view(event: SetPhoneByView) -> Iterator[Update[Contact]]:
    yield Update(event.patient, phone=event.phone)


class SetEmail(Event, type="patient.email", version="2024-01-01"):
    email: str | None
    patient: Ref[Patient]


@ward.step(SetEmail, since="2024-01-01")
def set_email(event: SetEmail) -> Iterator[Update[Patient]]:
    yield Update(event.patient, email=event.email)


class SwapEmails(Event, type="patient.swap_emails", version="2024-01-01"):
    one: Ref[Patient]
    other: Ref[Patient]


@ward.step(SwapEmails, since="2024-01-01")
def swap_emails(event: SwapEmails) -> Iterator[Update[Patient]]:
    yield Update(event.one, email=event.other.email)
    yield Update(event.other, email=event.one.email)


class ShareEmail(Event, type="patient.share_email", version="2024-01-01"):
    email: str
    one: Ref[Patient]
    other: Ref[Patient]


@ward.step(ShareEmail, since="2024-01-01")
def share_email(event: ShareEmail) -> Iterator[Update[Patient]]:
    """Breaks the rule that an address is one patient's."""
    yield Update(event.one, email=event.email)
    yield Update(event.other, email=event.email)


class Lay(Event, type="patient.lay", version="2024-01-01"):
    bed: str
    patient: Ref[Patient]


@ward.step(Lay, since="2024-01-01")
def lay(event: Lay) -> Iterator[Update[Patient]]:
    yield Update(event.patient, bed=event.bed)


class CountVisits(Event, type="patient.count", version="2024-01-01"):
    visits: int
    patient: Ref[Patient]


@ward.step(CountVisits, since="2024-01-01")
def count_visits(event: CountVisits) -> Iterator[Increase[Patient]]:
    yield Increase(event.patient, visits=event.visits)


class Discharge(Event, type="patient.discharge", version="2024-01-01"):
    patient: Ref[Patient]
    allergies: Related[Allergy] = related()


@ward.step(Discharge, since="2024-01-01")
def discharge(event: Discharge) -> Iterator[Delete[Patient] | Delete[Allergy]]:
    for allergy in event.allergies:
        yield Delete(allergy)
    yield Delete(event.patient)


# ---- what belongs to a patient -------------------------------------------------------------------------------------
class AddAllergy(Event, type="allergy.add", version="2024-01-01"):
    code: str
    patient: Ref[Patient]
    allergy: New[Allergy] = new()
    allergies: Related[Allergy] = related()


@ward.step(AddAllergy, since="2024-01-01", rejects=[Known])
def add_allergy(event: AddAllergy) -> Iterator[Insert[Allergy]]:
    if any(allergy.code == event.code for allergy in event.allergies):
        raise Known(allergy=event.code)
    yield Insert(Allergy(id=event.allergy, patient_id=event.patient.id, code=event.code))


class CorrectAllergy(Event, type="allergy.correct", version="2024-01-01"):
    """The subject is not in the form: it is found by a path."""

    code: str
    allergy: Ref[Allergy]
    patient: Ref[Patient] = by("allergy.patient_id")


@ward.step(CorrectAllergy, since="2024-01-01")
def correct_allergy(event: CorrectAllergy) -> Iterator[Update[Allergy]]:
    yield Update(event.allergy, code=event.code)


class RemoveAllergy(Event, type="allergy.remove", version="2024-01-01"):
    """Both are in the form, so they must agree."""

    patient: Ref[Patient]
    allergy: Ref[Allergy]


@ward.step(RemoveAllergy, since="2024-01-01")
def remove_allergy(event: RemoveAllergy) -> Iterator[Delete[Allergy]]:
    yield Delete(event.allergy)


class FewAllergies(Event, type="allergy.few", version="2024-01-01"):
    """Says how many there are, by the phone number; refuses to read more than two."""

    patient: Ref[Patient]
    allergies: Related[Allergy] = related(patient_id=by("patient"), limit=2)


@ward.step(FewAllergies, since="2024-01-01")
def few_allergies(event: FewAllergies) -> Iterator[Update[Patient]]:
    yield Update(event.patient, phone=str(len(event.allergies)))


# ---- two subjects --------------------------------------------------------------------------------------------------
class Hire(Event, type="doctor.hire", version="2024-01-01"):
    name: str
    doctor: New[Doctor] = new()


@ward.step(Hire, since="2024-01-01")
def hire(event: Hire) -> Iterator[Insert[Doctor]]:
    yield Insert(Doctor(id=event.doctor, name=event.name))


class See(Event, type="visit.see", version="2024-01-01"):
    reason: str
    patient: Ref[Patient]
    doctor: Ref[Doctor]
    visit: New[Visit] = new()


@ward.step(See, since="2024-01-01")
def see(event: See) -> Iterator[Insert[Visit]]:
    yield Insert(Visit(id=event.visit, patient_id=event.patient.id, doctor_id=event.doctor.id, reason=event.reason))


class Reason(Event, type="visit.reason", version="2024-01-01"):
    """Neither subject is named: a Ref to a child brings its parents."""

    reason: str
    visit: Ref[Visit]


@ward.step(Reason, since="2024-01-01")
def give_reason(event: Reason) -> Iterator[Update[Visit]]:
    yield Update(event.visit, reason=event.reason)


class Meet(Event, type="patient.meet", version="2024-01-01"):
    """Three subjects, each counted once."""

    one: Ref[Patient]
    other: Ref[Patient]
    third: Ref[Patient | None] = optional()


@ward.step(Meet, since="2024-01-01")
def meet(event: Meet) -> Iterator[Increase[Patient]]:
    for patient in {row.id: row for row in (event.one, event.other, event.third) if row is not None}.values():
        yield Increase(patient, visits=1)


# ---- reference data ------------------------------------------------------------------------------------------------
class StockDrug(Event, type="drug.stock", version="2024-01-01", system="formulary"):
    name: str
    drug: New[Drug] = new()


@ward.step(StockDrug, since="2024-01-01")
def stock_drug(event: StockDrug) -> Iterator[Insert[Drug]]:
    yield Insert(Drug(id=event.drug, name=event.name))


class Give(Event, type="drug.give", version="2024-01-01"):
    """Reads reference data without locking it; the phone says what was read."""

    patient: Ref[Patient]
    drug: Lookup[Drug]
    other: Lookup[Drug | None] = optional()


@ward.step(Give, since="2024-01-01")
def give(event: Give) -> Iterator[Update[Patient]]:
    yield Update(event.patient, phone=f"{event.drug.name}+{event.other.name if event.other else 'nothing'}")


class GiveNamesake(Event, type="drug.namesake", version="2024-01-01"):
    """The patient is the one a drug is called after: only the drug's row tells the subject."""

    drug: Lookup[Drug]
    patient: Ref[Patient] = by("drug.name")


@ward.step(GiveNamesake, since="2024-01-01")
def give_namesake(event: GiveNamesake) -> Iterator[Update[Patient]]:
    yield Update(event.patient, phone=event.drug.id)


# ---- steps that break their contract -------------------------------------------------------------------------------
class Meddle(Event, type="bad.meddle", version="2024-01-01"):
    patient: Ref[Patient]
    other: Lookup[Patient]


@ward.step(Meddle, since="2024-01-01")
def meddle(event: Meddle) -> Iterator[Update[Patient]]:
    """Touches a row of a subject that the event has not locked."""
    yield Update(event.other, name="meddled")


class Plant(Event, type="bad.plant", version="2024-01-01"):
    patient: Ref[Patient]
    elsewhere: str


@ward.step(Plant, since="2024-01-01")
def plant(event: Plant) -> Iterator[Insert[Allergy]]:
    """Inserts a row for somebody else."""
    yield Insert(Allergy(id=event.new_id("allergy"), patient_id=event.elsewhere, code="planted"))


class WriteReference(Event, type="bad.reference", version="2024-01-01"):
    patient: Ref[Patient]


@ward.step(WriteReference, since="2024-01-01")
def write_reference(event: WriteReference) -> Iterator[Insert[Drug]]:
    """Writes reference data without being an event of the system."""
    yield Insert(Drug(id=event.new_id("drug"), name="home made"))


class Promise(Event, type="bad.promise", version="2024-01-01"):
    patient: Ref[Patient]
    allergy: New[Allergy] = new()


@ward.step(Promise, since="2024-01-01")
def promise(event: Promise) -> None:
    """Announces a row that no step inserts."""


class Crash(Event, type="bad.crash", version="2024-01-01"):
    patient: Ref[Patient]


@ward.step(Crash, since="2024-01-01")
def crash(event: Crash) -> None:
    raise ZeroDivisionError("by a step")


# ---- a later version of one of them --------------------------------------------------------------------------------
@ward.step(CountVisits, since="2024-06-01")
def count_one_more(event: CountVisits) -> Iterator[Increase[Patient]]:
    """From June each count is one more."""
    yield Increase(event.patient, visits=1)
