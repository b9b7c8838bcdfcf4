"""Messages: what a process and its child say to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ensue.core.diff import Side
from ensue.core.expectation import Expectation
from ensue.core.facts import Query, Row
from ensue.core.one_shape import Shapes

FAILED_ASKING: Final = "missing"
"""How the parent answers when nobody can tell."""


class Hello(NamedTuple):
    """What a child is told first."""

    path: tuple[str, ...]
    """Where Python looks for modules."""
    app: str
    """The application by `module:name`."""
    modules: tuple[str, ...]
    """The modules that declare its steps: importing the first alone may not import them all."""
    types: tuple[str, ...]
    """Its event types, so that a child knows whether it has the whole application."""
    code: Path | None = None
    """The other checkout that it must come from."""


class Greeting(NamedTuple):
    """What a child with an application says first."""

    expectations: tuple[Expectation, ...]
    shapes: Shapes


class Answered(NamedTuple):
    """The last word of a child on what it was asked."""

    value: Any


class Asked(NamedTuple):
    """What a child wants to know before it can answer."""

    question: tuple[Any, ...]


class Passed(NamedTuple):
    """How many records more a child has done, said meanwhile; it waits for no answer."""

    records: int


class Failed(NamedTuple):
    """Why a child cannot answer."""

    message: str


class Decide(NamedTuple):
    """Decide one record, as exported, under *version*; answer with what comes of it, and with *base* in the newest shapes."""

    members: Any
    version: str
    rows: Sequence[tuple[str, str, Row | None]]
    """Model, id and row of all that the record knows, None for what was not there, in the newest shapes of whoever asks."""
    answers: Sequence[tuple[Query, set[str]]]
    """The queries that its state answers, with the ids found."""
    shapes: Mapping[str, str]
    """Which shapes these are, by name of the model."""
    base: Side | None
    """What is to be brought up from these shapes, where anything of it may have another one there."""


class Call(NamedTuple):
    """Call a *function*, given by module and name."""

    path: tuple[str, ...]
    """Where Python looks for modules."""
    modules: Mapping[str, str | None]
    """What must be imported before the arguments can be read, with the file of each, where its name does not lead to it."""
    function: tuple[str, str]
    arguments: bytes
    """A pickle."""


class Do(NamedTuple):
    """Do a part of a job; *place* is where its records are."""

    job: Any
    place: Any
    part: Any
