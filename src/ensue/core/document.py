"""
Document: what an event's payload says, as leaves in their order (design §5), and back again.

    form         {…}                                           the parsed form, defaults filled
    state        [[field, model, id, {…}] …]
    operations   [[kind, model, id, before, after, step] …]
    effects      [[kind, key, {…}, step] …]
    then one leaf for each non-null value that has a purpose, named by its path

    form/name   state/patient/0/phone   operations/2/after/phone   effects/0/to
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ensue.core.app import App
from ensue.core.binding import Binding, Bound
from ensue.core.canonical import Json
from ensue.core.data import fields_of
from ensue.core.fields import Fields
from ensue.core.plan import Plan

Leaf = tuple[str, Json]
Split = Callable[[str], Fields]


def leaves_of(binding: Binding, bound: Bound, plan: Plan, model_fields: Split, effect_fields: Split) -> list[Leaf]:
    """The payload's leaves. *model_fields* and *effect_fields* give the fields of a model's newest shape, or of an effect, by name."""
    apart: list[Leaf] = []
    form = binding.split_form(model_fields, effect_fields, apart)
    state = _split_state(bound.state, model_fields, apart)
    operations = [_split_operation(one, place, model_fields, apart) for place, one in enumerate(plan.recorded_operations)]
    effects: list[Json] = []
    kind: Any
    body: Any
    for place, (kind, key, body, step) in enumerate(plan.recorded_effects):
        fields = effect_fields(kind)
        effects.append([kind, key, fields.split(body, f"effects/{place}", apart) if fields.splits else body, step])
    return [("form", form), ("state", state), ("operations", operations), ("effects", effects), *apart]


def _split_state(state: list[Any], model_fields: Split, apart: list[Leaf]) -> list[Json]:
    kept: list[Json] = []
    places: dict[str, int] = {}
    for entry in state:
        slot, model, id, columns = entry
        fields = model_fields(model)
        place = places[slot] = places.get(slot, -1) + 1
        kept.append([slot, model, id, fields.split(columns, f"state/{slot}/{place}", apart)] if fields.splits else entry)
    return kept


def _split_operation(operation: list[Json], place: int, model_fields: Split, apart: list[Leaf]) -> Json:
    kind, model, id, before, after, step = operation
    if kind in ("cancel", "erase"):
        return operation
    fields = model_fields(str(model))
    if not fields.splits:
        return operation
    after = fields.split(after, f"operations/{place}/after", apart) if isinstance(after, dict) else None
    before = fields.split(before, f"operations/{place}/before", apart) if isinstance(before, dict) else None
    return [kind, model, id, before, after, step]


def fields_by_name(app: App) -> tuple[Split, Split]:
    """The fields of models and of effects by their stored names, for `leaves_of`."""
    models = {model.__ensue__.name: fields_of(model) for model in app.models()}
    effects: dict[str, Any] = {kind: fields_of(effect) for kind, effect in app.effects().items()}
    return models.__getitem__, effects.__getitem__
