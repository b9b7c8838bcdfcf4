"""Decisions: rows that are not as the events left them, and what people say is to become of them, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

import ensue
from ensue import Ledger
from tests.ledger.test_correct import NEW, OLD, Patient, Prescribe, Register, Rename, Supply, pharmacy, submit


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with ensue.open(pharmacy, database_url, tag_keys={"k": bytes(32)}) as opened:
        submit(opened, Register(name="Ada", patient="p"))
        yield opened


def beside(database_url: str, statement: str) -> None:
    """Somebody changes a table past the ledger."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_a_row_changed_beside_the_ledger_is_a_conflict_that_somebody_decides(ledger: Ledger, database_url: str) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    beside(database_url, "UPDATE patient SET note = 'by hand'")
    plan = ledger.correction_plan({original.id: NEW})

    assert [(one.row, one.why) for one in plan.conflicts] == [("Patient/p", "foreign")]
    with pytest.raises(ensue.PlanBlocked, match=r"Patient/p \(foreign\)"):
        ledger.correct(plan, actor="chief", reason="r")
    assert ledger.get(Patient, "p").points == 0

    (kept,) = ledger.correct(plan, actor="chief", reason="r", decisions={"Patient/p": "keep"})

    assert kept.form["plan"] == plan.id
    assert ledger.get(Patient, "p") == Patient(id="p", name="Ada", note="by hand", points=1)
    assert not ledger.correction_plan({original.id: NEW})


@pytest.mark.parametrize(("decision", "note"), [("force", "takes tea long"), ({"note": "as agreed"}, "as agreed")])
def test_a_conflict_may_be_forced_or_decided_by_hand(ledger: Ledger, database_url: str, decision: Any, note: str) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    beside(database_url, "UPDATE patient SET note = 'by hand'")

    ledger.correct(ledger.correction_plan({original.id: NEW}), actor="chief", reason="r", decisions={"Patient/p": decision})

    assert ledger.get(Patient, "p").note == note
    assert not ledger.correction_plan({original.id: NEW})


def test_what_was_forced_is_as_the_events_say_when_history_is_corrected_again(ledger: Ledger, database_url: str) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    beside(database_url, "UPDATE patient SET note = 'by hand', points = 5")
    ledger.correct(ledger.correction_plan({original.id: NEW}), actor="chief", reason="r", decisions={"Patient/p": "force"})
    assert ledger.get(Patient, "p") == Patient(id="p", name="Ada", note="takes tea long", points=6)

    ledger.correct(ledger.correction_plan({original.id: OLD}), actor="chief", reason="r")

    assert ledger.get(Patient, "p") == Patient(id="p", name="Ada", note="takes tea", points=5)


@pytest.mark.parametrize(
    ("row", "decision", "message"),
    [
        ("Patient/p", "kepp", r"decided as 'kepp'; expected keep, force, or the values"),
        ("Patient/p", None, "decided as NoneType; expected keep, force, or the values"),
        ("Patient/p", {"note": 5}, "Patient/p: note expected a string"),
        ("Patient/p", {"shoe": "x"}, "shoe is no field of Patient"),
        ("Patient/p", {"id": "q"}, "id never changes"),
        ("Patient/q", "keep", "about Patient/q, which is not in conflict; the plan has Patient/p"),
    ],
)
def test_a_decision_that_cannot_be_followed_is_refused_before_anything_is_done(
    ledger: Ledger, database_url: str, row: str, decision: Any, message: str
) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    beside(database_url, "UPDATE patient SET note = 'by hand'")
    plan = ledger.correction_plan({original.id: NEW})

    with pytest.raises(ensue.RequestError, match=message):
        ledger.correct(plan, actor="chief", reason="r", decisions={row: decision})

    assert ledger.get(Patient, "p") == Patient(id="p", name="Ada", note="by hand", points=0)


def test_what_is_gone_can_only_be_kept_so(ledger: Ledger, database_url: str) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    beside(database_url, "DELETE FROM supply")
    plan = ledger.correction_plan({original.id: NEW})
    (gone,) = plan.conflicts

    with pytest.raises(ensue.RequestError, match="is gone, and what is not there cannot be changed"):
        ledger.correct(plan, actor="chief", reason="r", decisions={gone.row: "force"})
    ledger.correct(plan, actor="chief", reason="r", decisions={gone.row: "keep"})

    assert not ledger.correction_plan({original.id: NEW})
    assert not ledger.correction_plan({original.id: OLD}).conflicts


def test_a_row_that_is_gone_is_a_conflict(ledger: Ledger, database_url: str) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    beside(database_url, "DELETE FROM supply")

    plan = ledger.correction_plan({original.id: NEW})

    assert [(one.model, one.why) for one in plan.conflicts] == [("Supply", "gone")]


def test_a_row_of_a_model_that_nothing_reads_is_kept_for_good(ledger: Ledger, database_url: str) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    beside(database_url, "UPDATE supply SET days = 12")
    plan = ledger.correction_plan({original.id: NEW})
    (conflict,) = plan.conflicts

    ledger.correct(plan, actor="chief", reason="r", decisions={conflict.row: "keep"})
    ledger.correct(ledger.correction_plan({original.id: OLD}), actor="chief", reason="r")

    assert [row.days for row in ledger.snapshot("Patient/p").of(Supply)] == [12]


DECISIONS: list[tuple[str, Any]] = [
    ("UPDATE patient SET note = 'by hand'", "keep"),
    ("UPDATE patient SET note = 'by hand'", "force"),
    ("UPDATE patient SET note = 'by hand'", {"note": "as agreed"}),
    ("UPDATE patient SET note = 'takes tea long'", None),
    ("UPDATE supply SET days = 12", "keep"),
    ("DELETE FROM supply", "keep"),
]


def decided(ledger: Ledger, plan: ensue.CorrectionPlan, decision: Any) -> None:
    ledger.correct(plan, actor="chief", reason="r", decisions={one.row: decision for one in plan.conflicts})


@pytest.mark.parametrize(("statement", "decision"), DECISIONS)
def test_what_was_decided_verifies_as_it_was_left_and_is_rebuilt_so(
    ledger: Ledger, database_url: str, statement: str, decision: Any, tmp_path: Path
) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    beside(database_url, statement)
    assert [fault.kind for fault in ledger.verify().faults] == ["row"]

    decided(ledger, ledger.correction_plan({original.id: NEW}), decision)
    submit(ledger, Rename(name="Ada B", patient="p"))
    submit(ledger, Prescribe(drug="milk", patient="p"))

    assert ledger.verify().faults == ()
    assert ledger.rebuild(f"sqlite:///{tmp_path / 'again.db'}", check=True).difference is None


@pytest.mark.parametrize(
    ("statement", "decision", "later", "named"),
    [
        ("UPDATE patient SET note = 'by hand'", "keep", "UPDATE patient SET note = 'by another hand'", "Patient/p: the row is not what"),
        ("UPDATE patient SET note = 'by hand'", "force", "UPDATE patient SET note = 'by hand'", "Patient/p: the row is not what"),
        ("UPDATE patient SET note = 'by hand'", {"note": "as agreed"}, "UPDATE patient SET note = NULL", "Patient/p: the row is not what"),
        ("UPDATE supply SET days = 12", "keep", "UPDATE supply SET days = 10", "Supply/{id}: the row is not what"),
        ("UPDATE supply SET days = 12", "keep", "DELETE FROM supply", "Supply/{id}: its events made this row"),
        (
            "DELETE FROM supply",
            "keep",
            "INSERT INTO supply (id, patient_id, drug, days) VALUES ('{id}', 'p', 'tea', 10)",
            "Supply/{id}: the table has",
        ),
    ],
)
def test_what_is_changed_after_it_was_decided_is_named(
    ledger: Ledger, database_url: str, statement: str, decision: Any, later: str, named: str
) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    id = original.plan.inserted(Supply)[0].id
    beside(database_url, statement)
    decided(ledger, ledger.correction_plan({original.id: NEW}), decision)

    beside(database_url, later.format(id=id))

    (fault,) = ledger.verify().faults
    assert fault.kind == "row"
    assert fault.message.startswith(named.format(id=id))


def test_only_what_was_decided_is_settled(ledger: Ledger, database_url: str) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    beside(database_url, "UPDATE patient SET note = 'by hand', name = 'Eve'")

    decided(ledger, ledger.correction_plan({original.id: NEW}), "keep")

    (fault,) = ledger.verify().faults
    assert fault.message == "Patient/p: the row is not what its events made it in name."


@pytest.mark.parametrize(("decision", "drug", "days"), [("keep", "coffee", 3), ("force", "tea", 20), ({"days": 4}, "coffee", 4)])
def test_a_row_that_others_put_in_the_way_is_settled_whole(
    ledger: Ledger, database_url: str, decision: Any, drug: str, days: int, tmp_path: Path
) -> None:
    original = submit(ledger, Prescribe(drug="tea", patient="p"))
    ledger.correct(ledger.undo_plan(original), actor="chief", reason="r")
    id = original.plan.inserted(Supply)[0].id
    beside(database_url, f"INSERT INTO supply (id, patient_id, drug, days) VALUES ('{id}', 'p', 'coffee', 3)")

    decided(ledger, ledger.correction_plan({original.id: NEW}), decision)

    assert (ledger.get(Supply, id).drug, ledger.get(Supply, id).days) == (drug, days)
    assert ledger.verify().faults == ()
    assert ledger.rebuild(f"sqlite:///{tmp_path / 'again.db'}", check=True).difference is None
    assert not ledger.correction_plan({original.id: NEW})
