"""
Schema: what a form, a row, an effect or a rejection looks like outside, as JSON Schema (draft 2020-12).

The wire forms are those of the codecs: a decimal is a string, an instant has its zone. Nested values stand where they
are used, so that two schemas can be compared part by part. What JSON Schema has no word for begins with `x-ensue-`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType

from ensue.core.data import Data, fields_of
from ensue.core.effect import Effect
from ensue.core.event import Event
from ensue.core.field_types import Purpose
from ensue.core.fields import DataField
from ensue.core.marks import MISSING
from ensue.core.model import Model
from ensue.core.rejection import Rejection
from ensue.core.state import StateField

Schema = dict[str, Any]
"""A JSON Schema, as json.dumps writes it. `type` is one name, or a name and "null"."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PREFIX: Final = "x-ensue-"
SIMPLE: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    Decimal: {"type": "string", "format": "decimal", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"},
    datetime: {"type": "string", "format": "date-time"},
    AwareDatetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    # The format "time" of JSON Schema has a zone (RFC 3339, full-time); a time of day here has none.
    time: {"type": "string", "format": "local-time", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$"},
    UUID: {"type": "string", "format": "uuid"},
    bytes: {"type": "string", "contentEncoding": "base64url", "pattern": r"^[A-Za-z0-9_-]*$"},
}
LIMITS: Final = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum", "multiple_of": "multipleOf"}
LENGTHS: Final = {"min_length": ("minLength", "minItems"), "max_length": ("maxLength", "maxItems")}
DIGITS: Final = ("decimal_places", "max_digits")


# ---- whole things --------------------------------------------------------------------------------------------------
def form_schema(shape: type[Event]) -> Schema:
    """What a caller sends: the form's fields, and the ids of state that stand on the wire, in the order of the class."""
    fields, state = fields_of(shape).by_name, shape.__ensue__.state
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for name in shape.__ensue_declared__:
        if name in fields:
            properties[name] = field_schema(fields[name])
            required += [name] if fields[name].required else []
        elif name in state and state[name].on_wire:
            properties[state[name].wire] = id_schema(state[name])
            required += [] if state[name].may_be_left_out else [state[name].wire]
    return _object(shape, properties, required)


def row_schema(model: type[Model]) -> Schema:
    """A row of *model*, or of a view's columns, as it is recorded and shown."""
    return fields_schema(model)


def body_schema(effect: type[Effect]) -> Schema:
    """An effect's own fields, without its key and moment."""
    return fields_schema(effect, leave_out=("key", "not_before"))


def values_schema(rejection: type[Rejection]) -> Schema:
    """What a rejection tells beside its code and message."""
    return {**fields_schema(rejection.__ensue_reason__), "title": rejection.__name__}


def fields_schema(cls: type[Data], leave_out: Iterable[str] = ()) -> Schema:
    """The fields of any class of data, as one object."""
    fields = {name: one for name, one in fields_of(cls).by_name.items() if name not in leave_out}
    return _object(cls, {name: field_schema(one) for name, one in fields.items()}, [one.name for one in fields.values() if one.required])


def _object(cls: type[Any], properties: Mapping[str, Schema], required: list[str]) -> Schema:
    return {
        "type": "object",
        "title": cls.__name__,
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }


# ---- one field -----------------------------------------------------------------------------------------------------
def field_schema(one: DataField) -> Schema:
    """A field with its constraints, purpose and default."""
    schema = annotation_schema(one.annotation)
    if one.default is not MISSING:
        schema["default"] = one.codec.encode(one.default)
    return schema


def id_schema(one: StateField) -> Schema:
    """The id of a row on the wire, and what it is the id of."""
    schema: Schema = {"type": "string", "minLength": 1, f"{PREFIX}state": one.kind, f"{PREFIX}model": one.model_name}
    return _nullable(schema) if one.optional else schema


def annotation_schema(annotation: Any) -> Schema:
    """The schema of a field's annotation, which `codec_for` has accepted."""
    if isinstance(annotation, TypeAliasType):
        return annotation_schema(annotation.__value__)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _constrained(annotation_schema(arguments[0]), arguments[1:])
    if origin in (Union, types.UnionType):
        return _nullable(annotation_schema(next(one for one in arguments if one is not type(None))))
    if origin is Literal:
        return _choice(arguments)
    if origin is tuple:
        return {"type": "array", "items": annotation_schema(arguments[0])}
    if origin is frozenset:
        return {"type": "array", "items": annotation_schema(arguments[0]), "uniqueItems": True}
    if annotation in SIMPLE:
        return dict(SIMPLE[annotation])
    if issubclass(annotation, Enum):
        return {**_choice([member.value for member in annotation]), "title": annotation.__name__}
    return fields_schema(annotation)


def _choice(values: Iterable[Any]) -> Schema:
    listed = list(values)
    return {"type": "string" if isinstance(listed[0], str) else "integer", "enum": listed}


def _nullable(schema: Schema) -> Schema:
    nullable = {**schema, "type": [schema["type"], "null"]}
    return {**nullable, "enum": [*schema["enum"], None]} if "enum" in schema else nullable


# ---- constraints ---------------------------------------------------------------------------------------------------
def _constrained(schema: Schema, marks: Iterable[Any]) -> Schema:
    for mark in _flat(marks):
        if isinstance(mark, Purpose):
            schema[f"{PREFIX}purpose"] = mark.name
        elif isinstance(mark, FieldInfo):
            schema |= {key: value for key, value in (("title", mark.title), ("description", mark.description)) if value}
        else:
            schema |= _words(mark, schema)
    return schema


def _flat(marks: Iterable[Any]) -> Iterator[Any]:
    """Each mark, and what is gathered in it: a `Field()` holds several, and so do the intervals of annotated types."""
    for mark in marks:
        yield mark
        if isinstance(mark, FieldInfo):
            yield from _flat(mark.metadata)
        elif hasattr(mark, "__iter__") and not isinstance(mark, str):
            yield from _flat(mark)


def _words(mark: Any, schema: Schema) -> Schema:
    """The keywords of one mark; pydantic's and annotated types' marks are told by what they carry."""
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    words: Schema = {}
    for name, word in LIMITS.items():
        limit = getattr(mark, name, None)
        if limit is not None:
            words |= {word: limit} if kind == "integer" else {PREFIX + word: limit_text(limit)}
    for name, (of_text, of_items) in LENGTHS.items():
        length = getattr(mark, name, None)
        if length is not None and not (name == "min_length" and length == 0):
            words[of_items if kind == "array" else of_text] = length
    for name in DIGITS:
        digits = getattr(mark, name, None)
        if digits is not None:
            words[PREFIX + name] = digits
    pattern = getattr(mark, "pattern", None)
    if pattern is not None:
        words["pattern"] = getattr(pattern, "pattern", pattern)
    checked = getattr(mark, "func", None)
    if checked is not None:  # a rule in code, which no schema can say
        words[f"{PREFIX}checked-by"] = getattr(checked, "__name__", str(checked))
    return words


def limit_text(limit: Any) -> str:
    """A limit of a value that is text on the wire: a decimal, a date, an instant."""
    return str(limit.isoformat()) if hasattr(limit, "isoformat") else str(limit)
