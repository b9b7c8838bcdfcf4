"""Fields: those of a form, a row, an effect or a rejection, from their JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping

from ensue.core.catalog import FieldEntry
from ensue.core.schema import PREFIX, Schema
from ensue.source.catalog.words import constraint_words, type_words


def field_entries(schema: Schema, texts: Mapping[str, str]) -> tuple[FieldEntry, ...]:
    """The properties of an object's *schema*; *texts* say what each is for, where the schema does not."""
    return tuple(
        FieldEntry(
            name=name,
            type=type_words(one),
            required=name in schema["required"],
            schema=one,
            constraints=tuple(constraint_words(one)),
            purpose=one.get(f"{PREFIX}purpose"),
            description=one.get("description") or texts.get(name, ""),
        )
        for name, one in schema["properties"].items()
    )
