"""JSON Schema: the forms of every event type at every date, and the bodies of effects, in one document (draft 2020-12)."""

from __future__ import annotations

from typing import Any, Final

from ensue.core.catalog import Catalog, EffectEntry
from ensue.core.schema import DIALECT, Schema

WIRE: Final = (
    "Decimals and moments are strings; a moment has its zone and at most microseconds. Integers lie within ±(2^53−1) and are written "
    "without a point. Texts have no NUL character and no lone surrogates."
)
"""What is refused beyond the schemas, which have no words for it."""


def to_json_schema(catalog: Catalog) -> dict[str, Any]:
    """One document: `$defs` has the form of every event type at every date, under `type@date`; it accepts any of the newest."""
    definitions = {entry.key: entry.schema for type_ in catalog.events for entry in type_.entries}
    definitions |= {f"effect.{one.kind}": effect_body(one) for one in catalog.effects}
    return {
        "$schema": DIALECT,
        "title": f"Forms of {catalog.app}",
        "description": WIRE,
        "anyOf": [{"$ref": f"#/$defs/{entry.key}"} for entry in catalog.entries()],
        "$defs": definitions,
    }


def effect_body(effect: EffectEntry) -> Schema:
    """An effect's own fields."""
    return {
        "type": "object",
        "title": effect.name,
        "description": effect.purpose,
        "properties": {one.name: described(one.schema, one.description) for one in effect.fields},
        "required": [one.name for one in effect.fields if one.required],
        "additionalProperties": False,
    }


def described(schema: Schema, description: str) -> Schema:
    """*schema* with what it is for."""
    return {**schema, "description": description} if description else schema
