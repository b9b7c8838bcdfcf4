"""
Data: the frozen, typed base of models, values, effects and events.

Checked once, where a value enters; after that nobody asks again whether a date is a date. pydantic checks types and
constraints, the field's codec brings the value into the form it will have when it is read back.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, NoReturn, Self, TypeVar, dataclass_transform, get_args, get_origin

from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from ensue.core.annotations import Namespace
from ensue.core.codec import UnsupportedType
from ensue.core.field_types import codec_for
from ensue.core.fields import DataField, Fields
from ensue.core.marks import MISSING, Column, Mark, by, column, related
from ensue.errors import DefinitionError

D = TypeVar("D", bound="Data")


class Declared(NamedTuple):
    """One annotation, resolved, and what stands to its right: a default, a mark, or `MISSING`."""

    annotation: Any
    default: Any


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field, column, by, related))
class Data:
    """A frozen, typed thing with named fields. Two are equal when class and values are."""

    __slots__ = ("__dict__", "__weakref__")

    __ensue_fields__: ClassVar[Fields | None] = None
    __ensue_declared__: ClassVar[dict[str, Declared]]
    """Every annotation of the class and of those above it, with what stands to its right."""
    __ensue_namespace__: ClassVar[Namespace]
    __ensue_reserved__: ClassVar[frozenset[str]] = frozenset()
    """Names that classes below may not use for a field."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.__ensue_fields__ = None
        cls.__ensue_namespace__ = Namespace(cls)
        with suppress(NameError):  # a class further down is named; fields_of tries again at first use
            fields_of(cls)

    if not TYPE_CHECKING:  # type checkers make one from the fields

        def __init__(self, **values: Any) -> None:
            set_values(self, "__dict__", (type(self).__ensue_fields__ or fields_of(type(self))).validate(values))

    @classmethod
    def __ensue_split__(cls, declared: dict[str, Declared]) -> dict[str, Declared]:
        """What of *declared* is data; all of it, unless a class keeps other things beside."""
        return declared

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen; make a changed copy with copy.replace() or an Update")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), frozenset(self.__dict__.items())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def __replace__(self, /, **changes: Any) -> Self:
        return type(self)(**{**self.__dict__, **changes})

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memory: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self.__dict__))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.is_instance_schema(cls)


set_values = object.__setattr__
"""Gives an instance its values past the freeze: as its `__dict__`, one dictionary that is its own from then on."""
_set_dict = Data.__dict__["__dict__"].__set__  # what `set_values` would look up each time


def _rebuild(cls: type[D], values: dict[str, Any]) -> D:
    return trusted(cls, values)


def trusted(cls: type[D], values: dict[str, Any]) -> D:
    """An instance over checked Python *values*, which it takes over; nothing is checked again."""
    made = cls.__new__(cls)
    _set_dict(made, values)
    return made


def fields_of(cls: type[Data]) -> Fields:
    """
    The fields of *cls*, resolved once.

    Raises:
        NameError: an annotation names a class that is not defined yet.
        DefinitionError: a field's type, name or default cannot be.
    """
    fields = cls.__ensue_fields__  # every class has its own, from `__init_subclass__`
    if fields is None:
        if cls in _resolving:
            raise DefinitionError(f"{cls.__name__}: it contains itself; give the parts a class of their own, or rows of a model.")
        _resolving.append(cls)
        try:
            fields = cls.__ensue_fields__ = _resolve(cls)
        finally:
            _resolving.remove(cls)
    return fields


_resolving: list[type[Data]] = []
"""The classes whose fields are being resolved just now, each for the sake of the one before it."""


def _resolve(cls: type[Data]) -> Fields:
    own = {name: hint for name, hint in cls.__ensue_namespace__.hints().items() if ClassVar not in (hint, get_origin(hint))}
    _refuse_names(cls, own)
    declared: dict[str, Declared] = {}
    for base in reversed(cls.__bases__):
        if issubclass(base, Data) and base is not Data:
            fields_of(base)
            declared |= base.__ensue_declared__
    declared |= {name: Declared(hint, MISSING) for name, hint in own.items()}
    cls.__ensue_declared__ = {name: Declared(one.annotation, cls.__dict__.get(name, one.default)) for name, one in declared.items()}
    fields = Fields(cls.__name__, {name: _field(cls, name, one) for name, one in cls.__ensue_split__(cls.__ensue_declared__).items()})
    fields.check_defaults()
    for name in own:
        if isinstance(cls.__dict__.get(name), (Mark, FieldInfo)):
            delattr(cls, name)
    return fields


def _refuse_names(cls: type[Data], names: Iterable[str]) -> None:
    reserved = {name for base in cls.__bases__ if issubclass(base, Data) for name in base.__ensue_reserved__}
    for name in names:
        if name in reserved:
            raise DefinitionError(f"{cls.__name__}.{name}: this name is taken by ensue itself; choose another field name.")
        if name.startswith("_") or not name.isascii():
            raise DefinitionError(f"{cls.__name__}.{name}: a field name begins with a letter and is plain ASCII; rename it.")


def _field(cls: type[Data], name: str, declared: Declared) -> DataField:
    annotation, default = declared
    column_name = name
    if isinstance(default, FieldInfo):
        annotation, default = Annotated[annotation, default], default.default
    elif isinstance(default, Column):
        column_name, default = default.name, default.default
    elif isinstance(default, Mark):
        raise DefinitionError(
            f"{cls.__name__}.{name}: {default.word} belongs to a state field; annotate it Ref[…], Lookup[…], New[…] or Related[…]."
        )
    for info in get_args(annotation)[1:] if get_origin(annotation) is Annotated else ():
        if isinstance(info, FieldInfo):
            _check_info(f"{cls.__name__}.{name}", info)
            default = info.default if default is MISSING else default
    try:
        codec = codec_for(annotation)
    except UnsupportedType as error:
        raise DefinitionError(f"{cls.__name__}.{name}: {error}.") from None
    return DataField(name, annotation, codec, default, column_name)


def _check_info(where: str, info: FieldInfo) -> None:
    if info.default_factory is not None:
        raise DefinitionError(f"{where}: a default that is made anew each time is not pure; give a plain default.")
    if info.alias is not None or info.validation_alias is not None:
        raise DefinitionError(f"{where}: a field has one name everywhere; drop the alias, or name the column with column(…).")
