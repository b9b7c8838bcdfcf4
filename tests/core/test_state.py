"""State fields: which annotations, defaults and paths can be, and in which order they are followed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ensue import DefinitionError, Event, Lookup, Model, New, Ref, Related, Value, by, new, optional, related


class Patient(Model, subject=True):
    name: str
    doctor_id: str = ""
    age: int = 0


class Ward(Model, subject=True):
    name: str


class Note(Model, of=(Patient, Ward)):
    patient_id: str
    ward_id: str | None = None


class Drug(Model):
    label: str
    tags: tuple[str, ...] = ()


class Reason(Value):
    drug_id: str
    weight: int
    inner: Inner | None = None


class Inner(Value):
    drug_id: str | None


def event(annotations: dict[str, Any], /, **defaults: Any) -> Any:
    """An event about a patient with further fields, made at run time, past the eyes of the type checker."""
    return type(
        "Thing",
        (Event,),
        {"__annotations__": {"patient": Ref[Patient], **annotations}, **defaults},
        type="ward.thing",
        version="2026-01-01",
    )


def order_of(shape: Any) -> list[str]:
    return [one.name for one in shape.__ensue__.resolution]


def test_a_name_that_ends_in_id_stays_on_the_wire() -> None:
    shape = event({"doctor_id": Lookup[Patient], "ward": Ref[Ward], "notes": Related[Note]}, notes=related(patient_id=by("patient")))

    assert {one.wire for one in shape.__ensue__.state.values() if one.on_wire} == {"patient_id", "doctor_id", "ward_id"}


def test_each_field_is_followed_after_the_ones_its_path_leads_through() -> None:
    shape = event(
        {"notes": Related[Note], "doctor": Lookup[Patient], "note": Ref[Note], "drug": Lookup[Drug], "reason": Reason},
        notes=related(patient_id=by("doctor")),
        doctor=by("patient.doctor_id"),
        drug=by("reason.inner.drug_id"),
    )

    order = order_of(shape)

    assert order.index("patient") < order.index("doctor") < order.index("notes")
    assert sorted(order) == ["doctor", "drug", "note", "notes", "patient"]


def test_related_rows_are_the_children_of_the_only_ref_to_their_parent() -> None:
    (column,) = event({"notes": Related[Note]}, notes=related()).__ensue__.state["notes"].columns.items()

    assert column == ("patient_id", by("patient"))


@pytest.mark.parametrize(
    ("annotations", "found"),
    [
        ({"notes": Related[Note], "ward": Ref[Ward]}, "patient, ward"),
        ({"notes": Related[Note], "other": Ref[Patient]}, "patient, other"),
        ({"notes": Related[Drug]}, "none"),
    ],
)
def test_related_rows_of_more_than_one_ref_or_none_are_ambiguous(annotations: dict[str, Any], found: str) -> None:
    with pytest.raises(
        DefinitionError,
        match=rf"^Thing\.notes: related\(\) needs exactly one Ref to a parent of .*, found {found}; name the columns, as related",
    ):
        event(annotations, notes=related())


@pytest.mark.parametrize(
    ("annotation", "path", "message"),
    [
        (Lookup[Drug], "nothing", r"by\('nothing'\) begins with no field of the event; it has text, reason, patient"),
        (Lookup[Drug], "patient.colour", r"by\('patient.colour'\): Patient has no column 'colour'; it has id, name, doctor_id, age"),
        (Lookup[Drug], "patient.age", r"by\('patient.age'\) leads to a field of kind integer, and an id is text"),
        (Lookup[Drug], "reason", r"by\('reason'\) leads to a field of kind json, and an id is text"),
        (Lookup[Drug], "reason.weight", r"by\('reason.weight'\) leads to a field of kind integer, and an id is text"),
        (Lookup[Drug], "reason.colour", r"by\('reason.colour'\) leads to nothing called 'colour'; it has drug_id, weight, inner"),
        (Lookup[Drug], "reason.inner.colour", r"leads to nothing called 'colour'; it has drug_id"),
        (Lookup[Drug], "text.length", r"by\('text.length'\) leads to nothing called 'length'; it has no names"),
        (Lookup[Drug], "notes.patient_id", r"by\('notes.patient_id'\) leads through many rows; begin with a Ref, a Lookup or a form field"),
        (Lookup[Drug], "entry.ward_id", r"by\('entry.ward_id'\) reads a row that does not exist yet; use by\('entry'\) for its id"),
        (Lookup[Drug], "drug", r"its path leads back to itself; break the circle with an id in the form"),
        (Lookup[Drug], "second.label", r"its path leads back to itself"),
    ],
)
def test_a_path_leads_to_an_id(annotation: Any, path: str, message: str) -> None:
    annotations = {"text": str, "reason": Reason, "notes": Related[Note], "entry": New[Note], "second": Lookup[Drug], "drug": annotation}

    with pytest.raises(DefinitionError, match=rf"^Thing\.(drug|second): .*{message}"):
        event(annotations, notes=related(), entry=new(), second=by("drug.id"), drug=by(path))


def test_a_related_column_holds_single_values() -> None:
    with pytest.raises(DefinitionError, match=r"^Thing\.drugs: tags is nested, and rows are related by single values; name another column"):
        event({"drugs": Related[Drug]}, drugs=related(tags=("a",)))


def test_a_related_column_is_one_of_the_models() -> None:
    with pytest.raises(DefinitionError, match=r"^Thing\.notes: Note has no column 'colour'; it has id, patient_id, ward_id"):
        event({"notes": Related[Note]}, notes=related(colour="red"))


@pytest.mark.parametrize(
    ("annotation", "default", "message"),
    [
        (Ref, by("patient"), r"Ref needs a model; write Ref\[TheModel\]"),
        (Ref[str], by("patient"), r"a state field names one model; found <class 'str'>"),
        (Ref[Patient | Ward], by("patient"), r"a state field names one model; found"),
        (Ref[Reason], by("patient"), r"a state field names one model; found"),
        (Ref[Patient], related(), r"this default does not belong to a ref field; use by\(…\) or optional\(\)"),
        (Ref[Patient], new(), r"this default does not belong to a ref field; use by\(…\) or optional\(\)"),
        (Ref[Patient], "p-1", r"this default does not belong to a ref field; use by\(…\) or optional\(\)"),
        (Ref[Patient], None, r"this default does not belong to a ref field; use by\(…\) or optional\(\)"),
        (Ref[Patient], optional(), r"optional\(\) may read as None; annotate it Ref\[Patient \| None\]"),
        (Lookup[Drug], optional(), r"optional\(\) may read as None; annotate it Lookup\[Drug \| None\]"),
        (New[Patient], by("patient"), r"this default does not belong to a new field; use new\(\)"),
        (New[Patient | None], new(), r"the id of a new row is never None; write New\[Patient\] = new\(\)"),
        (Related[Note], by("patient"), r"this default does not belong to a related field; use related\(…\)"),
        (Related[Note], (), r"(this default does not belong|say which rows)"),
    ],
)
def test_what_stands_beside_a_state_field_belongs_to_it(annotation: Any, default: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=rf"^Thing\.row: {message}"):
        event({"row": annotation}, row=default)


def test_related_rows_say_which() -> None:
    with pytest.raises(DefinitionError, match=r"^Thing\.row: say which rows; write `= related\(\)` for the children"):
        event({"row": Related[Note]})


def test_a_constant_a_related_column_must_equal_is_of_its_type() -> None:
    shape = event({"notes": Related[Note]}, notes=related(ward_id=None))

    assert shape.__ensue__.state["notes"].columns == {"ward_id": None}
    with pytest.raises(DefinitionError, match=r"^Thing\.notes: related\(ward_id=Decimal\('1'\)\) is no value of Note\.ward_id"):
        event({"notes": Related[Note]}, notes=related(ward_id=Decimal(1)))


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_lets_something_through(limit: int) -> None:
    with pytest.raises(DefinitionError, match=rf"^Thing\.notes: limit={limit} lets no row through; give a number from 1"):
        event({"notes": Related[Note]}, notes=related(limit=limit))
