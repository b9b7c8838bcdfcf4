"""Preview: the same check and the same steps as a submit, and nothing saved."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import ensue
from ensue import AlreadyExists, FieldConflict, KeyReused, NotFound, StepError
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.ward import AddAllergy, Allergy, Blank, Crash, Known, Patient, Push, Register, Rename, SetEmail, SetPhone, ward

NOON = datetime(2024, 8, 1, 12, tzinfo=UTC)


def test_a_preview_says_what_would_follow_and_saves_nothing(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    plan = ledger.preview(SetPhone(phone="555", patient="p1"), actor="desk")

    assert [row.phone for row in plan.updated(Patient)] == ["555"]
    assert [push.to for push in plan.planned(Push)] == ["555"]
    assert ledger.get(Patient, "p1").phone is None
    assert len(list(ledger.records())) == 1
    assert len(ledger.timeline("Patient/p1")) == 1


def test_a_preview_carries_the_rejections_that_a_submit_would_raise(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", email="a@b", patient="p1"), actor="desk")
    ledger.submit(Register(name="Bea", patient="p2"), actor="desk")
    ledger.submit(AddAllergy(code="nuts", patient="p1"), actor="desk")

    plans = [
        ledger.preview(event, actor="desk")
        for event in (
            Rename(name=" ", patient="p1"),
            AddAllergy(code="nuts", patient="p1"),
            Rename(name="Cia", patient="nobody"),
            Register(name="Dea", patient="p1"),
            SetEmail(email="a@b", patient="p2"),
        )
    ]

    assert [plan.rejections for plan in plans] == [
        (Blank(),),
        (Known(allergy="nuts"),),
        (NotFound(model="Patient", id="nobody"),),
        (AlreadyExists(model="Patient", fields="id"),),
        (AlreadyExists(model="Patient", fields="email"),),
    ]
    assert all(plan.is_rejected and not plan.operations for plan in plans)


def test_a_rejected_preview_is_no_attempt(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    ledger.preview(Rename(name=" ", patient="p1"), actor="desk")

    assert ledger.attempts("Patient/p1") == []


def test_conflicts_and_faults_are_raised_by_a_preview_as_by_a_submit(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk", key="one")
    seen = {"Patient/p1": ledger.tags("Patient/p1")}
    ledger.submit(Rename(name="Bea", patient="p1"), actor="desk")

    with pytest.raises(FieldConflict):
        ledger.preview(Rename(name="Cia", patient="p1"), actor="desk", expect=seen)
    with pytest.raises(KeyReused):
        ledger.preview(Register(name="Dea", patient="p4"), actor="desk", key="one")
    with pytest.raises(StepError, match="by a step"):
        ledger.preview(Crash(patient="p1"), actor="desk")


def test_with_the_same_key_and_clock_a_previewed_plan_is_the_recorded_one(database_url: str) -> None:
    with ensue.open(ward, database_url, clock=lambda: NOON, tag_keys=TAG_KEYS) as ledger:
        ledger.submit(Register(name="Ada", phone="555", patient="p1"), actor="desk")
        event = AddAllergy(code="nuts", patient="p1")

        previewed = ledger.preview(event, actor="desk", key="one")
        record = ledger.submit(event, actor="desk", key="one")

        assert previewed == record.plan
        assert previewed.inserted(Allergy)[0].id == record.event.new_id("allergy")


def test_a_preview_under_a_spent_key_is_the_plan_that_was_recorded(ledger: ensue.Ledger) -> None:
    record = ledger.submit(Register(name="Ada", patient="p1"), actor="desk", key="one")

    plan = ledger.preview(Register(name="Ada", patient="p1"), actor="desk", key="one")

    assert plan == record.plan


def test_a_preview_waits_for_nobody_who_writes(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk")

    with ledger._writer._condition:  # the writer takes no batch meanwhile
        waiting = ledger.submit_soon(Rename(name="Bea", patient="p1"), actor="desk")
        plan = ledger.preview(Rename(name="Cia", patient="p1"), actor="desk")

    assert [row.name for row in plan.updated(Patient)] == ["Cia"]
    assert waiting.result().position == 1
