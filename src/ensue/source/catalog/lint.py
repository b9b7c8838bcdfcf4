"""Lint: what a catalog shows to be missing or left over. Each finding says what was found, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ensue.core.app import App
from ensue.core.catalog import Catalog, Place
from ensue.core.rejection import AlreadyExists, NotFound, Rejection
from ensue.core.step import Step
from ensue.source.catalog.build import catalog_of, logics_of
from ensue.source.catalog.places import classes_named_by, place_of

CODE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True)
class Finding:
    """One thing to look at: a code for programs, what it is about, a sentence with the remedy, and where it is written."""

    code: str
    name: str
    message: str
    place: Place | None

    def as_json(self) -> dict[str, Any]:
        """As the envelope has it."""
        return {**asdict(self), "place": str(self.place) if self.place else None}


def lint(app: App) -> tuple[Finding, ...]:
    """
    Everything that is missing or left over in what *app* declares.

    Raises:
        DefinitionError: it is declared wrongly.
    """
    catalog = catalog_of(app)
    steps = _steps(app)
    return (
        *_without_purpose(catalog),
        *_without_text(catalog),
        *_without_steps(catalog),
        *_effects(catalog),
        *_unused(steps),
        *_undeclared(steps),
        *_names(catalog, steps),
    )


def _steps(app: App) -> dict[str, Step]:
    """Every step that decides at any date, by type and name."""
    found = {type_: logics_of(app, type_) for type_ in app.types()}
    return {f"{type_} {step.name}": step for type_, logics in found.items() for logic in logics for step in logic.steps}


# ---- what is missing -----------------------------------------------------------------------------------------------
def _without_purpose(catalog: Catalog) -> Iterator[Finding]:
    """Shapes, steps, effects and models that say nothing of themselves; each once, whatever the dates it stands at."""
    silent: dict[tuple[str, str], Place | None] = {}
    for type_ in catalog.events:
        for entry in type_.entries:
            if not entry.purpose:
                silent["event", entry.name] = entry.place
            silent |= {("step", f"{entry.type} {one.name}"): one.place for one in entry.steps if not one.purpose}
    silent |= {("effect", one.name): one.place for one in catalog.effects if not one.purpose}
    silent |= {("model", one.name): one.place for one in catalog.models if not one.purpose}
    for (what, name), place in silent.items():
        yield Finding(
            "no_purpose", name, f"The {what} says nothing of itself; write a docstring of one sentence, for who reads the catalog.", place
        )


def _without_text(catalog: Catalog) -> Iterator[Finding]:
    for one in catalog.versions:
        if not one.text:
            message = f'The version has no text; say what it is with {catalog.app}.version("{one.version}", "…").'
            yield Finding("no_text", one.version, message, None)


def _without_steps(catalog: Catalog) -> Iterator[Finding]:
    for type_ in catalog.events:
        newest = type_.entries[-1]
        if not newest.steps and type_.ended is None:
            message = f'Since {newest.since} no step decides it: it is taken, and nothing follows. Say end_event("{type_.type}", …).'
            yield Finding("no_steps", type_.type, message, newest.place)


def _effects(catalog: Catalog) -> Iterator[Finding]:
    for one in catalog.effects:
        if one.performer is None:
            message = "Nobody performs this effect: it stays pending for ever. Register a function with performer(…)."
            yield Finding("no_performer", one.kind, message, one.place)
        elif not one.caused_by:
            message = f"No step may cause this effect; remove it and its performer {one.performer}, or declare it in a step."
            yield Finding("never_caused", one.kind, message, one.place)


# ---- what is left over ---------------------------------------------------------------------------------------------
def _unused(steps: Mapping[str, Step]) -> Iterator[Finding]:
    """Effects and rejections that a step declares and its code, read as far as it reaches, never names."""
    for name, step in steps.items():
        named = classes_named_by(step.function)
        if named is None:
            continue
        for effect in step.contract.effects_declared:
            if not _names_one(effect, named):
                message = f"It declares the effect {effect.__name__} and never makes one; take it out of the return annotation."
                yield Finding("declared_unused", name, message, place_of(step.function))
        for rejection in step.rejects:
            if not _names_one(rejection, named):
                message = f"It declares the rejection {rejection.__name__} and never raises it; take it out of rejects=."
                yield Finding("declared_unused", name, message, place_of(step.function))


def _names_one(cls: type[Any], named: Iterable[type[Any]]) -> bool:
    """Whether *cls* or one below it is named; a declared base stands for all that derive from it."""
    return any(issubclass(one, cls) for one in named)


def _undeclared(steps: Mapping[str, Step]) -> Iterator[Finding]:
    """Rejections written beside those of the steps, which no step declares."""
    declared = {rejection for step in steps.values() for rejection in step.rejects}
    modules = {step.module for step in steps.values()} | {one.__module__ for one in declared}
    for one in sorted(_below(Rejection), key=lambda one: (one.__module__, one.__qualname__)):
        if one.__module__ in modules and "<locals>" not in one.__qualname__ and not any(issubclass(other, one) for other in declared):
            yield Finding(
                "rejection_unused", one.code, f"No step declares {one.__name__}; remove it, or add it to rejects=.", place_of(one)
            )


def _below(cls: type[Rejection]) -> Iterator[type[Rejection]]:
    for one in cls.__subclasses__():
        if one not in (NotFound, AlreadyExists):
            yield one
            yield from _below(one)


# ---- names ---------------------------------------------------------------------------------------------------------
def _names(catalog: Catalog, steps: Mapping[str, Step]) -> Iterator[Finding]:
    for type_ in catalog.events:
        if "." not in type_.type:
            message = f"An event type has a namespace, such as {catalog.app}.{type_.type}: two applications may share a ledger's readers."
            yield Finding("name", type_.type, message, type_.entries[-1].place)
    for effect in catalog.effects:
        if "." not in effect.kind:
            message = f"The kind of an effect has a namespace, such as {effect.kind}.send: performers are found by it."
            yield Finding("name", effect.kind, message, effect.place)
    rejections = {rejection for step in steps.values() for rejection in step.rejects}
    by_code: dict[str, list[str]] = {}
    for one in sorted(rejections, key=lambda one: one.__name__):
        by_code.setdefault(one.code, []).append(one.__name__)
        if not CODE.fullmatch(one.code):
            message = (
                f"The code of {one.__name__} is no name for programs; use lower-case words joined by dots, such as medication.allergic."
            )
            yield Finding("name", one.code, message, place_of(one))
    for code, names in by_code.items():
        if len(names) > 1:
            yield Finding("code_twice", code, f"{' and '.join(names)} have one code, so programs cannot tell them apart; rename one.", None)
