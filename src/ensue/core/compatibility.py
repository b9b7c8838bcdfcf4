"""
Compatibility: what a change means for those who send and those who read, between two descriptions of one thing.

It is not symmetric. What a caller sends may become wider without harm and breaks when it becomes narrower; what is
told to a reader may become narrower and breaks when it becomes wider. Where the form stays and only the steps change,
the behaviour does.

    breaking     somebody must change something before they use the new date
    behaviour    the same request is taken, and something else may follow
    additive     more is possible than before; nobody has to do anything
    none         nothing that can be seen from outside
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, NamedTuple

from ensue.core.schema import PREFIX, Schema

Class = Literal["none", "additive", "behaviour", "breaking"]
CLASSES: Final[tuple[Class, ...]] = ("none", "additive", "behaviour", "breaking")
"""From the harmless to the grave."""

Side = Literal["request", "answer"]
"""Who meets the values: a caller who sends them, or a reader who is told."""
Relation = Literal["narrower", "wider", "more", "other", "beside"]
_MEANS: Final[Mapping[tuple[Side, Relation], Class]] = {
    ("request", "narrower"): "breaking",
    ("request", "wider"): "additive",
    ("answer", "narrower"): "none",
    ("answer", "wider"): "breaking",
    ("answer", "more"): "additive",
    ("request", "other"): "breaking",
    ("answer", "other"): "breaking",
    ("request", "beside"): "behaviour",
    ("answer", "beside"): "behaviour",
}


@dataclass(frozen=True)
class Change:
    """One difference: where (`form.dose_mg`), a code for programs, a sentence for people, and its class."""

    path: str
    code: str
    message: str
    compatibility: Class


class StepDescription(NamedTuple):
    """One step as far as its place counts: `origin` is the name of the first step it took the place of, else its own."""

    name: str
    origin: str
    text: str = ""


@dataclass(frozen=True)
class Description:
    """
    What an event type is at one date, as far as others can notice.

    `form` is the JSON Schema of what is sent; `operations` and `effects` are words such as "insert LabTask" and
    "push.send"; `rejections` are the schemas of their values by code; `state` says in words what each field reads;
    `demands` are the fields whose tags a caller must send.
    """

    form: Schema
    state: Mapping[str, str] = field(default_factory=dict)
    operations: frozenset[str] = frozenset()
    effects: frozenset[str] = frozenset()
    rejections: Mapping[str, Schema] = field(default_factory=dict)
    steps: tuple[StepDescription, ...] = ()
    demands: tuple[str, ...] = ()


def worst(changes: Iterable[Change]) -> Class:
    """The gravest class among *changes*; `none` where there are none."""
    found = {one.compatibility for one in changes}
    gravest: Class = "none"
    for one in CLASSES:
        gravest = one if one in found else gravest
    return gravest


def compare(before: Description | None, after: Description | None) -> tuple[Change, ...]:
    """All that has changed of an event type between two dates, the gravest first; None where it was not, or is no longer, there."""
    if before is None or after is None:
        if before is after:
            return ()
        if before is None:
            return (Change("", "event_added", "The event type is new.", "additive"),)
        return (Change("", "event_ended", "The event type has ended; send it no longer.", "breaking"),)
    changes = [
        *schema_changes(before.form, after.form, "request", "form"),
        *_demand_changes(before.demands, after.demands),
        *rejection_changes(before.rejections, after.rejections),
        *step_changes(before.steps, after.steps),
        *_followed("operations", "operation", before.operations, after.operations),
        *_followed("effects", "effect", before.effects, after.effects),
        *_state_changes(before.state, after.state),
    ]
    return tuple(sorted(changes, key=lambda one: -CLASSES.index(one.compatibility)))


def _demand_changes(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    changes = []
    for one in dict.fromkeys([*after, *before]):
        where = f"demands.{one}"
        if one not in before:
            changes.append(Change(where, "demand_added", f"Callers must say what they saw of `{one}`; send its tag.", "breaking"))
        elif one not in after:
            changes.append(Change(where, "demand_removed", f"Callers need no longer say what they saw of `{one}`.", "additive"))
    return changes


# ---- what follows --------------------------------------------------------------------------------------------------
def step_changes(before: Sequence[StepDescription], after: Sequence[StepDescription]) -> list[Change]:
    """Steps that are new, took the place of another, ended or moved."""
    changes: list[Change] = []
    old, new = {one.origin: one for one in before}, {one.origin: one for one in after}
    for origin, one in new.items():
        text = " ".join(one.text.partition("\n\n")[0].split()).rstrip(".")
        said = f": {text}." if text else "."
        if origin not in old:
            changes.append(Change(f"steps.{one.name}", "step_added", f"Step `{one.name}` is new{said}", "behaviour"))
        elif old[origin].name != one.name:
            message = f"Step `{one.name}` takes the place of `{old[origin].name}`{said}"
            changes.append(Change(f"steps.{one.name}", "step_replaced", message, "behaviour"))
    changes += [
        Change(f"steps.{one.name}", "step_ended", f"Step `{one.name}` no longer runs.", "behaviour")
        for origin, one in old.items()
        if origin not in new
    ]
    if [origin for origin in old if origin in new] != [origin for origin in new if origin in old]:
        changes.append(Change("steps", "steps_reordered", "The steps run in another order.", "behaviour"))
    return changes


def rejection_changes(before: Mapping[str, Schema], after: Mapping[str, Schema]) -> list[Change]:
    """A new reason to refuse breaks who relied on being accepted; one that is gone only changes what happens."""
    changes = [
        Change(f"rejections.{code}", "rejection_added", f"It may be rejected with `{code}`; be ready for it.", "breaking")
        for code in after
        if code not in before
    ]
    changes += [
        Change(f"rejections.{code}", "rejection_removed", f"It is no longer rejected with `{code}`.", "behaviour")
        for code in before
        if code not in after
    ]
    for code in after:
        if code in before:
            changes += schema_changes(before[code], after[code], "answer", f"rejections.{code}")
    return changes


def _followed(where: str, what: str, before: frozenset[str], after: frozenset[str]) -> list[Change]:
    added = [Change(f"{where}.{one}", f"{what}_added", f"It may also {_causes(what, one)}.", "behaviour") for one in sorted(after - before)]
    removed = [
        Change(f"{where}.{one}", f"{what}_removed", f"It no longer can {_causes(what, one)}.", "behaviour")
        for one in sorted(before - after)
    ]
    return added + removed


def _causes(what: str, name: str) -> str:
    return f"`{name}`" if what == "operation" else f"cause the effect `{name}`"


def _state_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """What is read is not seen from outside: the caller writes ids, and those are part of the form."""
    changes = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None:
            changes.append(Change(f"state.{name}", "state_added", f"`{name}` is read: {new}.", "none"))
        elif new is None:
            changes.append(Change(f"state.{name}", "state_removed", f"`{name}` is no longer read: {old}.", "none"))
        elif old != new:
            changes.append(Change(f"state.{name}", "state_changed", f"`{name}` reads {new}; it read {old}.", "none"))
    return changes


# ---- schemas -------------------------------------------------------------------------------------------------------
def schema_changes(before: Schema, after: Schema, side: Side, path: str = "") -> list[Change]:
    """The differences between two JSON Schemas that `core/schema.py` made, for those who send (`request`) or read (`answer`)."""
    return [Change(where, code, message, _MEANS[side, relation]) for where, code, message, relation in _schemas(before, after, side, path)]


_Found = tuple[str, str, str, Relation]
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", f"{PREFIX}minimum", f"{PREFIX}exclusiveMinimum")
_UPPER: Final = (
    *("maximum", "exclusiveMaximum", "maxLength", "maxItems", f"{PREFIX}maximum", f"{PREFIX}exclusiveMaximum"),
    *(f"{PREFIX}decimal_places", f"{PREFIX}max_digits"),
)
_RULES: Final = ("pattern", "multipleOf", "uniqueItems", f"{PREFIX}multipleOf", f"{PREFIX}checked-by", f"{PREFIX}model")


def _schemas(before: Schema, after: Schema, side: Side, path: str) -> Iterator[_Found]:
    old, new = _kind(before), _kind(after)
    if old != new:
        relation: Relation = (
            "wider"
            if new == "text" and _type(before) == "string"
            else "narrower"
            if old == "text" and _type(after) == "string"
            else "other"
        )
        yield path, "type_changed", f"`{_name(path)}` is {_a(new)} now; it was {_a(old)}.", relation
    yield from _null(before, after, path)
    if old != new:
        return
    yield from _values(before, after, path)
    yield from _limits(before, after, path)
    if before.get("default", ...) != after.get("default", ...) and "default" in before and "default" in after:
        message = f"`{_name(path)}`, when left out, is {_shown(after['default'])} now; it was {_shown(before['default'])}."
        yield path, "default_changed", message, "beside"
    if before.get(f"{PREFIX}purpose") != after.get(f"{PREFIX}purpose"):
        purpose = after.get(f"{PREFIX}purpose")
        kept = f"is kept for the purpose {purpose}" if purpose else "is no longer kept for a purpose of its own"
        yield path, "purpose_changed", f"`{_name(path)}` {kept}.", "beside"
    if "properties" in after:
        yield from _properties(before, after, side, path)
    if "items" in after:
        yield from _schemas(before["items"], after["items"], side, f"{path}[]")


def _properties(before: Schema, after: Schema, side: Side, path: str) -> Iterator[_Found]:
    old, new = before["properties"], after["properties"]
    needed_before, needed_now = set(before["required"]), set(after["required"])
    for name, schema in new.items():
        where = f"{path}.{name}" if path else name
        if name not in old:
            yield _added(where, schema, name in needed_now, side)
            continue
        if (name in needed_before) != (name in needed_now):
            needed = name in needed_now
            message = "must be there now; it could be left out." if needed else f"may be left out{_default(schema)}."
            yield where, "required" if needed else "optional", f"`{_name(where)}` {message}", "narrower" if needed else "wider"
        yield from _schemas(old[name], schema, side, where)
    for name in old:
        if name not in new:
            where = f"{path}.{name}" if path else name
            # A form takes no fields it does not know, so one that is gone is refused; a reader misses it.
            remedy = "; leave it out." if side == "request" else "."
            yield where, "field_removed", f"`{_name(where)}` is gone{remedy}", "other"


def _added(where: str, schema: Schema, needed: bool, side: Side) -> _Found:
    if side == "answer":  # readers pass over what they do not know
        return where, "field_added", f"`{_name(where)}` is told as well.", "more"
    if needed:
        return where, "field_added", f"`{_name(where)}` is new and required; send it.", "narrower"
    return where, "field_added", f"`{_name(where)}` is new and may be left out{_default(schema)}.", "wider"


def _null(before: Schema, after: Schema, path: str) -> Iterator[_Found]:
    old, new = "null" in before["type"], "null" in after["type"]
    if old and not new:
        yield path, "null_refused", f"`{_name(path)}` is never null now.", "narrower"
    elif new and not old:
        yield path, "null_allowed", f"`{_name(path)}` may be null now.", "wider"


def _values(before: Schema, after: Schema, path: str) -> Iterator[_Found]:
    """Lists of values. A null in them is the type's concern."""
    old, new = before.get("enum"), after.get("enum")
    if old is None or new is None:
        if new is not None:
            yield path, "values_limited", f"`{_name(path)}` is only {_listed(new)} now; it was free.", "narrower"
        elif old is not None:
            yield path, "values_free", f"`{_name(path)}` may have any value now; it was only {_listed(old)}.", "wider"
        return
    gone, added = [one for one in old if one not in new and one is not None], [one for one in new if one not in old and one is not None]
    if gone:
        yield path, "values_removed", f"`{_name(path)}` is no longer {_listed(gone)}.", "narrower"
    if added:
        yield path, "values_added", f"`{_name(path)}` may also be {_listed(added)}.", "wider"


def _limits(before: Schema, after: Schema, path: str) -> Iterator[_Found]:
    for word in (*_LOWER, *_UPPER, *_RULES):
        old, new = before.get(word), after.get(word)
        if old == new:
            continue
        plain = word.removeprefix(PREFIX)
        said = f"`{_name(path)}`: {plain} is {_none(new)} now; it was {_none(old)}."
        if word in _RULES:
            yield path, f"{plain}_changed", said, "narrower" if old is None else "wider" if new is None else "other"
            continue
        raised = new is not None and (old is None or (_number(new) > _number(old)) == (word in _LOWER))
        yield path, f"{plain}_changed", said, "narrower" if raised else "wider"


# ---- words ---------------------------------------------------------------------------------------------------------
def _type(schema: Schema) -> str:
    declared = schema["type"]
    return str(declared if isinstance(declared, str) else declared[0])


def _kind(schema: Schema) -> str:
    """One word for what a value is, apart from null."""
    encoded = "bytes" if "contentEncoding" in schema else None
    formats = {"date-time": "instant", "local-time": "time"}
    plain = {"string": "text", "array": "list"}
    named = schema.get("format") or encoded
    return formats.get(str(named), str(named)) if named else plain.get(_type(schema), _type(schema))


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}" if kind not in ("text", "bytes") else kind


def _name(path: str) -> str:
    return path.partition(".")[2] if path.startswith("form.") else path or "it"


def _none(value: Any) -> str:
    return "none" if value is None else _shown(value)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _listed(values: Iterable[Any]) -> str:
    return " or ".join(_shown(one) for one in values if one is not None)


def _default(schema: Schema) -> str:
    return f"; it is then {_shown(schema['default'])}" if "default" in schema else ""


def _number(value: Any) -> Any:
    """A limit, to be compared: a number, or the text of a date."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return str(value)
