"""
Correction: the event that performs a difference. It names its original, and says row by row what is to become of it.

    changes   [[model, id, kind, expected, target, decision] …]
              kind is insert, update, increase or delete; of an increase the target is the amounts, and nothing is expected;
              decision is "apply", or "force": whatever stands there now
    kept      [[model, id, {column: value}] …]   what people decided to leave as it is; null: a row that is gone
    effects   [[kind, key, {…}] …]               what is to be done outside because of the difference
    subjects  [subject …]                        the chains of the original and of every row that changes
    wanted    {…} or null                        what the plan was asked for; the first correction of a plan says it for all
    records   how many records the plan knew

A row that has its target already is left alone. One that has neither the target nor what was expected refuses the whole:
something has moved since the plan was made. So a correction is decided from its form and the rows, like any event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ensue.core.binding import Binding, Bound
from ensue.core.canonical import Json, canonical
from ensue.core.data import fields_of
from ensue.core.effect import Effect, effect_from_body
from ensue.core.event import Context, Event, with_values
from ensue.core.facts import Facts, Needs, Row
from ensue.core.logic import Logic, describe_models
from ensue.core.model import Model, row_of
from ensue.core.operation import Delete, Insert, Operation, increased, updated
from ensue.core.rejection import Rejection
from ensue.core.step import Contract, Step
from ensue.core.version import Version

CORRECTION: Final = "ensue.correction"
SLOT: Final = "rows"
"""The name under which a correction freezes the rows it changes."""
KINDS: Final = ("insert", "update", "increase", "delete")


class Moved(Rejection, code="ensue.moved"):
    """{row} is no longer as the plan of the correction says; make the plan again."""

    row: str


class Correction(Event, type=CORRECTION, version="1970-01-01", system="ensue"):
    """Performs the difference between what an earlier event decided and what it would decide under another version."""

    original: str
    base: str
    """The version that stood before."""
    target: str | None = None
    """The version it is corrected to; None: the original is undone."""
    plan: str
    """The id of the plan that was shown."""
    reason: str


class CorrectionBinding(Binding):
    """A correction on the way to being decided: the rows it reads are those its form names."""

    __slots__ = ()

    def __init__(self, event: Correction, logic: Logic, id: str, form: Mapping[str, Json]) -> None:
        super().__init__(event, logic, id, dict(form))

    def under(self, logic: Logic) -> CorrectionBinding:
        """The same: a correction does what its form says, whatever the version."""
        assert isinstance(self.event, Correction), "it was made of one"
        return CorrectionBinding(self.event, logic, self.id, self.form)

    @property
    def sent(self) -> dict[str, Json]:
        """The form, which nobody fills with defaults."""
        return self.form

    @property
    def _changes(self) -> list[Any]:
        changes: Any = self.form["changes"]
        return list(changes)

    def find(self, facts: Facts, needs: Needs) -> bool:
        """Ask for the rows that change. True when all are known."""
        unknown = [(model, id) for model, id, *_ in self._changes if not facts.knows(model, id)]
        for model, id in unknown:
            needs.row(model, id)
        return not unknown

    def recall(self, facts: Facts, slots: Mapping[str, Mapping[str, Row]]) -> None:  # noqa: ARG002  # all its rows are in one slot
        """What the record has not frozen was not there."""
        for model, id, *_ in self._changes:
            facts.learn(model, (id,), {})

    def subjects(self, facts: Facts) -> tuple[str, ...]:  # noqa: ARG002  # the form names them
        """The chains of the original, its own first, and of every row that changes."""
        return self.subjects_by_form()

    def subjects_by_form(self) -> tuple[str, ...]:
        """The same."""
        subjects: Any = self.form["subjects"]
        return tuple(subjects)

    def bind(self, facts: Facts, context: Context, subjects: tuple[str, ...], *, freezing: bool = True) -> Bound:
        """The correction with its changes and the rows as they stand."""
        bound = Bound(subjects)
        rows: dict[tuple[str, str], Row] = {}
        for model, id, *_ in self._changes:
            row = facts.row(model, id)
            if row is not None and (model, id) not in rows:
                rows[model, id] = row
                bound.shown[model, id] = None
                if freezing:
                    bound.state.append([SLOT, model, id, row])
        effects: Any = self.form["effects"]
        bound.events[Correction] = with_values(self.event, {"changes": self._changes, "rows": rows, "effects": list(effects)}, context)
        return bound

    def split_form(self, model_fields: Any, effect_fields: Any, leaves: list[tuple[str, Json]]) -> dict[str, Json]:
        """The form with the values that have a purpose moved into *leaves*."""
        changes: list[Json] = []
        for place, (model, id, kind, expected, target, decision) in enumerate(self._changes):
            sides = [
                model_fields(model).split(side, f"form/changes/{place}/{name}", leaves) if side is not None else None
                for name, side in (("expected", expected), ("target", target))
            ]
            changes.append([model, id, kind, *sides, decision])
        kept: Any = self.form["kept"]
        effects: Any = self.form["effects"]
        return {
            **self.form,
            "changes": changes,
            "kept": [
                [model, id, row and model_fields(model).split(row, f"form/kept/{n}", leaves)] for n, (model, id, row) in enumerate(kept)
            ],
            "effects": [
                [kind, key, effect_fields(kind).split(body, f"form/effects/{n}", leaves)] for n, (kind, key, body) in enumerate(effects)
            ],
        }


# ---- its logic -----------------------------------------------------------------------------------------------------
def correction_logic(version: Version, models: Mapping[str, type[Model]], effects: Mapping[str, type[Effect]]) -> Logic:
    """The logic of corrections, which is ours and the same at every version: one step that may write every model."""

    def apply_difference(event: Any) -> Iterator[Operation[Any] | Effect]:
        """What the form says, where the rows are as it expects."""
        for model, id, kind, expected, target, decision in event.changes:
            yield from _operations(models[model], id, kind, expected, target, decision == "force", event.rows.get((model, id)))
        for kind, key, body in event.effects:
            yield effect_from_body(effects[kind], body, key)

    contract = Contract(frozenset((kind, name) for kind in KINDS for name in models), frozenset(effects))
    step = Step(
        name="apply_difference",
        origin="apply_difference",
        function=apply_difference,
        event=Correction,
        since=Correction.__ensue__.version,
        contract=contract,
        rejects=(Moved,),
        replaces=None,
        after=None,
        takes_plan=False,
        module=__name__,
        order=0,
    )
    steps: Json = [{"name": step.name, "since": str(step.since)}]
    document = canonical({"type": CORRECTION, "steps": steps, "shapes": [], "models": describe_models(models.values())})
    return Logic(
        CORRECTION, version, Correction, (step,), (Correction,), document, hashlib.sha256(document).digest(), str(version), True, {}, {}
    )


def _operations(
    model: type[Model], id: str, kind: str, expected: Any, target: Any, force: bool, row: Row | None
) -> Iterable[Operation[Any]]:
    name = f"{model.__ensue__.name}/{id}"
    if kind == "insert":
        if row is None:
            return [Insert(row_of(model, target))]
        if not force and row != target:
            raise Moved(row=name)
        return _update(model, row, {column: value for column, value in target.items() if column != "id"})
    if kind == "delete":
        if row is None:
            return []
        if not force and row != expected:
            raise Moved(row=name)
        return [Delete(row_of(model, row))]
    if row is None:
        raise Moved(row=name)
    if kind == "increase":
        codecs = fields_of(model).by_name
        return [increased(row_of(model, row), {column: codecs[column].codec.decode(amount) for column, amount in target.items()})]
    if not force and any(row[column] not in (value, expected[column]) for column, value in target.items()):
        raise Moved(row=name)
    return _update(model, row, target)


def _update(model: type[Model], row: Row, target: Mapping[str, Json]) -> Iterable[Operation[Any]]:
    codecs = fields_of(model).by_name
    changes = {column: codecs[column].codec.decode(value) for column, value in target.items() if row[column] != value}
    return [updated(row_of(model, row), changes)] if changes else []
