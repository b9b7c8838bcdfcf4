"""Uses: which event types may cause an effect or write a model, from which date to which, and by which steps."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ensue.core.catalog import Catalog, Cause, EventTypeEntry
from ensue.errors import RequestError
from ensue.source.catalog.seen import seen_of


@dataclass(frozen=True)
class Use:
    """One event type that may cause something, `since` a date `until` another; `seen` is None where nobody looked."""

    type: str
    since: str
    until: str | None
    name: str
    steps: tuple[str, ...]
    seen: int | None


def causing(catalog: Catalog, effect: str) -> tuple[Use, ...]:
    """What may cause an effect, by its kind or class. Raises RequestError where there is no such effect."""
    kinds = {one.kind for one in catalog.effects if effect in (one.kind, one.name)}
    _check("effect", effect, kinds, [name for one in catalog.effects for name in (one.kind, one.name)])
    return tuple(use for one in catalog.events for use in _uses(catalog, one, "effects", kinds))


def writing(catalog: Catalog, model: str) -> tuple[Use, ...]:
    """What may write rows of a model. Raises RequestError where there is no such model."""
    names = [one.name for one in catalog.models]
    _check("model", model, {model} & set(names), names)
    operations = {cause.name for one in catalog.events for entry in one.entries for cause in entry.operations}
    written = {one for one in operations if one.partition(" ")[2] == model}
    return tuple(use for one in catalog.events for use in _uses(catalog, one, "operations", written))


def _check(what: str, asked: str, found: Iterable[str], known: list[str]) -> None:
    if not set(found):
        near = difflib.get_close_matches(asked, known, n=2)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(dict.fromkeys(known)) or 'none'}."
        raise RequestError(f"There is no {what} {asked!r}; {hint}")


def _uses(catalog: Catalog, type_: EventTypeEntry, where: str, names: Iterable[str]) -> Iterator[Use]:
    """Entries that follow one another with the same steps are one use."""
    for name in sorted(names):
        last: Use | None = None
        for entry in type_.entries:
            causes: tuple[Cause, ...] = getattr(entry, where)
            steps = next((one.steps for one in causes if one.name == name), ())
            seen = getattr(seen_of(catalog.seen, entry), where)[name] if catalog.seen else None
            if last is not None and last.steps == steps:
                both = None if seen is None or last.seen is None else last.seen + seen
                last = Use(last.type, last.since, entry.until, name, steps, both)
                continue
            if last is not None and last.steps:
                yield last
            last = Use(type_.type, entry.since, entry.until, name, steps, seen)
        if last is not None and last.steps:
            yield last
