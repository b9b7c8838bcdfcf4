"""
Data: the frozen, typed base of models, values, effects and events.

Checked once, where a value enters; after that nobody asks again whether a date is a date. pydantic checks types and
constraints, the field's codec brings the value into the form it will have when it is read back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, NoReturn, Self, TypeVar, dataclass_transform, get_args, get_origin

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic_core import SchemaError, core_schema
from typing_extensions import TypedDict

from ensue.core.annotations import Namespace
from ensue.core.canonical import Json, check_text
from ensue.core.codec import Codec, UnsupportedType, problems_below, same
from ensue.core.field_types import codec_for, split_leaf
from ensue.core.marks import MISSING, Column, Mark, by, column, related
from ensue.errors import CanonicalError, DefinitionError, FieldProblem, InvalidForm

D = TypeVar("D", bound="Data")


class Declared(NamedTuple):
    """One annotation, resolved, and what stands to its right: a default, a mark, or `MISSING`."""

    annotation: Any
    default: Any


@dataclass(frozen=True)
class DataField:
    """One declared field: its annotation as written, its codec, its default and its column."""

    name: str
    annotation: Any
    codec: Codec
    default: Any
    column: str

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is MISSING


class Fields:
    """The fields of one class, and every way in and out of them."""

    def __init__(self, owner: str, fields: Mapping[str, DataField]) -> None:
        self.owner = owner
        self.by_name = dict(fields)
        self.names = tuple(self.by_name)
        self._defaults = {one.name: one.default for one in self.by_name.values() if one.default is not MISSING}
        coded = [one for one in self.by_name.values() if not one.codec.plain]
        self._encoders = [(one.name, one.codec.encode) for one in coded]
        self._decoders = [(one.name, one.codec.decode) for one in coded]
        self._normals = [(one.name, one.codec.normalise) for one in coded if one.codec.normal is not same]
        self._texts = tuple(one.name for one in self.by_name.values() if one.codec.plain and one.codec.kind == "text")
        self._checks = [
            (one.name, one.codec.check) for one in self.by_name.values() if one.codec.check is not None and one.name not in self._texts
        ]
        self.splits = [
            (name, one.codec) for name, one in sorted(self.by_name.items()) if one.codec.purpose is not None or one.codec.split is not None
        ]
        self._validators: dict[str, Any] = {}
        self._validator = self._build_validator()

    def _build_validator(self) -> Any:
        make_typed_dict: Any = TypedDict  # made at run time, which type checkers do not follow
        shape = make_typed_dict(self.owner, {one.name: one.annotation for one in self.by_name.values()})
        shape.__pydantic_config__ = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)
        try:
            return TypeAdapter(shape).validator  # the adapter itself costs as much again as a small form
        except (PydanticUserError, SchemaError, TypeError) as error:
            raise DefinitionError(
                f"{self.owner}: {' '.join(str(error).split())}; use a type of the list in docs/guides/fields.md."
            ) from error

    # -- a Python value enters
    def validate(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The checked and normalised values, defaults filled. Raises InvalidForm with every problem at once."""
        problems: list[FieldProblem] = []
        try:
            checked: dict[str, Any] = self._validator.validate_python({**self._defaults, **values} if self._defaults else values)
        except ValidationError as error:
            problems += self._problems_of(error)
            wrong = heads(problems)
            self._normalise({name: value for name, value in values.items() if name not in wrong}, problems)
            raise InvalidForm(self.owner, problems) from None
        self._normalise(checked, problems)
        if problems:
            raise InvalidForm(self.owner, problems)
        return checked

    def check_defaults(self) -> None:
        """Raises DefinitionError where a default is no value of its field."""
        try:
            self.validate_some(self._defaults)
        except InvalidForm as invalid:
            problem = invalid.problems[0]
            raise DefinitionError(
                f"{self.owner}.{problem.path}: its default cannot be: {problem.message}; give a value of its type."
            ) from None

    def validate_some(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """As `validate`, for some of the fields: nothing is required and no default filled."""
        problems: list[FieldProblem] = []
        checked: dict[str, Any] = {}
        for name, value in values.items():
            validator = self._validators.get(name)
            if validator is None:
                validator = self._validators[name] = TypeAdapter(self.by_name[name].annotation).validator
            try:
                checked[name] = validator.validate_python(value, strict=True)
            except ValidationError as error:
                problems += [
                    self._problem(one.code, name + (f".{one.path}" if one.path else ""), one.message) for one in self._problems_of(error)
                ]
        self._normalise(checked, problems)
        if problems:
            raise InvalidForm(self.owner, problems)
        return checked

    def _normalise(self, checked: dict[str, Any], problems: list[FieldProblem]) -> None:
        """Bring checked values into the form they will have when they are read back; what has no such form is added to *problems*."""
        for name in self._texts:
            text = checked.get(name)
            if text is not None and (not text.isascii() or "\0" in text):  # nearly every text is plain ASCII
                try:
                    check_text(text)
                except CanonicalError as error:
                    problems.append(FieldProblem(name, "value", str(error)))
        for name, check in self._checks:
            if name in checked:
                try:
                    check(checked[name])
                except CanonicalError as error:
                    problems.append(FieldProblem(name, "value", str(error)))
        for name, normalise in self._normals:
            if name in checked:
                try:
                    checked[name] = normalise(checked[name])
                except ValueError as error:
                    problems.append(FieldProblem(name, "value", str(error)))

    def _problems_of(self, error: ValidationError) -> list[FieldProblem]:
        return [
            self._problem(one["type"], ".".join(str(part) for part in one["loc"]), one["msg"])
            for one in error.errors(include_url=False, include_context=False)
        ]

    def _problem(self, code: str, path: str, message: str) -> FieldProblem:
        if code == "missing":
            return FieldProblem(path, "missing", "is required and was not given")
        if code == "extra_forbidden":
            return FieldProblem(path, "unknown", f"is no field of {self.owner}; its fields are {', '.join(self.names)}")
        return FieldProblem(path, code, message[:1].lower() + message[1:])

    # -- a J1 value enters from outside
    def read(self, values: Mapping[str, Json], problems: list[FieldProblem]) -> dict[str, Any]:
        """The Python values of the known fields in *values*; what is not of its type, or unknown, is added to *problems*."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            declared = self.by_name.get(name)
            if declared is None:
                problems.append(self._problem("extra_forbidden", name, ""))
                continue
            try:
                found[name] = declared.codec.read(value)
            except ValueError as error:
                problems += problems_below(name, error)
        return found

    def find_further(self, found: Mapping[str, Any], problems: list[FieldProblem]) -> None:
        """Add to the *problems* that `read` found what is wrong with the rest: missing fields, and values outside their constraints."""
        try:
            self.validate(found)
        except InvalidForm as invalid:
            wrong = heads(problems)
            problems += [one for one in invalid.problems if not heads([one]) <= wrong]

    # -- trusted, hot
    def encode(self, values: Mapping[str, Any]) -> dict[str, Json]:
        """The J1 values of checked Python *values*."""
        encoded = dict(values)
        for name, encode in self._encoders:
            encoded[name] = encode(encoded[name])
        return encoded

    def encode_some(self, values: Mapping[str, Any]) -> dict[str, Json]:
        """As `encode`, for some of the fields."""
        return {name: self.by_name[name].codec.encode(value) for name, value in values.items()}

    def decode(self, encoded: Mapping[str, Json]) -> dict[str, Any]:
        """The Python values of J1 values that `encode` gave."""
        values = dict(encoded)
        for name, decode in self._decoders:
            values[name] = decode(values[name])
        return values

    def split(self, encoded: dict[str, Json], path: str, leaves: list[tuple[str, Json]]) -> dict[str, Json]:
        """*encoded* with the parts that have a purpose moved into *leaves* (design §5); the very same object where there are none."""
        if not self.splits:
            return encoded
        kept = encoded
        for name, codec in self.splits:
            value = encoded.get(name)
            if value is not None:
                if kept is encoded:
                    kept = dict(encoded)
                kept[name] = split_leaf(codec, value, f"{path}/{name}", leaves)
        return kept


def heads(problems: Iterable[FieldProblem]) -> set[str]:
    """The fields that *problems* are about, without what lies below them."""
    return {problem.path.partition(".")[0] for problem in problems}


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
            self.__dict__.update(fields_of(type(self)).validate(values))

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


def _rebuild(cls: type[D], values: dict[str, Any]) -> D:
    return trusted(cls, values)


def trusted(cls: type[D], values: dict[str, Any]) -> D:
    """An instance over checked Python *values*, which it takes over; nothing is checked again."""
    made = cls.__new__(cls)
    made.__dict__.update(values)
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
