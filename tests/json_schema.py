"""JSON Schema as others judge it: whether a schema is one of draft 2020-12, and whether a value fits it, formats included."""

from __future__ import annotations

from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]  # it ships no types

WORDS: Final = {
    *("$schema", "$id", "$ref", "$defs", "title", "description", "default", "type", "enum", "const", "format", "pattern", "anyOf"),
    *("properties", "required", "additionalProperties", "items", "uniqueItems", "contentEncoding", "prefixItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems"),
}
FORMATS: Final = FormatChecker()
assert {"date", "date-time", "uuid"} <= FORMATS.checkers.keys(), "a format that nobody checks would fit everything"


def check_schema(schema: Any, where: str = "#") -> None:
    """It is a schema, and every word of it one of the draft or an extension. Raises SchemaError, AssertionError."""
    Draft202012Validator.check_schema(schema)
    _check_words(schema, where)


def _check_words(schema: Any, where: str) -> None:
    if isinstance(schema, bool):
        return
    assert {one for one in schema if one not in WORDS and not one.startswith("x-")} == set(), where
    assert set(schema.get("required", ())) <= schema.get("properties", {}).keys(), where
    for name, below in {**schema.get("properties", {}), **schema.get("$defs", {})}.items():
        _check_words(below, f"{where}/{name}")
    for one in (schema.get("items", True), schema.get("additionalProperties", True), *schema.get("anyOf", ())):
        _check_words(one, where)


def fits(value: Any, schema: Any) -> bool:
    """Whether *value* is as *schema* says."""
    return bool(Draft202012Validator(schema, format_checker=FORMATS).is_valid(value))


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
