"""history.py: one event type over four dates, as its own tests and the table of the examples promise."""

from __future__ import annotations

from types import ModuleType

import pytest

from ensue import Ledger, Update
from ensue.testing import check_shapes, given
from tests.examples.conftest import Opener

OWN_TESTS = ("test_first_version", "test_split_name_and_no_second_visit", "test_welcome_ended", "test_down_of_up")


@pytest.fixture
def registry(history: ModuleType, open_with: Opener) -> Ledger:
    return open_with(history.reg, history.ADA)


@pytest.mark.parametrize("name", OWN_TESTS)
def test_its_own_tests_pass_unchanged(history: ModuleType, name: str) -> None:
    getattr(history, name)()


def test_all_of_its_own_tests_are_run(history: ModuleType) -> None:
    assert {name for name in vars(history) if name.startswith("test_")} == set(OWN_TESTS)


def test_an_event_of_october_runs_the_step_of_january_on_the_shape_of_january(registry: Ledger, history: ModuleType) -> None:
    event = history.Register4(given_name="Ada", family_name="L", reason="new phone", channel="web", person="p1")

    record = registry.submit(event, actor="desk", version="2025-10-01")

    assert record.plan.steps == ("write_visit_once", "note_caller")
    assert any(
        isinstance(one, Update) and type(one.row) is history.Person and one.changes == {"phone": "000"} for one in record.plan.operations
    )


def test_what_an_old_step_writes_to_phone_lands_in_mobile(registry: Ledger, history: ModuleType) -> None:
    event = history.Register(name="Ada L", motive="new phone", person="p1")

    registry.submit(event, actor="desk", version="2025-01-01")

    assert registry.get(history.Person2, "p1") == history.Person2(id="p1", full_name="Ada L", mobile="000")
    assert registry.get(history.Person, "p1") == history.Person(id="p1", full_name="Ada L", phone="000")
    assert [one.after for one in registry.history("Person/p1")] == [{"full_name": "Ada L"}, {"mobile": "000"}]


def test_every_date_decides_by_its_own_rules(registry: Ledger, history: ModuleType) -> None:
    first = registry.submit(history.Register(name="Ada L", motive="cough", person="p1"), actor="desk", version="2025-01-01")
    april = registry.submit(history.Register2(name="Ada L", reason="cough", person="p1"), actor="desk", version="2025-04-01")
    form = {"given_name": "Ada", "family_name": "L", "reason": "cough", "channel": "web", "person": "p1"}
    july = registry.submit(history.Register3(**form), actor="desk", version="2025-07-01")
    october = registry.submit(history.Register4(**form), actor="desk", version="2025-10-01")

    assert [len(one.plan.inserted(history.Visit)) for one in (first, april, july, october)] == [1, 1, 0, 0]
    assert [len(one.plan.planned(history.Sms)) for one in (first, april, july, october)] == [1, 1, 1, 0]


def test_a_form_of_january_is_lifted_to_what_october_asks(history: ModuleType) -> None:
    january = given(history.reg, history.ADA).when(history.Register(name="Ada L", motive="cough", person="p1"), version="2025-01-01")

    january.differs_from("2025-10-01").added(history.Sms(to="077", text="Welcome")).dropped()


def test_compare_over_dates_lifts_the_form_by_up(registry: Ledger, history: ModuleType) -> None:
    event = history.Register(name="Ada L", motive="cough", person="p1")
    record = registry.record(registry.submit(event, actor="desk", version="2025-01-01").id)

    diffs = {version: registry.compare(record, version=version) for version in ("2025-01-01", "2025-04-01", "2025-07-01", "2025-10-01")}

    assert [one.outcome for one in diffs.values()] == ["same", "same", "same", "differs"]
    assert diffs["2025-10-01"].dropped == (history.Sms(to="077", text="Welcome"),)
    assert diffs["2025-10-01"].added == ()


def test_an_event_of_october_compared_with_january_is_brought_down(registry: Ledger, history: ModuleType) -> None:
    event = history.Register4(given_name="Ada", family_name="L", reason="cough", channel="web", person="p1")
    record = registry.record(registry.submit(event, actor="desk", version="2025-10-01").id)

    diff = registry.compare(record, version="2025-01-01")

    assert (diff.added, diff.dropped, diff.changed) == ((history.Sms(to="077", text="Welcome"),), (), ())


def test_the_mistake_in_its_third_shape_is_found(history: ModuleType) -> None:
    with pytest.raises(AssertionError, match=r"^Register3: up and down do not give back Register2\(name='a', .*it is Register2\(name='a '"):
        check_shapes(history.reg)
