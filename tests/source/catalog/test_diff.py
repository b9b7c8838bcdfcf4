"""A diff says what changed between two dates or two catalogs, and what each change means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ensue import App, Event, Insert, Model, New, new
from ensue.core.catalog import read_catalog
from ensue.demo import clinic
from ensue.source.catalog.card import model_card
from ensue.source.catalog.diff import diff
from ensue.source.catalog.page import to_html
from tests.source.catalog.library import library


def test_between_two_dates_only_what_changed_is_told() -> None:
    catalog = clinic.catalog()

    found = {one.name: one.compatibility for one in diff(catalog, catalog, before_at="2018-07-30", after_at="2019-02-14")}

    assert found == {"medication.request": "behaviour", "patient.update_contact": "breaking"}
    assert diff(catalog, catalog) == ()


def test_what_begins_and_ends_between_two_dates_is_told() -> None:
    catalog = library.catalog()

    ended = {one.name: [change.code for change in one.changes] for one in diff(catalog, catalog, before_at="2022-01-01")}
    began = {one.name: one.compatibility for one in diff(catalog, catalog, before_at="2019-01-01", after_at="2020-01-01")}

    assert ended == {"loan.forget": ["event_ended"]}
    assert set(began.values()) == {"additive"}


def test_between_two_catalogs_effects_and_models_are_compared_too() -> None:
    catalog = library.catalog()
    [fax, letter] = catalog.effects
    loan = next(one for one in catalog.models if one.name == "Loan")
    wider = replace(loan, columns=(*loan.columns[:-1], replace(loan.columns[-1], schema={"type": ["string", "null"]})))
    after = replace(
        catalog,
        effects=(replace(letter, fields=letter.fields[:1]),),
        models=tuple(wider if one is loan else one for one in catalog.models),
    )

    found = {(one.kind, one.name): one for one in diff(catalog, after)}

    assert [change.code for change in found["effect", "fax"].changes] == ["effect_removed"]
    assert [change.code for change in found["effect", "letter.print"].changes] == ["field_removed"]
    assert found["model", "Loan"].compatibility == "breaking"
    assert fax.kind == "fax"


class Shelf(Model, subject=True):
    """Where books stand."""

    room: str


class Shelf2(Model, name="Shelf", version="2026-06-01", follows=Shelf, subject=True):
    """Where books stand."""

    place: str

    @classmethod
    def up(cls, old: Shelf) -> Shelf2:
        return cls(id=old.id, place=old.room)


class Build(Event, type="shelf.build", version="2026-01-01"):
    """A shelf is built."""

    shelf: New[Shelf] = new()


def test_a_model_that_changed_its_shape_between_two_dates_is_told() -> None:
    app = App("shelves")
    app.version("2026-06-01", "Shelves have a place.")

    @app.step(Build, since="2026-01-01")
    def build(event: Build) -> Iterator[Insert[Shelf]]:
        """It is there."""
        yield Insert(Shelf(id=event.shelf, room="1"))

    catalog = app.catalog()
    old = {**catalog.as_json(), "models": [{key: one[key] for key in one if key != "earlier"} for one in catalog.as_json()["models"]]}

    [found] = diff(catalog, catalog, before_at="2026-01-01", after_at="2026-06-01")

    assert (found.kind, found.name, found.compatibility) == ("model", "Shelf", "breaking")
    assert [change.message for change in found.changes] == ["`place` is told as well.", "`room` is gone."]
    assert catalog.models[0].dates == ("2026-06-01",)
    assert "<code>Shelf</code></a> has another shape" in to_html(catalog)
    assert "1 event type, 0 effects and 1 model." in to_html(catalog)
    assert "Columns until 2026-06-01" in [section.title for section in model_card(catalog.models[0]).sections]
    assert read_catalog(old).models[0].columns_at("2026-01-01") == catalog.models[0].columns, "an older release wrote no earlier shapes"


def test_a_version_that_is_to_go_away_is_told_between_two_catalogs() -> None:
    after = library.catalog()
    before = replace(after, versions=tuple(replace(one, deprecated=None, retired=None) for one in after.versions))

    [found] = diff(before, after)

    assert (found.kind, found.name, found.compatibility) == ("version", "2021-01-01", "breaking")
    assert [change.code for change in found.changes] == ["version_retired", "version_deprecated"]


def test_a_step_that_takes_the_place_of_one_that_took_a_place_is_one_change() -> None:
    catalog = library.catalog()

    [borrow] = [one for one in diff(catalog, catalog, before_at="2020-01-01", after_at="2022-01-01") if one.name == "loan.borrow"]

    steps = {change.code: change.message for change in borrow.changes if change.path.startswith("steps.")}
    assert steps.keys() == {"step_replaced", "step_ended"}
    assert "`write_loan_in_days` takes the place of `write_loan`" in steps["step_replaced"]
