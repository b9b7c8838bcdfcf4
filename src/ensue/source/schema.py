"""
Schema: the fields of a class as JSON Schema (draft 2020-12), the same from release to release.

Made from the annotation itself and from the constraints that stand in it, not by a library, whose words for the same
type change with its versions: these texts are committed in `versions.lock`.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from ensue.core.canonical import INTEGER_MAX
from ensue.core.codec import UnsupportedType
from ensue.core.data import Data, DataField, fields_of
from ensue.core.event import Event
from ensue.core.field_types import Purpose, codec_for
from ensue.core.marks import MISSING

Schema = dict[str, Any]

SIMPLE: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer", "minimum": -INTEGER_MAX, "maximum": INTEGER_MAX},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    time: {"type": "string", "format": "partial-time"},
    UUID: {"type": "string", "format": "uuid"},
    bytes: {"type": "string", "contentEncoding": "base64url"},
    Decimal: {"type": "string", "format": "decimal"},
}
NUMBERS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum", "multiple_of": "multipleOf"}
LENGTHS = {"min_length": ("minLength", "minItems"), "max_length": ("maxLength", "maxItems")}
TEXTS = {"pattern": "pattern", "max_digits": "maxDigits", "decimal_places": "decimalPlaces"}


def object_schema(cls: type[Data]) -> Schema:
    """The fields of a model, effect, rejection or value: an object that has these and no others."""
    return _object(fields_of(cls).by_name)


def form_schema(shape: type[Event]) -> Schema:
    """What callers send: the form's fields, and the ids of the state that travels with it."""
    schema = _object(fields_of(shape).by_name)
    for one in shape.__ensue__.state.values():
        if one.on_wire:
            schema["properties"][one.wire] = _nullable({"type": "string"}) if one.optional else {"type": "string"}
            if not one.may_be_left_out:
                schema["required"].append(one.wire)
    schema["required"].sort()
    return schema


def state_schema(shape: type[Event]) -> dict[str, Schema]:
    """What is read and frozen, by state field: how, of which model, and the columns of a row."""
    return {
        one.name: {"kind": one.kind, "model": one.model.__ensue__.name, "row": object_schema(one.model)}
        for one in shape.__ensue__.state.values()
    }


def _object(fields: Mapping[str, DataField]) -> Schema:
    return {
        "type": "object",
        "properties": {name: _field(one) for name, one in fields.items()},
        "required": sorted(name for name, one in fields.items() if one.required),
        "additionalProperties": False,
    }


def _field(one: DataField) -> Schema:
    schema = type_schema(one.annotation)
    if one.default is MISSING or one.default is None:
        return schema
    return {**schema, "default": one.codec.encode(one.default)}


def type_schema(annotation: Any) -> Schema:
    """The schema of one field's type, constraints and purpose included."""
    if hasattr(annotation, "__value__"):  # `type Name = …`
        return type_schema(annotation.__value__)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        schema = type_schema(arguments[0])
        for mark in arguments[1:]:
            schema = {**schema, "x-purpose": mark.name} if isinstance(mark, Purpose) else _constrained(schema, mark)
        return schema
    if origin in (Union, types.UnionType):
        return _nullable(type_schema(next(one for one in arguments if one is not type(None))))
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (tuple, frozenset):
        return {"type": "array", "items": type_schema(arguments[0]), **({"uniqueItems": True} if origin is frozenset else {})}
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return {"enum": [member.value for member in annotation]}
    if isinstance(annotation, type) and issubclass(annotation, Data):
        return object_schema(annotation)
    if annotation in SIMPLE:
        return dict(SIMPLE[annotation])
    return _by_kind(annotation)


def _by_kind(annotation: Any) -> Schema:
    """Of a type that another name stands for, such as pydantic's `AwareDatetime`."""
    kinds = {codec_for(one).kind: schema for one, schema in SIMPLE.items()}
    try:
        return dict(kinds[codec_for(annotation).kind])
    except (UnsupportedType, KeyError):
        return {"description": str(annotation)}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _constrained(schema: Schema, mark: Any) -> Schema:
    """*schema* with what a constraint adds: `Gt(0)`, `Field(max_length=80)`, `StringConstraints(pattern=…)`."""
    added: Schema = {}
    for item in _items(mark):
        for name, word in {**NUMBERS, **TEXTS}.items():
            value = getattr(item, name, None)
            if value is not None:
                added[word] = value if type(value) in (int, str) else getattr(value, "pattern", None) or str(value)
        for name, words in LENGTHS.items():
            if getattr(item, name, None) is not None:
                added[words[schema.get("type") == "array"]] = getattr(item, name)
    if "anyOf" in schema and added:  # of an optional, the constraint is meant for the value
        return {"anyOf": [{**schema["anyOf"][0], **added}, *schema["anyOf"][1:]]}
    return {**schema, **added}


def _items(mark: Any) -> Iterator[Any]:
    """The constraints in one piece of metadata: pydantic's `Field` holds several."""
    held = getattr(mark, "metadata", None)
    yield from held if isinstance(held, list | tuple) else (mark,)


# ---- two schemas of one class --------------------------------------------------------------------------------------
def changed_fields(before: Schema, after: Schema) -> dict[str, str]:
    """
    The fields that differ, each with how: `removed`, `changed`, `required` (now it must be given), `optional`, `added`.

    `added` is what may be done without a new shape: a field that has a default.
    """
    found: dict[str, str] = {}
    old, new = before["properties"], after["properties"]
    for name in sorted(old.keys() | new.keys()):
        must, had_to = name in after["required"], name in before["required"]
        if name not in new:
            found[name] = "removed"
        elif name not in old:
            found[name] = "required" if must else "added"
        elif not _same(old[name], new[name]):
            found[name] = "changed"
        elif must != had_to:
            found[name] = "required" if must else "optional"
    return found


def _same(before: Any, after: Any) -> bool:
    """Whether two schemas of a field say the same; inside nested objects too, a field with a default may have been added."""
    if isinstance(before, dict) and isinstance(after, dict):
        if before.get("type") == after.get("type") == "object" and "properties" in before:
            return set(changed_fields(before, after).values()) <= {"added"}
        return before.keys() == after.keys() and all(_same(before[name], after[name]) for name in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after) and type(before) is type(after)
