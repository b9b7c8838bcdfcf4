"""
Fields: the fields of one class, and every way in and out of them.

A Python value enters through `validate`, a J1 value of outside through `read`; `encode` and `decode` trust both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError
from typing_extensions import TypedDict

from ensue.core.canonical import INTEGER_MAX, Json, check_text
from ensue.core.codec import Codec, check_integer, problems_below, same
from ensue.core.field_types import split_leaf
from ensue.core.marks import MISSING
from ensue.errors import CanonicalError, DefinitionError, FieldProblem, FormatError, InvalidForm


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
        self._own = _values_of(self.names)
        self.all_names = frozenset(self.names)
        self._defaults = {one.name: one.default for one in self.by_name.values() if one.default is not MISSING}
        coded = [one for one in self.by_name.values() if not one.codec.plain]
        self._encoders = [(one.name, one.codec.encode) for one in coded]
        self._decoders = [(one.name, one.codec.decode) for one in coded]
        self._normals = [(one.name, one.codec.normal or one.codec.normalise) for one in coded if one.codec.normal is not same]
        self._texts = tuple(one.name for one in self.by_name.values() if one.codec.plain and one.codec.kind == "text")
        self._integers = tuple(one.name for one in self.by_name.values() if one.codec.check is check_integer)
        self._checks = [
            (one.name, one.codec.check)
            for one in self.by_name.values()
            if one.codec.check is not None and one.name not in self._texts and one.name not in self._integers
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
        texts = "".join(filter(None, map(checked.get, self._texts)))
        if not texts.isascii() or "\0" in texts:  # nearly every text is plain ASCII
            for name in self._texts:
                try:
                    check_text(checked.get(name) or "")
                except CanonicalError as error:
                    problems.append(FieldProblem(name, "value", str(error)))
        for name in self._integers:
            if not -INTEGER_MAX <= checked.get(name, 0) <= INTEGER_MAX:
                try:
                    check_integer(checked[name])
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

    def find_some_further(self, found: Mapping[str, Any], problems: list[FieldProblem]) -> None:
        """As `find_further`, where nothing is required."""
        try:
            self.validate_some(found)
        except InvalidForm as invalid:
            problems += invalid.problems

    # -- trusted, hot
    def encode(self, values: Mapping[str, Any]) -> dict[str, Json]:
        """The J1 values of checked Python *values*."""
        encoded = dict(values)
        for name, encode in self._encoders:
            encoded[name] = encode(encoded[name])
        return encoded

    def encode_own(self, values: Mapping[str, Any]) -> dict[str, Json]:
        """As `encode`, from *values* that hold other things beside."""
        encoded = dict(zip(self.names, self._own(values), strict=True))
        for name, encode in self._encoders:
            encoded[name] = encode(encoded[name])
        return encoded

    def encode_some(self, values: Mapping[str, Any]) -> dict[str, Json]:
        """As `encode`, for some of the fields."""
        return {name: self.by_name[name].codec.encode(value) for name, value in values.items()}

    def decode(self, encoded: Mapping[str, Json]) -> dict[str, Any]:
        """The Python values of J1 values that `encode` gave."""
        return self.decode_taken(dict(encoded))

    def decode_taken(self, values: dict[str, Any]) -> dict[str, Any]:
        """As `decode`, in the very *values*."""
        for name, decode in self._decoders:
            values[name] = decode(values[name])
        return values

    def decode_own(self, encoded: Mapping[str, Json]) -> dict[str, Any]:
        """
        As `decode`, from J1 values that hold other things beside; a field that came since they were written has its default.

        Raises:
            FormatError: a field that has none is not there.
        """
        try:
            values = dict(zip(self.names, self._own(encoded), strict=True))
        except KeyError:
            values = {name: encoded[name] if name in encoded else self._came_since(name) for name in self.names}
        return self.decode_taken(values)

    def _came_since(self, name: str) -> Json:
        one = self.by_name[name]
        if one.required:
            raise FormatError(f"{self.owner}.{name}, which was not recorded and has no default; a new field without one needs a new shape")
        encoded: Json = one.codec.encode(one.default)
        return encoded

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
                below = f"{path}/{name}"
                if codec.purpose is not None:
                    leaves.append((below, value))
                    kept[name] = {"_leaf": below}
                else:
                    kept[name] = split_leaf(codec, value, below, leaves)
        return kept


def _values_of(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What takes the values of *names* out of a mapping, in one call. It raises KeyError where one is not there."""
    if len(names) > 1:
        return itemgetter(*names)
    if not names:
        return lambda _: ()
    only = names[0]
    return lambda values: (values[only],)


def heads(problems: Iterable[FieldProblem]) -> set[str]:
    """The fields that *problems* are about, without what lies below them."""
    return {problem.path.partition(".")[0] for problem in problems}
