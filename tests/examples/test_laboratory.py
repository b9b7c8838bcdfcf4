"""laboratory.py: orders and results, as the table of the examples promises; performing effects aside."""

from __future__ import annotations

from decimal import Decimal
from types import ModuleType

import pytest

from ensue import Attempt, Done, Ledger
from tests.examples.conftest import Opener
from tests.examples.counting import count_of

RESULTS = 500
UNKNOWN = 123  # the place of the result that no order is waiting for


@pytest.fixture
def lab(laboratory: ModuleType, open_with: Opener) -> Ledger:
    patients = [laboratory.Patient(id=f"p{number}", name="Ada", sex="f") for number in range(10)]
    orders = [laboratory.Order(id=f"o{number}", patient_id=f"p{number % 10}", code="K") for number in range(RESULTS)]
    limits = laboratory.Limits(id="K-f", code="K", sex="f", low=Decimal("3.5"), high=Decimal("5.1"))
    return open_with(laboratory.lab, *patients, *orders, limits, laboratory.Desk(id="lab"))


def messages() -> list[dict[str, str]]:
    made = [{"id": f"m{number}", "code": "K", "value": "4.2", "order": f"o{number}"} for number in range(RESULTS)]
    made[UNKNOWN]["order"] = "nowhere"
    return made


def test_500_results_at_once_come_back_as_500_outcomes_in_order(lab: Ledger, laboratory: ModuleType) -> None:
    answers = laboratory.webhook(lab, messages())

    assert answers == ["stored"] * UNKNOWN + ["kept for the desk"] + ["stored"] * (RESULTS - UNKNOWN - 1)
    assert count_of(lab, laboratory.Result) == RESULTS - 1
    assert lab.get(laboratory.Order, "o7").status == "resulted"


def test_outcomes_stand_in_the_order_of_their_requests(lab: Ledger, laboratory: ModuleType) -> None:
    laboratory.webhook(lab, messages())

    received = [record for record in lab.records() if record.type == "lab.result"]
    assert [record.form["order_id"] for record in received] == [f"o{number}" for number in range(RESULTS) if number != UNKNOWN]


def test_the_result_without_an_order_is_kept_for_the_desk(lab: Ledger, laboratory: ModuleType) -> None:
    laboratory.webhook(lab, messages())

    (record,) = lab.timeline("Desk/lab")
    (kept,) = record.plan.inserted(laboratory.Unmatched)
    assert "nowhere" in kept.text


def test_the_same_500_again_add_nothing_and_answer_the_same(lab: Ledger, laboratory: ModuleType) -> None:
    first = laboratory.webhook(lab, messages())
    size = len(list(lab.records()))

    second = laboratory.webhook(lab, messages())

    assert second == first
    assert len(list(lab.records())) == size == RESULTS
    assert count_of(lab, laboratory.Result) == RESULTS - 1
    assert count_of(lab, laboratory.Unmatched) == 1


def test_a_value_outside_the_limits_is_critical_and_pages_the_doctor(lab: Ledger, laboratory: ModuleType) -> None:
    values = ("3.4", "3.5", "5.1", "5.11")

    records = [lab.submit(laboratory.Receive(code="K", value=Decimal(value), order="o1"), actor="lab:north") for value in values]

    assert [result.critical for record in records for result in record.plan.inserted(laboratory.Result)] == [True, False, False, True]
    pages = [[page.text for page in record.plan.planned(laboratory.PageDoctor)] for record in records]
    assert pages == [["Critical K"], [], [], ["Critical K"]]


def test_the_answer_to_an_order_names_the_effect_as_its_cause(lab: Ledger, laboratory: ModuleType) -> None:
    placed = lab.submit(laboratory.PlaceOrder(code="K", patient="p1"), actor="dr-ada")
    (effect,) = placed.plan.planned(laboratory.SendOrder)
    perform, acts_as = laboratory.lab.performer_of("lab.order")

    done = perform(effect, Attempt(1, "effect-1", placed.subject))
    assert isinstance(done, Done)
    assert done.then is not None
    answered = lab.submit(done.then, actor=acts_as, cause="effect-1")

    assert (answered.cause, answered.actor) == ("effect-1", "lab-gateway")
    order = lab.get(laboratory.Order, effect.order_id)
    assert (order.status, order.external_id) == ("sent", "LAB/effect-1")
