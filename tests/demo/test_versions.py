"""The clinic's dated versions: what each date changed, and that nothing else did."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

import ensue
from ensue import Event, Insert, Selection, Update
from ensue.demo import clinic, import_stream, shipped_stream
from ensue.demo.effects import Push, TextMessage
from ensue.demo.events.medication import RequestMedication
from ensue.demo.events.messages import SendMessage
from ensue.demo.events.patients import UpdateContact, UpdateContact2
from ensue.demo.models import Encounter, LabTask, MedicationRequest, Message, Patient, PatientContact
from ensue.testing import ANY_ID, given

VERSIONS = ["2018-07-30", "2018-08-01", "2019-02-14", "2019-05-01"]

ADA = Patient(
    id="ada", family="Okafor", phone="555-0100", address_line="12 Mill Road", city="Ashby", state="MA", postal_code="01431", country="US"
)
CONTACT = PatientContact(
    id="ada", phone="555-0100", address_line="12 Mill Road", city="Ashby", state="MA", postal_code="01431", country="US"
)
VISIT = Encounter(id="visit", patient_id="ada")


def test_every_version_says_in_words_what_it_changed() -> None:
    assert [str(entry.version) for entry in clinic.entries()] == VERSIONS
    assert [str(version) for version in clinic.line()] == VERSIONS


def test_what_each_version_changes_over_the_shipped_years_was_meant() -> None:
    with ensue.open(clinic, "sqlite://") as ledger:
        import_stream(ledger, shipped_stream(), version=VERSIONS[0])
        comparisons = [ledger.compare(Selection(), version=version) for version in VERSIONS]

    assert [comparison.different > 0 for comparison in comparisons] == [False, True, True, True]
    assert [(comparison.uncovered, comparison.never_seen) for comparison in comparisons] == [(0, [])] * 4


# ---- prescriptions ------------------------------------------------------------------------------------------------
NAMES_THE_DRUG = "New prescription: Amoxicillin"
NAMES_NOTHING = "Your clinic has written a prescription for you."


@pytest.mark.parametrize(
    ("version", "supply", "kidney_test", "notification"),
    [
        ("2018-07-30", ("2", "weeks"), False, NAMES_THE_DRUG),
        ("2018-08-01", ("2", "weeks"), True, NAMES_THE_DRUG),
        ("2018-08-01", ("14", "days"), True, NAMES_THE_DRUG),
        ("2018-08-01", ("1", "months"), True, NAMES_THE_DRUG),
        ("2018-08-01", ("13", "days"), False, NAMES_THE_DRUG),
        ("2018-08-01", ("9" * 5000, "fortnights"), False, NAMES_THE_DRUG),
        ("2018-08-01", ("two", "weeks"), False, NAMES_THE_DRUG),
        ("2018-08-01", (None, None), False, NAMES_THE_DRUG),
        ("2019-02-14", ("2", "weeks"), True, NAMES_THE_DRUG),
        ("2019-05-01", ("2", "weeks"), True, NAMES_NOTHING),
    ],
)
def test_a_prescription_by_version(version: str, supply: tuple[str | None, str | None], kidney_test: bool, notification: str) -> None:
    value, unit = supply
    event = RequestMedication(
        request_id="r1", rxnorm_code="308192", display="Amoxicillin", supply_value=value, supply_unit=unit, patient="ada", encounter="visit"
    )
    written = MedicationRequest(
        id="r1",
        patient_id="ada",
        encounter_id="visit",
        rxnorm_code="308192",
        display="Amoxicillin",
        status="active",
        intent="order",
        supply_value=value,
        supply_unit=unit,
    )
    task = LabTask(
        id=ANY_ID, patient_id="ada", request_id="r1", code="24362-6", display="Renal function 2000 panel - Serum or Plasma", status="open"
    )
    explained = "You have been prescribed Amoxicillin. Please follow what was agreed in the consultation."

    given(clinic, ADA, VISIT).when(event, version=version).then(
        Insert(written),
        *([Insert(task)] if kidney_test else []),
        Push(to="555-0100", text=notification),
        TextMessage(to="555-0100", text=explained),
    )


def test_august_2018_adds_a_kidney_test_to_a_long_course_and_changes_nothing_else() -> None:
    event = RequestMedication(
        request_id="r1", rxnorm_code="308192", supply_value="2", supply_unit="weeks", patient="ada", encounter="visit"
    )
    task = LabTask(id=ANY_ID, patient_id="ada", request_id="r1", code="24362-6", display="Renal function 2000 panel - Serum or Plasma")

    difference = given(clinic, ADA, VISIT).when(event, version="2018-08-01").differs_from("2018-07-30")

    difference.added(Insert(task)).dropped()


# ---- messages -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("version", "shown"), [("2018-07-30", "Your test is negative."), ("2019-05-01", "You have a message from your clinic.")]
)
def test_a_locked_phone_shows_the_message_until_may_2019(version: str, shown: str) -> None:
    moment = datetime(2019, 6, 1, 9, 30, tzinfo=UTC)
    event = SendMessage(message_id="m1", text="Your test is negative.", patient="ada")
    kept = Message(id="m1", patient_id="ada", sender="dr-b", text="Your test is negative.", sent_at="2019-06-01T09:30:00+00:00")

    outcome = given(clinic, ADA).at(moment).when(event, version=version, actor="dr-b")

    outcome.then(Insert(kept), Push(to="555-0100", text=shown))


# ---- contact details ----------------------------------------------------------------------------------------------
def test_until_2019_the_address_is_one_text_in_place_of_all_its_parts() -> None:
    event = UpdateContact(address="1 New Road, Easton", patient="ada")

    given(clinic, ADA).when(event, version="2018-07-30").then(
        Update(CONTACT, address_line="1 New Road, Easton", city=None, state=None, postal_code=None, country=None)
    )


def test_since_2019_a_part_of_the_address_changes_alone() -> None:
    event = UpdateContact2(postal_code="01432", patient="ada")

    given(clinic, ADA).when(event, version="2019-02-14").then(Update(CONTACT, postal_code="01432"))


@pytest.mark.parametrize(("version", "shape"), [("2018-07-30", UpdateContact), ("2019-02-14", UpdateContact2)])
def test_what_is_left_out_stays_and_an_empty_text_removes(version: str, shape: type[UpdateContact] | type[UpdateContact2]) -> None:
    given(clinic, ADA).when(shape(phone="555-0199", patient="ada"), version=version).then(Update(CONTACT, phone="555-0199"))
    given(clinic, ADA).when(shape(phone="", patient="ada"), version=version).then(Update(CONTACT, phone=None))
    given(clinic, ADA).when(shape(patient="ada"), version=version).then()


texts = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@for_all(phone=texts, address=texts)
def test_an_old_change_of_address_brought_up_and_down_again_is_itself(phone: str | None, address: str | None) -> None:
    old = UpdateContact(phone=phone, address=address, patient="ada")

    assert UpdateContact2.up(old).down() == old


@for_all(phone=texts, address=texts)
def test_an_old_change_of_address_writes_the_same_when_it_is_brought_up(phone: str | None, address: str | None) -> None:
    old = UpdateContact(phone=phone, address=address, patient="ada")

    before = rows_written(old, "2018-07-30")
    since = rows_written(UpdateContact2.up(old), "2019-02-14")

    assert since == before


def test_a_whole_address_in_parts_is_given_down_as_one_text() -> None:
    whole = UpdateContact2(address_line="12 Mill Road", city="Ashby", state="MA", postal_code="01431", country="US", patient="ada")

    assert whole.down() == UpdateContact(address="12 Mill Road, Ashby, MA, 01431, US", patient="ada")


def rows_written(event: Event, version: str) -> tuple[PatientContact, ...]:
    """The patient as a change of contact leaves it."""
    return given(clinic, ADA).when(event, version=version).plan.updated(PatientContact)
