"""
Check: was something edited after it was published, or can it not be published as it is?

    edited     the code of a published step, or of what it reaches; or which steps stand at a published date
    schema     the fields of a published shape, model, effect or rejection, without a new shape
    text       a version, a change or a new shape says nothing of itself
    vanished   a published version, event type, shape or step is no longer declared
    order      a date before the newest published one is new
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ensue.core.version import Version
from ensue.source.fields import changed_fields
from ensue.source.inventory import Inventory
from ensue.source.lock import Lock, Section
from ensue.source.reach import Reached

Kind = Literal["edited", "schema", "text", "vanished", "order"]
ACCEPTABLE: frozenset[Kind] = frozenset({"edited", "schema"})
"""What `ensue versions accept-edit` can take over; the rest has to be put right."""

ACCEPT = "or run `ensue versions accept-edit --reason …`"
HOW = {
    "removed": "is gone",
    "changed": "has another type",
    "required": "must be given now",
    "optional": "may be left out now",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was published, or cannot be: where, a sentence with what to do, and the place in the source."""

    kind: Kind
    message: str
    type: str | None = None
    version: str | None = None
    step: str | None = None
    part: str | None = None
    """What changed of all that the step reaches, by its whole name."""
    file: str | None = None
    line: int | None = None


def check(lock: Lock | None, present: Inventory) -> list[Finding]:
    """Everything that `ensue versions check` has to say; *lock* is None where nothing was published yet."""
    found: list[Finding] = []
    if lock is not None:
        found += _versions(lock, present.lock)
        for type_, published in lock.events.items():
            found += _event_type(type_, published, lock, present)
        for type_ in sorted(present.lock.events.keys() - lock.events.keys()):
            found += _begun_in_the_past(type_, lock, present.lock)
        found += _models(lock, present)
        found += _schemas(lock, present.lock)
    return [*found, *_texts(present)]


def _versions(lock: Lock, present: Lock) -> Iterator[Finding]:
    for version in sorted(lock.versions.keys() - present.versions.keys()):
        yield Finding(
            "vanished",
            f"{version} was published and nothing declares it any more: put `app.version({version!r}, …)` back.",
            version=version,
        )
    newest = max(lock.published, default=None)
    for text in present.versions:
        if newest is not None and text not in lock.versions and Version.parse(text) < newest:
            yield Finding("order", f"{text} is new and lies before {newest}, which is published: give it a later date.", version=text)


# ---- event types ---------------------------------------------------------------------------------------------------
def _event_type(type_: str, published: Section, lock: Lock, present: Inventory) -> Iterator[Finding]:
    now = present.lock.events.get(type_)
    if now is None:
        yield Finding(
            "vanished", f"{type_} was published and nothing declares it any more: put it back, and end it with `app.end_event`.", type_
        )
        return
    for key, step in published["steps"].items():
        yield from _step(type_, key, step, now["steps"].get(key), present)
    for name, shape in published["shapes"].items():
        yield from _shape(type_, name, shape, now["shapes"].get(name), lock, present)
    for version in sorted(lock.versions, key=Version.parse):
        yield from _standing(type_, version, published["versions"].get(version), now["versions"].get(version), now)


def _step(type_: str, key: str, published: Section, now: Section | None, present: Inventory) -> Iterator[Finding]:
    since, name = key.split(" ", 1)
    where = f"{type_} at {since}: step {name}"
    remedy = f"write a step since a later date that says replaces={name}, {ACCEPT}"
    if now is None:
        yield Finding("vanished", f"{where} was published and is gone: put it back, and end it with `app.end_step`.", type_, since, name)
        return
    if now["code"] != published["code"]:
        for part in changed_parts(published["parts"], now["parts"]) or [None]:
            place = _first(present, type_, key) if part is None else present.place(f"{type_}/{key}", part)
            how = _how(part, published["parts"], now["parts"], itself=place is _first(present, type_, key))
            yield Finding("edited", f"{where}: {how}: {remedy}.", type_, since, name, part, *_at(place))
    for what in ("shape", "origin", "replaces", "operations", "effects", "rejects"):
        if now.get(what) != published.get(what):
            place = _first(present, type_, key)
            yield Finding(
                "edited",
                f"{where}: its {what}: {_words(published.get(what))} when it was published, {_words(now.get(what))} now: {remedy}.",
                type_, since, name, None, *_at(place),
            )  # fmt: skip


def _how(part: str | None, before: Section, after: Section, *, itself: bool) -> str:
    """What happened to one thing that a step reaches."""
    if part not in after and part is not None:
        return f"{part} is no longer reached"
    if part not in before and not itself:
        return f"{part} is reached now"
    return f"{'it' if itself else part} was edited after it was published"


def _first(present: Inventory, type_: str, key: str) -> Reached:
    """Where the step itself stands: the first of all that it reaches."""
    return next(iter(present.code[f"{type_}/{key}"].places.values()))


def _at(place: Reached | None) -> tuple[str | None, int | None]:
    return (None, None) if place is None else (place.file, place.line)


def changed_parts(before: Section, after: Section) -> list[str | None]:
    """The names of what differs; what has moved to another module with its code is none of it."""
    moved = {digest for name, digest in before.items() if name not in after} & {
        digest for name, digest in after.items() if name not in before
    }
    return [
        name
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name) and not {before.get(name), after.get(name)} & moved
    ]


def _standing(type_: str, version: str, published: Section | None, now: Section | None, present: Section) -> Iterator[Finding]:
    """Which steps and which shape stand at a published date."""
    if published == now:
        return
    before, after = (published or {}).get("steps", []), (now or {}).get("steps", [])
    begun = [key for key in after if key not in before and key.startswith(f"{version} ")]
    for key in begun:
        name = key.split(" ", 1)[1]
        yield Finding(
            "edited", f"{type_} at {version}: step {name} is new in a published version: give it a later date.", type_, version, name
        )
    if not begun and all(key in present["steps"] for key in before):
        yield Finding(
            "edited",
            f"{type_} at {version}: {_words(before)} stood there when it was published, and {_words(after)} now: give it a later date.",
            type_, version,
        )  # fmt: skip


def _begun_in_the_past(type_: str, lock: Lock, present: Lock) -> Iterator[Finding]:
    for version in sorted(present.events[type_]["versions"].keys() & lock.versions.keys())[:1]:
        yield Finding("edited", f"{type_} is new and begins at {version}, which is published: give it a later date.", type_, version)


def _shape(type_: str, name: str, published: Section, now: Section | None, lock: Lock, present: Inventory) -> Iterator[Finding]:
    where, since = f"{type_} at {published['since']}: shape {name}", published["since"]
    if now is None:
        yield Finding("vanished", f"{where} was published and is gone: put the class back.", type_, since)
        return
    remedy = f"put it back and write a class that follows {name} from a later date, {ACCEPT}"
    for field, how in changed_fields(published["form"], now["form"]).items():
        if how != "added":
            yield Finding("schema", f"{where}: {field} {HOW[how]}: {remedy}.", type_, since)
    for field in sorted(published["state"].keys() | now["state"].keys()):
        if not _reads_the_same(published["state"].get(field), now["state"].get(field), lock):
            yield Finding("schema", f"{where}: the state field {field} reads something else: {remedy}.", type_, since)
    if now["since"] != since:
        yield Finding("edited", f"{where}: it begins at {now['since']} now: put its date back.", type_, since)
    yield from _code(where, name, published, now, present, type_, since)


def _reads_the_same(published: Section | None, now: Section | None, lock: Lock) -> bool:
    if published is None or now is None or published == now:
        return published == now
    whole = published["class"] in lock.models.get(published["model"], {"shapes": {}})["shapes"]
    # A whole model has the columns that were added to it since; a view has those that it names.
    columns = whole and set(published["columns"]) <= set(now["columns"])
    return columns and {**published, "columns": None} == {**now, "columns": None}


def _code(
    where: str, name: str, published: Section, now: Section, present: Inventory, type_: str | None, since: str | None
) -> Iterator[Finding]:
    """`up`, `down` and the checks in the fields of a shape of events or of a model."""
    for way in ("up", "down", "checks"):
        if published.get(way) == now.get(way):
            continue
        for part in changed_parts(published.get(f"{way}_parts", {}), now.get(f"{way}_parts", {})) or [None]:
            place = present.place(f"{name}.{way}", part) if part is not None else None
            what = f"{name}.{way}" if part is None or part.endswith(f"{name}.{way}") else f"{name}.{way}: {part}"
            yield Finding(
                "edited",
                f"{where}: {what} was edited after it was published: put it back, {ACCEPT}.",
                type_, since, None, part, *_at(place),
            )  # fmt: skip


# ---- models and the rest -------------------------------------------------------------------------------------------
def _models(lock: Lock, present: Inventory) -> Iterator[Finding]:
    for name, published in lock.models.items():
        now = present.lock.models.get(name)
        if now is None:
            yield Finding("vanished", f"The model {name} was published and is gone: put the class back.")
            continue
        for what in ("of", "subject", "unique"):
            if published[what] != now[what]:
                yield Finding(
                    "schema", f"The model {name}: {what}= was {published[what]} when it was published, and is {now[what]}: {ACCEPT[3:]}."
                )
        for shape, before in published["shapes"].items():
            after = now["shapes"].get(shape)
            if after is None:
                yield Finding("vanished", f"The model {name}: its shape {shape} was published and is gone: put the class back.")
                continue
            for field, how in changed_fields(before["row"], after["row"]).items():
                if how != "added":
                    remedy = f"put it back and write a class that follows {shape}, {ACCEPT}"
                    yield Finding("schema", f"The model {name}: {shape}.{field} {HOW[how]}: {remedy}.", version=before["since"])
            yield from _code(f"The model {name}", shape, before, after, present, None, before["since"])


def _schemas(lock: Lock, present: Lock) -> Iterator[Finding]:
    for name, published in lock.schemas.items():
        now = present.schemas.get(name)
        for field, how in changed_fields(published, now).items() if now is not None else ():
            if how != "added":
                yield Finding("schema", f"The {name}: {field} {HOW[how]}: put it back and declare another under a new name, {ACCEPT}.")


def _words(names: Any) -> str:
    if isinstance(names, list):
        return ", ".join(str(one).rpartition(" ")[2] if one[:1].isdigit() else str(one) for one in names) or "none"
    return str(names or "none")


# ---- texts ---------------------------------------------------------------------------------------------------------
def _texts(present: Inventory) -> Iterator[Finding]:
    """What has no text, and would leave a hole in the changelog. The first version needs none below its own."""
    for version, said in present.lock.versions.items():
        if not said["text"]:
            yield Finding("text", f"{version} says nothing of itself: write `app.version({version!r}, '…')`.", version=version)
    first = min(map(Version.parse, present.lock.versions), default=None)
    for name, model in present.lock.models.items():
        for shape, entry in model["shapes"].items():
            if "up" in entry and not entry["text"]:
                message = f"The model {name}: shape {shape} says nothing of what changed: give the class a docstring."
                yield Finding("text", message, version=entry["since"])
    for type_, entry in present.lock.events.items():
        begins = min(map(Version.parse, entry["versions"]))
        for name, shape in entry["shapes"].items():
            if not shape["text"] and Version.parse(shape["since"]) != first:
                message = f"{type_} at {shape['since']}: shape {name} says nothing of what changed: give the class a docstring."
                yield Finding("text", message, type_, shape["since"])
        for key, step in entry["steps"].items():
            since, name = key.split(" ", 1)
            if not step["text"] and begins < Version.parse(since):
                place = _first(present, type_, key)
                message = f"{type_} at {since}: step {name} says nothing of what changed: give it a docstring."
                yield Finding("text", message, type_, since, name, None, *_at(place))
