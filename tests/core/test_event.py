"""Events: the form that is sent, the words that are taken, and the shapes of one type."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ensue import DefinitionError, Event, InvalidForm, Lookup, Model, New, NotLoaded, Ref, Related, Value, by, new, optional, related
from ensue.core.canonical import Json
from ensue.core.event import Context, event_from_form, read_event, sent_form, whole_form, with_values


class Patient(Model, subject=True):
    name: str


class Ward(Model, subject=True):
    name: str


class Drug(Model):
    label: str


class Note(Model, of=Patient):
    patient_id: str
    drug_id: str = ""


class Dose(Value):
    amount: Decimal
    unit: str = "mg"


class Prescribe(Event, type="medication.request", version="2026-01-01"):
    dose: Dose
    days: int = 7
    patient: Ref[Patient]
    ward: Ref[Ward | None] = optional()
    drug: Lookup[Drug] = by("note.drug_id")
    note: Ref[Note]
    entry_id: New[Note] = new()
    notes: Related[Note] = related(patient_id=by("patient"))


def event(annotations: dict[str, Any], /, **keywords: Any) -> Any:
    """An event made at run time, past the eyes of the type checker; defaults stand beside the class keywords."""
    line = {name: keywords.pop(name) for name in ("follows", "seen", "system") if name in keywords}
    type_, version = keywords.pop("type", "ward.thing"), keywords.pop("version", "2026-01-01")
    return type("Thing", (Event,), {"__annotations__": annotations, **keywords}, type=type_, version=version, **line)


def problems_of(error: pytest.ExceptionInfo[InvalidForm]) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in error.value.problems]


# ---- the form --------------------------------------------------------------------------------------------------------
def test_on_the_wire_a_row_is_its_id_and_what_the_ledger_loads_is_not_there() -> None:
    prescribe = read_event(Prescribe, {"dose": {"amount": "2.50"}, "patient_id": "p-1", "note_id": "n-1"})

    assert whole_form(prescribe) == {
        "dose": {"amount": "2.5", "unit": "mg"},
        "days": 7,
        "patient_id": "p-1",
        "note_id": "n-1",
        "ward_id": None,
        "entry_id": None,
    }
    assert prescribe == Prescribe(dose=Dose(amount=Decimal("2.5")), patient="p-1", note="n-1")


def test_the_form_as_sent_is_without_defaults() -> None:
    prescribe = read_event(Prescribe, {"dose": {"amount": "1"}, "patient_id": "p-1", "note_id": "n-1"})

    assert sent_form(prescribe) == {"dose": {"amount": "1", "unit": "mg"}, "patient_id": "p-1", "note_id": "n-1"}


def test_a_whole_form_gives_the_event_back() -> None:
    prescribe = Prescribe(dose=Dose(amount=Decimal(1)), patient="p-1", ward="w-1", note="n-1", entry_id="n-2")

    assert event_from_form(Prescribe, whole_form(prescribe)) == prescribe


def test_a_row_may_be_given_for_its_id() -> None:
    patient = Patient(id="p-1", name="Ada")

    assert Prescribe(dose=Dose(amount=Decimal(1)), patient=patient, note="n-1") == Prescribe(
        dose=Dose(amount=Decimal(1)), patient="p-1", note="n-1"
    )


def test_everything_wrong_with_a_form_is_told_at_once() -> None:
    form: dict[str, Json] = {
        "dose": {"amount": 1, "colour": "red"},
        "days": "7",
        "patient_id": 5,
        "drug_id": "d",
        "ward": "w",
        "entry_id": "",
    }

    with pytest.raises(InvalidForm) as raised:
        read_event(Prescribe, form)

    assert sorted(problems_of(raised)) == [
        ("days", "type"),
        ("dose.amount", "type"),
        ("dose.colour", "unknown"),
        ("drug_id", "unknown"),
        ("entry_id", "type"),
        ("note_id", "missing"),
        ("patient_id", "type"),
        ("ward", "unknown"),
    ]


def test_everything_wrong_in_python_is_told_at_once() -> None:
    make: Any = Prescribe

    with pytest.raises(InvalidForm) as raised:
        make(days=1.5, patient=Ward(id="w", name="W"), drug="d", notes=(), colour="red")

    assert sorted(problems_of(raised)) == [
        ("colour", "unknown"),
        ("days", "int_type"),
        ("dose", "missing"),
        ("drug", "unknown"),
        ("note_id", "missing"),
        ("notes", "unknown"),
        ("patient_id", "type"),
    ]


@pytest.mark.parametrize("id", ["", None, 5, "a\0", "\ud800"])
def test_an_id_is_text_with_something_in_it(id: Any) -> None:
    with pytest.raises(InvalidForm, match="patient_id: "):
        Prescribe(dose=Dose(amount=Decimal(1)), patient=id, note="n-1")


# ---- before and after the ledger has taken it ------------------------------------------------------------------------
def test_before_it_is_loaded_only_the_id_of_a_row_can_be_read() -> None:
    prescribe = Prescribe(dose=Dose(amount=Decimal(1)), patient="p-1", note="n-1")

    assert prescribe.patient.id == "p-1"
    assert prescribe.ward is None
    with pytest.raises(NotLoaded, match=r"patient\.name is not loaded yet: only its id can be read"):
        _ = prescribe.patient.name
    with pytest.raises(NotLoaded, match=r"Prescribe\.notes is not loaded"):
        _ = prescribe.notes
    with pytest.raises(NotLoaded, match=r"Prescribe\.drug is not loaded"):
        _ = prescribe.drug


@pytest.mark.parametrize("word", ["id", "at", "actor", "occurred"])
def test_before_it_is_taken_nothing_is_known_of_the_world(word: str) -> None:
    prescribe = Prescribe(dose=Dose(amount=Decimal(1)), patient="p-1", note="n-1")

    with pytest.raises(NotLoaded, match=rf"Prescribe\.{word} is not known before the ledger has taken the event"):
        getattr(prescribe, word)


def test_an_event_survives_a_pickle() -> None:
    prescribe = Prescribe(dose=Dose(amount=Decimal(1)), patient="p-1", note="n-1")
    taken = with_values(prescribe, {}, Context("e-1", datetime(2026, 1, 1, tzinfo=UTC), "ada", None))

    again = pickle.loads(pickle.dumps(taken))

    assert again == taken
    assert (again.id, sent_form(again)) == ("e-1", sent_form(taken))


def test_once_it_is_taken_it_knows_its_world() -> None:
    at, occurred = datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)
    prescribe = Prescribe(dose=Dose(amount=Decimal(1)), patient="p-1", note="n-1")

    taken = with_values(prescribe, {}, Context("e-1", at, "ada", occurred))

    assert (taken.id, taken.at, taken.actor, taken.occurred) == ("e-1", at, "ada", occurred)
    assert taken.new_id("note") == taken.new_id("note") != taken.new_id("other")
    assert taken.random("draw") == taken.random("draw") != taken.random("other")
    assert 0 <= taken.random("draw") < 2**128


def test_a_row_that_is_not_loaded_is_frozen_too() -> None:
    handle: Any = Prescribe(dose=Dose(amount=Decimal(1)), patient="p-1", note="n-1").patient

    with pytest.raises(AttributeError, match="frozen"):
        handle.id = "p-2"
    with pytest.raises(AttributeError, match="frozen"):
        del handle.id


def test_a_row_that_is_not_loaded_is_its_id() -> None:
    first, again = (Prescribe(dose=Dose(amount=Decimal(1)), patient="p-1", ward=None, note="n-1") for _ in range(2))

    assert len({first.patient, again.patient, first.note}) == 2
    assert repr(first.patient) == "'p-1'"
    assert first.ward is None
    assert event_from_form(Prescribe, whole_form(first)).ward is None


def test_what_an_event_has_not_is_told_with_what_it_has() -> None:
    prescribe: Any = Prescribe(dose=Dose(amount=Decimal(1)), patient="p-1", note="n-1")

    with pytest.raises(AttributeError, match="Prescribe has no field 'colour'; it has dose, days, patient, ward"):
        _ = prescribe.colour


# ---- definition errors -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["id", "at", "actor", "new_id", "random", "occurred", "up", "down"])
def test_the_words_of_an_event_cannot_be_fields(name: str) -> None:
    with pytest.raises(DefinitionError, match=rf"^Thing\.{name}: this name is taken by ensue itself; choose another field name"):
        event({name: str, "patient": Ref[Patient]})


@pytest.mark.parametrize("type_", ["", "Medication.request", "medication request", "medication..request", ".a", "größe", "a.b.", "a\n"])
def test_a_type_is_lower_case_words_joined_by_dots(type_: str) -> None:
    with pytest.raises(
        DefinitionError, match=r"^Thing: .* is no event type; use lower-case words joined by dots, such as medication\.request"
    ):
        event({"patient": Ref[Patient]}, type=type_)


def test_the_frameworks_namespace_is_its_own() -> None:
    with pytest.raises(DefinitionError, match=r"^Thing: types that begin with ensue\. are the framework's; choose another namespace"):
        event({"patient": Ref[Patient]}, type="ensue.erase")


@pytest.mark.parametrize("version", ["2026", "2026-02-30", "2026-01-01.1", "newest"])
def test_a_version_is_a_date(version: str) -> None:
    with pytest.raises(DefinitionError, match=r"^Thing: .* is no version"):
        event({"patient": Ref[Patient]}, version=version)


@pytest.mark.parametrize(
    "annotations",
    [
        {"text": str},
        {"drug": Lookup[Drug]},
        {"patient": Ref[Patient | None], "text": str},
        {"note": New[Note]},
    ],
)
def test_an_event_is_about_a_subject(annotations: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match=r"^Thing: an event is about a subject; add a Ref or New of a subject, or system="):
        event(annotations)


@pytest.mark.parametrize("annotations", [{"patient": Ref[Patient]}, {"note": Ref[Note]}, {"patient": New[Patient]}])
def test_a_subject_a_child_or_a_new_subject_is_something_to_be_about(annotations: dict[str, Any]) -> None:
    assert event(annotations).__ensue__.state.keys() == annotations.keys()


def test_reference_data_is_written_by_an_event_with_a_chain_of_its_own() -> None:
    assert event({"drug": New[Drug]}, system="formulary").__ensue__.system == "formulary"
    with pytest.raises(DefinitionError, match=r"^Thing\.drug: Drug is reference data and has no chain to lock; use Lookup\[Drug\]"):
        event({"drug": Ref[Drug], "patient": Ref[Patient]})


@pytest.mark.parametrize(
    "annotations", [{"patient": Ref[Patient], "patient_id": str}, {"patient": Ref[Patient], "patient_id": Ref[Patient]}]
)
def test_two_fields_of_one_name_on_the_wire_are_refused(annotations: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match=r"^Thing\.patient_id: two fields would have this name on the wire; rename one"):
        event(annotations)


@pytest.mark.parametrize(("seen", "message"), [
    ("patient.colour", r"Patient has no column 'colour'; it has id, name"),
    ("ward.name", r"begins with no row that the event reads"),
    ("text", r"begins with no row that the event reads"),
    ("patient", r"Patient has no column ''"),
])  # fmt: skip
def test_what_must_be_seen_is_there(seen: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=rf"^Thing: seen='{seen}'.*{message}"):
        event({"patient": Ref[Patient], "text": str}, seen=[seen])


# ---- shapes ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", ["2026-01-01", "2025-12-31"])
def test_a_shape_is_later_than_the_one_it_follows(version: str) -> None:
    first = event({"patient": Ref[Patient]})

    with pytest.raises(DefinitionError, match=rf"^Thing: version {version} is not after 2026-01-01 of Thing; give it a later date"):
        event({"patient": Ref[Patient]}, follows=first, version=version)


def test_a_shape_keeps_its_type() -> None:
    first = event({"patient": Ref[Patient]})

    with pytest.raises(
        DefinitionError, match=r"^Thing: follows Thing of type 'ward\.thing', but its own is 'ward\.other'; a type keeps its name"
    ):
        event({"patient": Ref[Patient]}, follows=first, version="2026-02-01", type="ward.other")


def test_a_shape_has_one_follower() -> None:
    class First(Event, type="ward.thing", version="2026-01-01"):
        patient: Ref[Patient]

    class Second(Event, type="ward.thing", version="2026-02-01", follows=First):
        patient: Ref[Patient]

    with pytest.raises(DefinitionError, match=r"^Third: First is already followed by Second; follow that one"):

        class Third(Event, type="ward.thing", version="2026-03-01", follows=First):
            patient: Ref[Patient]


def test_a_shape_that_could_not_be_declared_follows_nothing() -> None:
    first = event({"patient": Ref[Patient]})
    with pytest.raises(DefinitionError):
        event({"patient": Ref[Patient], "size": float}, follows=first, version="2026-02-01")

    second = event({"patient": Ref[Patient]}, follows=first, version="2026-03-01")

    assert first.__ensue__.followed_by is second


def test_a_class_statement_that_runs_again_takes_the_place_of_the_first() -> None:
    first = event({"patient": Ref[Patient]})
    event({"patient": Ref[Patient]}, follows=first, version="2026-02-01")

    again = event({"patient": Ref[Patient]}, follows=first, version="2026-02-01")

    assert first.__ensue__.followed_by is again


def test_a_shape_may_derive_from_the_one_it_follows() -> None:
    class First(Event, type="ward.note", version="2026-01-01"):
        text: str = "none"
        patient: Ref[Patient]
        ward: Ref[Ward | None] = optional()
        notes: Related[Note] = related()

    class Second(First, type="ward.note", version="2026-02-01", follows=First):
        colour: str

    made = Second(colour="red", patient="p-1")

    assert list(Second.__ensue__.state) == ["patient", "ward", "notes"]
    assert Second.__ensue__.state["notes"].columns == {"patient_id": by("patient")}
    assert (made.text, made.colour, made.ward) == ("none", "red", None)
