"""Models: what a class line says, and every way in which it cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from ensue import App, DefinitionError, Model, Sensitive, Value, View, column
from ensue.core.data import fields_of
from ensue.core.model import check_model, encoded_row, newest, parent_column, row_key, row_of, snake, subjects_of_row


class Patient(Model, subject=True):
    name: Sensitive[str]
    phone: Sensitive[str] | None = None


class Note(Model, of=Patient):
    patient_id: str
    text: str = ""


class Drug(Model):
    label: str


def model(called: str, annotations: dict[str, Any] | None = None, /, **keywords: Any) -> Any:
    """A model made at run time, past the eyes of the type checker."""
    return type(called, (Model,), {"__annotations__": annotations or {}, "__qualname__": f"model.<locals>.{called}"}, **keywords)


def test_every_model_has_an_id_and_it_comes_first() -> None:
    class Room(Model):
        name: str
        id: str

    assert fields_of(Drug).names == ("id", "label")
    assert fields_of(Room).names == ("id", "name")


def test_a_row_goes_into_j1_values_and_back() -> None:
    row = Patient(id="p-1", name="Ada")

    encoded = encoded_row(row)

    assert encoded == {"id": "p-1", "name": "Ada", "phone": None}
    assert row_of(Patient, encoded) == row


def test_a_subject_has_its_own_chain_and_a_child_that_of_its_parent() -> None:
    assert subjects_of_row(Patient, "p-1", {"id": "p-1"}) == ("Patient/p-1",)
    assert subjects_of_row(Note, "n-1", {"id": "n-1", "patient_id": "p-1"}) == ("Patient/p-1",)
    assert subjects_of_row(Drug, "d-1", {"id": "d-1"}) == ()
    assert row_key(Note, "n-1") == "Note/n-1"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Patient", "patient"), ("MedicationRequest", "medication_request"), ("HTTPDoor", "http_door"), ("Room2", "room2")],
)
def test_a_parents_column_is_its_name_in_snake_case(name: str, expected: str) -> None:
    assert snake(name) == expected


def test_a_parents_column_follows_its_stored_name() -> None:
    renamed = model("Person", {}, subject=True, name="Customer")

    assert parent_column(renamed) == "customer_id"


def test_a_child_without_its_parents_column_is_refused() -> None:
    child = model("Visit", {"reason": str}, of=Patient)

    with pytest.raises(DefinitionError, match=r"^Visit\.patient_id: a child of Patient has this column; declare `patient_id: str`"):
        check_model(child)


@pytest.mark.parametrize("annotation", [Sensitive[str], int])
def test_an_id_is_an_opaque_string_without_a_purpose(annotation: Any) -> None:
    with pytest.raises(DefinitionError, match=r"^Person\.id: an id is an opaque string without a purpose.*declare `id: str`"):
        check_model(model("Person", {"id": annotation}, subject=True))


def test_a_parents_column_has_no_purpose_either() -> None:
    with pytest.raises(DefinitionError, match=r"^Visit\.patient_id: an id is an opaque string"):
        check_model(model("Visit", {"patient_id": Sensitive[str]}, of=Patient))


def test_a_parent_is_a_subject() -> None:
    with pytest.raises(DefinitionError, match=r"^Batch: of=Drug is no subject; declare it subject=True"):
        model("Batch", {"drug_id": str}, of=Drug)


@pytest.mark.parametrize("keywords", [{"of": "Patient"}, {"of": int}, {"follows": "Patient", "version": "2026-01-01"}])
def test_what_is_no_model_cannot_be_a_parent_or_be_followed(keywords: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match=r"^Batch: of= and follows= name models, found"):
        model("Batch", {}, **keywords)


@pytest.mark.parametrize("name", ["", "two words", "1st", "ensue", "System", "a/b", "x" * 64])
def test_a_name_that_could_be_mistaken_is_refused(name: str) -> None:
    with pytest.raises(DefinitionError, match="cannot be the name of a model; choose letters"):
        model("Thing", {}, name=name or " ")


@pytest.mark.parametrize("name", ["table", "up", "down"])
def test_the_words_of_a_model_cannot_be_columns(name: str) -> None:
    with pytest.raises(DefinitionError, match=rf"^Thing\.{name}: this name is taken by ensue itself; choose another field name"):
        model("Thing", {name: str})


@pytest.mark.parametrize("keywords", [{"unique": [("email",)]}, {"strict": ["email"]}])
def test_unique_and_strict_name_columns(keywords: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match=r"^Thing: unique= or strict= names 'email', which is no column; it has id, name"):
        check_model(model("Thing", {"name": str}, **keywords))


def test_unique_columns_hold_single_values() -> None:
    with pytest.raises(DefinitionError, match=r"^Thing\.tags: unique= is for single values; give what must be unique a column of its own"):
        check_model(model("Thing", {"tags": tuple[str, ...]}, unique=[("tags",)]))


def test_a_column_may_be_called_otherwise_than_its_field() -> None:
    class Person(Model):
        mobile: str = column("phone")
        city: str = column("town", default="Bern")

    fields = fields_of(Person).by_name

    assert (fields["mobile"].column, fields["mobile"].required) == ("phone", True)
    assert (fields["city"].column, fields["city"].default) == ("town", "Bern")


# ---- views -----------------------------------------------------------------------------------------------------------
class PatientContact(View[Patient]):
    phone: Sensitive[str] | None


def test_a_view_has_the_columns_it_declares() -> None:
    row = row_of(PatientContact, {"id": "p-1", "name": "Ada", "phone": "077"})

    assert row.__dict__ == {"id": "p-1", "phone": "077"}
    assert row.__ensue__.name == "Patient"
    assert row.__ensue__.subject


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"colour": str}, r"^Contact\.colour: Patient has no such column; it has id, name, phone"),
        ({"phone": int}, r"^Contact\.phone: declare it as Patient\.phone is declared"),
        ({"phone": str | None}, r"^Contact\.phone: declare it as Patient\.phone is declared"),
    ],
)
def test_a_view_declares_columns_as_their_model_does(annotations: dict[str, Any], message: str) -> None:
    bases: Any = View[Patient]

    with pytest.raises(DefinitionError, match=message):
        type("Contact", (View,), {"__annotations__": annotations, "__orig_bases__": (bases,)})


def test_a_view_says_whose_columns_it_names() -> None:
    with pytest.raises(DefinitionError, match=r"^Contact: a view says whose columns it names; write class Contact\(View\[TheModel\]\)"):
        type("Contact", (View,), {"__annotations__": {}})


def test_a_view_takes_no_keywords() -> None:
    bases: Any = View[Patient]

    with pytest.raises(DefinitionError, match=r"^Contact: a view takes no subject; say it of Patient"):
        type("Contact", (View,), {"__orig_bases__": (bases,)}, subject=True)


# ---- shapes ----------------------------------------------------------------------------------------------------------
def test_a_shape_follows_another_and_is_the_newest() -> None:
    first = model("Person", {"phone": str}, subject=True, unique=[("phone",)], strict=["phone"])
    second = model("Person2", {"phone": str, "city": str}, follows=first, version="2026-01-01")

    assert newest(first) is second
    assert second.__ensue__.name == "Person"
    assert second.__ensue__.subject
    assert second.__ensue__.unique == (("phone",),)
    assert second.__ensue__.strict == {"phone"}


def test_a_shape_that_follows_says_since_when() -> None:
    first = model("Person")

    with pytest.raises(DefinitionError, match=r"^Person2: .*says since when; add version="):
        model("Person2", follows=first)


@pytest.mark.parametrize("version", ["2026-02-01", "2026-01-31"])
def test_a_shape_is_later_than_the_one_it_follows(version: str) -> None:
    first = model("Person")
    second = model("Person2", follows=first, version="2026-02-01")

    with pytest.raises(DefinitionError, match=rf"^Person3: version {version} is not after 2026-02-01 of Person2; give it a later date"):
        model("Person3", follows=second, version=version)


def test_a_shape_has_one_follower() -> None:
    first = model("Person")
    model("Person2", follows=first, version="2026-02-01")

    with pytest.raises(DefinitionError, match=r"^Another: Person is already followed by Person2; follow that one"):
        model("Another", follows=first, version="2026-03-01")


def test_a_model_keeps_its_name_over_its_shapes() -> None:
    first = model("Person")

    with pytest.raises(DefinitionError, match=r"^Person2: it follows 'Person', and a model keeps its name"):
        model("Person2", follows=first, version="2026-02-01", name="Human")


def test_a_class_statement_that_runs_again_takes_the_place_of_the_first() -> None:
    first = model("Person")

    model("Person2", follows=first, version="2026-02-01")
    again = model("Person2", follows=first, version="2026-02-01")

    assert newest(first) is again


# ---- what belongs to an application ------------------------------------------------------------------------------------
def test_parents_and_children_come_with_a_model() -> None:
    assert [one.__name__ for one in App("ward", models=[Note]).models()] == ["Note", "Patient"]
    assert [one.__name__ for one in App("ward", models=[Patient]).models()] == ["Note", "Patient"]


def test_a_child_that_a_function_makes_stays_there() -> None:
    class Visit(Model, of=Patient):
        patient_id: str

    assert [one.__name__ for one in App("ward", models=[Patient]).models()] == ["Note", "Patient"]
    assert [one.__name__ for one in App("ward", models=[Visit]).models()] == ["Note", "Patient", "Visit"]


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(DefinitionError, match=r"'Note' is the name of .*Note already; give one of them name="):
        App("ward", models=[Note, model("Note")]).check()


def test_a_model_is_found_by_its_name() -> None:
    ward = App("ward", models=[Note])

    assert ward.model("Patient") is Patient
    with pytest.raises(DefinitionError, match=r"^ward has no model 'Dose'; it has Note, Patient"):
        ward.model("Dose")


def test_a_value_is_no_model() -> None:
    class Dose(Value):
        amount: int

    with pytest.raises(DefinitionError, match=r"^Thing: of= and follows= name models"):
        model("Thing", of=Dose)
