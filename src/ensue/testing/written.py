"""Written: a record turned into a test, `given / when / then`, that holds as long as its version does what it did."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ensue.core.app import App
from ensue.core.codec import instant_text, subtract
from ensue.core.correction import CORRECTION
from ensue.core.data import fields_of
from ensue.core.effect import effect_of
from ensue.core.event import Event
from ensue.core.frozen import frozen_rows, recorded_operations
from ensue.core.model import Model, row_of, snake
from ensue.core.record import Record
from ensue.errors import EnsueError, RequestError
from ensue.testing.python_source import Call, Node, Source, Text, laid_out

ERASED: Final = {"_erased": True}
"""What stands in a record where something was erased (log/payload.py)."""


def written_test(record: Record) -> str:
    """
    The source of a pytest module with one test: the rows that *record* froze, its event, and all that followed.

    It passes when it is run, with the application importable. The event gets the record's own id, so that ids and numbers
    which steps derive from it are the same. Columns that the record did not freeze are made up, since no step saw them.

    Raises:
        RequestError: the record cannot be turned into a test: something in it was erased, it is a correction, its
            application no longer has what it names, or a class of it cannot be imported.
    """
    if record.type == CORRECTION:
        raise RequestError(f"Event {record.id} is a correction, which no step decides; turn the event that it corrects into a test.")
    if _holds_erased(record.document):
        raise RequestError(f"Event {record.id} cannot be turned into a test: parts of it were erased.")
    try:
        return _Test(record).module()
    except RequestError:
        raise
    except EnsueError as error:
        raise RequestError(f"Event {record.id} cannot be turned into a test: {error}") from error


def _holds_erased(value: Any) -> bool:
    if isinstance(value, dict):
        return value == ERASED or any(map(_holds_erased, value.values()))
    return isinstance(value, list) and any(map(_holds_erased, value))


@dataclass
class _Row:
    """A row that the test has a name for."""

    name: str
    row: Model

    def has(self, columns: Any) -> bool:
        return fields_of(type(self.row)).by_name.keys() >= set(columns)


@dataclass
class _Test:
    record: Record
    source: Source = field(default_factory=Source)
    rows: dict[tuple[str, str], list[_Row]] = field(default_factory=dict)
    """By model and id: several views of a row have a name each."""
    names: set[str] = field(default_factory=set)

    def module(self) -> str:
        record = self.record
        self.source.name("ensue.testing", "given")
        app = self.source.name(*_place_of(record.app, type(record.event)))
        given = [self._named(row) for row in self._frozen()]
        inserted = [self._named(row) for row in self._changed_later()]
        when = self._when()
        then = [*self._operations(), *self._effects()]
        chain = [
            laid_out(Call("given", (("", app), *(("", one.name) for one in given))), 8),
            "." + laid_out(Call("at", (("", self.source.value(record.at)),)), 8),
            "." + laid_out(when, 8),
            "." + laid_out(Call("then", tuple(("", one) for one in then)), 8),
        ]
        rows = [f"{one.name} = " + laid_out(self.source.made(one.row), 0, len(one.name) + 3) for one in (*given, *inserted)]
        head = f'"""{record.type} under {record.version}: event {record.id}, of {instant_text(record.at)}."""'
        test = f"def test_{record.type.replace('.', '_')}() -> None:\n    (\n" + "".join(f"        {one}\n" for one in chain) + "    )\n"
        return "\n\n".join((head, self.source.imports(), *(["\n".join(rows)] if rows else []), "")) + "\n" + test

    def _named(self, row: Model) -> _Row:
        model = snake(row.__ensue__.name).upper()
        name, number = model, 1
        while name in self.names:
            number += 1
            name = f"{model}_{number}"
        self.names.add(name)
        named = _Row(name, row)
        self.rows.setdefault((row.__ensue__.name, row.id), []).append(named)
        return named

    # -- given
    def _frozen(self) -> Iterator[Model]:
        """The rows of the record's state, whole where it has them whole, else in the views that they were read through."""
        rows, slots = frozen_rows(self.record, self.record.logic)
        for model, by_id in rows.items():
            latest = self.record.app.model(model)
            for id, columns in by_id.items():
                if columns.keys() >= fields_of(latest).by_name.keys():
                    yield row_of(latest, columns)
                else:
                    yield from self._views([slot for slot, read in slots.items() if id in read], columns)

    def _views(self, slots: list[str], columns: dict[str, Any]) -> Iterator[Model]:
        fields = self.record.logic.slots
        for view in dict.fromkeys(fields[slot].model for slot in slots if slot in fields):
            if columns.keys() >= fields_of(view).by_name.keys():
                yield row_of(view, columns)

    def _changed_later(self) -> Iterator[Model]:
        """The rows that the event inserts and a further step of it changes."""
        inserted: dict[tuple[str, str], Any] = {}
        for kind, model, id, _, after, _ in recorded_operations(self.record):
            if kind == "insert":
                inserted[model, id] = after
            elif (model, id) in inserted:
                yield row_of(self.record.app.model(model), inserted.pop((model, id)))

    # -- when
    def _when(self) -> Call:
        record, event = self.record, self.record.event
        form = dict(self.source.made(event).items)
        for name, one in event.__ensue__.state.items():
            id = record.form.get(one.wire) if one.on_wire else None
            if isinstance(id, str):
                form[name] = Text(id)
        order = [name for name in type(event).__ensue_declared__ if name in form]
        said = {
            "version": record.version,
            "actor": record.actor,
            "id": record.id,
            "cause": record.cause,
            "occurred": record.occurred,
            "behalf": record.behalf,
            "purpose": record.purpose,
        }
        said = {name: value for name, value in said.items() if value is not None}
        if type(event).__ensue__.seen:
            said["expect"] = "as given"
        made = Call(self.source.of_class(type(event)), tuple((name, form[name]) for name in order))
        return Call("when", (("", made), *((name, self.source.value(value)) for name, value in said.items())))

    # -- then
    def _operations(self) -> Iterator[Node]:
        for kind, model, id, before, after, _ in recorded_operations(self.record):
            head = self.source.name("ensue", str(kind).capitalize())
            if kind == "cancel":
                effect = self.source.of_class(effect_of(model, self.record.app.effects()))
                yield Call(head, (("", effect), *((("key", Text(id)),) if id is not None else ())))
                continue
            latest = self.record.app.model(model)
            if kind == "insert":
                named = self.rows.get((model, id))
                yield Call(head, (("", named[0].name if named else self.source.made(row_of(latest, after))),))
            elif kind == "delete":
                yield Call(head, (("", self._standing(latest, id, before)),))
            elif kind == "erase":
                yield Call(head, (("", self._standing(latest, id, ())), ("purpose", Text(after["purpose"]))))
            else:
                yield Call(head, (("", self._standing(latest, id, after)), *self._changes(latest, kind, before, after)))

    def _standing(self, model: type[Model], id: str, columns: Any) -> str:
        """The name of a row that has *columns*."""
        known = self.rows.get((model.__ensue__.name, id), [])
        found = next((one.name for one in known if one.has(columns)), None)
        if found is None:
            raise RequestError(
                f"Event {self.record.id} cannot be turned into a test: it did not freeze the row {model.__ensue__.name}/{id}."
            )
        return found

    def _changes(self, model: type[Model], kind: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Node]]:
        fields = fields_of(model).by_name
        for column, value in after.items():
            now = fields[column].codec.decode(value)
            yield column, self.source.value(now if kind == "update" else subtract(now, fields[column].codec.decode(before[column])))

    def _effects(self) -> Iterator[Node]:
        for effect in self.record.plan.effects:
            yield self.source.made(effect)


def _place_of(app: App, event: type[Event]) -> tuple[str, str]:
    """
    The module that *app* is imported from, and its name there.

    Of several the module of *event* or a package around it, and of these the outermost.
    """
    found = [
        (not f"{event.__module__}.".startswith(f"{module_name}."), module_name.count("."), module_name, name)
        for module_name, module in list(sys.modules.items())
        if module_name != "__main__"
        for name, value in list(getattr(module, "__dict__", {}).items())
        if value is app and not name.startswith("_")
    ]
    if not found:
        raise RequestError(f"The application {app.name!r} is in no module that was imported; keep it in one, under a name.")
    *_, module_name, name = min(found)
    return module_name, name
