"""Correct: performing a difference, on every database. What is done, what is left alone, what is refused, and what stands in the record."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

import ensue
from ensue import App, Effect, Event, Increase, Insert, Ledger, Model, New, Record, Ref, Request, Selection, Sensitive, Update, new
from ensue.core.wanted import Wanted
from ensue.runtime.writer import BATCH_MAX

pharmacy = App("pharmacy")
OLD, NEW = "2024-01-01", "2024-07-01"


class Patient(Model, subject=True):
    name: Sensitive[str]
    note: Sensitive[str] | None = None
    points: int = 0


class Supply(Model, of=Patient):
    patient_id: str
    drug: str
    days: int


class Apology(Effect, kind="letter.apology"):
    text: Sensitive[str]


def apologise(push: Push) -> Apology:
    return Apology(text=f"Please disregard: {push.text}")


class Push(Effect, kind="push.send", on_drop=apologise):
    text: Sensitive[str]


class Order(Effect, kind="order.send"):
    drug: str


class Register(Event, type="register", version=OLD):
    name: Sensitive[str]
    patient: New[Patient] = new()


@pharmacy.step(Register, since=OLD)
def register(event: Register) -> Iterator[Insert[Patient]]:
    yield Insert(Patient(id=event.patient, name=event.name))


class Prescribe(Event, type="prescribe", version=OLD):
    drug: str
    patient: Ref[Patient]


@pharmacy.step(Prescribe, since=OLD)
def supply(event: Prescribe) -> Iterator[Insert[Supply] | Update[Patient] | Push | Order]:
    yield Insert(Supply(id=event.new_id("supply"), patient_id=event.patient.id, drug=event.drug, days=10))
    yield Update(event.patient, note=f"takes {event.drug}")
    yield Push(text=f"{event.drug} for {event.patient.name}")
    yield Order(drug=event.drug)


@pharmacy.step(Prescribe, since=NEW, replaces=supply)
def supply_longer(event: Prescribe) -> Iterator[Insert[Supply] | Update[Patient] | Increase[Patient] | Push | Order]:
    """Twenty days, and points; the order names the days, and nobody is pushed about water."""
    yield Insert(Supply(id=event.new_id("supply"), patient_id=event.patient.id, drug=event.drug, days=20))
    yield Update(event.patient, note=f"takes {event.drug} long")
    yield Increase(event.patient, points=1)
    if event.drug != "water":
        yield Push(text=f"{event.drug} for {event.patient.name}")
    yield Order(drug=f"{event.drug} for 20 days")
    if event.drug == "wine":
        yield Order(drug="glass")


class Rename(Event, type="rename", version=OLD):
    name: Sensitive[str]
    patient: Ref[Patient]


@pharmacy.step(Rename, since=OLD)
def rename(event: Rename) -> Iterator[Update[Patient]]:
    yield Update(event.patient, name=event.name, note=None)


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with ensue.open(pharmacy, database_url, tag_keys={"k": bytes(32)}) as opened:
        submit(opened, Register(name="Ada", patient="p"))
        yield opened


def submit(ledger: Ledger, event: Event, version: str = OLD) -> Record:
    return ledger.record(ledger.submit(event, actor="desk", version=version).id)


def effects(record: Record) -> list[tuple[str, str]]:
    return [(kind, key) for kind, key, *_ in record.document["effects"]]


def test_only_the_difference_is_performed_and_the_record_says_why(ledger: Ledger) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    (before,) = original.plan.inserted(Supply)

    fixed = ledger.correct(ledger.compare(original, version=NEW), actor="chief", reason="Supplies were too short.")

    assert (fixed.type, fixed.corrects, fixed.version, fixed.actor, fixed.subject) == (
        "ensue.correction",
        original.id,
        NEW,
        "chief",
        "Patient/p",
    )
    assert ledger.get(Supply, before.id).days == 20
    assert ledger.get(Patient, "p") == Patient(id="p", name="Ada", note="takes tea long", points=1)
    stored = ledger.record(fixed.id)
    assert stored.form["reason"] == "Supplies were too short."
    assert {(kind, model) for kind, model, *_ in stored.document["operations"]} == {
        ("update", "Supply"),
        ("update", "Patient"),
        ("increase", "Patient"),
    }
    assert [one.type for one in ledger.timeline("Patient/p")] == ["register", "prescribe", "ensue.correction"]
    assert ledger.record(original.id).document == original.document


def test_doing_it_twice_changes_nothing_and_gives_the_same_answer(ledger: Ledger) -> None:
    diff = ledger.compare(submit(ledger, Prescribe(drug="tea", patient="p")), version=NEW)

    first = ledger.correct(diff, actor="chief", reason="once")
    second = ledger.correct(diff, actor="chief", reason="twice")

    assert (second, second.repeated) == (first, True)
    assert ledger.get(Patient, "p").points == 1
    assert not ledger.compare(diff.record, version=NEW)
    assert ledger.verify().is_clean


def test_a_plan_performed_twice_changes_nothing_and_gives_the_same_answer(ledger: Ledger) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    plan = ledger.correction_plan({original.id: NEW})

    first = ledger.correct(plan, actor="chief", reason="once")
    second = ledger.correct(plan, actor="another", reason="twice")

    assert second == first
    assert all(one.repeated for one in second)
    assert ledger.get(Patient, "p").points == 1


def test_history_is_corrected_back_and_forth_as_often_as_people_change_their_minds(ledger: Ledger) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))

    for version, points in ((NEW, 1), (OLD, 0), (NEW, 1), (OLD, 0)):
        ledger.correct(ledger.correction_plan({original.id: version}), actor="chief", reason="r")
        assert ledger.get(Patient, "p").points == points

    assert ledger.verify().is_clean


def test_what_a_later_event_has_overwritten_is_left_alone(ledger: Ledger) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    submit(ledger, Rename(name="Bea", patient="p"))

    ledger.correct(ledger.compare(original, version=NEW), actor="chief", reason="late")

    assert ledger.get(Patient, "p") == Patient(id="p", name="Bea", note=None, points=1)


def test_nothing_that_was_done_outside_is_done_again(ledger: Ledger) -> None:
    fixed = ledger.correct(ledger.compare(submit(ledger, Prescribe(drug="tea", patient="p")), version=NEW), actor="chief", reason="r")

    assert effects(fixed) == [("ensue.task", "changed:order.send:supply/1")]
    (task,) = fixed.plan.effects
    assert "order.send supply/1 of prescribe" in task.what  # type: ignore[attr-defined]  # a task


def test_what_should_not_have_been_done_is_made_up_for_where_the_effect_says_how(ledger: Ledger) -> None:
    fixed = ledger.correct(ledger.compare(submit(ledger, Prescribe(drug="water", patient="p")), version=NEW), actor="chief", reason="r")

    assert ("letter.apology", "comp:supply/1") in effects(fixed)
    assert Apology(key="comp:supply/1", text="Please disregard: water for Ada") in fixed.plan.effects


def test_what_a_correction_has_made_up_for_is_not_made_up_for_again(ledger: Ledger) -> None:
    original = submit(ledger, Prescribe(drug="water", patient="p"))
    ledger.correct(ledger.correction_plan({original.id: NEW}), actor="chief", reason="there")
    ledger.correct(ledger.correction_plan({original.id: OLD}, allow_effects=["push.send"]), actor="chief", reason="and back")
    ledger.correct(ledger.correction_plan({original.id: NEW}), actor="chief", reason="and there again")

    recorded = [one for record in ledger.records() for one in effects(record)]

    assert recorded.count(("push.send", "supply/1")) == 1
    assert recorded.count(("letter.apology", "comp:supply/1")) == 1
    assert len(recorded) == len(set(recorded))


@pytest.mark.parametrize("allowed", [[], ["order.send"]])
def test_what_is_new_is_done_only_where_its_kind_is_allowed(ledger: Ledger, allowed: list[str]) -> None:
    diff = ledger.compare(submit(ledger, Prescribe(drug="wine", patient="p")), version=NEW)

    fixed = ledger.correct(diff, actor="chief", reason="r", allow_effects=allowed)

    wanted = ("order.send", "supply/2") if allowed else ("ensue.task", "added:order.send:supply/2")
    assert wanted in effects(fixed)
    assert ("ensue.task", "changed:order.send:supply/1") in effects(fixed)


def test_a_selection_says_which_version_is_to_rule(ledger: Ledger) -> None:
    with pytest.raises(ensue.RequestError, match="which version is to rule"):
        ledger.correction_plan(Selection())


def test_a_plan_is_refused_when_something_moved_since(ledger: Ledger) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    plan = ledger.correction_plan({original.id: NEW})
    submit(ledger, Prescribe(drug="milk", patient="p"))

    with pytest.raises(ensue.PlanMoved, match="no longer holds"):
        ledger.correct(plan, actor="chief", reason="r")

    assert ledger.get(Patient, "p").points == 0


def test_a_plan_still_holds_when_only_others_moved(ledger: Ledger) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    plan = ledger.correction_plan({original.id: NEW})
    submit(ledger, Register(name="Bea", patient="q"))

    records = ledger.correct(plan, actor="chief", reason="r")

    assert [one.corrects for one in records] == [original.id]


def test_a_range_is_corrected_at_once(ledger: Ledger) -> None:
    originals = [submit(ledger, Prescribe(drug=drug, patient="p")) for drug in ("tea", "milk", "wine")]

    plan = ledger.correction_plan(Selection(types=["prescribe"]), version=NEW)
    records = ledger.correct(plan, actor="chief", reason="r")

    assert [one.corrects for one in records] == [one.id for one in originals]
    assert ledger.get(Patient, "p").points == 3
    assert {row.days for row in ledger.snapshot("Patient/p").of(Supply)} == {20}


def test_more_corrections_than_a_batch_has_room_for_are_one_transaction(ledger: Ledger) -> None:
    many = [Request(Prescribe(drug="tea", patient="p"), version=OLD) for _ in range(BATCH_MAX + 44)]
    ledger.submit_all(many, actor="desk")

    records = ledger.correct(ledger.correction_plan(Selection(), version=NEW), actor="chief", reason="r")

    assert len(records) == len(many)
    assert len({one.at for one in records}) == 1
    assert ledger.get(Patient, "p").points == len(many)
    assert not ledger.correction_plan(Selection(), version=NEW)


def test_an_event_undone_is_as_if_it_had_not_happened(ledger: Ledger) -> None:
    original = submit(ledger, Prescribe(drug="water", patient="p"))

    (undone,) = ledger.correct(ledger.undo_plan(original), actor="chief", reason="wrong patient")

    assert (undone.corrects, undone.form["target"]) == (original.id, None)
    assert ledger.snapshot("Patient/p").of(Supply) == ()
    assert ledger.get(Patient, "p") == Patient(id="p", name="Ada")
    assert ("letter.apology", "comp:supply/1") in effects(undone)
    assert ledger.compare(original, version=OLD).outcome == "newly_accepted"


def test_an_undone_event_can_be_corrected_to_stand_again(ledger: Ledger) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    ledger.correct(ledger.undo_plan(original), actor="chief", reason="a mistake")

    ledger.correct(ledger.correction_plan({original.id: OLD}), actor="chief", reason="no mistake after all")

    assert [row.days for row in ledger.snapshot("Patient/p").of(Supply)] == [10]
    assert ledger.get(Patient, "p") == Patient(id="p", name="Ada", note="takes tea")


def test_what_was_undone_stays_undone_when_a_range_is_corrected(ledger: Ledger) -> None:
    """It may have been for the wrong patient: only naming it brings it back."""
    undone, other = (submit(ledger, Prescribe(drug=drug, patient="p")) for drug in ("tea", "milk"))
    ledger.correct(ledger.undo_plan(undone), actor="chief", reason="wrong patient")

    ledger.correct(ledger.correction_plan(Selection(), version=NEW), actor="chief", reason="r")

    assert [(row.drug, row.days) for row in ledger.snapshot("Patient/p").of(Supply)] == [("milk", 20)]
    ledger.correct(ledger.correction_plan({other.id: OLD}), actor="chief", reason="r")
    assert [(row.drug, row.days) for row in ledger.snapshot("Patient/p").of(Supply)] == [("milk", 10)]


def test_personal_values_stand_apart_in_a_correction_as_in_every_record(ledger: Ledger) -> None:
    submit(ledger, Prescribe(drug="water", patient="p"))
    fixed = ledger.correct(ledger.correction_plan(Selection(types=["prescribe"]), version=NEW), actor="chief", reason="r")[0]

    with ledger._storage.reader() as connection:
        payload = bytes(
            connection.execute(
                text("SELECT bytes FROM ensue_payload WHERE subject = 'Patient/p' AND seq = :seq"), {"seq": fixed.seq}
            ).scalar_one()
        ).decode()

    main = [line for line in payload.splitlines() if line.split(" ")[1] in ("form", "state", "operations", "effects")]
    assert len(main) == 4
    assert not any("water long" in line or "Ada" in line or "disregard" in line for line in main)
    assert "form/changes/" in payload
    assert ledger.record(fixed.id).document == fixed.document


def test_a_correction_replays_and_everything_verifies(ledger: Ledger) -> None:
    submit(ledger, Prescribe(drug="wine", patient="p"))
    ledger.correct(ledger.correction_plan(Selection(), version=NEW), actor="chief", reason="r", decisions={})

    assert [ledger.replay(record).outcome for record in ledger.records()] == ["same"] * 3
    assert ledger.verify().is_clean


def test_a_correction_comes_out_the_same_under_every_version(ledger: Ledger) -> None:
    submit(ledger, Prescribe(drug="wine", patient="p"))
    (correction,) = ledger.correct(ledger.correction_plan(Selection(), version=NEW), actor="chief", reason="r")

    assert [ledger.compare(correction, version=version).outcome for version in (OLD, NEW)] == ["same", "same"]


def test_what_decides_the_same_has_nothing_to_correct(ledger: Ledger) -> None:
    record = submit(ledger, Rename(name="Bea", patient="p"))

    with pytest.raises(ensue.RequestError, match="nothing to correct"):
        ledger.correct(ledger.compare(record, version=NEW), actor="chief", reason="r")


def test_a_correction_is_not_corrected_but_its_original(ledger: Ledger) -> None:
    submit(ledger, Prescribe(drug="wine", patient="p"))
    (correction,) = ledger.correct(ledger.correction_plan(Selection(), version=NEW), actor="chief", reason="r")

    with pytest.raises(ensue.RequestError, match="is a correction, which is not corrected itself"):
        ledger.undo_plan(correction)


def test_a_telling_holds_only_the_rows_that_come_out_otherwise(ledger: Ledger) -> None:
    originals = [submit(ledger, Prescribe(drug=drug, patient="p")) for drug in ("tea", "milk")]
    for name in "qrst":
        submit(ledger, Register(name=name, patient=name))

    retold, _ = ledger._correcting._tell(Wanted({originals[0].id: NEW}))

    assert retold.base.own.keys() <= {"Supply"}  # which no event reads, so that no world follows it
    assert retold.told.own["Patient"].keys() == {"p"}
    assert all(retold.told.row("Patient", name) for name in "pqrst")


def test_an_unknown_event_is_named(ledger: Ledger) -> None:
    with pytest.raises(ensue.RequestError, match="There is no event nowhere"):
        ledger.correction_plan({"nowhere": NEW})
