"""
State fields: what a decision needs to know, declared beside the form.

`Ref`, `Lookup`, `New` and `Related` are annotations of an event's fields. Type checkers read them as descriptors
(written as an id or a row, read as the row); at run time the value simply stands in the instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar, Union, get_args, get_origin, overload

from ensue.core.marks import MISSING, RELATED_LIMIT, By, NewId, Optional, RelatedBy
from ensue.core.model import Model
from ensue.errors import DefinitionError, NotLoaded

M = TypeVar("M")


class _Row(Generic[M]):
    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> M: ...
        def __get__(self, instance: object, owner: Any) -> Any: ...
        def __set__(self, instance: Any, value: M | str) -> None: ...


class Ref(_Row[M]):
    """A row that must be there, else `NotFound`; its subject is locked and chained. `Ref[M | None] = optional()` may be left out."""


class Lookup(_Row[M]):
    """A row that is read but not locked: reference data. `Lookup[M | None]` reads as None where there is no such row."""


class New(Generic[M]):
    """
    The id of a row this event will insert: reads and writes as the id.

    `= new()` may be left out, and is then derived from the event's id.
    """

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> str: ...
        def __get__(self, instance: object, owner: Any) -> Any: ...
        def __set__(self, instance: Any, value: str) -> None: ...


class Related(Generic[M]):
    """Rows by equality of columns, sorted by id; never on the wire. Write `= related(column=value or by(…), limit=…)`."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> tuple[M, ...]: ...
        def __get__(self, instance: object, owner: Any) -> Any: ...


class Handle:
    """A row before the ledger has loaded it: only its `id` can be read."""

    __slots__ = ("field", "id")

    def __init__(self, id: str, field: str) -> None:
        _set_id(self, id)
        _set_field(self, field)

    def __getattr__(self, name: str) -> NoReturn:
        raise NotLoaded(f"{self.field}.{name} is not loaded yet: only its id can be read before the ledger has loaded it.")

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("the rows of an event are frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("the rows of an event are frozen")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return Handle, (self.id, self.field)

    def __repr__(self) -> str:
        return repr(self.id)


_set_id, _set_field = Handle.id.__set__, Handle.field.__set__  # type: ignore[attr-defined]  # past the freeze, as the slots do it


KINDS: dict[Any, str] = {Ref: "ref", Lookup: "lookup", New: "new", Related: "related"}


@dataclass(frozen=True)
class StateField:
    """
    One declared piece of state.

    `source` is None where the id stands on the wire (under `wire`), else the path it comes from.
    `columns` and `limit` belong to related fields.
    """

    name: str
    kind: str
    model: type[Model]
    optional: bool = False
    may_be_left_out: bool = False
    source: By | None = None
    columns: Mapping[str, Any] | None = None
    limit: int = RELATED_LIMIT
    wire: str = field(init=False)
    """The name on the wire: `patient_id` for `patient`; a name that ends in `_id` stays."""
    on_wire: bool = field(init=False)
    """Whether the caller writes it."""
    model_name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "wire", self.name if self.name.endswith("_id") else self.name + "_id")
        object.__setattr__(self, "on_wire", self.kind != "related" and self.source is None)
        object.__setattr__(self, "model_name", self.model.__ensue__.name)

    def sources(self) -> list[By]:
        """The paths this field needs."""
        found = [self.source] if self.source is not None else []
        return found + [value for value in (self.columns or {}).values() if isinstance(value, By)]


def state_field(owner: str, name: str, annotation: Any, default: Any) -> StateField | None:
    """The state field of an annotation, or None for a form field. Raises DefinitionError."""
    kind = KINDS.get(get_origin(annotation))
    if kind is None:
        if annotation in KINDS:
            raise DefinitionError(f"{owner}.{name}: {annotation.__name__} needs a model; write {annotation.__name__}[TheModel].")
        return None
    model, may_be_none = _model_of(owner, name, get_args(annotation)[0])
    allowed: dict[str, tuple[type, ...]] = {"ref": (By, Optional), "lookup": (By, Optional), "new": (NewId,), "related": (RelatedBy,)}
    if default is not MISSING and not isinstance(default, allowed[kind]):
        raise DefinitionError(f"{owner}.{name}: this default does not belong to a {kind} field; use {_remedy(kind)}.")
    if kind == "related":
        if not isinstance(default, RelatedBy):
            raise DefinitionError(
                f"{owner}.{name}: say which rows; write `= related()` for the children of the event's only Ref to their parent."
            )
        if default.limit < 1:
            raise DefinitionError(f"{owner}.{name}: limit={default.limit} lets no row through; give a number from 1.")
        return StateField(name, kind, model, columns=dict(default.columns), limit=default.limit)
    if isinstance(default, Optional) and not may_be_none:
        raise DefinitionError(f"{owner}.{name}: optional() may read as None; annotate it {kind.capitalize()}[{model.__name__} | None].")
    if may_be_none and kind == "new":
        raise DefinitionError(
            f"{owner}.{name}: the id of a new row is never None; write New[{model.__name__}] = new() to let it be left out."
        )
    return StateField(
        name,
        kind,
        model,
        optional=may_be_none,
        may_be_left_out=isinstance(default, (Optional, NewId)),
        source=default if isinstance(default, By) else None,
    )


def _remedy(kind: str) -> str:
    return {"new": "new()", "related": "related(…)"}.get(kind, "by(…) or optional()")


def _model_of(owner: str, name: str, argument: Any) -> tuple[type[Model], bool]:
    members = list(get_args(argument)) if get_origin(argument) in (Union, UnionType) else [argument]
    models = [member for member in members if member is not type(None)]
    if len(models) != 1 or not isinstance(models[0], type) or not issubclass(models[0], Model):
        raise DefinitionError(f"{owner}.{name}: a state field names one model; found {argument}.")
    return models[0], len(members) > 1
