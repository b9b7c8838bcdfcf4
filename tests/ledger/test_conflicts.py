"""Conflicts: a caller says what it saw, field by field, and an edit of what has changed since is refused."""

from __future__ import annotations

from typing import Any

import pytest

import ensue
from ensue import ExpectationMissing, FieldConflict, InvalidForm
from tests.ledger.batches import in_one_batch
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.ward import (
    AddAllergy,
    Contact,
    CorrectAllergy,
    Discharge,
    Lay,
    Patient,
    Register,
    RemoveAllergy,
    Rename,
    SetPhone,
    SetPhoneSeen,
    ward,
)


@pytest.fixture
def ada(ledger: ensue.Ledger) -> ensue.Ledger:
    """A ledger with one patient and one allergy."""
    ledger.submit(Register(name="Ada", phone="1", patient="p1"), actor="desk")
    ledger.submit(AddAllergy(code="nuts", patient="p1", allergy="a1"), actor="desk")
    return ledger


def seen(ledger: ensue.Ledger, row: str, *fields: str) -> dict[str, dict[str, str | None]]:
    """What a caller who saw these fields sends back."""
    tags = ledger.tags(row)
    return {row: {field: tags[field] for field in fields}}


def test_what_still_holds_passes(ada: ensue.Ledger) -> None:
    expect = seen(ada, "Patient/p1", "phone", "name")

    assert ada.submit(SetPhone(phone="2", patient="p1"), actor="desk", expect=expect).seq == 3


def test_edits_of_different_fields_both_pass(ada: ensue.Ledger) -> None:
    phone, name = seen(ada, "Patient/p1", "phone"), seen(ada, "Patient/p1", "name")

    ada.submit(SetPhone(phone="2", patient="p1"), actor="desk", expect=phone)
    ada.submit(Rename(name="Bea", patient="p1"), actor="night", expect=name)

    patient = ada.get(Patient, "p1")
    assert (patient.phone, patient.name) == ("2", "Bea")


def test_a_clash_names_each_field_with_its_present_value_a_fresh_tag_and_the_winner(ada: ensue.Ledger) -> None:
    expect = seen(ada, "Patient/p1", "phone", "name", "email")
    moved = ada.submit(SetPhone(phone="2", patient="p1"), actor="night")
    named = ada.submit(Rename(name="Bea", patient="p1"), actor="night")

    with pytest.raises(FieldConflict) as raised:
        ada.submit(SetPhone(phone="3", patient="p1"), actor="desk", expect=expect)

    clashes = {clash.field: clash for clash in raised.value.clashes}
    assert {field: (clash.row, clash.reason, clash.value, clash.event_id) for field, clash in clashes.items()} == {
        "phone": ("Patient/p1", "changed", "2", moved.id),
        "name": ("Patient/p1", "changed", "Bea", named.id),
    }
    assert ada.get(Patient, "p1").phone == "2"
    fresh = {"Patient/p1": {field: clash.tag for field, clash in clashes.items()}}
    assert ada.submit(SetPhone(phone="3", patient="p1"), actor="desk", expect=fresh).seq == 5


def test_a_tag_covers_the_value_not_the_moment(ada: ensue.Ledger) -> None:
    expect = seen(ada, "Patient/p1", "phone")
    ada.submit(SetPhone(phone="2", patient="p1"), actor="night")
    ada.submit(SetPhone(phone="1", patient="p1"), actor="night")

    assert ada.submit(SetPhone(phone="3", patient="p1"), actor="desk", expect=expect).seq == 5


def test_a_strict_field_counts_there_and_back_as_a_change(ada: ensue.Ledger) -> None:
    ada.submit(Lay(bed="A", patient="p1"), actor="night")
    expect = seen(ada, "Patient/p1", "bed")
    ada.submit(Lay(bed="B", patient="p1"), actor="night")
    back = ada.submit(Lay(bed="A", patient="p1"), actor="night")

    with pytest.raises(FieldConflict) as raised:
        ada.submit(Lay(bed="C", patient="p1"), actor="desk", expect=expect)

    (clash,) = raised.value.clashes
    assert (clash.field, clash.value, clash.event_id) == ("bed", "A", back.id)
    assert clash.tag == ada.tags("Patient/p1")["bed"] != expect["Patient/p1"]["bed"]


def test_a_strict_field_counts_there_and_back_within_one_batch_too(ada: ensue.Ledger) -> None:
    ada.submit(Lay(bed="A", patient="p1"), actor="night")
    expect = seen(ada, "Patient/p1", "bed")

    with in_one_batch(ada):
        ada.submit_soon(Lay(bed="B", patient="p1"), actor="night")
        back = ada.submit_soon(Lay(bed="A", patient="p1"), actor="night")
        late = ada.submit_soon(Lay(bed="C", patient="p1"), actor="desk", expect=expect)

    with pytest.raises(FieldConflict) as raised:
        late.result()
    (clash,) = raised.value.clashes
    assert (clash.event_id, clash.tag) == (back.result().id, ada.tags("Patient/p1")["bed"])


def test_two_edits_of_one_field_in_one_batch_have_one_winner(ada: ensue.Ledger) -> None:
    expect, of_name = seen(ada, "Patient/p1", "phone"), seen(ada, "Patient/p1", "name")

    with in_one_batch(ada):
        first = ada.submit_soon(SetPhone(phone="2", patient="p1"), actor="desk", expect=expect)
        second = ada.submit_soon(SetPhone(phone="3", patient="p1"), actor="night", expect=expect)
        third = ada.submit_soon(Rename(name="Bea", patient="p1"), actor="night", expect=of_name)

    with pytest.raises(FieldConflict) as raised:
        second.result()
    (clash,) = raised.value.clashes
    assert (clash.value, clash.event_id) == ("2", first.result().id)
    assert clash.tag == ada.tags("Patient/p1")["phone"]
    assert third.result().position == 3


def test_a_tag_of_a_key_nobody_knows_is_stale(ada: ensue.Ledger) -> None:
    with pytest.raises(FieldConflict) as raised:
        ada.submit(SetPhone(phone="2", patient="p1"), actor="desk", expect={"Patient/p1": {"phone": "k9.AAAAAAAAAAAAAAAAAAAAAA"}})

    (clash,) = raised.value.clashes
    assert (clash.reason, clash.value, clash.tag) == ("stale", "1", ada.tags("Patient/p1")["phone"])


def test_tags_of_an_older_key_still_hold_and_new_ones_are_of_the_newest(ada: ensue.Ledger, database_url: str) -> None:
    expect = seen(ada, "Patient/p1", "phone")
    ada.close()

    with ensue.open(ward, database_url, tag_keys={"k2": bytes(32), **TAG_KEYS}) as again:
        assert again.tags("Patient/p1")["phone"].startswith("k2.")
        assert again.submit(SetPhone(phone="2", patient="p1"), actor="desk", expect=expect).seq == 3


def test_a_tag_fits_one_row_and_one_field_alone(ada: ensue.Ledger) -> None:
    ada.submit(Register(name="Ada", phone="1", patient="p2"), actor="desk")
    of_other = ada.tags("Patient/p2")["phone"]
    of_name = ada.tags("Patient/p1")["name"]

    for foreign in (of_other, of_name, "", "k1.", "nonsense"):
        with pytest.raises(FieldConflict):
            ada.submit(SetPhone(phone="2", patient="p1"), actor="desk", expect={"Patient/p1": {"phone": foreign}})


def test_rows_of_other_subjects_cannot_be_expected(ada: ensue.Ledger) -> None:
    ada.submit(Register(name="Bea", patient="p2"), actor="desk")

    with pytest.raises(InvalidForm, match="Patient/p2"):
        ada.submit(SetPhone(phone="2", patient="p1"), actor="desk", expect=seen(ada, "Patient/p2", "phone"))
    with pytest.raises(InvalidForm, match="Allergy/a1"):
        ada.submit(SetPhone(phone="2", patient="p2"), actor="desk", expect=seen(ada, "Allergy/a1", "code"))


def test_rows_and_fields_that_no_model_has_are_refused(ada: ensue.Ledger) -> None:
    unknown: list[dict[str, Any]] = [{"Ghost/g1": None}, {"Patient": None}, {"Patient/p1": {"shoes": "k1.x"}}]

    for expect in unknown:
        with pytest.raises(InvalidForm):
            ada.submit(SetPhone(phone="2", patient="p1"), actor="desk", expect=expect)


def test_a_child_of_the_subject_can_be_expected(ada: ensue.Ledger) -> None:
    expect = seen(ada, "Allergy/a1", "code")
    ada.submit(CorrectAllergy(code="soap", allergy="a1"), actor="night")

    with pytest.raises(FieldConflict) as raised:
        ada.submit(RemoveAllergy(patient="p1", allergy="a1"), actor="desk", expect=expect)

    assert [(clash.row, clash.field, clash.value) for clash in raised.value.clashes] == [("Allergy/a1", "code", "soap")]


def test_a_row_that_was_not_there_is_expected_as_null(ada: ensue.Ledger) -> None:
    free: dict[str, Any] = {"Patient/p2": None}
    taken = ada.submit(Register(name="Bea", patient="p2"), actor="desk", expect=free)

    with pytest.raises(FieldConflict) as raised:
        ada.submit(Rename(name="Cia", patient="p2"), actor="night", expect=free)

    (clash,) = raised.value.clashes
    assert (clash.row, clash.reason, clash.event_id) == ("Patient/p2", "changed", taken.id)


def test_a_row_made_and_changed_in_one_batch_names_its_last_writer(ada: ensue.Ledger) -> None:
    with in_one_batch(ada):
        ada.submit_soon(Register(name="Bea", patient="p2"), actor="desk")
        renamed = ada.submit_soon(Rename(name="Cia", patient="p2"), actor="desk")
        late = ada.submit_soon(Rename(name="Dea", patient="p2"), actor="night", expect={"Patient/p2": None})

    with pytest.raises(FieldConflict) as raised:
        late.result()
    assert [clash.event_id for clash in raised.value.clashes] == [renamed.result().id]


def test_the_tags_of_a_row_that_is_gone_clash(ada: ensue.Ledger) -> None:
    expect = seen(ada, "Allergy/a1", "code")
    ada.submit(RemoveAllergy(patient="p1", allergy="a1"), actor="night")

    with pytest.raises(FieldConflict) as raised:
        ada.submit(AddAllergy(code="soap", patient="p1"), actor="desk", expect=expect)

    (clash,) = raised.value.clashes
    assert (clash.row, clash.reason, clash.value, clash.tag) == ("Allergy/a1", "absent", None, None)


def test_i_saw_no_allergies_can_be_said(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    event = AddAllergy(code="nuts", patient="p1")
    saw_none = {"Patient/p1": {"allergies": ledger.tags(event)["Patient/p1"]["allergies"]}}

    soap = ledger.submit(AddAllergy(code="soap", patient="p1"), actor="night")

    with pytest.raises(FieldConflict) as raised:
        ledger.submit(event, actor="desk", expect=saw_none)
    (clash,) = raised.value.clashes
    assert (clash.row, clash.field, clash.reason, clash.event_id) == ("Patient/p1", "allergies", "changed", soap.id)
    saw_one = {"Patient/p1": {"allergies": clash.tag}}
    assert ledger.submit(event, actor="desk", expect=saw_one).seq == 3


def test_a_tag_over_related_rows_covers_their_last_events(ada: ensue.Ledger) -> None:
    event = AddAllergy(code="soap", patient="p1")
    expect = {"Patient/p1": {"allergies": ada.tags(event)["Patient/p1"]["allergies"]}}
    ada.submit(Rename(name="Bea", patient="p1"), actor="night")
    assert ada.preview(event, actor="desk", expect=expect).operations

    ada.submit(CorrectAllergy(code="pollen", allergy="a1"), actor="night")

    with pytest.raises(FieldConflict):
        ada.submit(event, actor="desk", expect=expect)


def test_a_tag_over_related_rows_is_compared_within_one_batch_too(ada: ensue.Ledger) -> None:
    event = AddAllergy(code="soap", patient="p1")
    expect = {"Patient/p1": {"allergies": ada.tags(event)["Patient/p1"]["allergies"]}}

    with in_one_batch(ada):
        first = ada.submit_soon(AddAllergy(code="pollen", patient="p1"), actor="night", expect=expect)
        second = ada.submit_soon(event, actor="desk", expect=expect)

    assert first.result().position == 2
    with pytest.raises(FieldConflict):
        second.result()


def test_all_that_an_event_would_read_can_be_expected_at_once(ada: ensue.Ledger) -> None:
    event = AddAllergy(code="soap", patient="p1")

    expect = ada.tags(event)

    assert set(expect) == {"Patient/p1"}
    assert set(expect["Patient/p1"]) == {"name", "phone", "email", "bed", "visits", "allergies"}
    assert ada.submit(event, actor="desk", expect=expect).seq == 3


def test_an_event_type_may_demand_tags(ada: ensue.Ledger) -> None:
    with pytest.raises(ExpectationMissing) as raised:
        ada.submit(SetPhoneSeen(phone="2", patient="p1"), actor="desk", expect=seen(ada, "Patient/p1", "name"))

    assert raised.value.fields == ("patient.phone",)
    assert ada.submit(SetPhoneSeen(phone="2", patient="p1"), actor="desk", expect=seen(ada, "Patient/p1", "phone")).seq == 3
    with pytest.raises(ExpectationMissing):
        ada.preview(SetPhoneSeen(phone="3", patient="p1"), actor="desk")


def test_a_view_has_the_tags_of_its_own_columns(ada: ensue.Ledger) -> None:
    tags = ada.tags(ada.get(Contact, "p1"))

    assert tags == {"phone": ada.tags("Patient/p1")["phone"]}


def test_tags_are_keyed_and_stored_nowhere(ada: ensue.Ledger, database_url: str) -> None:
    tag = ada.tags("Patient/p1")["phone"]
    ada.submit(SetPhone(phone="2", patient="p1"), actor="desk", expect={"Patient/p1": {"phone": tag}})
    ada.submit(Discharge(patient="p1"), actor="desk")

    with ada.read() as connection:
        names = connection.exec_driver_sql("SELECT header FROM ensue_event").scalars().all()
        payloads = connection.exec_driver_sql("SELECT bytes FROM ensue_payload").scalars().all()

    secret = tag.partition(".")[2].encode()
    assert not any(secret in bytes(stored) for stored in [*names, *payloads])
    ada.close()
    with ensue.open(ward, database_url, tag_keys={"k1": bytes(32)}) as other_keys:
        other_keys.submit(Register(name="Ada", phone="1", patient="p1"), actor="desk")
        assert other_keys.tags("Patient/p1")["phone"] != tag
