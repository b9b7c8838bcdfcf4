"""Value: nested data with names of its own, frozen all the way down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ensue.core.canonical import Json
from ensue.core.codec import Codec, NestedProblems
from ensue.core.data import Data, fields_of, trusted
from ensue.errors import CanonicalError, FieldProblem, InvalidForm

V = TypeVar("V", bound="Value")


class Value(Data):
    """Nested data: `class Dose(Value)`, used as the type of a field of an event, model or effect. Frozen all the way down."""

    __slots__ = ()

    @classmethod
    def __ensue_codec__(cls) -> Codec:
        fields = fields_of(cls)

        def read(value: Json) -> Any:
            if type(value) is not dict:
                raise ValueError(f"expected an object with {', '.join(fields.names)}, found {type(value).__name__}")
            try:
                return read_value(cls, value)
            except InvalidForm as invalid:
                raise NestedProblems(invalid.problems) from None

        def encode(value: Any) -> Json:
            if type(value) is not cls:
                raise CanonicalError(f"expected a {cls.__name__}, found a {type(value).__name__}, which may have further fields")
            return fields.encode(value.__dict__)

        def decode(value: Any) -> Any:
            return trusted(cls, fields.decode(value))

        def split(value: Any, path: str, leaves: list[tuple[str, Json]]) -> Json:
            return fields.split(value, path, leaves)

        described: Json = {"value": {name: one.codec.describe for name, one in fields.by_name.items()}}
        return Codec("json", encode, decode, read, described, split=split if fields.splits else None)


def read_value(cls: type[V], values: Mapping[str, Json]) -> V:
    """A *cls* from J1 *values* of outside. Raises InvalidForm with all the problems at once."""
    problems: list[FieldProblem] = []
    fields = fields_of(cls)
    found = fields.read(values, problems)
    if problems:
        fields.find_further(found, problems)
        raise InvalidForm(cls.__name__, problems)
    return trusted(cls, fields.validate(found))
