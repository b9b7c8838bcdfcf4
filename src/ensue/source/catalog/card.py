"""
Card: what there is to say of one entry, in the order in which a manual says it. Every text format is made from these.

Texts hold no markup but `…` around names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ensue.core.catalog import Catalog, Cause, EffectEntry, EventEntry, FieldEntry, ModelEntry, ModelShape, Place, StepEntry, VersionText
from ensue.core.description import operation_text
from ensue.source.catalog.seen import SeenOfEntry, seen_of
from ensue.source.catalog.words import default_words

MEANINGS = {
    "breaking": "Somebody must change something before they use this date.",
    "behaviour": "The same request is taken, and something else may follow.",
    "additive": "More is possible than before; nobody has to do anything.",
    "none": "Nothing that can be seen from outside.",
}
STATE_KINDS = {"ref": "must be there; locked", "lookup": "read, not locked", "new": "will be inserted", "related": ""}
MAY_BE_ABSENT = {"ref": "may be left out; locked", "lookup": "may be absent; read, not locked"}
DASH = "–"
ANY_CANCEL = operation_text("cancel", "")
UNKNOWN_STEP = "no step of this application"
BRACES = re.compile(r"\{(\w+)[^}]*\}")


@dataclass(frozen=True)
class Section:
    """One part of a card: a table. `kind` says what it is about, for those who draw it."""

    kind: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Card:
    """A title, what it is for, facts by name, and sections; those without rows are left out."""

    title: str
    subtitle: str
    purpose: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def event_card(catalog: Catalog, entry: EventEntry) -> Card:
    """Everything of one event type at one date."""
    seen = seen_of(catalog.seen, entry) if catalog.seen else None
    sections = (
        _steps_section(entry),
        _followed_section(entry, seen),
        _rejections_section(entry, seen),
        _fields_section("form", "Form", entry.form, "What the caller sends."),
        _state_section(entry),
        _callers_section(entry, seen),
        _changes_section(entry),
        _changelog_section(entry),
    )
    facts = [("State", said_of_version(one)) for one in catalog.versions if one.version == entry.since and said_of_version(one)]
    return _card(entry.type, _period(entry), entry.purpose, [*facts, *_event_facts(entry, seen)], sections)


def said_of_version(version: VersionText) -> str:
    """What became of a version besides its text; empty where there is nothing to say."""
    said = ["Draft: for previews and tests only."] if version.state == "draft" else []
    said += [f"Deprecated on {version.deprecated}."] if version.deprecated else []
    said += [f"Retired on {version.retired}."] if version.retired else []
    return " ".join(said)


def model_card(model: ModelEntry) -> Card:
    """Everything of one model."""
    kind = "subject" if model.subject else f"belongs to {' and '.join(model.parents)}" if model.parents else "reference data"
    facts = [
        ("Written by", _names(model.written_by)),
        ("Read by", _names(model.read_by)),
        ("Unique", ", ".join(" + ".join(map(code, one)) for one in model.unique)),
        ("Where", _place(model.place)),
    ]
    kind += f", in this shape since {model.since}" if model.since else ""
    earlier = [
        _fields_section("columns", f"Columns until {later.since}", shape.columns, "Steps that were written for this shape still see it.")
        for shape, later in reversed(list(pairwise((*model.earlier, ModelShape(model.since, model.columns)))))
    ]
    return _card(model.name, kind, model.purpose, facts, (_fields_section("columns", "Columns", model.columns, ""), *earlier))


def effect_card(catalog: Catalog, effect: EffectEntry) -> Card:
    """Everything of one effect."""
    count = sum(one.count for one in catalog.seen.effects if one.name == effect.kind) if catalog.seen else None
    performer = f"{code(effect.performer)} ({_place(effect.performer_place)})" if effect.performer else "nobody yet"
    facts = [
        ("Caused by", _names(effect.caused_by)),
        ("Performed by", performer),
        ("May answer with", _names(effect.answers)),
        ("Seen", "" if count is None else f"{count:,}"),
        ("Where", _place(effect.place)),
    ]
    return _card(effect.kind, effect.name, effect.purpose, facts, (_fields_section("fields", "Fields", effect.fields, ""),))


def _card(title: str, subtitle: str, purpose: str, facts: Iterable[tuple[str, str]], sections: Iterable[Section]) -> Card:
    kept = tuple(one for one in facts if one[1])
    return Card(title, subtitle, purpose, kept, tuple(_without_empty_columns(one) for one in sections if one.rows))


def _without_empty_columns(section: Section) -> Section:
    filled = [place for place in range(len(section.head)) if any(row[place] for row in section.rows)]
    rows = tuple(tuple(row[place] for place in filled) for row in section.rows)
    return replace(section, head=tuple(section.head[place] for place in filled), rows=rows)


# ---- facts ---------------------------------------------------------------------------------------------------------
def _period(entry: EventEntry) -> str:
    return f"{entry.since} until {entry.until}" if entry.until else f"since {entry.since}"


def _event_facts(entry: EventEntry, seen: SeenOfEntry | None) -> list[tuple[str, str]]:
    about = f"{code(entry.name)}, since {entry.shape_since}" if entry.shape_since != entry.since else code(entry.name)
    back = {"whole": "an older step sees it as it was written for", "none": "none; older steps were replaced or ended"}
    when = f"{seen.count:,}, from {seen.first[:10]} to {seen.last[:10]}" if seen and seen.first and seen.last else "never" if seen else ""
    return [
        ("Shape", about),
        ("Where", _place(entry.place)),
        ("Way back", back.get(entry.down, entry.down)),
        ("Chain", f"system/{entry.system}" if entry.system else ""),
        ("Must say it saw", ", ".join(map(code, entry.demands))),
        ("Seen", when),
        ("What follows", "" if entry.operations or entry.effects else "nothing" if entry.steps else "nothing: no step decides it any more"),
    ]


# ---- sections ------------------------------------------------------------------------------------------------------
def _fields_section(kind: str, title: str, fields: Sequence[FieldEntry], note: str) -> Section:
    rows = []
    for one in fields:
        default = default_words(one.schema)
        need = "required" if one.required else "may be left out" if default in ("", "null") else f"may be left out: then {default}"
        notes = [*one.constraints, *([one.purpose] if one.purpose else []), *([one.description] if one.description else [])]
        rows.append((code(one.name), one.type, need, ". ".join(note.rstrip(".") for note in notes)))
    return Section(kind, title, ("Field", "Type", "Given", "Notes"), tuple(rows), note)


def _state_section(entry: EventEntry) -> Section:
    rows = []
    for one in entry.state:
        whose = f", for steps on {code(one.shape)}" if one.shape else ""
        kind = MAY_BE_ABSENT.get(one.kind, "") if one.optional else ""
        kind = kind or STATE_KINDS[one.kind]
        columns = ", ".join(map(code, one.columns)) or DASH
        rows.append((code(one.name) + whose, code(one.model), one.found + (f" ({kind})" if kind else ""), columns))
    head = ("Field", "Rows of", "Found", "Reads")
    return Section("state", "State", head, tuple(rows), "What the decision knows besides the form. It is frozen into the record.")


def _steps_section(entry: EventEntry) -> Section:
    head = ("Step", "Since", "What it decides", "Where")
    return Section(
        "steps", "Steps", head, tuple(map(_step_row, entry.steps)), "They decide in this order; the first that rejects ends the decision."
    )


def _step_row(one: StepEntry) -> tuple[str, ...]:
    history = [f"took the place of {code(one.replaces)}"] if one.replaces else []
    history += [f"runs until {one.until}: {one.ended.rstrip('.')}".rstrip(": ")] if one.until else []
    does = [
        *map(code, one.operations),
        *(f"effect {code(kind)}" for kind in one.effects),
        *(f"rejection {code(name)}" for name in one.rejections),
    ]
    text = [one.purpose.split("\n\n")[0] or "It says nothing of itself.", f"May: {', '.join(does)}." if does else ""]
    text += [f"It {' and '.join(history)}."] if history else []
    return code(one.name), one.since, " ".join(part for part in text if part), _place(one.place)


def _followed_section(entry: EventEntry, seen: SeenOfEntry | None) -> Section:
    rows = [*_cause_rows("", entry.operations, seen.operations if seen else None)]
    rows += _cause_rows("effect ", entry.effects, seen.effects if seen else None)
    head = ("What", "By which step", "Seen") if seen else ("What", "By which step")
    return Section("followed", "What may follow", head, tuple(rows), "Nothing else can: the ledger refuses what a step did not declare.")


def _cause_rows(prefix: str, causes: Iterable[Cause], seen: Counter[str] | None) -> list[tuple[str, ...]]:
    rows = [(prefix + code(one.name), ", ".join(map(code, one.steps)), *_count(seen, one.name)) for one in causes]
    declared = {one.name for one in causes}
    undeclared = sorted(one for one in seen or () if one not in declared and not (one.startswith("cancel ") and ANY_CANCEL in declared))
    return rows + [(prefix + code(name), UNKNOWN_STEP, *_count(seen, name)) for name in undeclared]


def _rejections_section(entry: EventEntry, seen: SeenOfEntry | None) -> Section:
    counted = seen.rejections if seen else None
    rows = []
    for one in entry.rejections:
        by = "ensue" if one.built_in else ", ".join(map(code, one.steps))
        message = BRACES.sub(r"`{\1}`", one.message)
        rows.append((code(one.code), message, code(one.field) if one.field else DASH, by, *_count(counted, one.code)))
    undeclared = sorted((counted or Counter()).keys() - {one.code for one in entry.rejections})
    rows += [(code(name), DASH, DASH, UNKNOWN_STEP, *_count(counted, name)) for name in undeclared]
    head = ("Code", "Message", "Marks", "By", *(("Seen",) if seen else ()))
    return Section("rejections", "Rejections", head, tuple(rows), "Seen are those of the last 90 days." if seen else "")


def _callers_section(entry: EventEntry, seen: SeenOfEntry | None) -> Section:
    rows = []
    for one in entry.callers:
        why = f"its code names this event type: it may answer the effect {code(one.effect)} with it"
        rows.append((f"performer {code(one.performer)}", why, _place(one.place)))
    for type_, count in sorted(seen.causes.items()) if seen else ():
        rows.append((code(type_), f"named as the cause of {count:,} records", "the ledger"))
    note = "Besides people: what may send it, as far as source and ledger say."
    return Section("callers", "Callers", ("Who", "Why", "Where"), tuple(rows), note)


def _changes_section(entry: EventEntry) -> Section:
    rows = tuple((one.compatibility, one.message) for one in entry.changes)
    note = f"{entry.compatibility.capitalize()}: {MEANINGS[entry.compatibility]}"
    return Section("changes", f"What changed on {entry.since}", ("Class", "Change"), rows, note)


def _changelog_section(entry: EventEntry) -> Section:
    rows = tuple((f"{one.kind} {code(one.name)}", one.text or DASH) for one in entry.changelog)
    return Section("changelog", "Changelog", ("About", "Text"), rows)


def _count(seen: Counter[str] | None, name: str) -> tuple[str, ...]:
    return () if seen is None else (f"{seen[name]:,}" if seen[name] else DASH,)


def code(name: str) -> str:
    """A name, marked as one."""
    return f"`{name}`"


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(code, names)) or DASH


def _place(place: Place | None) -> str:
    return code(str(place)) if place else DASH
