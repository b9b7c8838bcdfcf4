"""Effects: what is to be done outside, as data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ensue import App, DefinitionError, Effect, GiveUp, InvalidForm, Sensitive
from ensue.core.effect import effect_body, effect_of


class Push(Effect, kind="push.send"):
    """A push notification."""

    to: Sensitive[str]
    text: str


def effect(name: str, annotations: dict[str, Any], **keywords: Any) -> Any:
    """An effect made at run time, past the eyes of the type checker."""
    return type(name, (Effect,), {"__annotations__": annotations}, **keywords)


def test_every_effect_has_a_key_and_an_earliest_moment() -> None:
    push = Push(to="077", text="hello", key="k", not_before=datetime(2026, 1, 1, tzinfo=UTC))

    assert (push.key, push.not_before) == ("k", datetime(2026, 1, 1, tzinfo=UTC))
    assert (Push(to="077", text="hello").key, Push(to="077", text="hello").not_before) == (None, None)


def test_the_body_is_the_fields_of_its_own_and_a_moment_that_is_set() -> None:
    assert effect_body(Push(to="077", text="hello", key="k")) == {"to": "077", "text": "hello"}
    assert effect_body(Push(to="077", text="hello", not_before=datetime(2026, 1, 1, tzinfo=UTC))) == {
        "to": "077",
        "text": "hello",
        "not_before": "2026-01-01T00:00:00.000000Z",
    }


@pytest.mark.parametrize("name", ["kind", "key", "not_before"])
def test_the_fields_of_every_effect_cannot_be_declared_again(name: str) -> None:
    with pytest.raises(DefinitionError, match=rf"^Letter\.{name}: this name is taken by ensue itself; choose another field name"):
        effect("Letter", {name: str}, kind="letter")


@pytest.mark.parametrize("kind", ["", "two words", "Größe", "UPPER", ".a", "a..b", "a\n"])
def test_a_kind_is_words_joined_by_dots(kind: str) -> None:
    with pytest.raises(DefinitionError, match=r"^Letter: kind=.* is no name; use lower-case words joined by dots, such as push\.send"):
        effect("Letter", {}, kind=kind)


def test_an_effect_says_its_kind() -> None:
    with pytest.raises(TypeError, match="kind"):
        effect("Letter", {})


def test_fields_are_checked_when_an_effect_is_made() -> None:
    make: Any = Push

    with pytest.raises(InvalidForm, match="Push: to: is required and was not given; text: "):
        make(text=5)


def test_two_effects_of_one_kind_are_refused() -> None:
    app = App("app")
    first, second = effect("Letter", {}, kind="letter"), effect("Card", {}, kind="letter")
    app.performer(first)(give_up)

    with pytest.raises(DefinitionError, match=r"^Card: kind 'letter' is Letter's already; choose another kind"):
        app.performer(second)(give_up)


def test_a_kind_that_no_app_knows_is_the_one_declared_last() -> None:
    earlier = effect("Earlier", {"text": str}, kind="declared.twice")
    later = effect("Later", {"text": str}, kind="declared.twice")

    assert effect_of("declared.twice", {}) is later
    assert effect_of("declared.twice", {"declared.twice": earlier}) is earlier
    with pytest.raises(DefinitionError, match=r"no effect of kind 'never\.declared' any more"):
        effect_of("never.declared", {})


def test_an_effect_has_one_performer() -> None:
    app = App("app")
    app.performer(Push, acts_as="phone")(give_up)

    assert app.performer_of("push.send") == (give_up, "phone")
    assert app.performer_of("letter") is None
    with pytest.raises(DefinitionError, match=r"^Performer give_up: Push has one already; an effect is performed by one function"):
        app.performer(Push)(give_up)


def give_up(effect: Any, attempt: Any) -> GiveUp:
    return GiveUp("nobody is there")
