"""
EventCatalog: the catalog as the folder of Markdown files that EventCatalog (eventcatalog.dev) shows.

    services/clinic/index.mdx                                             the application
    services/clinic/commands/medication.request/index.mdx, schema.json    an event type, which the field calls a command
    services/clinic/commands/medication.request/versioned/2018.730.1/…    its earlier dates
    services/clinic/events/push.send/index.mdx, schema.json               an effect

EventCatalog orders versions as semantic ones and takes of a date its year alone, so that all dates of one year would be the same to it:
2018-07-30 is 2018.730.1 there, 2018-08-01.2 is 2018.801.2, and a badge has the date as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ensue.core.catalog import Catalog, EffectEntry, EventEntry
from ensue.core.version import Version
from ensue.source.catalog.card import Card, effect_card, event_card
from ensue.source.catalog.json_schema import effect_body
from ensue.source.catalog.markdown import card_lines
from ensue.source.catalog.words import counted

COLOURS = {"breaking": "red", "behaviour": "yellow", "additive": "green"}


def to_eventcatalog(catalog: Catalog) -> dict[str, str]:
    """Text by path, below the folder of an EventCatalog project."""
    return dict(_files(catalog))


def _files(catalog: Catalog) -> Iterator[tuple[str, str]]:
    root = f"services/{_service_id(catalog)}"
    yield f"{root}/index.mdx", _service(catalog)
    for type_ in catalog.events:
        *earlier, newest = type_.entries
        folder = f"{root}/commands/{type_.type}"
        yield from _event_files(catalog, newest, folder)
        for entry in earlier:
            yield from _event_files(catalog, entry, f"{folder}/versioned/{semantic(entry.since)}")
    for effect in catalog.effects:
        yield from _effect_files(catalog, effect, f"{root}/events/{effect.kind}")


def _service(catalog: Catalog) -> str:
    matter = {
        "id": _service_id(catalog),
        "name": catalog.app,
        "version": _newest(catalog),
        "summary": f"{counted(len(catalog.events), 'event type')}, {counted(len(catalog.effects), 'effect')}.",
        "receives": [{"id": entry.type, "version": semantic(entry.since)} for entry in catalog.entries()],
        "sends": [{"id": _effect_id(one), "version": _newest(catalog)} for one in catalog.effects],
    }
    versions = [f"- **{one.version}**: {one.text or 'no text'}" for one in catalog.versions]
    return _page(matter, ["## Versions", "", *versions, "", "<NodeGraph />"])


def _event_files(catalog: Catalog, entry: EventEntry, folder: str) -> Iterator[tuple[str, str]]:
    colour = COLOURS.get(entry.compatibility)
    matter = {
        "id": entry.type,
        "name": entry.type,
        "version": semantic(entry.since),
        "summary": _first_paragraph(entry.purpose),
        "schemaPath": "schema.json",
        "badges": [_badge(f"since {entry.since}", "gray"), *([_badge(entry.compatibility, colour)] if colour else [])],
    }
    yield f"{folder}/index.mdx", _message(matter, event_card(catalog, entry))
    yield f"{folder}/schema.json", _json(entry.schema)


def _effect_files(catalog: Catalog, effect: EffectEntry, folder: str) -> Iterator[tuple[str, str]]:
    matter = {
        "id": _effect_id(effect),
        "name": effect.kind,
        "version": _newest(catalog),
        "summary": _first_paragraph(effect.purpose),
        "schemaPath": "schema.json",
    }
    yield f"{folder}/index.mdx", _message(matter, effect_card(catalog, effect))
    yield f"{folder}/schema.json", _json(effect_body(effect))


def _service_id(catalog: Catalog) -> str:
    """The application's name, as a folder may be called."""
    return re.sub(r"[^\w.-]+", "-", catalog.app)


def _effect_id(effect: EffectEntry) -> str:
    """An effect may be called as an event type is, and ids of messages stand only once."""
    return f"effect.{effect.kind}"


def _newest(catalog: Catalog) -> str:
    return semantic(catalog.versions[-1].version) if catalog.versions else "0.0.0"


def semantic(version: str) -> str:
    """A date as a semantic version that keeps the order of dates."""
    parsed = Version.parse(version)
    return f"{parsed.day.year}.{parsed.day.month * 100 + parsed.day.day}.{parsed.number}"


def _badge(text: str, colour: str) -> dict[str, str]:
    return {"content": text, "backgroundColor": colour, "textColor": colour}


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _message(matter: dict[str, Any], card: Card) -> str:
    return _page(
        matter, [*card_lines(card, 1, titled=False), "", "## Schema", "", '<SchemaViewer file="schema.json" />', "", "<NodeGraph />"]
    )


def _page(matter: dict[str, Any], body: list[str]) -> str:
    """Front matter is YAML, of which JSON is a part: every value is quoted, so that a date stays a text."""
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in matter.items() if value]
    return "\n".join(["---", *lines, "---", *body, ""])


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
