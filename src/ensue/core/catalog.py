"""
Catalog: what an application can do, as data. Each event type at each date at which it changed, every model and effect.

Made by `app.catalog()`; `ledger.catalog()` adds what was seen. Values only: the text formats are made of these, and the
JSON of `ensue catalog export --format json` is these very classes, so that a catalog can be kept and compared later.
A field added here keeps the format; one that is renamed or gone makes it another one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ensue.core.compatibility import Change, Class
from ensue.core.version import Version
from ensue.errors import RequestError, UnknownEventType, VersionError

FORMAT: Final = "ensue-catalog/1"


@dataclass(frozen=True)
class Place:
    """Where something is written: a file below the folder of its package, and the line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class FieldEntry:
    """One field of a form, a row, an effect or a rejection."""

    name: str
    type: str
    """In words, such as "text or null", "list of integer" or "id of a Patient"."""
    required: bool
    schema: dict[str, Any]
    """The JSON Schema (draft 2020-12) of its values; the default is in it."""
    constraints: tuple[str, ...] = ()
    """In words, such as "at least 1"."""
    purpose: str | None = None
    """Why it is kept, such as "sensitive"; what has a purpose can be erased by it."""
    description: str = ""


@dataclass(frozen=True)
class StateEntry:
    """One piece of state that a decision reads."""

    name: str
    kind: str
    """ref (locked, must be there), lookup (read), new (the id of a row to come) or related (many rows)."""
    model: str
    columns: tuple[str, ...]
    """What is read of each row, and frozen into the record."""
    found: str
    """How the rows are found, in words."""
    optional: bool = False
    shape: str = ""
    """The class whose steps read it, where that is not the shape that callers send."""


@dataclass(frozen=True)
class StepEntry:
    """One step in force."""

    name: str
    purpose: str
    since: str
    place: Place | None
    shape: str
    """The class it reads."""
    operations: tuple[str, ...]
    effects: tuple[str, ...]
    rejections: tuple[str, ...]
    origin: str
    """The first step whose place it took, itself where it took none."""
    replaces: str | None = None
    """The step whose place it took."""
    until: str | None = None
    """The date from which on it no longer runs."""
    ended: str = ""
    """Why it ends, or which step takes its place."""


@dataclass(frozen=True)
class Cause:
    """Something that may follow, such as "insert LabTask" or an effect's kind, and the steps that may cause it."""

    name: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class RejectionEntry:
    """A reason why the event may not happen. Those of ensue itself (`built_in`) belong to no step."""

    code: str
    message: str
    """With its fields in braces."""
    field: str | None
    """The field of the form to mark."""
    fields: tuple[FieldEntry, ...]
    steps: tuple[str, ...] = ()
    built_in: bool = False


@dataclass(frozen=True)
class Caller:
    """A performer that names this event type in its code: it may answer with it. That is what the source says, not a proof."""

    performer: str
    effect: str
    place: Place | None


@dataclass(frozen=True)
class Line:
    """One line of the changelog: of a version, a shape, a step or an end, with its name."""

    kind: str
    name: str
    text: str


@dataclass(frozen=True)
class EventEntry:
    """An event type from one date to the next at which something changed."""

    type: str
    since: str
    until: str | None
    """The first date that it no longer describes; None where it is the newest."""
    name: str
    """The class that callers send."""
    purpose: str
    place: Place | None
    shape_since: str
    down: str
    """How whole the way back to the shape before is: "whole", "lossy: …", "none", or empty for the first shape."""
    system: str | None
    """The chain it is written to, where it has no subject."""
    demands: tuple[str, ...]
    """The fields whose tags a caller must send, such as "patient.phone"."""
    form: tuple[FieldEntry, ...]
    schema: dict[str, Any]
    """The JSON Schema (draft 2020-12) of the form."""
    state: tuple[StateEntry, ...]
    steps: tuple[StepEntry, ...]
    operations: tuple[Cause, ...]
    effects: tuple[Cause, ...]
    rejections: tuple[RejectionEntry, ...]
    callers: tuple[Caller, ...]
    changelog: tuple[Line, ...]
    changes: tuple[Change, ...]
    """Since the entry before; the gravest first."""
    compatibility: Class

    @property
    def key(self) -> str:
        """`medication.request@2018-08-01`."""
        return f"{self.type}@{self.since}"


@dataclass(frozen=True)
class EventTypeEntry:
    """An event type with its entries, oldest first."""

    type: str
    entries: tuple[EventEntry, ...]
    ended: str | None = None
    """The date from which on it is no longer taken."""
    ended_why: str = ""

    def at(self, version: str | None = None) -> EventEntry | None:
        """The entry in force at a date, or the newest; None before the first and after the end."""
        if version is None:
            return self.entries[-1]
        date = Version.parse(version)
        if self.ended is not None and Version.parse(self.ended) <= date:
            return None
        return next((one for one in reversed(self.entries) if Version.parse(one.since) <= date), None)


@dataclass(frozen=True)
class ModelShape:
    """An earlier shape of a model."""

    since: str | None
    """The date of the shape; the first may have none."""
    columns: tuple[FieldEntry, ...]


@dataclass(frozen=True)
class ModelEntry:
    """A model in its newest shape, and which event types read and write it at any date."""

    name: str
    purpose: str
    place: Place | None
    since: str | None
    """The date of its newest shape, where it has had several."""
    subject: bool
    parents: tuple[str, ...]
    columns: tuple[FieldEntry, ...]
    unique: tuple[tuple[str, ...], ...]
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    earlier: tuple[ModelShape, ...] = ()
    """Its earlier shapes, oldest first. The table is the newest; steps of earlier dates see what they were written for."""

    @property
    def dates(self) -> tuple[str, ...]:
        """The dates at which it got another shape."""
        return tuple(one for one in (*(shape.since for shape in self.earlier[1:]), self.since) if one is not None and self.earlier)

    def columns_at(self, version: str | None) -> tuple[FieldEntry, ...]:
        """The columns of its shape at a date, or of its newest. Raises VersionError (malformed)."""
        if version is None:
            return self.columns
        shapes = (*self.earlier, ModelShape(self.since, self.columns))
        known = [one for one in shapes if one.since is None or Version.parse(one.since) <= Version.parse(version)]
        return (known[-1] if known else shapes[0]).columns


@dataclass(frozen=True)
class EffectEntry:
    """An effect, who performs it, and which event types may cause it at any date."""

    kind: str
    name: str
    purpose: str
    place: Place | None
    fields: tuple[FieldEntry, ...]
    performer: str | None
    performer_place: Place | None
    acts_as: str | None
    """The actor of the events that bring its answer back."""
    caused_by: tuple[str, ...]
    answers: tuple[str, ...]
    """The event types that its performer names in its code."""


@dataclass(frozen=True)
class VersionText:
    """One date of the application's line, and what it says of it."""

    version: str
    text: str
    """Empty where the application says nothing."""
    state: str = "open"
    """open (nothing was published yet), draft (for previews and tests only) or published."""
    deprecated: str | None = None
    retired: str | None = None


@dataclass(frozen=True)
class SeenEvents:
    """How often an event type was recorded under a version, first and last when."""

    type: str
    version: str
    count: int
    first: str
    last: str


@dataclass(frozen=True)
class SeenCount:
    """How often something followed from an event type under a version: an operation, an effect, a rejection or another event."""

    type: str
    version: str
    name: str
    count: int


@dataclass(frozen=True)
class Seen:
    """What a ledger holds. Refused attempts are kept for 90 days, so rejections are those of that time."""

    events: tuple[SeenEvents, ...]
    operations: tuple[SeenCount, ...]
    effects: tuple[SeenCount, ...]
    rejections: tuple[SeenCount, ...]
    causes: tuple[SeenCount, ...]
    """The event type that a record names as its cause, or whose effect it names."""


@dataclass(frozen=True)
class Catalog:
    """Everything an application declares; with `seen`, what happened of it."""

    app: str
    versions: tuple[VersionText, ...]
    events: tuple[EventTypeEntry, ...]
    models: tuple[ModelEntry, ...]
    effects: tuple[EffectEntry, ...]
    seen: Seen | None = None
    format: str = FORMAT

    def entries(self, version: str | None = None) -> Iterator[EventEntry]:
        """Each event type as it is at a date, or now; those that have ended are left out. Raises VersionError (malformed)."""
        for one in self.events:
            found = one.at(version) if version is not None or one.ended is None else None
            if found is not None:
                yield found

    def event_type(self, type: str) -> EventTypeEntry:
        """An event type with all its dates. Raises UnknownEventType."""
        found = next((one for one in self.events if one.type == type), None)
        if found is None:
            near = difflib.get_close_matches(type, [one.type for one in self.events], n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"{self.app} has {', '.join(one.type for one in self.events)}."
            raise UnknownEventType(f"There is no event type {type!r}; {hint}")
        return found

    def entry(self, type: str, version: str | None = None) -> EventEntry:
        """
        An event type at a date, or at its newest.

        Raises:
            UnknownEventType, VersionError (malformed, or `not_in_version`).
        """
        found = self.event_type(type)
        entry = found.at(version)
        if entry is None:
            first, until = found.entries[0].since, f" until {found.ended}" if found.ended else " on"
            raise VersionError("not_in_version", f"{type} is not in {version}; it is in {first}{until}.", nearest=[first])
        return entry

    def as_json(self) -> dict[str, Any]:
        """The catalog as data that json.dumps writes: the form that `ensue catalog export --format json` gives."""
        data: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return {"format": data.pop("format"), **data}


@cache
def _adapter() -> TypeAdapter[Catalog]:
    Catalog.__pydantic_config__ = ConfigDict(use_attribute_docstrings=True)  # type: ignore[attr-defined]  # how pydantic is told of a plain dataclass
    return TypeAdapter(Catalog)


def read_catalog(data: Any) -> Catalog:
    """
    A catalog from what `as_json` gave.

    Raises:
        RequestError: it is none, or of another format.
    """
    found = data.get("format") if isinstance(data, dict) else None
    if found != FORMAT:
        raise RequestError(
            f"Expected a catalog of the format {FORMAT}, found {found!r}; make one with `ensue catalog export --format json`."
        )
    try:
        return _adapter().validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise RequestError(f"The catalog cannot be read: {path}: {first['msg']}.") from None


def catalog_schema() -> dict[str, Any]:
    """The JSON Schema of the catalog's own JSON."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FORMAT, **_adapter().json_schema()}
