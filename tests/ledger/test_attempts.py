"""Attempts: what was rejected or in conflict is kept beside the chain, and the key stays free."""

from __future__ import annotations

import json

import pytest

import ensue
from ensue import FieldConflict, KeyReused, NotFound, StepError
from tests.ledger.ward import AddAllergy, Blank, CorrectAllergy, Crash, Known, Patient, Register, Rename, SetPhone


def test_a_rejected_event_is_kept_with_its_reasons_and_form(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    ledger.submit(AddAllergy(code="nuts", patient="p1"), actor="desk")

    with pytest.raises(Known):
        ledger.submit(AddAllergy(code="nuts", patient="p1"), actor="eve", key="one")

    (attempt,) = ledger.attempts("Patient/p1")
    assert (attempt["actor"], attempt["type"], attempt["key"], attempt["outcome"]) == ("eve", "allergy.add", "one", "rejected")
    assert json.loads(attempt["form"]) == {"code": "nuts", "patient_id": "p1"}
    assert json.loads(attempt["reasons"]) == [
        {"code": "allergy.known", "field": "code", "message": "The allergy nuts is on record already.", "values": {"allergy": "nuts"}}
    ]
    assert attempt["at"] < attempt["expires_at"]


def test_a_conflict_is_kept_with_the_field_and_never_with_a_value_or_tag(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", phone="555", patient="p1"), actor="desk")
    seen = {"Patient/p1": {"phone": ledger.tags("Patient/p1")["phone"]}}
    ledger.submit(SetPhone(phone="666", patient="p1"), actor="desk")

    with pytest.raises(FieldConflict):
        ledger.submit(Rename(name="Bea", patient="p1"), actor="eve", expect=seen)

    (attempt,) = ledger.attempts("Patient/p1")
    assert attempt["outcome"] == "conflict"
    assert "phone" in attempt["reasons"]
    assert "666" not in attempt["reasons"]
    assert seen["Patient/p1"]["phone"] not in attempt["reasons"]


def test_a_reused_key_is_kept_as_a_conflict(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk", key="one")

    with pytest.raises(KeyReused):
        ledger.submit(Rename(name="Bea", patient="p1"), actor="desk", key="one")

    assert [(attempt["outcome"], attempt["key"]) for attempt in ledger.attempts("Patient/p1")] == [("conflict", "one")]


def test_an_event_on_nobody_is_kept_where_it_pointed(ledger: ensue.Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.submit(Rename(name="Bea", patient="ghost"), actor="desk")

    assert [attempt["outcome"] for attempt in ledger.attempts("Patient/ghost")] == ["rejected"]


def test_an_event_whose_path_leads_nowhere_is_rejected_and_does_no_harm(ledger: ensue.Ledger) -> None:
    with pytest.raises(NotFound) as raised:
        ledger.submit(CorrectAllergy(code="soap", allergy="ghost"), actor="desk")

    assert raised.value.model == "Allergy"
    assert ledger.submit(Register(name="Ada"), actor="desk").position == 0


def test_only_a_commit_spends_a_key(ledger: ensue.Ledger) -> None:
    with pytest.raises(Blank):
        ledger.submit(Register(name=" ", patient="p1"), actor="desk", key="one")

    record = ledger.submit(Register(name="Ada", patient="p1"), actor="desk", key="one")

    assert (record.repeated, record.position) == (False, 0)


def test_a_fault_of_a_step_is_no_attempt_and_spends_no_key(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    with pytest.raises(StepError, match="by a step"):
        ledger.submit(Crash(patient="p1"), actor="desk", key="one")

    assert ledger.attempts("Patient/p1") == []
    assert ledger.submit(Rename(name="Bea", patient="p1"), actor="desk", key="one").position == 1


def test_attempts_stand_in_no_chain(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")
    for _ in range(3):
        with pytest.raises(Blank):
            ledger.submit(Rename(name=" ", patient="p1"), actor="desk")

    record = ledger.submit(Rename(name="Bea", patient="p1"), actor="desk")

    assert (record.position, record.seq) == (1, 2)
    assert len(ledger.attempts(ledger.get(Patient, "p1"))) == 3
    assert ledger.verify().is_clean
