"""
Resolution: how the state of an event follows from its form, checked when the event is declared.

Each state field's id stands in the form, or is led to by a path over other fields; here is the order that makes every
path's beginning known before its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ensue.core.data import Declared, fields_of
from ensue.core.field_types import codec_for
from ensue.core.marks import By
from ensue.core.model import Model, newest, parent_column
from ensue.core.state import StateField
from ensue.errors import DefinitionError, InvalidForm


def check_subject(owner: str, state: Mapping[str, StateField], system: str | None) -> None:
    """An event is about something: a subject it refers to, or a system chain. Raises DefinitionError."""
    sure = False
    for one in state.values():
        model = one.model.__ensue__
        if one.kind == "ref" and not (model.subject or model.parents or system):
            name = one.model.__name__
            raise DefinitionError(f"{owner}.{one.name}: {name} is reference data and has no chain to lock; use Lookup[{name}].")
        sure |= not one.optional and ((one.kind == "ref" and bool(model.subject or model.parents)) or (one.kind == "new" and model.subject))
    if not sure and system is None:
        raise DefinitionError(f'{owner}: an event is about a subject; add a Ref or New of a subject, or system="…" for reference data.')


def check_seen(owner: str, state: Mapping[str, StateField], seen: Iterable[str]) -> None:
    """What callers must say they saw is there to be seen. Raises DefinitionError."""
    for path in seen:
        name, _, column = path.partition(".")
        one = state.get(name)
        if one is None or one.kind not in ("ref", "lookup"):
            raise DefinitionError(f"{owner}: seen={path!r} begins with no row that the event reads; name a Ref or Lookup and its column.")
        _check_column(f"{owner}: seen={path!r}", one.model, column)


def with_parents(owner: str, state: Mapping[str, StateField]) -> dict[str, StateField]:
    """*state* where `related()` without columns has become the children of the event's only Ref to their parent. Raises DefinitionError."""
    complete = {}
    for name, one in state.items():
        if one.kind == "related" and not one.columns:
            model = one.model
            parents = {parent.__ensue__.name: parent for parent in model.__ensue__.parents}
            refs = [ref for ref in state.values() if ref.kind == "ref" and ref.model.__ensue__.name in parents]
            if len(refs) != 1:
                found = ", ".join(ref.name for ref in refs) or "none"
                raise DefinitionError(
                    f"{owner}.{name}: related() needs exactly one Ref to a parent of {model.__name__}, found {found}; "
                    "name the columns, as related(column=by(…))."
                )
            column = parent_column(parents[refs[0].model.__ensue__.name])
            one = replace(one, columns={column: By(refs[0].name)})
        complete[name] = replace(one, columns=dict(sorted(one.columns.items()))) if one.columns else one
    return complete


def in_order(owner: str, form: Mapping[str, Declared], state: Mapping[str, StateField]) -> tuple[StateField, ...]:
    """The state fields, each after the ones its paths lead through; every path checked. Raises DefinitionError."""
    wires = [one.wire for one in state.values() if one.on_wire]
    for wire in wires:
        if wire in form or wires.count(wire) > 1:
            raise DefinitionError(f"{owner}.{wire}: two fields would have this name on the wire; rename one.")
    ordered: dict[str, StateField] = {}
    visiting: set[str] = set()

    def visit(one: StateField) -> None:
        if one.name in ordered:
            return
        where = f"{owner}.{one.name}"
        if one.name in visiting:
            raise DefinitionError(f"{where}: its path leads back to itself; break the circle with an id in the form.")
        visiting.add(one.name)
        for path in one.sources():
            kind = _kind_at(f"{where}: by({path.path!r})", path, form, state)
            if path is one.source and kind != "text":
                raise DefinitionError(
                    f"{where}: by({path.path!r}) leads to a field of kind {kind}, and an id is text; name a field of type str."
                )
            if path.head in state:
                visit(state[path.head])
        for column, wanted in (one.columns or {}).items():
            _check_column(where, newest(one.model), column)
            if fields_of(newest(one.model)).by_name[column].codec.kind == "json":
                raise DefinitionError(f"{where}: {column} is nested, and rows are related by single values; name another column.")
            if not isinstance(wanted, By):
                _check_constant(where, newest(one.model), column, wanted)
        ordered[one.name] = one

    for one in state.values():
        visit(one)
    return tuple(ordered.values())


def _kind_at(where: str, path: By, form: Mapping[str, Declared], state: Mapping[str, StateField]) -> str:
    """The kind of value that *path* leads to. Raises DefinitionError where it leads nowhere."""
    head = state.get(path.head)
    if head is None:
        if path.head not in form:
            raise DefinitionError(f"{where} begins with no field of the event; it has {', '.join((*form, *state))}.")
        return _kind_below(where, path, form[path.head])
    if head.kind == "related":
        raise DefinitionError(f"{where} leads through many rows; begin with a Ref, a Lookup or a form field.")
    if not path.column:
        return "text"
    if head.kind == "new":
        raise DefinitionError(f"{where} reads a row that does not exist yet; use by({path.head!r}) for its id.")
    _check_column(where, head.model, path.column)
    return fields_of(head.model).by_name[path.column].codec.kind


def _kind_below(where: str, path: By, declared: Declared) -> str:
    """The kind of a form field, or of what its nested values hold under the rest of *path*."""
    codec = codec_for(declared.annotation)
    described: Any = codec.describe
    for part in filter(None, path.column.split(".")):
        while isinstance(described, dict) and "optional" in described:
            described = described["optional"]
        names = described.get("value", {}) if isinstance(described, dict) else {}
        if part not in names:
            raise DefinitionError(f"{where} leads to nothing called {part!r}; it has {', '.join(names) or 'no names'}.")
        described = names[part]
    return codec.kind if not path.column else "text" if described in ("text", {"optional": "text"}) else str(described)


def _check_constant(where: str, model: type[Model], column: str, value: Any) -> None:
    try:
        fields_of(model).validate_some({column: value})
    except InvalidForm as invalid:
        what = f"related({column}={value!r}) is no value of {model.__name__}.{column}"
        raise DefinitionError(f"{where}: {what}: {invalid.problems[0].message}.") from None


def _check_column(where: str, model: type[Model], column: str) -> None:
    if column not in fields_of(model).by_name:
        raise DefinitionError(f"{where}: {model.__name__} has no column {column!r}; it has {', '.join(fields_of(model).names)}.")
