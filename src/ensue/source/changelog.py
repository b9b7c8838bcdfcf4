"""
Changelog: what each version changed, for people who call and people who read, built from a lock and the texts in it.

Nothing is written by hand but the texts: `app.version(…)`, the docstrings of steps and shapes, and why something ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from ensue.core.compatibility import Change, Description, StepDescription, compare, schema_changes, worst
from ensue.core.version import Version, VersionEntry
from ensue.source.inventory import fingerprint
from ensue.source.lock import Lock, Section

Kind = Literal["breaking", "behaviour", "additive", "deprecation"]


@dataclass(frozen=True)
class StepChange:
    """A step that was added, took another's place, or ended; and its text."""

    change: Literal["added", "replaced", "ended"]
    step: str
    text: str
    replaces: str | None = None


@dataclass(frozen=True)
class Entry:
    """
    What a version changed of one event type or model, or what it says of going away.

    `fingerprint` stands for what changed, not for how it is told, so that who approved it need not do so again after a
    typing error was put right.
    """

    about: str
    kind: Kind
    text: str
    steps: tuple[StepChange, ...] = ()
    changes: tuple[Change, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True)
class Release:
    """One version and its entries, the gravest first."""

    version: str
    text: str
    entries: tuple[Entry, ...]


def changelog(lock: Lock, said: Iterable[VersionEntry] = ()) -> tuple[Release, ...]:
    """What every version in *lock* changed, the newest first; *said* are the dates on which versions go away."""
    leaving = {str(one.version): one for one in said}
    versions = sorted(lock.versions, key=Version.parse)
    return tuple(
        Release(version, lock.versions[version]["text"], tuple(_entries(lock, version, leaving.get(version))))
        for version in reversed(versions)
    )


def _entries(lock: Lock, version: str, leaving: VersionEntry | None) -> list[Entry]:
    found = [_of_event_type(lock, type_, version) for type_, entry in sorted(lock.events.items()) if version in entry["versions"]]
    found += _of_models(lock, version)
    if leaving is not None and (leaving.deprecated or leaving.retired):
        found.append(_leaving(version, leaving.deprecated, leaving.retired))
    order: Sequence[Kind] = ("breaking", "behaviour", "additive", "deprecation")
    return sorted(found, key=lambda one: order.index(one.kind))


# ---- event types ---------------------------------------------------------------------------------------------------
def _of_event_type(lock: Lock, type_: str, version: str) -> Entry:
    entry = lock.events[type_]
    at = entry["versions"][version]
    earlier = [one for one in sorted(entry["versions"], key=Version.parse) if Version.parse(one) < Version.parse(version)]
    before = entry["versions"][earlier[-1]] if earlier else None
    changes = compare(_description(lock, entry, before), _description(lock, entry, at))
    new_shape = at.get("shape") if before is None or at.get("shape") != before.get("shape") else None
    text = at.get("ended") or (entry["shapes"][new_shape]["text"] if new_shape is not None else "")
    kind = worst(changes)
    return _entry(version, type_, "additive" if kind == "none" else kind, text, _step_changes(entry, before, at), _without_steps(changes))


def _description(lock: Lock, entry: Section, at: Section | None) -> Description | None:
    """What an event type is at a date, in the words that compatibility compares; None before it begins and after it ended."""
    if at is None or "ended" in at:
        return None
    steps = [(key, entry["steps"][key]) for key in at["steps"]]
    return Description(
        form=entry["shapes"][at["shape"]]["form"],
        operations=frozenset(one for _, step in steps for one in step["operations"]),
        effects=frozenset(one for _, step in steps for one in step["effects"]),
        rejections={code: lock.schemas[f"rejection {code}"] for _, step in steps for code in step["rejects"]},
        steps=tuple(StepDescription(_name(key), step["origin"], step["text"]) for key, step in steps),
    )


def _step_changes(entry: Section, before: Section | None, at: Section) -> tuple[StepChange, ...]:
    if before is None:
        return ()
    old, new = before.get("steps", []), at.get("steps", [])
    found: list[StepChange] = []
    for key in new:
        step = entry["steps"][key]
        if key not in old:
            replaced = step.get("replaces")
            found.append(StepChange("replaced" if replaced else "added", _name(key), step["text"], _name(replaced) if replaced else None))
    replaced_keys = {entry["steps"][key].get("replaces") for key in new}
    ended: Mapping[str, str] = at.get("ended_steps", {})
    found += [
        StepChange("ended", _name(key), ended.get(key, ""))
        for key in old
        if key not in new and key not in replaced_keys and "ended" not in at
    ]
    return tuple(found)


def _without_steps(changes: Iterable[Change]) -> tuple[Change, ...]:
    """What is not told of the steps themselves."""
    return tuple(one for one in changes if not one.path.startswith("steps"))


def _name(key: str) -> str:
    return key.split(" ", 1)[1]


# ---- models and dates ----------------------------------------------------------------------------------------------
def _of_models(lock: Lock, version: str) -> Iterable[Entry]:
    """The shapes of models that begin at a version: readers of rows see them."""
    for name, model in sorted(lock.models.items()):
        line = sorted(model["shapes"].items(), key=lambda one: (one[1]["since"] is not None, one[1]["since"] or ""))
        for (_, older), (shape, newer) in pairwise(line):
            if newer["since"] == version:
                changes = tuple(schema_changes(older["row"], newer["row"], "answer", name))
                kind = worst(changes)
                yield _entry(version, f"{name} ({shape})", "additive" if kind == "none" else kind, newer["text"], (), changes)


def _leaving(version: str, deprecated: date | None, retired: date | None) -> Entry:
    told = [f"deprecated on {deprecated}"] if deprecated else []
    told += [f"refuses new events from {retired} on"] if retired else []
    text = " and ".join(told)
    return _entry(version, version, "deprecation", f"{text[:1].upper()}{text[1:]}.", (), ())


def _entry(version: str, about: str, kind: Kind, text: str, steps: tuple[StepChange, ...], changes: tuple[Change, ...]) -> Entry:
    stands_for: Any = [version, about, kind, [[one.change, one.step] for one in steps], [[one.path, one.code] for one in changes]]
    if kind == "deprecation":
        stands_for.append(text)
    return Entry(about, kind, text, steps, changes, fingerprint(stands_for))


# ---- Markdown ------------------------------------------------------------------------------------------------------
def as_markdown(app: str, releases: Sequence[Release], drafts: Iterable[str] = ()) -> str:
    """The changelog as a page; versions among *drafts* are marked as such."""
    lines = [f"# Changelog of {app}", ""]
    for release in releases:
        lines += [f"## {release.version}" + (" (draft)" if release.version in set(drafts) else ""), ""]
        lines += [release.text, ""] if release.text else []
        for one in release.entries:
            lines += [f"### {one.about}: {one.kind}", ""]
            lines += [one.text, ""] if one.text else []
            points = [*(f"- {change.message}" for change in one.changes), *(f"- {_step_text(step)}" for step in one.steps)]
            lines += [*points, ""] if points else []
            lines += [f"Fingerprint: `{one.fingerprint}`", ""]
    return "\n".join(lines).rstrip() + "\n"


def _step_text(one: StepChange) -> str:
    said = f": {one.text}" if one.text else "."
    if one.change == "ended":
        return f"Step `{one.step}` no longer runs{said}"
    return f"Step `{one.step}` {'takes the place of `' + one.replaces + '`' if one.replaces else 'is new'}{said}"
