"""Page: the catalog as one HTML file that needs no other. For people who read it as a manual, on a screen or on paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Final

from ensue.core.catalog import Catalog, EventEntry, EventTypeEntry, VersionText
from ensue.core.compatibility import CLASSES
from ensue.source.catalog.card import DASH, MEANINGS, Card, Section, effect_card, event_card, model_card, said_of_version
from ensue.source.catalog.style import SCRIPT, STYLE
from ensue.source.catalog.words import counted

Anchors = Mapping[str, str]
"""Where on the page a name is explained."""
COLUMNS: Final = {"Seen": "count", "Date": "keep", "Since": "keep", "Rows of": "keep", "Where": "where", "What changed": "where"}
"""How some columns are drawn."""
LONG_NAME_CHARACTERS: Final = 24
"""Names that are longer may be broken at their underscores, so that tables fit a page."""


def to_html(catalog: Catalog) -> str:
    """The whole catalog; the same catalog gives the same bytes."""
    anchors = _anchors(catalog)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(catalog.app)}: catalog</title><style>{STYLE}</style></head><body>",
            '<div class="page">',
            *_navigation(catalog),
            "<main>",
            *_beginning(catalog),
            *_versions(catalog, anchors),
            '<section><h2 id="event-types">Event types</h2>',
            *(line for one in catalog.events for line in _event_type(catalog, one, anchors)),
            '</section><section><h2 id="effects">Effects</h2>',
            *(line for one in catalog.effects for line in _article("effect", effect_card(catalog, one), anchors)),
            '</section><section><h2 id="models">Models</h2>',
            *(line for one in catalog.models for line in _article("model", model_card(one), anchors)),
            "</section>",
            f"<footer>Made by ensue from the application’s own source; format {escape(catalog.format)}.</footer>",
            f"</main></div><script>{SCRIPT}</script></body></html>",
            "",
        ]
    )


def _anchors(catalog: Catalog) -> dict[str, str]:
    """An effect may be called as an event type is, so its name is known with the word before it."""
    anchors = {f"effect {one.kind}": _anchor("effect", one.kind) for one in catalog.effects}
    anchors |= {one.name: _anchor("model", one.name) for one in catalog.models}
    return anchors | {one.type: _anchor("event", one.type) for one in catalog.events}


def _anchor(kind: str, name: str) -> str:
    return f"{kind}-" + "".join(character if character.isalnum() else "-" for character in name)


# ---- what stands around the cards ----------------------------------------------------------------------------------
def _navigation(catalog: Catalog) -> Iterator[str]:
    yield '<nav aria-label="Contents"><input id="search" type="search" placeholder="Search" aria-label="Search">'
    yield '<p id="found" role="status"></p>'
    yield '<ul><li><a href="#top">How to read this page</a></li><li><a href="#versions">Versions</a></li></ul>'
    for kind, title, names in (
        ("event", "Event types", [one.type for one in catalog.events]),
        ("effect", "Effects", [one.kind for one in catalog.effects]),
        ("model", "Models", [one.name for one in catalog.models]),
    ):
        yield f"<h2>{title}</h2><ul>"
        yield from (f'<li><a href="#{_anchor(kind, one)}">{escape(one)}</a></li>' for one in names)
        yield "</ul>"
    yield "</nav>"


def _beginning(catalog: Catalog) -> Iterator[str]:
    counts = f"{counted(len(catalog.events), 'event type')}, {counted(len(catalog.effects), 'effect')}"
    counts += f" and {counted(len(catalog.models), 'model')}"
    yield f'<header id="top"><h1>{escape(catalog.app)}: catalog</h1>'
    yield f'<p class="lead">What this application can do: {counts}. Each <b>event type</b> is something a user or a device'
    yield "can ask for. Its <b>steps</b> decide what follows: changes to rows, and <b>effects</b> such as messages, which are done"
    yield "after the changes are saved. A <b>rejection</b> says why nothing follows. Each date says since when something holds;"
    yield "earlier dates stay readable, since what was decided then was decided by them.</p>"
    if catalog.seen:
        total = sum(one.count for one in catalog.seen.events)
        yield f'<p class="lead">Counts are those of one ledger with {total:,} records.</p>'
    yield "<dl>"
    yield from (f"<dt>{_badge(one)}</dt><dd>{escape(MEANINGS[one])}</dd>" for one in reversed(CLASSES))
    yield "</dl></header>"


def _versions(catalog: Catalog, anchors: Anchors) -> Iterator[str]:
    heads = ("Date", "What it says", "What changed")
    yield '<section><h2 id="versions">Versions</h2><div class="wide"><table>'
    yield f"<thead><tr>{''.join(_cell('th', name, name) for name in heads)}</tr></thead><tbody>"
    for one in reversed(catalog.versions):
        cells = (escape(one.version), _text(_said(one), anchors), _changed(catalog, one, anchors))
        yield f"<tr>{''.join(_cell('td', name, cell) for name, cell in zip(heads, cells, strict=True))}</tr>"
    yield "</tbody></table></div></section>"


def _said(version: VersionText) -> str:
    return f"{version.text or DASH} {said_of_version(version)}".rstrip()


def _changed(catalog: Catalog, version: VersionText, anchors: Anchors) -> str:
    """The event types and models that changed on a date; event types that began are counted, since on the first date all do."""
    entries = [(type_, one) for type_ in catalog.events for one in type_.entries if one.since == version.version]
    changed = [f"{_text(f'`{one.type}`', anchors)} {_badge(one.compatibility)}" for type_, one in entries if one is not type_.entries[0]]
    ended = [f"{_text(f'`{one.type}`', anchors)} ended" for one in catalog.events if one.ended == version.version]
    shapes = [f"{_text(f'`{one.name}`', anchors)} has another shape" for one in catalog.models if version.version in one.dates]
    began = len(entries) - len(changed)
    return "<br>".join([*changed, *ended, *shapes, *([f"{counted(began, 'event type')} began"] if began else [])]) or DASH


# ---- cards ---------------------------------------------------------------------------------------------------------
def _event_type(catalog: Catalog, type_: EventTypeEntry, anchors: Anchors) -> Iterator[str]:
    *earlier, newest = type_.entries
    ended = f'<p class="ended">Ended on {escape(type_.ended)}: {escape(type_.ended_why)}</p>' if type_.ended else ""
    before = "".join(_dates(type_.entries)) if earlier else ""
    yield from _card("event", event_card(catalog, newest), anchors, above=ended + before)
    for one in reversed(earlier):
        card = event_card(catalog, one)
        yield f"<details><summary>As it was: {escape(card.subtitle)}</summary>"
        yield from (_purpose(card, anchors), _facts(card, anchors), *(_section(section, anchors) for section in card.sections))
        yield "</details>"
    yield "</article>"


def _dates(entries: Iterable[EventEntry]) -> Iterator[str]:
    yield '<ul class="dates">'
    for place, one in enumerate(entries):
        yield f"<li>{escape(one.since)} {_badge(one.compatibility) if place else 'began'}</li>"
    yield "</ul>"


def _article(kind: str, card: Card, anchors: Anchors) -> Iterator[str]:
    yield from _card(kind, card, anchors)
    yield "</article>"


def _card(kind: str, card: Card, anchors: Anchors, above: str = "") -> Iterator[str]:
    title = f'<h3><code>{escape(card.title)}</code><span class="period">{escape(card.subtitle)}</span></h3>'
    yield f'<article id="{_anchor(kind, card.title)}">{title}'
    yield _purpose(card, anchors) + above + _facts(card, anchors)
    yield from (_section(one, anchors) for one in card.sections)


def _purpose(card: Card, anchors: Anchors) -> str:
    paragraphs = [one for one in card.purpose.split("\n\n") if one.strip()]
    return '<div class="purpose">' + "".join(f"<p>{_text(one, anchors)}</p>" for one in paragraphs) + "</div>"


def _facts(card: Card, anchors: Anchors) -> str:
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{_text(value, anchors)}</dd>" for name, value in card.facts) + "</dl>"


def _section(section: Section, anchors: Anchors) -> str:
    note = f'<p class="note">{_text(section.note, anchors)}</p>' if section.note else ""
    head = "".join(_cell("th", name, escape(name)) for name in section.head)
    body = "".join(_row(section, row, anchors) for row in section.rows)
    table = f'<div class="wide"><table class="{section.kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    return f"<h4>{_text(section.title, anchors)}</h4>{note}{table}"


def _row(section: Section, row: tuple[str, ...], anchors: Anchors) -> str:
    cells = (_badge(text) if name == "Class" else _text(text, anchors) for name, text in zip(section.head, row, strict=True))
    return f"<tr>{''.join(_cell('td', name, cell) for name, cell in zip(section.head, cells, strict=True))}</tr>"


def _cell(tag: str, column: str, inner: str) -> str:
    """A cell; it also knows its column's head, which stands before it where the screen is too narrow for columns."""
    style = f' class="{COLUMNS[column]}"' if column in COLUMNS else ""
    head = f' data-head="{escape(column)}"' if tag == "td" else ""
    return f"<{tag}{style}{head}>{inner}</{tag}>"


def _badge(compatibility: str) -> str:
    return f'<span class="class {compatibility}">{compatibility}</span>'


def _text(text: str, anchors: Anchors) -> str:
    """*text* as HTML, `…` as code; a name that the page explains leads there."""
    parts = text.split("`")
    written = ""
    for place, part in enumerate(parts):
        before = parts[place - 1] if place else ""
        word = "effect " if before.endswith("effect ") else ""
        written += _code(part, word, anchors) if place % 2 else escape(part)
    return written


def _code(name: str, word: str, anchors: Anchors) -> str:
    verb, _, last = name.rpartition(" ")  # as in `insert LabTask`
    shown = escape(name).replace("/", "/<wbr>")
    shown = shown.replace("_", "_<wbr>") if len(name) > LONG_NAME_CHARACTERS else shown
    if word + name in anchors:
        return f'<a href="#{anchors[word + name]}"><code>{shown}</code></a>'
    if verb and last in anchors:
        return f'<code>{escape(verb)} <a href="#{anchors[last]}">{escape(last)}</a></code>'
    return f"<code>{shown}</code>"
