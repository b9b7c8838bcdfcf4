"""Effect: something to do outside, after commit. And what a performer is told and may answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from ensue.core.canonical import Json
from ensue.core.data import Data, fields_of
from ensue.core.event import Event
from ensue.errors import DefinitionError

F = TypeVar("F", bound="Effect")
KIND = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


@dataclass
class EffectInfo:
    """What was said of an effect in its class line."""

    kind: str


class Effect(Data):
    """
    Something to do outside, after commit: `class Push(Effect, kind="push.send")`.

    Its identity is (event id, kind, key), which is the idempotency key shown to the outside. `key` defaults to the step's
    name and the ordinal within step and kind. `not_before` is the earliest moment to perform it.
    """

    key: str | None = None
    not_before: datetime | None = None

    __slots__ = ()
    __ensue_reserved__ = frozenset({"kind", "key", "not_before"})
    __ensue__: ClassVar[EffectInfo] = EffectInfo("")

    def __init_subclass__(cls, *, kind: str, **keywords: Any) -> None:
        if not KIND.fullmatch(kind):
            raise DefinitionError(f"{cls.__name__}: kind={kind!r} is no name; use lower-case words joined by dots, such as push.send.")
        cls.__ensue__ = EffectInfo(kind)
        super().__init_subclass__(**keywords)


def effect_of(kind: str, known: Mapping[str, type[Effect]]) -> type[Effect]:
    """
    The class of a *kind* that was cancelled: among the *known* ones of an app, else any that was declared.

    A step with the contract `Cancel[Effect]` may name a kind that nothing in the app yields or performs. The empty kind
    is `Effect` itself: every kind. Raises DefinitionError where the class is gone.
    """
    if not kind:
        return Effect
    found = known.get(kind) or next((one for one in _declared_below(Effect) if one.__ensue__.kind == kind), None)
    if found is None:
        raise DefinitionError(
            f"There is no effect of kind {kind!r} any more, but a record cancels it; keep the class as long as its records."
        )
    return found


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
