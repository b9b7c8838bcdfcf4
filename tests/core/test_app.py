"""App: the cascade of steps, the choice of a version, and what can only be checked when all is declared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ensue import App, DefinitionError, Event, Model, Ref, UnknownEventType, VersionError
from ensue.core.version import End, Version

TODAY = date(2026, 6, 1)


class Patient(Model, subject=True):
    name: str


class Admit(Event, type="ward.admit", version="2026-01-01"):
    patient: Ref[Patient]


class Discharge(Event, type="ward.discharge", version="2026-01-01"):
    patient: Ref[Patient]


def step(name: str, module: str = "ward") -> Callable[..., Any]:
    """A step of this name, from this module."""

    def function(event: Admit) -> None: ...

    function.__name__, function.__module__ = name, module
    function.__annotations__ = {"event": Admit, "return": None}
    return function


def ward(*declared: tuple[Callable[..., Any], str] | tuple[Callable[..., Any], str, dict[str, Any]]) -> App:
    """An application with these steps: function, since, and further keywords."""
    app = App("ward")
    for function, since, *keywords in declared:
        app.step(Admit, since=since, **(keywords[0] if keywords else {}))(function)
    return app


def names_at(app: App, version: str) -> list[str]:
    return [one.name for one in app.logic("ward.admit", Version.parse(version)).steps]


def origins_at(app: App, version: str) -> list[str]:
    return [one.origin for one in app.logic("ward.admit", Version.parse(version)).steps]


# ---- the cascade -----------------------------------------------------------------------------------------------------
def test_steps_stand_in_order_of_date_then_of_definition() -> None:
    app = ward((step("late"), "2026-03-01"), (step("first"), "2026-01-01"), (step("middle"), "2026-02-01"), (step("second"), "2026-01-01"))

    assert names_at(app, "2026-01-01") == ["first", "second"]
    assert names_at(app, "2026-02-01") == ["first", "second", "middle"]
    assert names_at(app, "2026-03-01") == ["first", "second", "middle", "late"]


def test_the_tenth_version_of_a_day_comes_after_the_second() -> None:
    app = ward((step("tenth"), "2026-01-01.10"), (step("second"), "2026-01-01.2"), (step("first"), "2026-01-01"))

    assert names_at(app, "2026-01-01.10") == ["first", "second", "tenth"]


def test_a_step_takes_the_place_and_the_origin_of_the_one_it_replaces() -> None:
    old, newer = step("old"), step("newer")
    app = ward(
        (old, "2026-01-01"),
        (step("other"), "2026-01-01"),
        (newer, "2026-02-01", {"replaces": old}),
        (step("newest"), "2026-03-01", {"replaces": newer}),
    )

    assert names_at(app, "2026-01-01") == ["old", "other"]
    assert names_at(app, "2026-02-01") == ["newer", "other"]
    assert names_at(app, "2026-03-01") == ["newest", "other"]
    assert origins_at(app, "2026-03-01") == ["old", "other"]


def test_a_step_that_is_ended_no_longer_runs() -> None:
    first = step("first")
    app = ward((first, "2026-01-01"), (step("second"), "2026-01-01"))

    app.end_step(first, since="2026-02-01", why="Nobody needs it.")

    assert names_at(app, "2026-01-01") == ["first", "second"]
    assert names_at(app, "2026-02-01") == ["second"]


def test_an_event_that_is_ended_is_no_longer_taken() -> None:
    app = ward((step("first"), "2026-01-01"), (step("second"), "2026-03-01"))

    app.end_event("ward.admit", since="2026-02-01", why="Nobody needs it.")

    assert names_at(app, "2026-01-01") == ["first"]
    with pytest.raises(VersionError, match=r"ward\.admit is not in 2026-03-01; it is in 2026-01-01 to 2026-01-01") as raised:
        names_at(app, "2026-03-01")
    assert raised.value.code == "not_in_version"
    assert raised.value.nearest == ("2026-01-01", "2026-01-01")


def test_a_step_after_another_of_its_date_may_stand_in_another_module() -> None:
    first = step("first", "a")
    app = ward((first, "2026-01-01"), (step("third", "a"), "2026-01-01"), (step("second", "b"), "2026-01-01", {"after": first}))

    assert names_at(app, "2026-01-01") == ["first", "second", "third"]


def test_steps_of_one_date_in_two_modules_need_an_order() -> None:
    app = ward((step("first", "a"), "2026-01-01"), (step("second", "b"), "2026-01-01"))

    with pytest.raises(DefinitionError, match=r"^Step second: a has steps of ward\.admit since 2026-01-01 too; say the order with after="):
        app.check()


def test_two_modules_cannot_both_come_right_after_one_step() -> None:
    first = step("first", "a")
    app = ward(
        (first, "2026-01-01"), (step("second", "b"), "2026-01-01", {"after": first}), (step("third", "c"), "2026-01-01", {"after": first})
    )

    with pytest.raises(DefinitionError, match=r"^Step third: a step of another module is after=first too; say which of the two"):
        app.check()


@pytest.mark.parametrize("since", ["2026-01-01", "2026-02-01"])
def test_a_step_comes_after_one_of_its_own_date(since: str) -> None:
    app = ward((step("first"), "2026-01-01"), (step("second"), since, {"after": step("first") if since == "2026-01-01" else None}))
    stranger = step("stranger")
    app.step(Admit, since="2026-03-01", after=stranger)(step("third"))

    with pytest.raises(
        DefinitionError, match=r"^Step (second|third): after=(first|stranger), which is no earlier step of ward\.admit since"
    ):
        app.check()


def test_what_is_replaced_must_stand() -> None:
    old, stranger = step("old"), step("stranger")
    ended = ward((old, "2026-01-01"), (step("newer"), "2026-03-01", {"replaces": old}))
    ended.end_step(old, since="2026-02-01", why="Nobody needs it.")
    replaced = ward(
        (old, "2026-01-01"), (step("second"), "2026-02-01", {"replaces": old}), (step("newer"), "2026-03-01", {"replaces": old})
    )
    unknown = ward((old, "2026-01-01"), (step("newer"), "2026-03-01", {"replaces": stranger}))

    for app in (ended, replaced, unknown):
        with pytest.raises(
            DefinitionError, match=r"^Step newer: it replaces (old|stranger), which is no standing step of ward\.admit at 2026-03-01"
        ):
            app.check()


def test_a_step_that_was_replaced_cannot_be_ended() -> None:
    old = step("old")
    app = ward((old, "2026-01-01"), (step("newer"), "2026-02-01", {"replaces": old}))
    app.end_step(old, since="2026-03-01", why="Nobody needs it.")

    with pytest.raises(DefinitionError, match=r"^end_step\(old\): it was replaced before 2026-03-01; end the step that took its place"):
        app.check()


def test_two_steps_of_one_name_are_refused() -> None:
    app = ward((step("move"), "2026-01-01"), (step("move"), "2026-02-01"))

    with pytest.raises(DefinitionError, match=r"^Step move: two steps of ward\.admit have this name.* at 2026-02-01; rename one"):
        app.check()


def test_the_name_of_a_replaced_step_is_not_given_away() -> None:
    old = step("move")
    app = ward((old, "2026-01-01"), (step("newer"), "2026-02-01", {"replaces": old}), (step("move"), "2026-02-01"))

    with pytest.raises(DefinitionError, match=r"^Step (move|newer): two steps of ward\.admit have this name, or replaced one of this name"):
        app.check()


@pytest.mark.parametrize(
    ("since", "why", "message"),
    [
        ("2026-01-01", "No need.", r"2026-01-01 is not after 2026-01-01, when it begins; give a later date"),
        ("never", "No need.", r"'never' is no version"),
        ("2026-02-01", " ", r"an end says why; write one sentence"),
    ],
)
def test_an_end_has_a_later_date_and_a_reason(since: str, why: str, message: str) -> None:
    function = step("first")
    app = ward((function, "2026-01-01"))

    with pytest.raises(DefinitionError, match=rf"^end_step\(first\): {message}"):
        app.end_step(function, since=since, why=why)
    with pytest.raises(DefinitionError, match=rf"^end_event\('ward\.admit'\): {message}"):
        app.end_event("ward.admit", since=since, why=why)


def test_only_what_is_registered_can_end() -> None:
    app = ward((step("first"), "2026-01-01"))

    with pytest.raises(DefinitionError, match=r"^end_step\(other\): it is no step of ward; register it before it is ended"):
        app.end_step(step("other"), since="2026-02-01", why="No need.")
    with pytest.raises(DefinitionError, match=r"^end_event\('ward\.leave'\): ward has no event of this type; register a step of it first"):
        app.end_event("ward.leave", since="2026-02-01", why="No need.")


def test_an_app_says_since_when_something_ended_and_why() -> None:
    ended, other = step("ended"), step("other")
    app = ward((ended, "2026-01-01"), (other, "2026-01-01"))
    app.end_step(ended, since="2026-02-01", why="Nobody read it.")
    app.end_event("ward.admit", since="2026-03-01", why="The ward is closed.")

    assert app.ended(ended) == End(Version.parse("2026-02-01"), "Nobody read it.")
    assert app.ended("ward.admit") == End(Version.parse("2026-03-01"), "The ward is closed.")
    assert app.ended(other) is None


def test_a_step_ends_once() -> None:
    function = step("first")
    app = ward((function, "2026-01-01"))
    app.end_step(function, since="2026-02-01", why="No need.")

    with pytest.raises(DefinitionError, match=r"^end_step\(first\): it ends on 2026-02-01 already; keep one date"):
        app.end_step(function, since="2026-03-01", why="No need.")


# ---- which version ---------------------------------------------------------------------------------------------------
def five_versions(**keywords: Any) -> App:
    app = App("ward", **keywords)
    app.version("2026-01-01", "First version.")
    app.version("2026-02-01", "Second.", deprecated="2026-05-01", retired="2026-06-01")
    app.version("2026-03-01", "Third.", deprecated="2026-05-01", retired="2026-06-02")
    app.step(Admit, since="2026-03-01.2")(step("first"))
    app.version("2026-04-01", "Newest.")
    return app


def test_the_line_holds_every_date_that_something_begins_or_ends_on() -> None:
    app = five_versions()
    app.end_event("ward.admit", since="2026-05-01", why="No need.")

    assert list(map(str, app.line())) == ["2026-01-01", "2026-02-01", "2026-03-01", "2026-03-01.2", "2026-04-01", "2026-05-01"]
    assert [entry.text for entry in app.entries()] == ["First version.", "Second.", "Third.", "Newest."]


@pytest.mark.parametrize(
    ("asked", "default", "expected"),
    [
        ((None, None, None), None, "2026-04-01"),
        ((None, None, None), "2026-03-01", "2026-03-01"),
        ((None, None, "2026-01-01"), "2026-03-01", "2026-01-01"),
        ((None, "2026-01-01", "2026-03-01"), None, "2026-01-01"),
        (("2026-03-01.2", "2026-01-01", None), None, "2026-03-01.2"),
    ],
)
def test_the_call_comes_before_the_credential_the_account_the_default_and_the_newest(
    asked: tuple[str | None, ...], default: str | None, expected: str
) -> None:
    assert str(five_versions(default=default).choose(*asked, today=TODAY)) == expected


@pytest.mark.parametrize(
    ("asked", "code", "nearest", "message"),
    [
        ("soon", "malformed", (), r"'soon' is no version; a version is a date such as 2018-08-01"),
        ("", "malformed", (), r"'' is no version"),
        (
            "2026-02-15",
            "unknown",
            ("2026-02-01", "2026-03-01"),
            r"There is no version 2026-02-15; the nearest are 2026-02-01 and 2026-03-01",
        ),
        ("2026-03-01.3", "unknown", ("2026-03-01.2", "2026-04-01"), r"the nearest are 2026-03-01\.2 and 2026-04-01"),
        ("2025-01-01", "before_first", ("2026-01-01",), r"2025-01-01 is before the first version, 2026-01-01"),
        ("2027-01-01", "future", ("2026-04-01",), r"2027-01-01 is after the newest version, 2026-04-01"),
        ("2026-02-01", "retired", ("2026-03-01",), r"2026-02-01 was retired on 2026-06-01; use 2026-03-01 or later"),
    ],
)
def test_a_version_that_cannot_be_used_says_which_can(asked: str, code: str, nearest: tuple[str, ...], message: str) -> None:
    with pytest.raises(VersionError, match=message) as raised:
        five_versions().choose(asked, today=TODAY)

    assert (raised.value.code, raised.value.nearest) == (code, nearest)
    assert raised.value.sunset == ("2026-06-01" if code == "retired" else None)


def test_a_version_can_be_used_until_the_day_it_is_retired() -> None:
    assert str(five_versions().choose("2026-03-01", today=TODAY)) == "2026-03-01"
    assert str(five_versions().choose("2026-02-01", today=date(2026, 5, 31))) == "2026-02-01"


def test_a_default_that_is_retired_refuses_too() -> None:
    with pytest.raises(VersionError, match="2026-02-01 was retired on 2026-06-01"):
        five_versions(default="2026-02-01").choose(None, today=TODAY)


def test_a_default_is_one_of_the_versions() -> None:
    with pytest.raises(DefinitionError, match=r"^App\('ward'\): default='2026-02-15' is no version of it; There is no version 2026-02-15"):
        five_versions(default="2026-02-15").check()


def test_an_application_without_steps_has_no_version() -> None:
    with pytest.raises(VersionError, match="ward has no versions yet: register a step"):
        App("ward").choose(None, today=TODAY)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"date": "2026-1-1", "text": "First."}, r"version\(\): '2026-1-1' is no version"),
        ({"date": "2026-01-02", "text": "  "}, r"version\('2026-01-02'\): a version says what changed; write one sentence"),
        ({"date": "2026-01-01", "text": "Again."}, r"version\('2026-01-01'\): declared twice; keep one text"),
        ({"date": "2026-01-02", "text": "Second.", "retired": "soon"}, r"version\('2026-01-02'\): 'soon' is no date"),
    ],
)
def test_what_is_said_of_a_version_can_be(keywords: dict[str, str], message: str) -> None:
    app = App("ward")
    app.version("2026-01-01", "First.")

    with pytest.raises(DefinitionError, match=f"^{message}"):
        app.version(**keywords)


# ---- event types -----------------------------------------------------------------------------------------------------
def test_an_event_type_that_is_not_there_names_the_nearest() -> None:
    app = ward((step("first"), "2026-01-01"))

    with pytest.raises(UnknownEventType, match=r"There is no event type 'ward\.admitt'; did you mean ward\.admit\?"):
        app.shapes("ward.admitt")
    with pytest.raises(UnknownEventType, match=r"There is no event type 'xyz'; ward has ward\.admit\."):
        app.shapes("xyz")
    with pytest.raises(UnknownEventType, match=r"bare has none yet\."):
        App("bare").shapes("xyz")


def test_an_event_before_its_first_step_is_not_in_that_version() -> None:
    app = five_versions()

    with pytest.raises(VersionError, match=r"ward\.admit is not in 2026-01-01; it is in 2026-03-01\.2 on\.") as raised:
        app.logic("ward.admit", Version.parse("2026-01-01"))

    assert raised.value.nearest == ("2026-03-01.2", "2026-04-01")


def test_one_type_belongs_to_one_line_of_shapes() -> None:
    class Again(Event, type="ward.admit", version="2026-01-01"):
        patient: Ref[Patient]

    def decide(event: Again) -> None: ...

    app = ward((step("first"), "2026-01-01"))

    with pytest.raises(
        DefinitionError, match=r"^Again: 'ward\.admit' is the type of Admit already; say follows=Admit, or choose another type"
    ):
        app.step(Again, since="2026-01-01")(decide)


def test_the_same_logic_has_the_same_name_and_another_has_another() -> None:
    app = ward((step("first"), "2026-01-01"), (step("second"), "2026-02-01"))
    again = ward((step("first"), "2026-01-01"), (step("second"), "2026-02-01"))
    old, new = Version.parse("2026-01-01"), Version.parse("2026-02-01")

    assert app.logic("ward.admit", old).digest == again.logic("ward.admit", old).digest
    assert app.logic("ward.admit", old).digest != app.logic("ward.admit", new).digest
    assert app.types() == ("ward.admit",)
