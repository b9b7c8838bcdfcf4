"""AsyncAPI: the catalog as a document of messages. The application receives event types and sends effects."""

from __future__ import annotations

from typing import Any

from ensue.core.catalog import Catalog, EffectEntry, EventEntry, EventTypeEntry
from ensue.source.catalog.json_schema import WIRE, effect_body
from ensue.source.catalog.openapi import form_name


def to_asyncapi(catalog: Catalog) -> dict[str, Any]:
    """An AsyncAPI 3.0 document; an event type has one message for each date at which its form changed."""
    newest = catalog.versions[-1].version if catalog.versions else ""
    received = {one.type: _event_messages(one) for one in catalog.events if one.ended is None}
    sent = {one.kind: {f"effect.{one.kind}": _effect_message(one)} for one in catalog.effects}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": catalog.app, "version": newest, "description": f"What the application receives and sends. {WIRE}"},
        "defaultContentType": "application/json",
        "channels": {
            **{f"events.{name}": _channel(f"events/{name}", messages) for name, messages in received.items()},
            **{f"effects.{name}": _channel(f"effects/{name}", messages) for name, messages in sent.items()},
        },
        "operations": {
            **{f"receive.{name}": _action("receive", f"events.{name}", messages) for name, messages in received.items()},
            **{f"send.{name}": _action("send", f"effects.{name}", messages) for name, messages in sent.items()},
        },
        "components": {"messages": {key: one for messages in (*received.values(), *sent.values()) for key, one in messages.items()}},
    }


def _channel(address: str, messages: dict[str, Any]) -> dict[str, Any]:
    return {"address": address, "messages": {one: {"$ref": f"#/components/messages/{one}"} for one in messages}}


def _action(action: str, channel: str, messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{one}"} for one in messages],
    }


def _event_messages(type_: EventTypeEntry) -> dict[str, Any]:
    """Of each form the newest entry, since steps may have changed after the form."""
    return {f"event.{form_name(entry)}": _event_message(entry) for entry in type_.entries}


def _event_message(entry: EventEntry) -> dict[str, Any]:
    return {
        "name": entry.type,
        "title": entry.name,
        "summary": entry.purpose.partition("\n\n")[0],
        "payload": entry.schema,  # AsyncAPI reads a superset of draft 07, and our keywords mean the same there
        "x-ensue-since": entry.shape_since,
        "x-ensue-causes": [one.name for one in (*entry.operations, *entry.effects)],
        "x-ensue-rejections": [one.code for one in entry.rejections],
    }


def _effect_message(effect: EffectEntry) -> dict[str, Any]:
    return {
        "name": effect.kind,
        "title": effect.name,
        "summary": effect.purpose.partition("\n\n")[0],
        "payload": effect_body(effect),
        "x-ensue-caused-by": list(effect.caused_by),
    }
