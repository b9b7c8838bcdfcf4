"""Publish: close dates of an application, and accept edits of what was closed, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date

from ensue.core.version import Version
from ensue.source.check import Finding
from ensue.source.lock import Lock, Section


def publish(lock: Lock | None, present: Lock, until: Version) -> tuple[Lock, list[str]]:
    """
    The lock in which every date up to *until* is closed, and the dates that were not before.

    Nothing that was published is rewritten; fields that were added with a default are taken over, so that they cannot be
    taken away again. The same call again gives the same lock.
    """
    before = lock or Lock(present.app)
    closed = [one for one in present.versions if Version.parse(one) <= until and one not in before.versions]
    after = _part_of(present, {*before.versions, *closed})
    kept = {type_: _steps_kept(entry, before.events.get(type_)) for type_, entry in after.events.items()}
    return replace(after, versions=after.versions | before.versions, events=kept, accepted=before.accepted), closed


def _steps_kept(entry: Section, published: Section | None) -> Section:
    """*entry*, with what was published of its steps and dates as it was published: parts may bear other names since."""
    if published is None:
        return entry
    return {**entry, "steps": entry["steps"] | published["steps"], "versions": entry["versions"] | published["versions"]}


def accept_edits(lock: Lock, present: Lock, edits: Sequence[Finding], reason: str, on: date) -> Lock:
    """The lock with everything published as it is now, and the *edits* with their *reason* in its log."""
    named = [{name: value for name, value in asdict(one).items() if value is not None and name not in ("file", "line")} for one in edits]
    entry = {"on": on.isoformat(), "reason": reason, "edits": named}
    after = _part_of(present, set(lock.versions))
    return replace(after, versions=lock.versions | after.versions, accepted=[*lock.accepted, entry])


def _part_of(present: Lock, versions: set[str]) -> Lock:
    """What of *present* belongs to some of its dates: the steps that stand there, their shapes, and what those touch."""
    events = {type_: part for type_, entry in present.events.items() if (part := _events_part(entry, versions)) is not None}
    steps = [step for entry in events.values() for step in entry["steps"].values()]
    states = [one for entry in events.values() for shape in entry["shapes"].values() for one in shape["state"].values()]
    models = {one["model"] for one in states} | {word.split(" ")[1] for step in steps for word in step["operations"] if " " in word}
    models |= {parent for name in models & present.models.keys() for parent in present.models[name]["of"]}
    schemas = {f"effect {kind}" for step in steps for kind in step["effects"]}
    schemas |= {f"rejection {code}" for step in steps for code in step["rejects"]}
    return Lock(
        present.app,
        {version: said for version, said in present.versions.items() if version in versions},
        events,
        {name: model for name, model in present.models.items() if name in models},
        {name: schema for name, schema in present.schemas.items() if name in schemas},
    )


def _events_part(entry: Section, versions: set[str]) -> Section | None:
    standing = {version: at for version, at in entry["versions"].items() if version in versions}
    if not standing:
        return None
    steps = {key: entry["steps"][key] for at in standing.values() for key in at.get("steps", ())}
    newest = max(map(Version.parse, versions))
    shapes = {name: shape for name, shape in entry["shapes"].items() if Version.parse(shape["since"]) <= newest}
    return {"shapes": shapes, "steps": steps, "versions": standing}
