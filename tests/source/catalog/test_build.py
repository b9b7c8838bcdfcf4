"""The catalog tells what is declared: purpose, form, state, steps, what may follow, rejections, callers and changes, by date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ensue import App, RequestError, UnknownEventType, VersionError
from ensue.core.catalog import Catalog, Seen, SeenCount, catalog_schema, read_catalog
from ensue.core.version import Version
from ensue.demo import clinic
from ensue.source.catalog.build import catalog_of
from ensue.source.catalog.card import event_card
from ensue.source.catalog.lint import lint
from ensue.source.catalog.markdown import to_markdown
from ensue.source.catalog.openapi import to_openapi
from ensue.source.catalog.page import to_html
from ensue.source.inventory import inventory
from ensue.source.lock import write_lock
from ensue.source.publish import publish
from tests.json_schema import check_schema, fits
from tests.source.catalog.library import library
from tests.source.conftest import Project
from tests.source_tree import ROOT


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return library.catalog()


def test_an_event_type_has_one_entry_for_each_date_at_which_it_changed(catalog: Catalog) -> None:
    dates = {one.type: [(entry.since, entry.until) for entry in one.entries] for one in catalog.events}

    assert dates["loan.borrow"] == [("2020-01-01", "2021-01-01"), ("2021-01-01", "2022-01-01"), ("2022-01-01", None)]
    assert dates["loan.forget"] == [("2020-01-01", "2023-01-01")]
    assert [one.version for one in catalog.versions] == ["2020-01-01", "2021-01-01", "2021-06-01", "2022-01-01", "2023-01-01"]
    assert (catalog.versions[1].deprecated, catalog.versions[1].retired) == ("2030-01-01", "2031-01-01")


def test_what_has_ended_says_when_and_why(catalog: Catalog) -> None:
    ended = catalog.event_type("loan.forget")

    assert (ended.ended, ended.ended_why) == ("2023-01-01", "Books come back.")
    assert "loan.forget" not in {one.type for one in catalog.entries()}
    assert "loan.forget" in {one.type for one in catalog.entries("2022-01-01")}


def test_a_form_has_types_constraints_defaults_purposes_and_the_text_below_each_field(catalog: Catalog) -> None:
    fields = {one.name: one for one in catalog.entry("loan.borrow", "2020-01-01").form}

    assert list(fields) == ["book_id", "weeks", "shelf", "reader_id", "loan_id"]
    assert (fields["book_id"].type, fields["book_id"].required, fields["book_id"].description) == (
        "text",
        True,
        "What stands on the spine.",
    )
    assert (fields["weeks"].constraints, fields["weeks"].schema["default"]) == (("at least 1", "at most 4"), 2)
    assert fields["shelf"].type == 'one of "red", "blue", null'
    assert (fields["reader_id"].type, fields["loan_id"].type) == ("id of a Reader", "id of a new Loan")
    columns = {one.name: one for model in catalog.models if model.name == "Reader" for one in model.columns}
    assert (columns["name"].purpose, columns["name"].description) == ("sensitive", "As it stands on the card.")


def test_state_says_which_rows_are_read_how_they_are_found_and_what_of_them(catalog: Catalog) -> None:
    state = {one.name: one for one in catalog.entry("loan.borrow", "2020-01-01").state}

    assert (state["reader"].kind, state["reader"].columns, state["reader"].found) == ("ref", ("id", "phone"), "by `reader_id`")
    assert (state["book"].kind, state["book"].found) == ("lookup", "by `book_id`")
    assert state["loans"].found == "all whose `reader_id` is `reader`, at most 20"
    assert state["loan"].found == "its id is `loan_id`, or made where that is left out"


def test_steps_have_their_place_dates_and_what_became_of_them(catalog: Catalog) -> None:
    first, second = (catalog.entry("loan.borrow", date).steps for date in ("2020-01-01", "2021-01-01"))

    assert [(one.name, one.until, one.ended) for one in first] == [
        ("check_book", None, ""),
        ("write_loan", "2021-01-01", "write_loan_in_days takes its place"),
        ("send_letter", "2022-01-01", "Nobody read them."),
    ]
    assert [(one.name, one.since, one.shape, one.replaces) for one in second] == [
        ("check_book", "2020-01-01", "Borrow", None),
        ("write_loan_in_days", "2021-01-01", "Borrow2", "write_loan"),
        ("send_letter", "2020-01-01", "Borrow", None),
    ]
    place = first[0].place
    assert place is not None
    lines = (ROOT / place.file).read_text(encoding="utf-8").splitlines()
    assert (place.file, lines[place.line - 1]) == ("tests/source/catalog/library.py", "def check_book(event: Borrow) -> None:")


def test_what_may_follow_is_what_contracts_declare_with_the_steps(catalog: Catalog) -> None:
    entry = catalog.entry("loan.borrow", "2020-01-01")

    assert {one.name: one.steps for one in entry.operations} == {"insert Loan": ("write_loan",)}
    assert {one.name: one.steps for one in entry.effects} == {"letter.print": ("send_letter",), "fax": ("send_letter",)}
    assert catalog.entry("loan.borrow").effects == ()
    assert {one.name: one.written_by for one in catalog.models}["Loan"] == ("loan.borrow",)
    assert {one.kind: one.caused_by for one in catalog.effects} == {"fax": ("loan.borrow",), "letter.print": ("loan.borrow",)}


def test_rejections_have_code_message_and_field_and_those_of_ensue_are_told_apart(catalog: Catalog) -> None:
    rejections = {one.code: one for one in catalog.entry("loan.borrow").rejections}

    assert list(rejections) == ["loan.not_loanable", "TooMany", "not_found", "already_exists"]
    found = rejections["loan.not_loanable"]
    assert (found.message, found.field, found.steps) == ("The book {title} stays in the house.", "book_id", ("check_book",))
    assert [one.name for one in found.fields] == ["title"]
    assert [one.code for one in rejections.values() if one.built_in] == ["not_found", "already_exists"]


def test_a_performer_that_names_an_event_type_however_deep_may_call_it(catalog: Catalog) -> None:
    [caller] = catalog.entry("confirm").callers

    assert (caller.performer, caller.effect) == ("print_letter", "letter.print")
    assert {one.kind: one.answers for one in catalog.effects} == {"fax": (), "letter.print": ("confirm",)}
    assert catalog.entry("loan.borrow").callers == ()


def test_each_date_says_what_changed_and_how_grave_it_is(catalog: Catalog) -> None:
    first, second, third = catalog.event_type("loan.borrow").entries

    assert (first.changes, first.compatibility) == ((), "none")
    assert second.compatibility == "breaking"
    assert [one.path for one in second.changes if one.compatibility == "breaking"] == ["form.days", "form.weeks", "form.shelf"]
    assert [(one.code, one.compatibility) for one in third.changes] == [
        ("step_ended", "behaviour"),
        ("effect_removed", "behaviour"),
        ("effect_removed", "behaviour"),
    ]
    assert [(one.kind, one.name) for one in third.changelog] == [("end", "send_letter")]
    assert second.changelog[0].text == "A loan says how long it is."
    assert (first.down, second.down) == ("", "lossy: days are rounded to weeks")
    assert first.demands == ("reader.phone",)


def test_an_entry_that_is_not_there_says_what_is(catalog: Catalog) -> None:
    with pytest.raises(UnknownEventType, match=r"did you mean loan\.borrow"):
        catalog.entry("loan.borow")
    with pytest.raises(VersionError, match="it is in 2020-01-01 until 2023-01-01"):
        catalog.entry("loan.forget", "2024-01-01")
    with pytest.raises(VersionError, match="it is in 2020-01-01 on"):
        catalog.entry("loan.borrow", "2019-01-01")


@pytest.mark.parametrize("app", [library, clinic], ids=lambda app: app.name)
def test_a_catalog_comes_back_from_its_json_and_fits_its_own_schema(app: object) -> None:
    catalog: Catalog = app.catalog()  # type: ignore[attr-defined]  # an App
    written = json.dumps(catalog.as_json())

    assert read_catalog(json.loads(written)) == catalog
    check_schema(catalog_schema())
    assert fits(json.loads(written), catalog_schema())
    assert json.loads(written)["format"] == "ensue-catalog/1"


def test_what_is_no_catalog_is_refused_with_what_to_do(catalog: Catalog) -> None:
    with pytest.raises(RequestError, match="Expected a catalog of the format ensue-catalog/1"):
        read_catalog({"format": "ensue-catalog/9"})
    with pytest.raises(RequestError, match="versions"):
        read_catalog({**catalog.as_json(), "versions": 3})


def test_the_same_application_gives_the_same_catalog() -> None:
    assert library.catalog() == library.catalog()


RULES = """
from ensue import App, Cancel, Effect, Event, Model, Ref

ward = App("ward")
ward.version("2024-01-01", "First.")
ward.version("2024-06-01", "Second.")


class Patient(Model, subject=True):
    name: str


class Push(Effect, kind="push.send"):
    to: str


class Stop(Event, type="push.stop", version="2024-01-01"):
    patient: Ref[Patient]


@ward.step(Stop, since="2024-01-01")
def stop(event: Stop) -> list[Cancel[Effect]]:
    return []
"""


def test_a_version_that_is_not_published_is_a_draft(project: Project, tmp_path: Path) -> None:
    ward = project(rules=RULES).ward
    assert {one.state for one in ward.catalog().versions} == {"open"}

    published, _ = publish(None, inventory(ward).lock, Version.parse("2024-01-01"))
    write_lock(tmp_path / "versions.lock", published)

    assert [(one.version, one.state) for one in ward.catalog().versions] == [("2024-01-01", "published"), ("2024-06-01", "draft")]
    assert "Draft: for previews and tests only." in to_markdown(ward.catalog())


def test_a_cancelled_effect_of_any_kind_was_declared_by_who_may_cancel_all(project: Project) -> None:
    counts = (SeenCount("push.stop", "2024-06-01", "cancel push.send", 2), SeenCount("push.stop", "2024-06-01", "delete Patient", 1))
    catalog = catalog_of(project(rules=RULES).ward, Seen((), counts, (), (), ()))

    [followed] = [one for one in event_card(catalog, catalog.entry("push.stop")).sections if one.kind == "followed"]

    assert [row[:2] for row in followed.rows] == [("`cancel any effect`", "`stop`"), ("`delete Patient`", "no step of this application")]


def test_an_application_that_is_in_no_file_has_a_catalog_without_places() -> None:
    names: dict[str, Any] = {"__name__": "typed_in"}
    exec(compile(RULES, "<typed in>", "exec", dont_inherit=True), names)

    catalog: Catalog = names["ward"].catalog()

    entry = catalog.entry("push.stop")
    assert (entry.place, entry.steps[0].place) == (None, None)
    assert "push.stop" in to_markdown(catalog)
    assert {one.code for one in lint(names["ward"])} >= {"no_purpose"}


def test_an_application_without_anything_has_an_empty_catalog() -> None:
    catalog = App("nothing").catalog()

    assert (catalog.events, catalog.versions) == ((), ())
    assert "nothing: catalog" in to_html(catalog)
    assert to_openapi(catalog)["paths"] == {}
