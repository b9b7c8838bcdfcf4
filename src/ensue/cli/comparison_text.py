"""A comparison on a terminal: the verdict, the counts, and each group with its smallest sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ensue.cli.comparison_words import (
    NEVER_CORRECTED,
    OUTCOMES,
    Data,
    attempts_lines,
    attempts_text,
    count_of,
    covered_text,
    forecast_text,
    group_title,
    groups_of,
    reach_text,
    refused_text,
    selection_text,
    share_text,
    spread_text,
    title_of,
    uncovered_text,
    verdict_of,
)
from ensue.cli.difference import LEGEND, print_difference
from ensue.cli.text import print_hanging, printable, styled

if TYPE_CHECKING:
    from rich.console import Console

GROUPS_SHOWN = 20
MARKS = {"good": ("✓ ", "bold green"), "bad": ("✗ ", "bold red"), "void": ("✗ ", "bold red")}


def print_comparison(console: Console, data: Data, *, samples: bool = True) -> None:
    """A comparison, from its data."""
    kind, sentence = verdict_of(data)
    mark, style = MARKS[kind]
    print_hanging(console, styled(mark, style), styled(printable(title_of(data)), "bold").append(": ").append(sentence))
    for outcome, words in OUTCOMES.items():
        if count := data["outcomes"].get(outcome):
            print_hanging(console, Text("  "), Text(f"{count:,}".rjust(9)).append(f"  {words}"))
    noise = data["noise"]["different"]
    print_hanging(
        console, Text("  "), Text(f"{noise:,}".rjust(9)).append("  differ under their own version (left out)", "" if noise else "dim")
    )
    for diff in data["noise"]["differing"][: 3 if samples else 0]:
        print_difference(console, diff, 4)
    if data["attempts"] is not None:
        print_attempts(console, data["attempts"], samples=samples)
    for line in filter(None, (selection_text(data), forecast_text(data["forecast"]))):
        print_hanging(console, Text("  "), styled(printable(line), "dim"))
    for one in data["never_seen"]:
        print_hanging(
            console, styled("  ! ", "yellow"), Text(printable(f"Expected since {one['since']}, never seen: {one['part']}. {one['why']}"))
        )
    groups = groups_of(data)
    for group in groups[:GROUPS_SHOWN]:
        print_group(console, group, samples=samples)
    if len(groups) > GROUPS_SHOWN:
        print_hanging(console, Text("  "), Text(f"and {len(groups) - GROUPS_SHOWN} more groups; --json has them."))


def print_attempts(console: Console, attempts: Data, *, samples: bool) -> None:
    """What comes of the requests that were refused."""
    print_hanging(console, Text("  "), Text(f"{attempts_text(attempts['looked_at'])} refused then and still kept:"))
    for count, words in attempts_lines(attempts):
        print_hanging(console, Text("  "), Text(f"{count:,}".rjust(9)).append(f"  {words}", "" if count else "dim"))
    for diff in attempts["noise"]["differing"][: 3 if samples else 0]:
        print_difference(console, diff, 4)
    if attempts["different"]:
        print_hanging(console, Text("  "), styled(NEVER_CORRECTED, "dim"))


def print_group(console: Console, group: Data, *, samples: bool) -> None:
    """The records, or attempts, that differ alike, with the smallest of them."""
    console.print()
    head = styled(f"{count_of(group)} ({share_text(group['share'])})  ", "bold").append(printable(group["type"]), "bold")
    style = "yellow" if group["uncovered"] else "green"
    print_hanging(console, Text("  "), head.append("  ").append(covered_text(group), style))
    print_hanging(console, Text("    "), Text(printable(group_title(group))))
    if text := uncovered_text(group):
        print_hanging(console, Text("    "), styled(printable(text), "yellow"))
    print_hanging(console, Text("    "), styled(printable(reach_text(group)), "dim"))
    for column, spread in group["deltas"].items():
        print_hanging(console, Text("    "), styled(printable(f"{column} moves by {spread_text(spread)}"), "dim"))
    if samples and group["samples"]:
        print_hanging(console, Text("    "), styled(f"The smallest:  {LEGEND}", "dim"))
        print_difference(console, group["samples"][0], 4)
        if text := refused_text(group["samples"][0]):
            print_hanging(console, Text("      "), styled(printable(text), "dim"))
