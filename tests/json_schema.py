"""A small judge of JSON Schema: whether a schema uses only words of draft 2020-12, and whether a value fits it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

NUMBER_WORDS: Final[dict[str, Callable[[int, int], bool]]] = {
    "minimum": lambda value, limit: value >= limit,
    "maximum": lambda value, limit: value <= limit,
    "exclusiveMinimum": lambda value, limit: value > limit,
    "exclusiveMaximum": lambda value, limit: value < limit,
    "multipleOf": lambda value, limit: value % limit == 0,
}
LENGTHS_OF_TEXTS: Final = {"minLength": int.__ge__, "maxLength": int.__le__}
LENGTHS_OF_LISTS: Final = {"minItems": int.__ge__, "maxItems": int.__le__}
OTHER_WORDS: Final = {
    *("$schema", "$id", "$ref", "$defs", "title", "description", "default", "type", "enum", "const", "format", "pattern", "anyOf"),
    *("properties", "required", "additionalProperties", "items", "uniqueItems", "contentEncoding", "prefixItems"),
}
TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def check_schema(schema: Any, where: str = "#") -> None:
    """Every word is one of the draft, or an extension, and has a value that it may have. Raises AssertionError."""
    assert isinstance(schema, (dict, bool)), where
    if isinstance(schema, bool):
        return
    known = {*OTHER_WORDS, *NUMBER_WORDS, *LENGTHS_OF_TEXTS, *LENGTHS_OF_LISTS}
    assert {one for one in schema if one not in known and not one.startswith("x-")} == set(), where
    declared = schema.get("type", [])
    assert {*([declared] if isinstance(declared, str) else declared)} <= TYPES.keys(), where
    assert set(schema.get("required", ())) <= schema.get("properties", {}).keys(), where
    re.compile(schema.get("pattern", ""))
    for name, below in {**schema.get("properties", {}), **schema.get("$defs", {})}.items():
        check_schema(below, f"{where}/{name}")
    for one in (schema.get("items"), schema.get("additionalProperties"), *schema.get("anyOf", ())):
        check_schema(True if one is None else one, where)


def fits(value: Any, schema: Any, root: Any = None) -> bool:
    """Whether *value* is as *schema* says. Formats are annotations, as the draft has it."""
    root = schema if root is None else root
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        return fits(value, resolved(schema["$ref"], root), root)
    declared = schema.get("type", list(TYPES))
    kinds = [TYPES[one] for one in ([declared] if isinstance(declared, str) else declared)]
    if not any(isinstance(value, kind) and (bool in kind or not isinstance(value, bool)) for kind in kinds):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "anyOf" in schema and not any(fits(value, one, root) for one in schema["anyOf"]):
        return False
    if isinstance(value, int) and not all(holds(value, schema[word]) for word, holds in NUMBER_WORDS.items() if word in schema):
        return False
    if isinstance(value, (str, list)) and not _length_fits(value, schema):
        return False
    if isinstance(value, str):
        return re.search(schema.get("pattern", ""), value) is not None
    if isinstance(value, list):
        unique = not schema.get("uniqueItems") or all(one not in value[:place] for place, one in enumerate(value))
        return unique and all(fits(one, schema.get("items", True), root) for one in value)
    return not isinstance(value, dict) or _object_fits(value, schema, root)


def _length_fits(value: str | list[Any], schema: Any) -> bool:
    words = LENGTHS_OF_TEXTS if isinstance(value, str) else LENGTHS_OF_LISTS
    return all(holds(len(value), schema[word]) for word, holds in words.items() if word in schema)


def _object_fits(value: dict[str, Any], schema: Any, root: Any) -> bool:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    known = all(fits(one, properties.get(name, others), root) for name, one in value.items())
    return known and set(schema.get("required", ())) <= value.keys()


def resolved(reference: str, root: Any) -> Any:
    """What a `$ref` of the same document leads to. Raises KeyError."""
    assert reference.startswith("#/"), reference
    for part in reference[2:].split("/"):
        root = root[part.replace("~1", "/").replace("~0", "~")]
    return root


def references_of(document: Any) -> list[str]:
    """Every `$ref` in a document."""
    if isinstance(document, dict):
        own = [document["$ref"]] if isinstance(document.get("$ref"), str) else []
        return own + [one for below in document.values() for one in references_of(below)]
    return [one for below in document for one in references_of(below)] if isinstance(document, list) else []
