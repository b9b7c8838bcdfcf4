"""Marks: what may stand to the right of a field's annotation and is no value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic_core import PydanticUndefined

MISSING: Any = PydanticUndefined
"""No default: the value must be given. The same object that pydantic's `Field()` uses."""
RELATED_LIMIT = 1_000


class Mark:
    """A declared default that is no value: `by(…)`, `related()`, `new()`, `optional()`, `column(…)`. `word` is how it is written."""

    word: ClassVar[str]


@dataclass(frozen=True)
class Column(Mark):
    """A field whose column has another name."""

    word = "column(…)"
    name: str
    default: Any = MISSING


def column(name: str, /, *, default: Any = MISSING) -> Any:
    """
    Give the field's column another *name* than the field's own.

    `mobile: str = column("phone")` renames in code alone.
    """
    return Column(name, default)


@dataclass(frozen=True)
class By(Mark):
    """Where an id or a value comes from: a form field, a state field (its id), or a column of a state field."""

    word = "by(…)"
    path: str
    head: str = field(init=False)
    """The field the path begins with."""
    column: str = field(init=False)
    """The column or nested name after the dot; empty for the field itself."""

    def __post_init__(self) -> None:
        head, _, column = self.path.partition(".")
        object.__setattr__(self, "head", head)
        object.__setattr__(self, "column", column)


@dataclass(frozen=True)
class RelatedBy(Mark):
    """What `related(…)` was told."""

    word = "related(…)"
    columns: Mapping[str, Any]
    limit: int


@dataclass(frozen=True)
class NewId(Mark):
    """What `new()` gives."""

    word = "new()"


@dataclass(frozen=True)
class Optional(Mark):
    """What `optional()` gives."""

    word = "optional()"


def by(path: str, /, *, init: Literal[False] = False) -> Any:  # noqa: ARG001  # `init` is read by type checkers
    """The id comes from this field of the form, or this column of another state field (`appointment.patient_id`); it is not on the wire."""
    return By(path)


def related(*, limit: int = RELATED_LIMIT, init: Literal[False] = False, **columns: Any) -> Any:  # noqa: ARG001  # as above
    """
    Rows whose *columns* equal these values, or what `by(…)` points to.

    Without columns: the children of the event's only `Ref` to their parent. More rows than *limit* is `TooLarge`.
    """
    return RelatedBy(columns, limit)


def new() -> Any:
    """The id may be left out; it is then derived from the event's id and the field's name."""
    return NewId()


def optional() -> Any:
    """A `Ref[M | None]` or `Lookup[M | None]` that the caller may leave out; it then reads as None."""
    return Optional()
