"""
Cascade: a ledger's history told again with some events decided otherwise, each later event on what it would then have read.

Correcting events one by one on the facts they froze is not enough: a later event that read a corrected value may have to
change as well, and nothing on the row would show it. So the records are walked once, in the ledger's order, with three
worlds side by side: as recorded, as corrected so far, and as it is to be. An event is decided again where its version
changes, or where the world that it is told in differs from what it froze; everything else stands as recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from ensue.core.app import App
from ensue.core.brought_up import Missing
from ensue.core.codec import add, subtract
from ensue.core.correction import CORRECTION
from ensue.core.correction_shapes import form_brought_up, form_of, kept_operations, wanted_of
from ensue.core.data import fields_of
from ensue.core.diff import Diff, Side, diff_of
from ensue.core.facts import Facts
from ensue.core.frozen import Rows, frozen_rows, recorded_operations
from ensue.core.logic import Logic
from ensue.core.record import Record
from ensue.core.replay import decide_over
from ensue.core.unique import check_unique
from ensue.core.version import Version
from ensue.core.wanted import UNDONE, Target, Targets
from ensue.core.witness import Witnessed, learn_new, shared_models, witnessed_by
from ensue.core.world import Key, Overlay, World
from ensue.errors import PlanBlocked


class Earlier:
    """What earlier corrections made of the events: what rules each of them since."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._rules: list[tuple[Targets, int]] = []
        self.kept: set[str] = set()
        """The models of which people decided to leave rows as they are."""
        self.effects: dict[str, set[tuple[str, str]]] = {}
        """By event: kind and key of every effect that its corrections have recorded, so that none is recorded again."""

    def take(self, correction: Record) -> None:
        """Take note of a correction; they come in the ledger's order. The first of a plan says what the whole plan was about."""
        form, wanted = form_of(correction), wanted_of(correction)
        self.kept |= {model for model, *_ in form["kept"]}
        self.effects.setdefault(form["original"], set()).update((kind, key) for kind, key, _ in form["effects"])
        if wanted is not None:
            self._rules.append((wanted.targets(self._app), form["records"]))

    def has_told(self, record: Record) -> bool:
        """Whether a plan that was performed knew *record*; else it stands as it was decided, on the rows of then."""
        return any(record.position < records for _, records in self._rules)

    def target(self, record: Record) -> Target | None:
        """What rules *record* since; None: its own version."""
        standing: Target | None = None
        for targets, records in self._rules:
            if record.position < records:
                standing = _first(targets(record, standing), standing)
        return standing


class Telling:
    """
    One telling of the history: a world, and what each event is decided under in it.

    Args:
        app: the application.
        target: what rules an event in it; None: its own version.
        is_told: whether an event may be decided again at all, or stands as recorded whatever it read.
        recorded: the world as recorded.
        models: the models whose rows are kept.
    """

    def __init__(
        self,
        app: App,
        target: Callable[[Record], Target | None],
        is_told: Callable[[Record], bool],
        recorded: World,
        models: Collection[str],
    ) -> None:
        self.app = app
        self.world = Overlay(recorded, models)
        self.target = target
        self._is_told = is_told
        self._recorded = recorded
        self._models = models
        self._shared = shared_models(app)
        self._unique = {model.__ensue__.name: model.__ensue__.unique for model in app.models()}

    def tell(self, record: Record, rows: Rows, operations: Sequence[Any], saw: Facts) -> Side | None:
        """
        What *record* decides in this telling; None where it stands as recorded, by these *operations*. The world moves on.

        Of tables that others write too it *saw* what it may read.
        """
        side = self._decide(record, rows, operations, saw)
        if side is None:
            self.world.fold(self._on_its_rows(operations))
            return None
        for model, id in _touched(operations):
            self.keep(model, id)
        if side.is_accepted:
            self.world.fold(side.operations)
        return side

    def keep(self, model: str, id: str) -> None:
        """The row stands here as it does, whatever is about to happen to the recorded one."""
        if model in self._models:
            self.world.put(model, id, self.world.row(model, id))

    def _decide(self, record: Record, rows: Rows, operations: Sequence[Any], saw: Facts) -> Side | None:
        if record.type == CORRECTION:
            return Side(kept_operations(record, self.world.row))
        if not self._is_told(record):
            return None
        target = self.target(record)
        if target == UNDONE:
            return Side(undone=True)
        own = record.logic
        logic = own if target is None else self._logic(record, target)
        if _decides_alike(logic, own) and not self._reads_otherwise(record, own, rows, operations):
            return None
        if not self._shared:
            return decide_over(record, logic, self.world, lambda changes: check_unique(changes, self._unique, self.world.answer))
        learn_new(saw, record, logic)
        facts = Witnessed(self.world, self._recorded, saw, self._shared)
        return decide_over(record, logic, facts, lambda changes: check_unique(changes, self._unique, facts.holders))

    def _logic(self, record: Record, target: Target) -> Logic:
        assert isinstance(target, Version), "the other target is UNDONE"
        return self.app.logic(record.type, target)

    def _on_its_rows(self, operations: Sequence[Any]) -> Iterator[Any]:
        """Recorded *operations* as they are on the rows of this telling that are its own: an increase stays an amount."""
        for operation in operations:
            kind, model, id, before, after, step = operation
            if not self.world.is_own(model, id):
                continue
            row = self.world.row(model, id)
            if kind != "increase" or row is None:
                yield operation
                continue
            columns = {name: one.codec for name, one in fields_of(self.app.model(model)).by_name.items() if name in after}
            amounts = {name: subtract(codec.decode(after[name]), codec.decode(before[name])) for name, codec in columns.items()}
            now = {name: codec.encode(add(codec.decode(row[name]), amounts[name])) for name, codec in columns.items()}
            yield [kind, model, id, before, now, step]

    # -- what differs from the record
    def _reads_otherwise(self, record: Record, own: Logic, rows: Rows, operations: Sequence[Any]) -> bool:
        """Whether anything that the event reads may differ from what it froze. In doubt it does: deciding once more is safe."""
        dirty = self.world.own
        if not dirty:
            return False
        for model, ids in dirty.items():
            if model in rows and not ids.keys().isdisjoint(rows[model]):
                return True
            for one in own.slots.values():
                if one.model_name == model and (
                    one.kind == "related" or one.source is not None or record.document["form"].get(one.wire) in ids
                ):
                    return True
        return any(
            model in dirty and (id in dirty[model] or self.app.model(model).__ensue__.unique)
            for kind, model, id, *_ in operations
            if kind not in ("cancel", "erase")
        )

    def settle(self, touched: Iterable[Key]) -> None:
        """Where these rows are again as recorded, they go on with the recorded ones."""
        for model, id in touched:
            if model in self._models and self.world.is_own(model, id) and self.world.row(model, id) == self._recorded.row(model, id):
                self.world.follow(model, id)


def _decides_alike(logic: Logic, own: Logic) -> bool:
    """Whether two versions have the same shape and steps for this event type."""
    return logic is own or (logic.shape is own.shape and logic.steps == own.steps)


class Retold:
    """
    A ledger's history told again, as far as it was walked.

    `diffs` are the events that come out otherwise than they stand now, in the ledger's order; `recorded` and `told` are the
    two worlds at the end, and `base` the one that the earlier corrections made, which is the recorded one unless people kept values.

    Args:
        app: the application.
        targets: what some of the events are to be decided under.
        earlier: what the corrections among the records made of them before; no correction that it does not know may be taken.
    """

    def __init__(self, app: App, targets: Targets, earlier: Earlier) -> None:
        self.earlier = earlier
        self._models, self._shared = models_that_matter(app) | earlier.kept, shared_models(app)
        self.recorded = World(self._models)
        self._base = Telling(app, earlier.target, earlier.has_told, self.recorded, self._models)
        self._told = Telling(app, partial(_wanted, targets, earlier), lambda _: True, self.recorded, self._models)
        self.base, self.told = self._base.world, self._told.world
        self._cancels: dict[str, list[tuple[int, str, str | None]]] = {}
        """What events cancel as they are told, by their subject: position, kind (none: every one) and key (None: any)."""
        self.diffs: list[Diff] = []
        self.decided = 0
        """How many events were decided again."""
        self.records = 0
        self.position = -1
        """Of the last record that was walked."""

    def take(self, record: Record) -> None:
        """
        Tell the next record; the first is the ledger's first.

        Raises:
            PlanBlocked: what the record saw cannot be brought up to the shapes of today.
            VersionError: a target is no version of the event's type.
        """
        tellings = self._base, self._told
        rows, operations, saw = self._seen(record)
        before, after = (telling.tell(record, rows, operations, saw) for telling in tellings)
        self.recorded.fold(operations)
        for kind, effect, key, *_ in operations if after is None else after.operations:
            if kind == "cancel":
                self._cancels.setdefault(record.subject, []).append((record.position, effect, key))
        touched = set(_touched(operations, before, after))
        for telling in tellings:
            telling.settle(touched)
        if before is not None or after is not None:
            self.decided += 1
            diff = _difference(record, operations, before, after, self._told.target(record), self._base.target(record))
            if diff:
                self.diffs.append(diff)
                _settle_unread(self, self._models, operations, before, after)
        self.records += 1
        self.position = record.position

    def is_cancelled(self, record: Record, effect: str, key: str) -> bool:
        """Whether a later event, as it is told, stops this effect of *record* where it was not done by then."""
        cancels = self._cancels.get(record.subject, ())
        return any(position > record.position and kind in (effect, "") and of in (key, None) for position, kind, of in cancels)

    def _seen(self, record: Record) -> tuple[Rows, list[Any], Facts]:
        """The rows that *record* froze, its operations, what it saw of tables that others write; news of these goes into every world."""
        recorded, shared, tellings = self.recorded, self._shared, (self._base, self._told)
        try:
            if record.erased:
                raise Missing("what was erased of it")
            rows, slots = frozen_rows(record, record.logic, recorded.row)
            _notice_outside(record, {model: by_id for model, by_id in rows.items() if model in self._models}, recorded, tellings)
            operations = recorded_operations(record, recorded.row)
            saw = witnessed_by(record, rows, slots, operations, shared) if shared else Facts()
            _notice_gone(saw, shared, recorded, tellings)
            return rows, operations, saw
        except Missing as missing:
            raise PlanBlocked(
                f"{record.type} {record.id} cannot be told again: {missing.what} is not known. Nothing was corrected."
            ) from None


def _wanted(targets: Targets, earlier: Earlier, record: Record) -> Target | None:
    standing = earlier.target(record)
    return _first(targets(record, standing), standing)


def _first(target: Target | None, otherwise: Target | None) -> Target | None:
    return otherwise if target is None else target


def _difference(
    record: Record, operations: Sequence[Any], before: Side | None, after: Side | None, target: Target | None, earlier: Target | None
) -> Diff | None:
    if record.type == CORRECTION:
        return None
    as_recorded = Side(operations, record.document["effects"])
    standing, wanted = str(earlier or record.version), str(target or record.version)
    return diff_of(record, before or as_recorded, after or as_recorded, base_version=standing, version=wanted)


def _touched(recorded: Sequence[Any], *sides: Side | None) -> Iterator[Key]:
    for operations in (recorded, *(side.operations for side in sides if side is not None)):
        for kind, model, id, *_ in operations:
            if kind not in ("cancel", "erase"):
                yield model, id


def _notice_outside(record: Record, rows: Rows, recorded: World, tellings: Iterable[Telling]) -> None:
    """
    What the event froze of a row and no event has written: it came from outside, in every telling.

    A row that is seen for the first time was there before the history began; a column that differs was changed beside it.
    What a correction writes over it is as each telling has it.
    """
    written = _written(record) if record.type == CORRECTION else {}
    for model, by_id in rows.items():
        for id, frozen in by_id.items():
            known = recorded.row(model, id)
            if known == frozen:
                continue
            outside = {column: value for column, value in frozen.items() if known is None or known.get(column, recorded) != value}
            if not outside:
                continue
            stays = {column: value for column, value in outside.items() if column not in written.get((model, id), ())}
            for telling in tellings:
                row = telling.world.row(model, id)
                telling.world.put(model, id, {**(row or {}), **stays} if stays and (row is not None or known is None) else row)
            recorded.put(model, id, {**(known or {}), **outside})
            for telling in tellings:
                telling.settle([(model, id)])


def _written(correction: Record) -> dict[Key, set[str]]:
    """The columns of each row that a correction is about; of one that it inserts or deletes all."""
    written: dict[Key, set[str]] = {}
    for model, id, _, expected, target, _ in form_brought_up(correction)["changes"]:
        written.setdefault((model, id), set()).update(target if target is not None else expected)
    return written


def _notice_gone(saw: Facts, shared: Collection[str], recorded: World, tellings: Iterable[Telling]) -> None:
    """What the event looked for in vain, where the events before it had left a row: others deleted it, in every telling."""
    for model, id, row in saw.all_rows():
        if row is None and model in shared and recorded.row(model, id) is not None:
            recorded.put(model, id, None)
            for telling in tellings:
                if telling.world.is_own(model, id):
                    telling.world.follow(model, id)


def _settle_unread(retold: Retold, models: Collection[str], recorded: Sequence[Any], before: Side | None, after: Side | None) -> None:
    """Rows of models that nothing reads, which a world passes over: those of an event that comes out otherwise are kept after all."""
    for world, side in ((retold.base, before), (retold.told, after)):
        operations = recorded if side is None else side.operations
        for kind, model, id, _, row, _ in operations:
            if model not in models and kind not in ("cancel", "erase"):
                world.put(model, id, None if kind == "delete" else {**(world.row(model, id) or {}), **row})


def models_that_matter(app: App) -> frozenset[str]:
    """The models whose rows can change a decision: those that some event reads, or that have unique rules."""
    found = {model.__ensue__.name for model in app.models() if model.__ensue__.unique}
    for type_ in app.types():
        for shape in app.shapes(type_):
            found |= {one.model_name for one in shape.__ensue__.state.values()}
    return frozenset(found)
