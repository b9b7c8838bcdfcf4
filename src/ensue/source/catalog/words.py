"""Words: how a type, a constraint and a default read, from their JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from ensue.core.schema import PREFIX, Schema

TYPES: Final = {"string": "text", "integer": "integer", "boolean": "true or false"}
FORMATS: Final = {"decimal": "decimal", "date-time": "moment", "date": "date", "local-time": "time of day", "uuid": "UUID"}
CONSTRAINTS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "decimal_places": "{} decimal places",
    "max_digits": "at most {} digits",
    "pattern": "matches {}",
    "checked-by": "checked by {}",
}


def counted(number: int, one: str) -> str:
    """`1 event type`, `2 event types`."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def type_words(schema: Schema) -> str:
    """`text or null`, `list of integer`, `one of "a", "b"`, `id of a Patient`."""
    words = _type(schema)
    return f"{words} or null" if "null" in schema["type"] and "enum" not in schema else words


def _type(schema: Schema) -> str:
    model = schema.get(f"{PREFIX}model")
    if model is not None:
        new = "new " if schema.get(f"{PREFIX}state") == "new" else ""
        return f"id of {'an' if not new and model[0] in 'AEIOU' else 'a'} {new}{model}"
    if "enum" in schema:
        return f"one of {', '.join(shown(one) for one in schema['enum'])}"
    if "contentEncoding" in schema:
        return "bytes"
    if "format" in schema:
        return FORMATS[schema["format"]]
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    if kind == "array":
        return f"{'set' if schema.get('uniqueItems') else 'list'} of {type_words(schema['items'])}"
    if kind == "object":
        return f"{schema['title']} ({', '.join(f'{name}: {type_words(one)}' for name, one in schema['properties'].items())})"
    return TYPES[kind]


def constraint_words(schema: Schema) -> Iterator[str]:
    """Each constraint that is the application's own; what belongs to the type is said by its name."""
    if f"{PREFIX}model" in schema:
        return
    own_pattern = "format" not in schema and "contentEncoding" not in schema
    for word, value in schema.items():
        said = CONSTRAINTS.get(word.removeprefix(PREFIX))
        if said is not None and (word != "pattern" or own_pattern):
            words = said.format(value)
            yield words[:-1] if value == 1 and words.endswith("s") else words


def default_words(schema: Schema) -> str:
    """The default as JSON; empty where there is none."""
    return shown(schema["default"]) if "default" in schema else ""


def shown(value: Any) -> str:
    """A J1 value as JSON."""
    return json.dumps(value, ensure_ascii=False)
