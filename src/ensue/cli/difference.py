"""A difference as text for people: what one version says of an event and another does not, value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ensue.cli.record import values_text
from ensue.cli.text import change_text, print_hanging, printable, short, styled, value_text

if TYPE_CHECKING:
    from rich.console import Console

SIGNS = {"added": ("+", "green"), "changed": ("~", "yellow"), "dropped": ("-", "red")}
LEGEND = "+ added   ~ changed   - dropped"
OUTCOMES = {
    "same": "the same",
    "differs": "other operations or effects",
    "newly_rejected": "refused now",
    "newly_accepted": "taken now",
    "raised": "a step failed",
    "unreplayable": "cannot be decided: an input is missing",
}
"""How an outcome reads."""
WHOLE = "*"


def print_difference(console: Console, diff: Mapping[str, Any], indent: int = 2) -> None:
    """One event that differs, from `Diff.as_json`: a line that names it, then a line for each difference."""
    head = styled(printable(diff["type"]), "bold").append(f"  {printable(diff['subject'])}  {outcome_text(diff)}")
    print_hanging(console, Text(" " * indent).append(f"{place_text(diff)} ", "bold"), head)
    print_lines(console, diff, indent)


def print_lines(console: Console, diff: Mapping[str, Any], indent: int = 2) -> None:
    """A line for each difference."""
    for sign, line in difference_lines(diff):
        print_hanging(console, Text(" " * (indent + 2)).append_text(sign), line)


def place_text(diff: Mapping[str, Any]) -> str:
    """`#12`; of an attempt, which has no place of its own, `before #12`."""
    return f"before #{diff['position']}" if "attempt" in diff else f"#{diff['position']}"


def outcome_text(diff: Mapping[str, Any]) -> str:
    """The outcome in words, with the versions where they differ."""
    versions = "" if diff["base_version"] == diff["version"] else f" ({diff['base_version']} → {diff['version']})"
    words = "refused for other reasons" if diff["outcome"] == "differs" and diff["rejections"] else OUTCOMES[diff["outcome"]]
    return f"{words}{versions}"


def difference_lines(diff: Mapping[str, Any]) -> Iterator[tuple[Text, Text]]:
    """A sign and a line for everything that differs."""
    for why in filter(None, (diff["raised"], diff["missing"])):
        yield styled("! ", "red"), Text(printable(str(why)))
    for reason in diff["rejections"]:
        yield styled("! ", "red"), Text(printable(f"{reason['code']}: {reason['message']}"))
    for row in diff["rows"]:
        sign, style = SIGNS[row["kind"]]
        yield styled(f"{sign} ", style), row_text(row)
    for effect in (*diff["effects"], *diff["others"]):
        sign, style = SIGNS[effect["kind"]]
        line = Text(f"» {printable(effect['effect'])} {printable(effect['key'])}  ")
        yield styled(f"{sign} ", style), line.append_text(sides_text(effect["base"], effect["new"]))


def row_text(row: Mapping[str, Any]) -> Text:
    """One value of a row, or one row, on either side."""
    line = Text(f"{row['model']}/{short(row['id'])}")
    if row["column"] == WHOLE:
        shown = row["new"] if row["new"] is not None else row["base"]
        line.append("  row  " if row["was"] is None else "  row deleted  ")
        return line.append_text(body_text(shown or row["was"]))
    line.append(f".{row['column']}  ")
    if row["relative"]:
        return line.append("by ", "dim").append_text(change_text(row["base"] or 0, row["new"] or 0))
    return line.append_text(change_text(row["base"], row["new"]))


def body_text(body: Any) -> Text:
    """What a row or an effect holds."""
    return values_text(body) if isinstance(body, dict) else Text(value_text(body))


def sides_text(base: Any, new: Any) -> Text:
    """What changed between two bodies of an effect; of one that is on one side only, the body."""
    if not isinstance(base, dict) or not isinstance(new, dict):
        return body_text(new if base is None else base)
    line = Text()
    for name in sorted(base.keys() | new.keys()):
        if base.get(name) != new.get(name):
            line.append(f"{name} ", "dim").append_text(change_text(base.get(name), new.get(name))).append("  ")
    return line
