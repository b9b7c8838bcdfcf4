"""OpenAPI: the catalog as a document of the HTTP door, so that forms and refusals can be known before it is there."""

from __future__ import annotations

from typing import Any, Final

from ensue.core.catalog import Catalog, EventEntry, RejectionEntry
from ensue.core.schema import DIALECT, Schema
from ensue.source.catalog.json_schema import WIRE

HEADER: Final = "Ensue-Version"
PROBLEM: Final = "application/problem+json"


def to_openapi(catalog: Catalog) -> dict[str, Any]:
    """
    An OpenAPI 3.1 document of the door as it is planned: POST /events/{type}, the date in a header.

    An event type whose form changed has one schema for each date; the header says which of them is meant.
    """
    newest = catalog.versions[-1].version if catalog.versions else ""
    return {
        "openapi": "3.1.0",
        "info": {"title": catalog.app, "version": newest, "description": f"The door as it is planned; it is still to come. {WIRE}"},
        "jsonSchemaDialect": DIALECT,
        "tags": [{"name": one} for one in sorted({namespace(entry) for entry in catalog.entries()})],
        "paths": {f"/events/{entry.type}": {"post": _operation(catalog, entry)} for entry in catalog.entries()},
        "components": {
            "parameters": {"version": _version_header(catalog), "key": _key_header()},
            "schemas": {
                **{form_name(entry): entry.schema for type_ in catalog.events for entry in type_.entries},
                "Problem": _problem_schema(),
            },
        },
    }


def _operation(catalog: Catalog, entry: EventEntry) -> dict[str, Any]:
    entries = catalog.event_type(entry.type).entries
    forms = list({one.shape_since: {"$ref": f"#/components/schemas/{form_name(one)}"} for one in entries}.values())
    summary, _, rest = entry.purpose.partition("\n\n")
    return {
        "operationId": entry.type,
        "tags": [namespace(entry)],
        "summary": summary,
        **({"description": rest} if rest else {}),
        "parameters": [{"$ref": "#/components/parameters/version"}, {"$ref": "#/components/parameters/key"}],
        "requestBody": {
            "required": True,
            "content": _json(forms[0] if len(forms) == 1 else {"anyOf": forms}),
        },
        "responses": {
            "201": {"description": "Recorded, with everything that followed from it.", "content": _json(_record_schema())},
            "400": _response("The form or the version cannot be understood; every problem at once."),
            "409": _response("Not as the caller saw it, or the key belongs to another request."),
            "410": _response("The version is retired; the answer names its successor."),
            "422": _response(_refusals(entry.rejections)),
            **({"428": _response("The caller must say what it saw: " + ", ".join(entry.demands) + ".")} if entry.demands else {}),
        },
    }


def namespace(entry: EventEntry) -> str:
    """What stands before the first dot of an event type: operations are shown together by it."""
    return entry.type.partition(".")[0]


def _refusals(rejections: tuple[RejectionEntry, ...]) -> str:
    listed = "; ".join(f"{one.code}: {one.message}" for one in rejections)
    return f"Rejected: {listed}" if listed else "Rejected."


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _response(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _version_header(catalog: Catalog) -> dict[str, Any]:
    versions = [one.version for one in catalog.versions]
    description = "Whose rules apply; without it those of the credential, the account, the application, or the newest."
    return {"name": HEADER, "in": "header", "description": description, "schema": {"type": "string", "enum": versions}}


def _key_header() -> dict[str, Any]:
    description = "The same key of the same actor gives the same record, for ever."
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": description,
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    }


def _record_schema() -> Schema:
    text = {"type": "string"}
    properties = {
        "id": text,
        "type": text,
        "version": text,
        "position": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _problem_schema() -> Schema:
    """RFC 9457; `problems` and `reasons` are those of the command line."""
    text = {"type": "string"}
    one = {
        "type": "object",
        "properties": {"code": text, "path": text, "field": {"type": ["string", "null"]}, "message": text, "values": {"type": "object"}},
    }
    return {
        "type": "object",
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "code": text,
            "problems": {"type": "array", "items": one},
            "reasons": {"type": "array", "items": one},
        },
        "required": ["type", "title", "status", "code"],
    }


def form_name(entry: EventEntry) -> str:
    """A component's name for the form of an entry: letters, digits, dots, dashes and underscores only."""
    return f"{entry.type}-{entry.shape_since}"
