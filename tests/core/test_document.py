"""Document: an event's payload as leaves, with every value that has a purpose in one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ensue import App, Delete, Effect, Event, Insert, Model, New, Ref, Related, Sensitive, Update, Value, new, related
from ensue.core.binding import Binding
from ensue.core.canonical import canonical
from ensue.core.decide import decide
from ensue.core.document import Leaf, fields_by_name, leaves_of
from ensue.core.event import Context
from ensue.core.facts import Facts, Needs
from tests.core.deciding import AT, EVENT_ID, answer, standing


class Patient(Model, subject=True):
    name: Sensitive[str]
    phone: Sensitive[str] | None = None
    city: str = "Bern"


class Contact(Value):
    name: Sensitive[str]
    kind: str = "friend"


class Note(Model, of=Patient):
    patient_id: str
    text: Sensitive[str]


class Push(Effect, kind="push.send"):
    to: Sensitive[str]
    title: str = "hello"


class Visit(Event, type="visit.enter", version="2026-01-01"):
    reason: Sensitive[str]
    contacts: tuple[Contact, ...] = ()
    patient: Ref[Patient]
    notes: Related[Note] = related()
    entry: New[Note] = new()


ADA = Patient(id="p-1", name="Ada", phone=None)
NOTES = (Note(id="n-1", patient_id="p-1", text="one"), Note(id="n-2", patient_id="p-1", text="two"))


def leaves() -> list[Leaf]:
    app = App("practice")

    @app.step(Visit, since="2026-01-01")
    def decide_visit(event: Visit) -> Iterator[Insert[Note] | Update[Patient] | Delete[Note] | Push]:
        yield Insert(Note(id=event.entry, patient_id="p-1", text=event.reason))
        yield Update(event.patient, phone="077", city="London")
        yield Delete(event.notes[1])
        yield Push(to="077")

    app.check()
    event = Visit(reason="cough", contacts=(Contact(name="Bob"), Contact(name="Eve")), patient="p-1", entry="n-9")
    binding = Binding(event, app.logic("visit.enter", app.line()[0]), EVENT_ID)
    facts, needs = Facts(), Needs()
    binding.find(facts, needs)
    answer(needs, facts, standing((ADA, *NOTES)))
    binding.find(facts, Needs())
    bound = binding.bind(facts, Context(EVENT_ID, AT, "ada"), binding.subjects(facts))
    return leaves_of(binding, bound, decide(binding.logic, bound, facts).plan, *fields_by_name(app))


def test_the_sections_come_first_and_then_one_leaf_a_value_with_a_purpose_in_order() -> None:
    assert [name for name, _ in leaves()] == [
        "form",
        "state",
        "operations",
        "effects",
        "form/contacts/0/name",
        "form/contacts/1/name",
        "form/reason",
        "state/patient/0/name",
        "state/notes/0/text",
        "state/notes/1/text",
        "operations/0/after/text",
        "operations/1/after/phone",
        "operations/2/before/text",
        "effects/0/to",
    ]


def test_a_value_with_a_purpose_stands_in_its_leaf_alone() -> None:
    found = dict(leaves())
    sections = canonical([found[name] for name in ("form", "state", "operations", "effects")]).decode()

    for text in ("cough", "Bob", "Eve", "Ada", "077", "one", "two"):
        assert f'"{text}"' not in sections
    assert found["form/reason"] == "cough"
    assert found["operations/1/after/phone"] == "077"
    assert found["operations/2/before/text"] == "two"


def test_each_section_says_where_the_value_went() -> None:
    found: dict[str, Any] = dict(leaves())

    assert found["form"]["contacts"] == [
        {"name": {"_leaf": "form/contacts/0/name"}, "kind": "friend"},
        {"name": {"_leaf": "form/contacts/1/name"}, "kind": "friend"},
    ]
    assert found["state"][0] == [
        "patient",
        "Patient",
        "p-1",
        {"id": "p-1", "name": {"_leaf": "state/patient/0/name"}, "phone": None, "city": "Bern"},
    ]
    assert found["operations"][1] == [
        "update",
        "Patient",
        "p-1",
        {"phone": None, "city": "Bern"},
        {"phone": {"_leaf": "operations/1/after/phone"}, "city": "London"},
        "decide_visit",
    ]
    assert found["effects"] == [["push.send", "decide_visit/1", {"to": {"_leaf": "effects/0/to"}, "title": "hello"}, "decide_visit"]]
