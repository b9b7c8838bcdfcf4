"""Diff: what changed between two catalogs, or between two dates of one, and what each change means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ensue.core.catalog import Catalog, EventEntry, FieldEntry
from ensue.core.compatibility import Change, Class, Description, StepDescription, compare, schema_changes, worst
from ensue.core.schema import Schema


@dataclass(frozen=True)
class Difference:
    """What changed of one event type, version, effect or model (`kind`), the gravest first."""

    kind: str
    name: str
    changes: tuple[Change, ...]

    @property
    def compatibility(self) -> Class:
        """The class of the gravest change."""
        return worst(self.changes)

    def as_json(self) -> dict[str, Any]:
        """As the envelope has it."""
        changes = [asdict(one) for one in self.changes]
        return {"kind": self.kind, "name": self.name, "compatibility": self.compatibility, "changes": changes}


def diff(before: Catalog, after: Catalog, *, before_at: str | None = None, after_at: str | None = None) -> tuple[Difference, ...]:
    """
    From *before* to *after*: each at a date, or at its newest. What did not change is left out.

    What is said of versions and effects has no dates; it differs only between two catalogs.

    Raises:
        VersionError: a date is malformed.
    """
    old = {one.type: one for one in before.entries(before_at)}
    new = {one.type: one for one in after.entries(after_at)}
    found = [Difference("event type", name, compare(_described(old.get(name)), _described(new.get(name)))) for name in _names(old, new)]
    found += _versions_differ(before, after)
    found += _fields_differ("effect", {one.kind: one.fields for one in before.effects}, {one.kind: one.fields for one in after.effects})
    rows = [{one.name: one.columns_at(at) for one in side.models} for side, at in ((before, before_at), (after, after_at))]
    found += _fields_differ("model", *rows)
    return tuple(one for one in found if one.changes)


def _described(entry: EventEntry | None) -> Description | None:
    if entry is None:
        return None
    return Description(
        form=entry.schema,
        state={one.name: f"{one.model} ({', '.join(one.columns)}), {one.found}" for one in entry.state},
        operations=frozenset(one.name for one in entry.operations),
        effects=frozenset(one.name for one in entry.effects),
        rejections={one.code: _object(one.fields) for one in entry.rejections if not one.built_in},
        steps=tuple(StepDescription(one.name, one.origin, one.purpose) for one in entry.steps),
        demands=entry.demands,
    )


def _versions_differ(before: Catalog, after: Catalog) -> Iterable[Difference]:
    """Versions of both that are to go away now, and were not before."""
    known = {one.version: one for one in before.versions}
    for one in after.versions:
        old = known.get(one.version, one)
        changes = []
        if one.retired and not old.retired:
            message = f"It takes no new events from {one.retired} on; send them under a later version."
            changes.append(Change("retired", "version_retired", message, "breaking"))
        if one.deprecated and not old.deprecated:
            message = f"It is deprecated from {one.deprecated} on: who sends events under it is told to leave it."
            changes.append(Change("deprecated", "version_deprecated", message, "behaviour"))
        yield Difference("version", one.version, tuple(changes))


def _fields_differ(kind: str, old: Mapping[str, tuple[FieldEntry, ...]], new: Mapping[str, tuple[FieldEntry, ...]]) -> Iterable[Difference]:
    """Effects and rows are read by others, so they are compared as answers."""
    for name in _names(old, new):
        if name not in old:
            changes = [Change("", f"{kind}_added", f"The {kind} is new.", "additive")]
        elif name not in new:
            changes = [Change("", f"{kind}_removed", f"The {kind} is gone.", "breaking")]
        else:
            changes = schema_changes(_object(old[name]), _object(new[name]), "answer")
        yield Difference(kind, name, tuple(changes))


def _object(fields: tuple[FieldEntry, ...]) -> Schema:
    return {
        "type": "object",
        "properties": {one.name: one.schema for one in fields},
        "required": [one.name for one in fields if one.required],
    }


def _names(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted(old.keys() | new.keys())
