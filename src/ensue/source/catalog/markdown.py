"""Markdown: the catalog as one page, for a repository or a wiki."""

from __future__ import annotations

from collections.abc import Iterator

from ensue.core.catalog import Catalog
from ensue.source.catalog.card import DASH, Card, Section, effect_card, event_card, model_card, said_of_version


def to_markdown(catalog: Catalog) -> str:
    """The whole catalog. Each event type has its newest date first, then the earlier ones."""
    return "\n".join(_page(catalog)) + "\n"


def _page(catalog: Catalog) -> Iterator[str]:
    yield from (f"# {catalog.app}: catalog", "", "## Versions", "", "| Version | What it says |", "|---|---|")
    for one in catalog.versions:
        yield f"| {one.version} | {_cell(f'{one.text or DASH} {said_of_version(one)}')} |"
    yield from ("", "## Event types")
    for type_ in catalog.events:
        if type_.ended:
            yield from ("", f"`{type_.type}` has ended on {type_.ended}: {type_.ended_why}")
        for entry in reversed(type_.entries):
            yield from card_lines(event_card(catalog, entry), 3)
    yield from ("", "## Effects")
    for effect in catalog.effects:
        yield from card_lines(effect_card(catalog, effect), 3)
    yield from ("", "## Models")
    for model in catalog.models:
        yield from card_lines(model_card(model), 3)


def card_lines(card: Card, level: int, *, titled: bool = True) -> Iterator[str]:
    """A card under a heading of this *level*."""
    if titled:
        yield from ("", f"{'#' * level} {card.title}, {card.subtitle}")
    if card.purpose:
        yield from ("", escape(card.purpose))
    if card.facts:
        yield from ("", *(f"- {name}: {escape(value)}" for name, value in card.facts))
    for section in card.sections:
        yield from _section_lines(section, level + 1)


def _section_lines(section: Section, level: int) -> Iterator[str]:
    yield from ("", f"{'#' * level} {section.title}", "")
    if section.note:
        yield from (escape(section.note), "")
    yield f"| {' | '.join(section.head)} |"
    yield f"|{'---|' * len(section.head)}"
    for row in section.rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    return escape(" ".join(text.split())).replace("|", "\\|")


def escape(text: str) -> str:
    """*text* so that Markdown, and MDX, take it literally, apart from `…`."""
    parts = text.split("`")
    for place in range(0, len(parts), 2):  # outside of backticks
        for mark in "\\*<>[]{}":
            parts[place] = parts[place].replace(mark, f"\\{mark}")
    return "`".join(parts)
