"""A record turned into a test: complete, and it passes when it is run, whatever stands in the record."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from ensue import App, Event, Insert, Model, New, RequestError, new
from ensue.demo import clinic, import_stream, shipped_stream
from ensue.testing import FrozenClock, given, memory_ledger, written_test
from ensue.testing.python_source import WIDTH
from tests.ledger.ward import Register, SetPhone, ward
from tests.testing.another_project import run_pytest
from tests.testing.bakery import ADA, PlaceOrder, PlaceOrder2, bakery
from tests.testing.records import EXAMPLES, EXAMPLES_STORY, STORIES, examples_importable, submitted

CHANGED = "of a rule that was changed"
"""A further story: its test says something else than the rules do."""


class Said(NamedTuple):
    """What pytest says of the tests that were written."""

    written: dict[str, int]
    """How many, by the story that their records come from."""
    outcomes: dict[str, Counter[str]]
    """How they ended."""
    text: str


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """The tests written of every story, all run at once, by a program of its own."""
    told = sources()
    folder = tmp_path_factory.mktemp("written")
    for number, written in enumerate(told.values()):
        for place, source in enumerate(written):
            (folder / f"test_{number}_{place}.py").write_text(source, encoding="utf-8")

    text = run_pytest(folder, "-v", path=(EXAMPLES,))

    outcomes: dict[str, Counter[str]] = {story: Counter() for story in told}
    for number, outcome in re.findall(r"^test_(\d+)_\d+\.py::\w+ (\w+)", text, re.MULTILINE):
        outcomes[list(told)[int(number)]][outcome] += 1
    return Said({story: len(written) for story, written in told.items()}, outcomes, text)


def sources() -> dict[str, list[str]]:
    """The tests of every story that can be told here."""
    with examples_importable():
        told = {
            story: [written_test(record) for record in records_of()]
            for story, records_of in STORIES.items()
            if story != EXAMPLES_STORY or EXAMPLES.is_dir()
        }
    (record,) = submitted(bakery, [ADA], PlaceOrder(loaf="rye", customer="ada"), version="2024-01-01")
    return {**told, CHANGED: [written_test(record).replace('"One rye"', '"Two rye"')]}


@pytest.mark.parametrize("story", STORIES)
def test_records_pass(said: Said, story: str) -> None:
    if story not in said.written:
        pytest.skip("The example applications are not beside this repository (../shared/examples).")

    assert said.outcomes[story] == {"PASSED": said.written[story]}, said.text


def test_a_test_fails_when_the_rules_do_something_else(said: Said) -> None:
    assert said.outcomes[CHANGED] == {"FAILED": 1}, said.text
    assert '> text          "Two rye"' in said.text


# ---- how it reads --------------------------------------------------------------------------------------------------
def test_an_event_of_a_record_is_decided_the_same_again() -> None:
    (record,) = submitted(bakery, [ADA], PlaceOrder2(loaf="rye", customer="ada"))

    outcome = given(bakery, ADA).when(PlaceOrder2(loaf="rye", customer="ada"), id=record.id).same_again()

    assert outcome.record is not None
    assert (outcome.record.id, outcome.plan) == (record.id, record.plan)


def test_it_reads_as_a_person_would_write_it() -> None:
    with memory_ledger(ward, clock=FrozenClock(datetime(2024, 8, 1, 9, tzinfo=UTC))) as ledger:
        ledger.submit(Register(name="Ada", phone="1", patient="p1"), actor="desk", key="one")
        record = ledger.submit(SetPhone(phone="2", patient="p1"), actor="desk", key="two", version="2024-01-01")

    assert (
        written_test(record)
        == f'''"""patient.phone under 2024-01-01: event {record.id}, of 2024-08-01T09:00:00.000000Z."""

from datetime import UTC, datetime

from ensue import Update
from ensue.testing import given
from tests.ledger.ward import Patient, Push, SetPhone, ward

PATIENT = Patient(id="p1", name="Ada", phone="1")


def test_patient_phone() -> None:
    (
        given(ward, PATIENT)
        .at(datetime(2024, 8, 1, 9, 0, tzinfo=UTC))
        .when(
            SetPhone(phone="2", patient="p1"),
            version="2024-01-01",
            actor="desk",
            id="{record.id}",
        )
        .then(Update(PATIENT, phone="2"), Push(to="2", text="This is your number now."))
    )
'''
    )


def test_no_line_is_longer_than_it_must_be() -> None:
    with memory_ledger(clinic) as ledger:
        import_stream(ledger, shipped_stream(), limit=60)
        sources = map(written_test, ledger.records())

        assert max(len(line) for source in sources for line in source.splitlines()) <= WIDTH + 20


# ---- what cannot be ------------------------------------------------------------------------------------------------
def test_an_application_that_no_module_holds_is_refused() -> None:
    app = App("fleeting")

    class Thing(Model, subject=True):
        name: str

    class Make(Event, type="thing.make", version="2024-01-01"):
        name: str
        thing: New[Thing] = new()

    @app.step(Make, since="2024-01-01")
    def make(event: Make) -> Iterator[Insert[Thing]]:
        yield Insert(Thing(id=event.thing, name=event.name))

    (record,) = submitted(app, [], Make(name="x"))

    with pytest.raises(RequestError, match="is in no module that was imported"):
        written_test(record)


def test_a_class_that_a_function_made_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    app = App("local")
    monkeypatch.setattr(sys.modules[__name__], "local_app", app, raising=False)

    class Thing(Model, subject=True):
        name: str

    class Make(Event, type="thing.make", version="2024-01-01"):
        name: str
        thing: New[Thing] = new()

    @app.step(Make, since="2024-01-01")
    def make(event: Make) -> Iterator[Insert[Thing]]:
        yield Insert(Thing(id=event.thing, name=event.name))

    (record,) = submitted(app, [], Make(name="x"))

    with pytest.raises(RequestError, match="is made by a function"):
        written_test(record)


def test_an_erased_record_is_refused() -> None:
    (record,) = submitted(bakery, [ADA], PlaceOrder2(loaf="rye", customer="ada"))
    record.document["state"][0][3]["name"] = {"_erased": True}  # as reading puts it where a leaf is gone

    with pytest.raises(RequestError, match="parts of it were erased"):
        written_test(record)
