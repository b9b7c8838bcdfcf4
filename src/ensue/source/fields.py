"""
Fields: which fields differ between two schemas of one class, and which of the differences need a new shape.

A field that has a default may be added to anything: what was recorded before is read with it. Everything else that is
done to published fields needs a class of its own, with a date.
"""

from __future__ import annotations

from typing import Any

from ensue.core.schema import Schema

WORDS_ONLY = {"title", "description"}
"""What a schema tells people; it decides nothing."""


def changed_fields(before: Schema, after: Schema) -> dict[str, str]:
    """
    The fields that differ, each with how: `removed`, `changed`, `required` (now it must be given), `optional`, `added`.

    `added` is what may be done without a new shape: a field that has a default.
    """
    found: dict[str, str] = {}
    old, new = before["properties"], after["properties"]
    for name in sorted(old.keys() | new.keys()):
        must, had_to = name in after["required"], name in before["required"]
        if name not in new:
            found[name] = "removed"
        elif name not in old:
            found[name] = "required" if must else "added"
        elif not _same(old[name], new[name]):
            found[name] = "changed"
        elif must != had_to:
            found[name] = "required" if must else "optional"
    return found


def _same(before: Any, after: Any) -> bool:
    """Whether two schemas of a field say the same; inside nested objects too, a field with a default may have been added."""
    if isinstance(before, dict) and isinstance(after, dict):
        if before.get("type") == after.get("type") == "object" and "properties" in before:
            return set(changed_fields(before, after).values()) <= {"added"}
        names = (before.keys() | after.keys()) - WORDS_ONLY
        return names <= before.keys() & after.keys() and all(_same(before[name], after[name]) for name in names)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after) and type(before) is type(after)
