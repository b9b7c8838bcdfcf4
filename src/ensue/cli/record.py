"""A record and its parts, as data for programs and as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ensue.cli.text import change_text, is_uuid, moment_text, print_fields, print_hanging, printable, short, styled, value_text
from ensue.core.canonical import base64url
from ensue.core.codec import instant_text

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import Plan, Record

SIGNS = {
    "insert": ("+", "green"),
    "update": ("~", "yellow"),
    "increase": ("±", "yellow"),
    "delete": ("-", "red"),
    "cancel": ("x", "red"),
    "erase": ("∅", "red"),
}
"""How an operation reads at a glance; the sign says it without the colour."""
EFFECT_SIGN = ("»", "cyan")
LEGEND = "+ inserted   ~ updated   ± increased   - deleted   » effect"


# ---- for programs --------------------------------------------------------------------------------------------------
def record_data(record: Record) -> dict[str, Any]:
    """A record as the envelope has it: what was asked, what was known, what followed, and where it stands."""
    return {
        "id": record.id,
        "type": record.type,
        "version": record.version,
        "requested": record.requested,
        "actor": record.actor,
        "at": instant_text(record.at),
        "occurred": instant_text(record.occurred) if record.occurred else None,
        "behalf": record.behalf,
        "purpose": record.purpose,
        "cause": record.cause,
        "subject": record.subject,
        "seq": record.seq,
        "position": record.position,
        "links": [{"subject": subject, "seq": seq} for subject, seq in record.place.links],
        "hash": base64url(record.hash),
        "repeated": record.repeated,
        "form": record.form,
        "state": [dict(zip(("field", "model", "id", "columns"), one, strict=True)) for one in record.state],  # type: ignore[arg-type]  # lists of four, by the payload's format
        **followed_data(record.document["operations"], record.document["effects"]),
    }


def plan_data(plan: Plan) -> dict[str, Any]:
    """A plan as the envelope has it."""
    return {**followed_data(plan.recorded_operations, plan.recorded_effects), "steps": list(plan.steps)}


def followed_data(operations: Iterable[Any], effects: Iterable[Any]) -> dict[str, Any]:
    """Operations and effects of a payload, by their names."""
    return {
        "operations": [dict(zip(("kind", "model", "id", "before", "after", "step"), one, strict=True)) for one in operations],
        "effects": [dict(zip(("kind", "key", "body", "step"), one, strict=True)) for one in effects],
    }


# ---- for people ----------------------------------------------------------------------------------------------------
def print_story(console: Console, record: Record) -> None:
    """A record in a few lines: when, what, by whom; then each operation and effect."""
    head = styled(f"#{record.position}".rjust(6), "dim").append("  ").append(moment_text(record.occurred or record.at)).append("  ")
    who = f"by {short(record.actor)}" + (f" for {short(record.behalf)}" if record.behalf else "")
    body = styled(record.type, "bold").append(f"  {record.version}, {who}", "dim")
    print_hanging(console, head, body)
    own = {record.subject.partition("/")[2]}
    for kind, model, id, before, after, _ in record.document["operations"]:
        print_hanging(console, Text(" " * 8).append(*SIGNS[kind]).append(" "), operation_line(kind, model, id, before, after, own))
    for kind, _, body_of_it, _ in record.document["effects"]:
        print_hanging(
            console, Text(" " * 8).append(*EFFECT_SIGN).append(" "), styled(kind, "bold").append("  ").append_text(values_text(body_of_it))
        )


def operation_line(
    kind: str, model: str, id: str | None, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, left_out: set[str]
) -> Text:
    """One operation in one line; of a new row what is filled, references last, without its own id and *left_out*."""
    line = styled(model, "bold").append(f" {short(id or 'any')}").append("  ")
    if kind == "insert":
        unsaid = {None, id, *left_out}
        filled = {name: value for name, value in (after or {}).items() if isinstance(value, (dict, list)) or value not in unsaid}
        return line.append_text(values_text(dict(sorted(filled.items(), key=lambda item: item[0].endswith("_id")))))
    if kind in ("update", "increase"):
        return line.append_text(changes_text(before or {}, after or {}))
    return line.append({"delete": "deleted", "cancel": "cancelled", "erase": f"erased: {(after or {}).get('purpose', '')}"}[kind])


def values_text(values: Mapping[str, Any]) -> Text:
    """`code 24362-6 · status open`; ids in short, since many stand on one screen."""
    parts = [
        styled(name, "dim").append(" ").append(short(value) if isinstance(value, str) and is_uuid(value) else value_text(value))
        for name, value in values.items()
    ]
    return styled(" · ", "dim").join(parts)


def changes_text(before: Mapping[str, Any], after: Mapping[str, Any]) -> Text:
    """`end – → 2017-03-16`."""
    parts = [styled(name, "dim").append(" ").append_text(change_text(before.get(name), value)) for name, value in after.items()]
    return styled(" · ", "dim").join(parts)


def print_followed(console: Console, operations: Iterable[Any], effects: Iterable[Any]) -> None:
    """Every operation and effect in full, with the step it came from; values one below the other."""
    for kind, model, id, before, after, step in operations:
        head = styled(model, "bold").append(f" {printable(id or 'any')}").append(f"   {kind}, by {step}", "dim")
        print_hanging(console, Text("  ").append(*SIGNS[kind]).append(" "), head)
        if kind in ("update", "increase"):
            print_fields(console, {name: change_text((before or {}).get(name), value) for name, value in after.items()}, 6)
        else:
            print_fields(console, {name: Text(value_text(value)) for name, value in (after or before or {}).items()}, 6)
    for kind, key, body, step in effects:
        print_hanging(
            console,
            Text("  ").append(*EFFECT_SIGN).append(" "),
            styled(kind, "bold").append(f" {printable(key)}").append(f"   effect, by {step}", "dim"),
        )
        print_fields(console, body, 6)
