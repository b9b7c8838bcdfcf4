"""
The clinic's rows: the patient, and everything that belongs to one.

Columns are named as in the tables of the stream and hold its values as text, byte for byte: numbers keep all their
digits, stamps their offset, names their odd spaces. An empty field there is None here. What identifies a person is
`Sensitive` and may be empty, so that it can be erased; medical facts stay under opaque ids, as the law on records asks.
"""

from ensue import Model, Sensitive, View


class Patient(Model, subject=True):
    """A person the clinic cares for."""

    mrn: Sensitive[str] | None = None
    """Medical record number, as it stands on paper."""
    source: str | None = None
    family: Sensitive[str] | None = None
    given: Sensitive[str] | None = None
    prefix: str | None = None
    suffix: str | None = None
    maiden_name: Sensitive[str] | None = None
    gender: str | None = None
    birth_date: Sensitive[str] | None = None
    deceased_at: str | None = None
    marital_status: str | None = None
    race: str | None = None
    ethnicity: str | None = None
    language: str | None = None
    birth_place: Sensitive[str] | None = None
    address_line: Sensitive[str] | None = None
    """Street and number; several lines are joined by a bar."""
    city: Sensitive[str] | None = None
    state: str | None = None
    postal_code: Sensitive[str] | None = None
    country: str | None = None
    phone: Sensitive[str] | None = None
    multiple_birth: str | None = None


class KnownPatient(View[Patient]):
    """The patient must exist and nothing more is read: what most events need, and the cheapest to keep on record."""


class PatientPhone(View[Patient]):
    """What is needed to reach the patient."""

    phone: Sensitive[str] | None = None


class PatientContact(View[Patient]):
    """What a change of contact details reads and writes."""

    phone: Sensitive[str] | None = None
    address_line: Sensitive[str] | None = None
    city: Sensitive[str] | None = None
    state: str | None = None
    postal_code: Sensitive[str] | None = None
    country: str | None = None


class PatientDeath(View[Patient]):
    """When the patient died, if so."""

    deceased_at: str | None = None


class Encounter(Model, of=Patient):
    """A visit, a stay or a call: the time in which something is done for the patient."""

    patient_id: str
    class_code: str | None = None
    type_code: str | None = None
    type_display: str | None = None
    start: str | None = None
    end: str | None = None
    reason_code: str | None = None
    reason_display: str | None = None
    provider_org_id: str | None = None
    practitioner_id: str | None = None
    discharge_disposition: str | None = None


class KnownEncounter(View[Encounter]):
    """The encounter must exist and be the patient's; nothing more is read."""


class EncounterEnd(View[Encounter]):
    """How an encounter ended."""

    end: str | None = None
    discharge_disposition: str | None = None


class Condition(Model, of=Patient):
    """A diagnosis or complaint, from its onset to its end."""

    patient_id: str
    encounter_id: str
    code: str
    display: str | None = None
    clinical_status: str | None = None
    verification_status: str | None = None
    onset_at: str | None = None
    abated_at: str | None = None
    recorded_at: str | None = None


class ConditionEnd(View[Condition]):
    """How a condition ended."""

    clinical_status: str | None = None
    abated_at: str | None = None


class Allergy(Model, of=Patient):
    """Something the patient must not be given."""

    patient_id: str
    code: str
    display: str | None = None
    type: str | None = None
    category: str | None = None
    criticality: str | None = None
    clinical_status: str | None = None
    """`active` or `inactive`; an allergy without a status counts as active."""
    verification_status: str | None = None
    recorded_at: str | None = None


class ActiveAllergy(View[Allergy]):
    """What a prescriber must know of an allergy."""

    code: str
    clinical_status: str | None = None


class MedicationRequest(Model, of=Patient):
    """A prescription."""

    patient_id: str
    encounter_id: str
    rxnorm_code: str
    display: str | None = None
    status: str | None = None
    intent: str | None = None
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


class LabTask(Model, of=Patient):
    """A test that the clinic's rules ask for, to be done by its own laboratory."""

    patient_id: str
    request_id: str
    """The prescription that made the test necessary."""
    code: str
    display: str
    status: str = "open"


class LabOrder(Model, of=Patient):
    """An order to a laboratory."""

    patient_id: str
    encounter_id: str
    code: str
    display: str | None = None
    status: str | None = None
    effective_at: str | None = None
    issued_at: str | None = None
    result_count: str | None = None


class KnownLabOrder(View[LabOrder]):
    """The order must exist and be the patient's; nothing more is read."""


class LabResult(Model, of=Patient):
    """One value a laboratory reported for an order."""

    patient_id: str
    encounter_id: str
    order_id: str
    category: str | None = None
    code: str
    display: str | None = None
    effective_at: str | None = None
    issued_at: str | None = None
    value_type: str | None = None
    value: str | None = None
    unit: str | None = None


class Observation(Model, of=Patient):
    """A vital sign, an answer of a survey, or a panel; the parts of a panel are rows of their own that name it as `parent_id`."""

    patient_id: str
    encounter_id: str
    parent_id: str | None = None
    category: str | None = None
    code: str
    display: str | None = None
    effective_at: str | None = None
    issued_at: str | None = None
    value_type: str | None = None
    value: str | None = None
    unit: str | None = None


class Procedure(Model, of=Patient):
    """Something done to or with the patient."""

    patient_id: str
    encounter_id: str
    code: str
    display: str | None = None
    status: str | None = None
    start: str | None = None
    end: str | None = None
    reason_condition_id: str | None = None


class Immunization(Model, of=Patient):
    """A vaccination."""

    patient_id: str
    encounter_id: str
    cvx_code: str
    display: str | None = None
    status: str | None = None
    occurred_at: str | None = None


class CarePlan(Model, of=Patient):
    """A plan of care over weeks or years."""

    patient_id: str
    encounter_id: str
    code: str
    display: str | None = None
    status: str | None = None
    start: str | None = None
    end: str | None = None
    addresses_condition_ids: str | None = None
    """Conditions the plan is for, ids separated by spaces."""
    activity_codes: str | None = None
    """What is to be done, codes separated by spaces."""


class CarePlanEnd(View[CarePlan]):
    """How a care plan ended."""

    status: str | None = None
    end: str | None = None


class Message(Model, of=Patient):
    """A message from the clinic to the patient."""

    patient_id: str
    sender: str
    text: Sensitive[str] | None = None
    sent_at: str
