"""Build: the catalog of an application, gathered from what it declares and from its source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ensue.core.app import App
from ensue.core.catalog import Caller, Catalog, EffectEntry, ModelEntry, ModelShape, Seen, VersionText
from ensue.core.description import purpose_of
from ensue.core.effect import Effect
from ensue.core.event import Event
from ensue.core.logic import Logic
from ensue.core.model import Model
from ensue.core.schema import body_schema, row_schema
from ensue.core.shapes import line_of
from ensue.errors import VersionError
from ensue.source.catalog.event_types import event_type_entry
from ensue.source.catalog.fields import field_entries
from ensue.source.catalog.places import classes_named_by, field_texts, place_of
from ensue.source.lock import find_lock, read_lock

Logics = Mapping[str, list[Logic]]
"""Of each event type, its logic at each date at which shape or steps changed."""


def catalog_of(app: App, seen: Seen | None = None) -> Catalog:
    """
    Everything *app* declares, and what was *seen* of it.

    Raises:
        DefinitionError: it is declared wrongly.
        ConfigurationError: its `versions.lock` cannot be read.
    """
    app.check()
    callers = _callers(app)
    types = {type_: logics_of(app, type_) for type_ in app.types()}
    return Catalog(
        app=app.name,
        versions=_versions(app),
        events=tuple(event_type_entry(app, type_, logics, callers.get(type_, ())) for type_, logics in types.items()),
        models=tuple(_model(one, types) for one in app.models()),
        effects=tuple(_effect(app, one, types, callers) for _, one in sorted(app.own_effects().items())),
        seen=seen,
    )


def _versions(app: App) -> tuple[VersionText, ...]:
    said = {one.version: one for one in app.entries()}
    lock = find_lock(app)
    published = read_lock(lock).published if lock else None
    texts = []
    for version in app.line():
        entry = said.get(version)
        deprecated, retired = (entry.deprecated, entry.retired) if entry else (None, None)
        state = "open" if published is None else "published" if version in published else "draft"
        dates = [str(one) if one else None for one in (deprecated, retired)]
        texts.append(VersionText(str(version), entry.text if entry else "", state, *dates))
    return tuple(texts)


def logics_of(app: App, type_: str) -> list[Logic]:
    """The logic of an event type at each date at which its shape or its steps changed, oldest first."""
    found: list[Logic] = []
    for version in app.line():
        try:
            logic = app.logic(type_, version)
        except VersionError:  # before its first date, or after its end
            continue
        if not found or (found[-1].shape, found[-1].steps) != (logic.shape, logic.steps):
            found.append(logic)
    return found


def _callers(app: App) -> dict[str, tuple[Caller, ...]]:
    """The performers that name an event type in their code, by event type."""
    found: dict[str, list[Caller]] = {}
    for kind in sorted(app.own_effects()):
        performer: Any = (app.performer_of(kind) or (None,))[0]
        named = classes_named_by(performer) if performer else None
        types = {one.__ensue__.type for one in named or () if issubclass(one, Event) and one is not Event}
        for type_ in sorted(types):
            found.setdefault(type_, []).append(Caller(performer.__name__, kind, place_of(performer)))
    return {type_: tuple(callers) for type_, callers in found.items()}


def _model(model: type[Model], types: Logics) -> ModelEntry:
    info = model.__ensue__
    return ModelEntry(
        name=info.name,
        purpose=purpose_of(model),
        place=place_of(model),
        since=str(info.version) if info.follows is not None else None,
        subject=info.subject,
        parents=tuple(one.__ensue__.name for one in info.parents),
        columns=field_entries(row_schema(model), field_texts(model)),
        unique=info.unique,
        written_by=tuple(type_ for type_, logics in types.items() if info.name in _written(logics)),
        read_by=tuple(type_ for type_, logics in types.items() if info.name in _read(logics)),
        earlier=tuple(_shape(one) for one in line_of(model)[:-1]),
    )


def _shape(model: type[Model]) -> ModelShape:
    version = model.__ensue__.version
    return ModelShape(None if version is None else str(version), field_entries(row_schema(model), field_texts(model)))


def _written(logics: Iterable[Logic]) -> set[str]:
    return {name for logic in logics for step in logic.steps for kind, name in step.contract.operations if kind != "cancel"}


def _read(logics: Iterable[Logic]) -> set[str]:
    fields = [one for logic in logics for shape in logic.shapes for one in shape.__ensue__.state.values()]
    return {one.model_name for one in fields if one.kind != "new"}


def _effect(app: App, effect: type[Effect], types: Logics, callers: Mapping[str, tuple[Caller, ...]]) -> EffectEntry:
    kind = effect.__ensue__.kind
    performer, acts_as = app.performer_of(kind) or (None, None)
    return EffectEntry(
        kind=kind,
        name=effect.__name__,
        purpose=purpose_of(effect),
        place=place_of(effect),
        fields=field_entries(body_schema(effect), field_texts(effect)),
        performer=performer.__name__ if performer else None,
        performer_place=place_of(performer) if performer else None,
        acts_as=acts_as,
        caused_by=tuple(type_ for type_, logics in types.items() if kind in _caused(logics)),
        answers=tuple(type_ for type_, found in callers.items() if any(one.effect == kind for one in found)),
    )


def _caused(logics: Iterable[Logic]) -> set[str]:
    return {kind for logic in logics for step in logic.steps for kind in step.contract.effects}
