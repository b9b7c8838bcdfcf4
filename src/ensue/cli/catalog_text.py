"""The catalog on a terminal: cards, lists and differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.text import Text

from ensue.cli.text import LINE_MIN, print_fields, print_hanging, printable, styled

if TYPE_CHECKING:
    from rich.console import Console

    from ensue.source.catalog.card import Card, Section
    from ensue.source.catalog.diff import Difference
    from ensue.source.catalog.uses import Use

STYLES = {"breaking": "bold red", "behaviour": "yellow", "additive": "green", "none": "dim"}
PROSE_CHARACTERS_MIN = 40
"""Cells that are longer are read as prose, and stand below their row."""
SEEN_WIDTH = 7
STACKED = ("steps", "rejections", "state", "callers")
"""Sections in which they do."""


def print_card(console: Console, card: Card) -> None:
    """A card as a page of a manual."""
    print_hanging(console, Text(), styled(printable(card.title), "bold").append(f"  {printable(card.subtitle)}", "dim"))
    for paragraph in filter(None, card.purpose.split("\n\n")):
        print_hanging(console, Text("  "), plain(" ".join(paragraph.split())))
    if card.facts:
        console.print()
        print_fields(console, {name: plain(value) for name, value in card.facts}, 2)
    for section in card.sections:
        console.print()
        title = styled(printable(section.title), "underline")
        print_hanging(console, Text(), title)
        if section.note:
            print_hanging(console, Text("  "), styled(plain(section.note).plain, "dim"))
        print_section(console, section)


def print_section(console: Console, section: Section) -> None:
    """Rows of few words as columns; where there is prose, it hangs below the rest of its row."""
    rows = [[plain(cell) for cell in row] for row in section.rows]
    if section.kind == "changes":
        for name, message in rows:
            print_hanging(console, Text("  ").append(name.plain.ljust(11), STYLES[name.plain]), message)
        return
    prose = {place for place in range(1, len(section.head)) if any(is_prose(row[place].plain) for row in rows)}
    if prose and section.kind in STACKED:
        for row in rows:
            print_stacked(console, section.head, row, prose)
    else:
        print_columns(console, rows, [styled(name, "dim") for name in section.head])


def is_prose(text: str) -> bool:
    """Whether a cell is read as a sentence; a list of names is not, however long."""
    return len(text) > PROSE_CHARACTERS_MIN and not all(word.endswith(",") for word in text.split(" ")[:-1])


def print_stacked(console: Console, head: Sequence[str], row: Sequence[Text], prose: set[int]) -> None:
    """A row's short cells in one line, each behind its name where it has one; its prose below."""
    line = row[0].copy()
    for place in range(1, len(row)):
        if place not in prose and row[place].plain not in ("", "–"):
            line.append(f"  {head[place].lower()} " if head else "  ", "dim").append_text(row[place])
    print_hanging(console, Text("  "), line, hang=4)
    for place in sorted(prose):
        print_hanging(console, Text("      "), row[place])


def print_columns(console: Console, rows: Sequence[Sequence[Text]], head: Sequence[Text] | None = None) -> None:
    """Rows under one another; the last column goes on below its own beginning, and below its row where there is too little room."""
    shown = [*([head] if head else []), *rows]
    widths = [max((row[place].cell_len for row in shown), default=0) for place in range(len(shown[0]) - 1)] if shown else []
    longest = max((cell_len(word) for row in rows for word in row[-1].plain.split()), default=0)
    if max(longest, LINE_MIN) > console.width - sum(width + 2 for width in widths) - 2:
        for row in rows:
            print_stacked(console, [name.plain for name in head or ()], row, {len(row) - 1})
        return
    for row in shown:
        prefix = Text("  ")
        for cell, width in zip(row, widths, strict=False):
            prefix.append_text(cell).append(" " * (width - cell.cell_len + 2))
        print_hanging(console, prefix, row[-1].copy())


def plain(text: str) -> Text:
    """*text* with what stands in `…` in bold rather than in marks."""
    made = Text()
    for place, part in enumerate(text.split("`")):
        made.append(printable(" ".join(part.split("\n"))), "bold" if place % 2 else None)
    return made


def print_types(console: Console, types: Iterable[dict[str, Any]]) -> None:
    """Event types with their first dates, how many later ones there are, and their first sentences."""
    rows = []
    for one in types:
        further = f" +{len(one['dates']) - 1}" if len(one["dates"]) > 1 else ""
        dates = one["dates"][0] + (f" until {one['ended']}" if one["ended"] else further)
        seen = [] if one["seen"] is None else [Text(f"{one['seen']:,}".rjust(SEEN_WIDTH))]
        rows.append([styled(one["type"], "bold"), *seen, styled(dates, "dim"), plain(one["purpose"].split("\n\n")[0])])
    heads = ["Event type", "Seen".rjust(SEEN_WIDTH), "Since +later", "What it is for"]
    counted = any(len(row) == len(heads) for row in rows)
    print_columns(console, rows, [styled(name, "dim") for name in heads if counted or name.strip() != "Seen"])


def print_uses(console: Console, title: str, uses: Iterable[Use]) -> None:
    """Which event type, since when, by which steps."""
    print_hanging(console, Text(), styled(printable(title), "bold"))
    uses = list(uses)
    several = len({one.name for one in uses}) > 1
    rows = []
    for one in uses:
        when = f"{one.since} until {one.until}" if one.until else f"since {one.since}"
        seen = "" if one.seen is None else f", seen {one.seen:,}"
        name = [Text(one.name)] if several else []
        rows.append([styled(one.type, "bold"), styled(when, "dim"), *name, Text(f"by {', '.join(one.steps)}{seen}")])
    print_columns(console, rows)
    if not rows:
        print_hanging(console, Text("  "), Text("nothing"))


def print_differences(console: Console, before: str, after: str, differences: Sequence[Difference]) -> None:
    """Of each thing that changed what, the gravest first."""
    if not differences:
        print_hanging(console, Text(), Text(f"Nothing changed from {printable(before)} to {printable(after)}."))
    for one in differences:
        style = STYLES[one.compatibility]
        print_hanging(console, Text(), styled(printable(one.name), "bold").append(f"  {one.kind}, {one.compatibility}", style))
        for change in one.changes:
            print_hanging(console, Text("  ").append(change.compatibility.ljust(11), STYLES[change.compatibility]), plain(change.message))
