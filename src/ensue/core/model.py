"""Model: a row of a table, as a step sees it. Subjects, their children, views of some columns, and shapes by date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args, get_origin

from ensue.core.canonical import Json
from ensue.core.data import Data, fields_of, trusted
from ensue.core.version import Version
from ensue.errors import DefinitionError

if TYPE_CHECKING:
    from sqlalchemy import Table

M = TypeVar("M", bound="Model")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


@dataclass
class ModelInfo:
    """What was said of a model in its class line, and what follows from it."""

    name: str
    subject: bool = False
    parents: tuple[type[Model], ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    strict: frozenset[str] = frozenset()
    table: Any = None
    """The table that others declared, or its name."""
    version: Version | None = None
    follows: type[Model] | None = None
    followed_by: type[Model] | None = None
    view_of: type[Model] | None = None
    children: list[type[Model]] = field(default_factory=list)
    parent_columns: dict[str, str] = field(init=False)
    """Column to the name of the parent model it points to."""

    def __post_init__(self) -> None:
        self.parent_columns = {parent_column(parent): parent.__ensue__.name for parent in self.parents}


def _check_line(cls: type[Model]) -> None:
    info = cls.__ensue__
    if not NAME.fullmatch(info.name) or info.name.lower() in ("system", "ensue"):
        raise DefinitionError(
            f"{cls.__name__}: {info.name!r} cannot be the name of a model; choose letters, digits and underscores, not system or ensue."
        )
    for parent in info.parents:
        if not parent.__ensue__.subject:
            raise DefinitionError(
                f"{cls.__name__}: of={parent.__name__} is no subject; declare it subject=True, or name the subject itself."
            )
        children = parent.__ensue__.children
        children[:] = [one for one in children if not is_redefinition(cls, one)] + [cls]
    if info.follows is not None:
        if info.version is None:
            raise DefinitionError(f"{cls.__name__}: a shape that follows another says since when; add version=.")
        before = info.follows.__ensue__
        if before.version is not None and info.version <= before.version:
            raise DefinitionError(
                f"{cls.__name__}: version {info.version} is not after {before.version} of {info.follows.__name__}; give it a later date."
            )
        if before.name != info.name:
            raise DefinitionError(f"{cls.__name__}: it follows {before.name!r}, and a model keeps its name; drop name={info.name!r}.")
        follower = before.followed_by
        if follower is not None and not is_redefinition(cls, follower):
            raise DefinitionError(f"{cls.__name__}: {info.follows.__name__} is already followed by {follower.__name__}; follow that one.")
        before.followed_by = cls


class Model(Data):
    """
    A row. Every model has `id: str`; ids are opaque and are never personal data.

    Class keywords:
        subject: rows of this model are what events are about; each has a chain of its own.
        of: the subject or subjects a row belongs to, by the column `<parent>_id`, which never changes.
        name: the stored name, where the class is called otherwise (default: the name of the class).
        version, follows: the date since which this class is the shape of the model *follows* had been the shape of.
        table: an existing SQLAlchemy table, or its name, that others write too.
        unique: groups of columns whose values stand at most once; checked in preview too.
        strict: columns whose tags count A→B→A as a change.

    Raises:
        DefinitionError: at the class statement, naming class, field and remedy.
    """

    id: str

    __slots__ = ()
    __ensue__: ClassVar[ModelInfo] = ModelInfo("Model")
    __ensue_reserved__ = frozenset({"table", "up", "down"})
    if TYPE_CHECKING:
        table: ClassVar[Table]
        """The model's SQLAlchemy table (made on the storage floor), for ordinary queries over `ledger.read()`."""

    def __init_subclass__(
        cls,
        *,
        subject: bool = False,
        of: type[Model] | tuple[type[Model], ...] = (),
        name: str | None = None,
        version: str | None = None,
        follows: type[Model] | None = None,
        table: Any = None,
        unique: Iterable[Sequence[str]] = (),
        strict: Iterable[str] = (),
        **keywords: Any,
    ) -> None:
        parents = of if isinstance(of, tuple) else (of,)
        for one in (*parents, *((follows,) if follows is not None else ())):
            if not (isinstance(one, type) and issubclass(one, Model)):
                raise DefinitionError(f"{cls.__name__}: of= and follows= name models, found {one!r}; name the class.")
        if follows is not None:
            before = follows.__ensue__
            name, subject, parents = name or before.name, subject or before.subject, parents or before.parents
            table = before.table if table is None else table
            unique, strict = unique or before.unique, strict or before.strict
        cls.__ensue__ = ModelInfo(
            name or cls.__name__,
            subject,
            parents,
            tuple(tuple(group) for group in unique),
            frozenset(strict),
            table,
            Version.declared(version, cls.__name__) if version else None,
            follows,
        )
        super().__init_subclass__(**keywords)
        _check_line(cls)


class View(Model, Generic[M]):
    """
    Some columns of a model: `class PatientContact(View[Patient])`.

    Only what is declared is frozen into the record, and can be updated.
    """

    __slots__ = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        models: list[Any] = [get_args(base)[0] for base in cls.__dict__.get("__orig_bases__", ()) if get_origin(base) is View]
        if not models or not isinstance(models[0], type) or not issubclass(models[0], Model):
            raise DefinitionError(f"{cls.__name__}: a view says whose columns it names; write class {cls.__name__}(View[TheModel]).")
        if keywords:
            raise DefinitionError(f"{cls.__name__}: a view takes no {', '.join(keywords)}; say it of {models[0].__name__}.")
        super().__init_subclass__()
        info = models[0].__ensue__
        cls.__ensue__ = replace(info, follows=None, followed_by=None, view_of=models[0], children=[])
        whole = fields_of(models[0])
        for one in fields_of(cls).by_name.values():
            declared = whole.by_name.get(one.name)
            if declared is None:
                raise DefinitionError(
                    f"{cls.__name__}.{one.name}: {models[0].__name__} has no such column; it has {', '.join(whole.names)}."
                )
            if declared.codec.describe != one.codec.describe or declared.codec.purpose != one.codec.purpose:
                raise DefinitionError(f"{cls.__name__}.{one.name}: declare it as {models[0].__name__}.{one.name} is declared.")


def check_model(cls: type[Model]) -> None:
    """
    What can only be checked when every class is known; called when the model joins an app.

    Raises:
        DefinitionError: a parent's column is missing, an id has a purpose, `unique` or `strict` name no column.
    """
    info, fields = cls.__ensue__, fields_of(cls)
    for name in ("id", *info.parent_columns):
        declared = fields.by_name.get(name)
        if declared is None:
            if info.view_of is not None:
                continue
            raise DefinitionError(f"{cls.__name__}.{name}: a child of {info.parent_columns[name]} has this column; declare `{name}: str`.")
        if declared.codec.kind != "text" or declared.codec.purpose is not None:
            raise DefinitionError(
                f"{cls.__name__}.{name}: an id is an opaque string without a purpose, since it stays in the chain for ever; "
                f"declare `{name}: str`."
            )
    for column in (*(column for group in info.unique for column in group), *info.strict):
        if column not in fields.by_name and info.view_of is None:
            raise DefinitionError(
                f"{cls.__name__}: unique= or strict= names {column!r}, which is no column; it has {', '.join(fields.names)}."
            )
    for column in (column for group in info.unique for column in group if column in fields.by_name):
        if fields.by_name[column].codec.kind == "json":
            raise DefinitionError(f"{cls.__name__}.{column}: unique= is for single values; give what must be unique a column of its own.")


def is_redefinition(one: type[Any], earlier: type[Any]) -> bool:
    """Whether both come from one class statement, run again: in a notebook, or in a function that is called twice."""
    return (one.__module__, one.__qualname__) == (earlier.__module__, earlier.__qualname__)


def children_of(model: type[Model]) -> list[type[Model]]:
    """The models that say `of=` this one. One that is defined inside a function belongs to it only where it is defined there too."""
    scope = model.__qualname__.rpartition(".")[0]
    return [one for one in model.__ensue__.children if one.__qualname__.rpartition(".")[0] in ("", scope)]


def snake(name: str) -> str:
    """`MedicationRequest` as `medication_request`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def parent_column(parent: type[Model]) -> str:
    """The column by which children point to *parent*."""
    return snake(parent.__ensue__.name) + "_id"


def newest(model: type[Model]) -> type[Model]:
    """The class whose columns the table has: the last of the line of shapes; of a view, of its model."""
    model = model.__ensue__.view_of or model
    while model.__ensue__.followed_by is not None:
        model = model.__ensue__.followed_by
    return model


def may_have_changed(latest: type[Model]) -> bool:
    """Whether rows may have been recorded in another shape: there are older ones, or the only one has a date, and some were before it."""
    return latest.__ensue__.follows is not None or latest.__ensue__.version is not None


def shape_name(model: type[Model]) -> str:
    """`Person`, or with the date of its shape `Person2@2026-02-01`: how records name the shape that a table had."""
    version = model.__ensue__.version
    return model.__name__ if version is None else f"{model.__name__}@{version}"


def row_key(model: type[Model], id: str) -> str:
    """`Patient/p-17`: how a row is named in tags, tables and messages; of a subject also the name of its chain."""
    return f"{model.__ensue__.name}/{id}"


def subjects_of_row(model: type[Model], id: str, row: dict[str, Json] | None) -> tuple[str, ...]:
    """The chains that a row (of the newest shape) belongs to: its own where it is a subject, and its parents'."""
    info = model.__ensue__
    own = (f"{info.name}/{id}",) if info.subject else ()
    if row is None or not info.parents:
        return own
    subjects = [*own]
    for column, parent in info.parent_columns.items():
        if row[column] is not None:
            subjects.append(f"{parent}/{row[column]}")
    return tuple(subjects)


def row_of(model: type[M], encoded: dict[str, Json]) -> M:
    """A row from J1 values of exactly the model's columns, or of more (a view takes its own)."""
    fields = fields_of(model)
    return trusted(model, fields.decode(encoded) if len(fields.names) == len(encoded) else fields.decode_own(encoded))


def encoded_row(row: Model) -> dict[str, Json]:
    """The J1 values of *row*'s columns."""
    return fields_of(type(row)).encode(row.__dict__)
