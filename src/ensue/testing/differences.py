"""
Differences: which of the expected items were found, and in plain text what is missing, unexpected or not the same.

    not the same   Update Person/p1   (by step write_visit)
                     column      expected   found
                   > full_name   "Ada L"    "Ada"
    missing        Sms
                     to          "077"
    unexpected     Insert Visit/v-2   (by step write_visit)
                     person_id   "p1"
                     reason      "cough"
    as expected    Update Person/p2
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ensue.core.canonical import Json
from ensue.testing.items import ANY_ID, Item, fits

SHOWN_CHARACTERS_MAX: Final = 48
MARGIN: Final = 15
ABSENT: Final = "-"


@dataclass(frozen=True)
class Comparison:
    """Expected items beside found ones."""

    matched: tuple[Item, ...]
    missing: tuple[Item, ...]
    unexpected: tuple[Item, ...]

    def __bool__(self) -> bool:
        """Whether exactly what was expected was found."""
        return not self.missing and not self.unexpected


def compare(expected: Sequence[Item], found: Sequence[Item]) -> Comparison:
    """
    Give every expected item a found one of its own, if that can be done at all.

    An expected item with `ANY_ID` may fit several found ones, so the first that fits need not be the right one: what was
    given away is taken back where that helps (Kuhn's algorithm for bipartite matching).
    """
    taken: dict[int, int] = {}  # place of a found item: place of the expected one it was given to

    def give(place: int, tried: set[int]) -> bool:
        for one in range(len(found)):
            if one not in tried and expected[place].matches(found[one]):
                tried.add(one)
                if one not in taken or give(taken[one], tried):
                    taken[one] = place
                    return True
        return False

    missing = [place for place in range(len(expected)) if not give(place, set())]
    return Comparison(
        tuple(found[one] for one in sorted(taken)),
        tuple(expected[place] for place in missing),
        tuple(one for place, one in enumerate(found) if place not in taken),
    )


def describe(comparison: Comparison) -> str:
    """What is not as expected, for people."""
    missing, unexpected = list(comparison.missing), list(comparison.unexpected)
    lines: list[str] = []
    for one in comparison.missing:
        other = _nearest(one, unexpected)
        if other is not None:
            missing.remove(one)
            unexpected.remove(other)
            lines += _entry("not the same", other, _side_by_side(one, other))
    for one in missing:
        lines += _entry("missing", one, _values(one))
    for one in unexpected:
        lines += _entry("unexpected", one, _values(one))
    for one in comparison.matched:
        lines += _entry("as expected", one, ())
    return "\n".join(lines)


def _nearest(expected: Item, found: Sequence[Item]) -> Item | None:
    """The found item that was probably meant: the same kind and name, the most values that fit, and the same row where it has an id."""
    fitting = [one for one in found if (one.kind, one.name) == (expected.kind, expected.name)]
    if expected.kind in ("Update", "Increase", "Delete", "Erase", "Cancel"):
        fitting = [one for one in fitting if fits(expected.id, one.id)]
    return max(fitting, key=lambda one: sum(fits(value, one.values.get(name)) for name, value in expected.values.items()), default=None)


def _entry(what: str, item: Item, lines: Sequence[str] | Iterator[str]) -> list[str]:
    origin = f"   (by step {item.origin})" if item.origin else ""
    return [f"{what:<{MARGIN}}{item.title}{origin}", *(" " * MARGIN + line for line in lines)]


def _values(item: Item) -> list[str]:
    width = max(map(len, item.values), default=0)
    return [f"  {name:<{width}}   {_shown(value)}" for name, value in item.values.items()]


def _side_by_side(expected: Item, found: Item) -> list[str]:
    """A table of columns with what was expected and what was found; a row that differs begins with >."""
    rows = [("", "column", "expected", "found")]
    if not fits(expected.id, found.id) and not (expected.has_default_key and found.has_default_key):
        name = "key" if expected.kind in ("Effect", "Cancel") else "id"
        shown = "the default" if expected.has_default_key else _shown(expected.id)
        rows.append((">", name, shown, _shown(found.id)))
    for name in dict.fromkeys([*expected.values, *found.values]):
        here, there = name in expected.values, name in found.values
        same = here and there and fits(expected.values[name], found.values[name])
        rows.append(
            (
                " " if same else ">",
                name,
                _shown(expected.values[name]) if here else ABSENT,
                _shown(found.values[name]) if there else ABSENT,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["".join((f"{row[0]:<2}", f"{row[1]:<{widths[1] + 3}}", f"{row[2]:<{widths[2] + 3}}", row[3])).rstrip() for row in rows]


def _shown(value: Json) -> str:
    """A value as JSON, cut where it is long."""
    if value == ANY_ID:
        return "any id"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else text[: SHOWN_CHARACTERS_MAX - 1] + "…"
