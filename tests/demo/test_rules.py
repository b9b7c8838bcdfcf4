"""The clinic's rules: who and what must be there, what cannot be prescribed, and what each event writes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ensue import Event, Insert, Model, NotFound, Update
from ensue.demo import clinic
from ensue.demo.effects import LaboratoryOrder, Push, TextMessage
from ensue.demo.events.allergies import RecordAllergy
from ensue.demo.events.careplans import EndCarePlan
from ensue.demo.events.conditions import RecordCondition, ResolveCondition
from ensue.demo.events.encounters import EndEncounter, StartEncounter
from ensue.demo.events.findings import ObservationPart, RecordImmunization, RecordObservation, RecordProcedure
from ensue.demo.events.laboratory import OrderLabTest, ReceiveLabResult
from ensue.demo.events.medication import RequestMedication
from ensue.demo.events.messages import SendMessage
from ensue.demo.events.patients import RecordDeath
from ensue.demo.models import (
    Allergy,
    CarePlan,
    CarePlanEnd,
    Condition,
    ConditionEnd,
    Encounter,
    EncounterEnd,
    LabOrder,
    LabResult,
    MedicationRequest,
    Message,
    Observation,
    Patient,
    PatientDeath,
)
from ensue.demo.rejections import Allergic
from ensue.testing import ANY_ID, given

NEWEST = "2019-05-01"
PENICILLIN = "834060"

ROWS: tuple[Model, ...] = (
    Patient(id="ada", family="Okafor", given="Ada", phone="555-0100"),
    Encounter(id="ada-visit", patient_id="ada"),
    LabOrder(id="ada-order", patient_id="ada", encounter_id="ada-visit", code="57698-3"),
    Patient(id="ben", family="Brandt", given="Ben"),
    Encounter(id="ben-visit", patient_id="ben"),
    LabOrder(id="ben-order", patient_id="ben", encounter_id="ben-visit", code="57698-3"),
)


# ---- who and what must be there -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "event",
    [
        StartEncounter(patient="nobody"),
        RecordAllergy(code="91934008", patient="nobody"),
        RecordDeath(deceased_at="2018-07-21", patient="nobody"),
        SendMessage(text="Please call.", patient="nobody"),
        RequestMedication(rxnorm_code=PENICILLIN, patient="nobody", encounter="ada-visit"),
    ],
    ids=lambda event: str(type(event).__name__),
)
def test_an_unknown_patient_is_refused_by_name(event: Event) -> None:
    given(clinic, *ROWS).when(event, version=NEWEST).then(NotFound(model="Patient", id="nobody"))


@pytest.mark.parametrize("encounter", ["no-visit", "ben-visit"], ids=["unknown", "another patient's"])
@pytest.mark.parametrize(
    "shape", [RecordCondition, OrderLabTest, RecordObservation, RecordProcedure], ids=lambda shape: str(shape.__name__)
)
def test_an_unknown_or_foreign_encounter_is_refused_by_name(shape: type[Event], encounter: str) -> None:
    event = shape(code="38341003", patient="ada", encounter=encounter)

    given(clinic, *ROWS).when(event, version=NEWEST).then(NotFound(model="Encounter", id=encounter))


def test_a_vaccination_needs_its_encounter_as_well() -> None:
    event = RecordImmunization(cvx_code="140", patient="ada", encounter="ben-visit")

    given(clinic, *ROWS).when(event, version=NEWEST).then(NotFound(model="Encounter", id="ben-visit"))


@pytest.mark.parametrize("order", ["no-order", "ben-order"], ids=["unknown", "another patient's"])
def test_a_result_for_an_unknown_or_foreign_order_is_refused_by_name(order: str) -> None:
    event = ReceiveLabResult(code="2093-3", value="201.5", patient="ada", encounter="ada-visit", order=order)

    given(clinic, *ROWS).when(event, version=NEWEST).then(NotFound(model="LabOrder", id=order))


# ---- allergies ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", ["active", None], ids=["active", "without a status"])
def test_what_the_patient_is_allergic_to_cannot_be_prescribed(status: str | None) -> None:
    allergy = Allergy(id="a1", patient_id="ada", code=PENICILLIN, clinical_status=status)
    event = RequestMedication(rxnorm_code=PENICILLIN, patient="ada", encounter="ada-visit")

    given(clinic, *ROWS, allergy).when(event, version=NEWEST).then(Allergic(patient_id="ada", rxnorm_code=PENICILLIN))


@pytest.mark.parametrize(
    "allergy",
    [
        Allergy(id="a1", patient_id="ben", code=PENICILLIN, clinical_status="inactive"),
        Allergy(id="a1", patient_id="ben", code="91934008", clinical_status="active"),
        Allergy(id="a1", patient_id="ada", code=PENICILLIN, clinical_status="active"),
    ],
    ids=["inactive", "to something else", "another patient's"],
)
def test_other_allergies_do_not_stand_in_the_way(allergy: Allergy) -> None:
    event = RequestMedication(request_id="r1", rxnorm_code=PENICILLIN, patient="ben", encounter="ben-visit")
    written = MedicationRequest(
        id="r1", patient_id="ben", encounter_id="ben-visit", rxnorm_code=PENICILLIN, status="active", intent="order"
    )

    given(clinic, *ROWS, allergy).when(event, version=NEWEST).then(Insert(written))


# ---- what follows -------------------------------------------------------------------------------------------------
def test_a_patient_with_a_phone_is_notified_and_told_how_to_take_the_drug() -> None:
    event = RequestMedication(
        rxnorm_code="308192", display=" Amoxicillin 500 MG", instructions="Twice a day.", patient="ada", encounter="ada-visit"
    )
    written = MedicationRequest(
        id=ANY_ID,
        patient_id="ada",
        encounter_id="ada-visit",
        rxnorm_code="308192",
        display=" Amoxicillin 500 MG",
        status="active",
        intent="order",
        instructions="Twice a day.",
    )

    given(clinic, *ROWS).when(event, version=NEWEST).then(
        Insert(written),
        Push(to="555-0100", text="Your clinic has written a prescription for you."),
        TextMessage(to="555-0100", text="You have been prescribed Amoxicillin 500 MG. Twice a day."),
    )


def test_an_order_is_written_and_goes_out_to_the_laboratory() -> None:
    event = OrderLabTest(order_id="o1", code="57698-3", patient="ada", encounter="ada-visit")

    given(clinic, *ROWS).when(event, version=NEWEST).then(
        Insert(LabOrder(id="o1", patient_id="ada", encounter_id="ada-visit", code="57698-3", status="active")),
        LaboratoryOrder(order_id="o1", code="57698-3"),
    )


def test_a_result_is_filed_under_its_order() -> None:
    event = ReceiveLabResult(
        observation_id="v1", code="2093-3", value="166.82501702858627", patient="ada", encounter="ada-visit", order="ada-order"
    )
    filed = LabResult(id="v1", patient_id="ada", encounter_id="ada-visit", order_id="ada-order", code="2093-3", value="166.82501702858627")

    given(clinic, *ROWS).when(event, version=NEWEST).then(Insert(filed))


def test_the_parts_of_a_panel_are_rows_that_name_the_panel() -> None:
    event = RecordObservation(
        observation_id="bp",
        category="vital-signs",
        code="55284-4",
        value_type="panel",
        parts=(
            ObservationPart(code="8480-6", value_type="quantity", value="126", unit="mm[Hg]"),
            ObservationPart(observation_id="low", code="8462-4", value_type="quantity", value="80", unit="mm[Hg]"),
        ),
        patient="ada",
        encounter="ada-visit",
    )
    panel = Observation(id="bp", patient_id="ada", encounter_id="ada-visit", category="vital-signs", code="55284-4", value_type="panel")
    high = Observation(
        id="bp#0",
        patient_id="ada",
        encounter_id="ada-visit",
        parent_id="bp",
        category="vital-signs",
        code="8480-6",
        value_type="quantity",
        value="126",
        unit="mm[Hg]",
    )
    low = high.__replace__(id="low", code="8462-4", value="80")

    given(clinic, *ROWS).when(event, version=NEWEST).then(Insert(panel), Insert(high), Insert(low))


def test_what_ends_is_noted_where_it_began() -> None:
    condition = Condition(id="c1", patient_id="ada", encounter_id="ada-visit", code="10509002", clinical_status="active")
    plan = CarePlan(id="p1", patient_id="ada", encounter_id="ada-visit", code="53950000", status="active")
    ends: list[tuple[Event, Update[Model]]] = [
        (EndEncounter(end="2018-07-21", patient="ada", encounter="ada-visit"), Update(EncounterEnd(id="ada-visit"), end="2018-07-21")),
        (
            ResolveCondition(abated_at="2018-07-21", patient="ada", condition="c1"),
            Update(ConditionEnd(id="c1", clinical_status="active"), abated_at="2018-07-21", clinical_status="resolved"),
        ),
        (
            EndCarePlan(end="2018-07-21", patient="ada", careplan="p1"),
            Update(CarePlanEnd(id="p1", status="active"), end="2018-07-21", status="completed"),
        ),
        (RecordDeath(deceased_at="2018-07-21", patient="ada"), Update(PatientDeath(id="ada"), deceased_at="2018-07-21")),
    ]

    for event, update in ends:
        given(clinic, *ROWS, condition, plan).when(event, version=NEWEST).then(update)


def test_the_dead_may_still_have_what_is_entered_late() -> None:
    dead = Patient(id="eve", family="Silva", given="Eve", deceased_at="2018-07-21")

    given(clinic, *ROWS, dead).when(StartEncounter(encounter_id="e1", start="2018-07-22", patient="eve"), version=NEWEST).then(
        Insert(Encounter(id="e1", patient_id="eve", start="2018-07-22"))
    )


def test_a_message_is_kept_with_its_sender_and_time() -> None:
    moment = datetime(2019, 6, 1, 9, 30, tzinfo=UTC)
    kept = Message(id="m1", patient_id="ada", sender="dr-b", text="Please call.", sent_at="2019-06-01T09:30:00+00:00")

    given(clinic, *ROWS).at(moment).when(
        SendMessage(message_id="m1", text="Please call.", patient="ada"), version=NEWEST, actor="dr-b"
    ).then(Insert(kept), Push(to="555-0100", text="You have a message from your clinic."))
