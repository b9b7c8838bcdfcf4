"""Effect: something to do outside, after commit. And what a performer is told and may answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from ensue.core.annotations import Namespace
from ensue.core.canonical import Json
from ensue.core.data import Data, fields_of, trusted
from ensue.core.event import Event
from ensue.errors import DefinitionError

F = TypeVar("F", bound="Effect")
BESIDE_BODY = ("key", "not_before")
"""Fields that every effect has: the first is its identity, the second in its body only where it is set."""
KIND = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


@dataclass
class EffectInfo:
    """What was said of an effect in its class line."""

    kind: str
    on_drop: Callable[[Any], Effect] | None = None


class Effect(Data):
    """
    Something to do outside, after commit: `class Push(Effect, kind="push.send")`.

    Its identity is (event id, kind, key), which is the idempotency key shown to the outside. `key` defaults to the step's
    name and the ordinal within step and kind. `not_before` is the earliest moment to perform it.

    Class keywords:
        kind: the name under which it is recorded and performed.
        on_drop: what makes up for it where a correction says that it should not have been: a function from the effect to another one,
            whose return annotation names that one's class.
    """

    key: str | None = None
    not_before: datetime | None = None

    __slots__ = ()
    __ensue_reserved__ = frozenset({"kind", "key", "not_before"})
    __ensue__: ClassVar[EffectInfo] = EffectInfo("")

    def __init_subclass__(cls, *, kind: str, on_drop: Callable[[Any], Effect] | None = None, **keywords: Any) -> None:
        if not KIND.fullmatch(kind):
            raise DefinitionError(f"{cls.__name__}: kind={kind!r} is no name; use lower-case words joined by dots, such as push.send.")
        cls.__ensue__ = EffectInfo(kind, on_drop)
        super().__init_subclass__(**keywords)


def effect_of(kind: str, known: Mapping[str, type[Effect]]) -> type[Effect]:
    """
    The class of a *kind* that was cancelled: among the *known* ones of an app, else the one that was declared last.

    A step with the contract `Cancel[Effect]` may name a kind that nothing in the app yields or performs. The empty kind
    is `Effect` itself: every kind. Raises DefinitionError where the class is gone.
    """
    if not kind:
        return Effect
    found = known.get(kind)
    for one in _declared_below(Effect) if found is None else ():
        found = one if one.__ensue__.kind == kind else found
    if found is None:
        raise DefinitionError(
            f"There is no effect of kind {kind!r} any more, but a record cancels it; keep the class as long as its records."
        )
    return found


def compensation_of(effect: type[Effect]) -> type[Effect] | None:
    """The class that an effect's `on_drop` says it returns, None where it has none or does not say. Raises DefinitionError."""
    on_drop = effect.__ensue__.on_drop
    if on_drop is None:
        return None
    try:
        made = Namespace(on_drop).hints().get("return")
    except NameError as error:
        raise DefinitionError(f"{effect.__name__}: on_drop={on_drop.__name__}: {error}; define it above the app's check.") from error
    if made is not None and not (isinstance(made, type) and issubclass(made, Effect)):
        raise DefinitionError(
            f"{effect.__name__}: on_drop={on_drop.__name__} returns {made}; it makes one effect out of another, so annotate that."
        )
    return made


def _declared_below(effect: type[Effect]) -> Iterator[type[Effect]]:
    for one in effect.__subclasses__():
        yield one
        yield from _declared_below(one)


def effect_body(effect: Effect) -> dict[str, Json]:
    """The J1 values of an effect's own fields: all but key, `not_before` only where set."""
    body = fields_of(type(effect)).encode(effect.__dict__)
    del body["key"]
    if body["not_before"] is None:
        del body["not_before"]
    return body


def effect_from_body(effect: type[F], body: Mapping[str, Json], key: str | None) -> F:
    """The effect that `effect_body` gave *body* of; fields that came since have their defaults."""
    fields = fields_of(effect).by_name
    values = {name: one.default for name, one in fields.items() if not one.required}
    values.update({name: fields[name].codec.decode(value) for name, value in body.items()})
    return trusted(effect, {**values, "key": key})


class Task(Effect, kind="ensue.task"):
    """Something that a person must look at: a correction changed what was, or would have been, done outside."""

    what: str
    event: str
    """The id of the event whose effect it is about."""
    effect: str
    """The kind of that effect."""
    effect_key: str


@dataclass(frozen=True)
class Attempt:
    """What a performer is told: the number of this attempt (from 1), the constant idempotency key for the provider, the subject."""

    number: int
    key: str
    subject: str


@dataclass(frozen=True)
class Done:
    """The effect was performed; *then* is an event that brings its answer back."""

    then: Event | None = None


@dataclass(frozen=True)
class Retry:
    """Not now; try again, not before `after_seconds` where given."""

    after_seconds: int | None = None


@dataclass(frozen=True)
class GiveUp:
    """It cannot be done; a person must look at it."""

    reason: str
