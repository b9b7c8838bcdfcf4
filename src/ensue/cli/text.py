"""Text: how values, ids and moments read on a terminal; and a paragraph that hangs under its own beginning."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

LINE_MIN = 24
"""Columns a hanging paragraph gets, however deep it hangs."""
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOTHING = "–"
"""How a null reads."""


def printable(text: str) -> str:
    """*text* with every character that a terminal would obey, or would not show, written as its escape."""
    return "".join(character if character.isprintable() else character.encode("unicode_escape").decode("ascii") for character in text)


def value_text(value: Any) -> str:
    """A J1 value for people: text as it is, quoted only where it could be misread; null as a dash."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        plain = printable(value)
        misread = not value or value != value.strip() or value in ("null", NOTHING)
        return f'"{plain}"' if misread else plain
    return printable(json.dumps(value, ensure_ascii=False))


def is_uuid(text: str) -> bool:
    """Whether *text* is a UUID as people write it."""
    return UUID_FORM.fullmatch(text) is not None


def short(id: str) -> str:
    """The first eight characters of a UUID, which tell apart what stands on one screen; other ids whole."""
    head, mark, tail = id.partition("#")
    return f"{head[:8]}{mark}{printable(tail)}" if is_uuid(head) else printable(id)


def moment_text(moment: datetime) -> str:
    """A moment to the minute, or to the second where it has seconds, in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M")


def styled(text: str, style: str) -> Text:
    """*text* in a style of its own: what is appended to it does not take it over, as it would from a `Text` of that style."""
    return Text().append(text, style)


def change_text(before: Any, after: Any) -> Text:
    """One value and what became of it."""
    return Text(value_text(before)).append(" → ", "dim").append(value_text(after))


def path_text(file: str) -> str:
    """A file as it is called from here, where it lies below; else whole."""
    path, here = Path(file), Path.cwd()
    return printable(str(path.relative_to(here) if path.is_relative_to(here) else path))


def count_text(number: int, one: str, many: str | None = None) -> str:
    """`1 event`, `26 events`, `12,000 events`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def print_hanging(console: Console, prefix: Text, body: Text, *, hang: int | None = None) -> None:
    """*body* behind *prefix*; where it is too long for the line it goes on below its own beginning, or in column *hang*."""
    below = prefix.cell_len if hang is None else hang
    room = max(LINE_MIN, console.width - max(prefix.cell_len, below))
    lines = list(body.wrap(console, room)) or [Text()]
    for number, line in enumerate(lines):
        line.rstrip()
        whole = (prefix.copy() if number == 0 else Text(" " * below)).append_text(line)
        whole.rstrip()
        console.print(whole, soft_wrap=True)


def print_fields(console: Console, fields: dict[str, Any], indent: int, *, name_width: int | None = None) -> None:
    """Names and values, one below the other."""
    width = max((len(name) for name in fields), default=0) if name_width is None else name_width
    for name, value in fields.items():
        shown = value if isinstance(value, Text) else Text(value_text(value))
        print_hanging(console, Text(" " * indent).append(name.ljust(width), "dim").append("  "), shown)
