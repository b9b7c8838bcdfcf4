"""
Exchange: a record as one J1 object that needs no database, and back again.

    id type version actor at                     the event, its type, the version whose rules applied, who and when
    subject seq position links[{subject, seq}]   its place: in the ledger, and in the chain of each of its subjects
    hash logic                                   its hash, and that of the steps and shapes that decided; base64url
    form state operations effects                the payload, each value back in its place (design §5)
    and where set: requested, cause, corrects, occurred, behalf, purpose
    and where known: tables{model: class}        which shape each table had when rows were frozen
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ensue.core.app import App
from ensue.core.canonical import Json, base64url, from_base64url
from ensue.core.codec import INSTANT, instant_text
from ensue.core.record import Place, Record
from ensue.errors import FormatError

REQUIRED: Final[Mapping[str, type]] = {
    **dict.fromkeys(("id", "type", "version", "actor", "at", "subject"), str),
    **dict.fromkeys(("seq", "position"), int),
    "links": list,
    **dict.fromkeys(("hash", "logic"), str),
    "form": dict,
    **dict.fromkeys(("state", "operations", "effects"), list),
}
"""What every record has, and its kind of J1 value."""
OPTIONAL_TEXTS: Final = ("requested", "cause", "corrects", "occurred", "behalf", "purpose")
KNOWN: Final = frozenset((*REQUIRED, *OPTIONAL_TEXTS, "tables"))
_KINDS: Final = {str: "a text", int: "an integer", list: "a list", dict: "an object"}
_LENGTHS: Final = {"state": 4, "operations": 6, "effects": 4}
"""How many values one entry of a payload's lists has."""


def members_of(record: Record) -> dict[str, Json]:
    """Everything that the decision of *record* depended on and led to."""
    document = record.document
    members: dict[str, Json] = {
        "id": record.id,
        "type": record.type,
        "version": record.version,
        "actor": record.actor,
        "at": instant_text(record.at),
        "subject": record.subject,
        "seq": record.seq,
        "position": record.position,
        "links": [{"subject": subject, "seq": seq} for subject, seq in record.place.links],
        "hash": base64url(record.hash),
        "logic": base64url(record.logic_hash),
        **{name: document[name] for name in ("form", "state", "operations", "effects")},
    }
    set_ones: dict[str, Json] = {
        "requested": record.requested,
        "cause": record.cause,
        "corrects": record.corrects,
        "occurred": instant_text(record.occurred) if record.occurred is not None else None,
        "behalf": record.behalf,
        "purpose": record.purpose,
        "tables": dict(record.table_shapes) if record.table_shapes is not None else None,
    }
    return members | {name: value for name, value in set_ones.items() if value is not None}


def record_from(app: App, members: Json) -> Record:
    """
    The record that *members* say.

    Raises:
        FormatError: something is missing, unknown or of another kind; says what was expected and what was found.
    """
    checked = _checked(members)
    said: dict[str, Json] = {name: checked[name] for name in OPTIONAL_TEXTS if name in checked}
    if "occurred" in said:
        said["occurred"] = instant_text(_instant("occurred", checked["occurred"]))
    return Record(
        app,
        id=checked["id"],
        type=checked["type"],
        version=checked["version"],
        actor=checked["actor"],
        at=_instant("at", checked["at"]),
        place=Place(checked["subject"], checked["seq"], checked["position"], _links(checked["links"])),
        hash=from_base64url(checked["hash"]),
        document={name: checked[name] for name in ("form", "state", "operations", "effects")},
        logic_hash=from_base64url(checked["logic"]),
        said=said,
        table_shapes=_tables(checked.get("tables")),
    )


def _checked(members: Any) -> dict[str, Any]:
    if type(members) is not dict:
        raise FormatError(f"expected a record as a JSON object, found {members!r:.60}")
    for name, kind in REQUIRED.items():
        if type(members.get(name)) is not kind:
            raise _wrong(name, _KINDS[kind], members)
    for name in OPTIONAL_TEXTS:
        if name in members and type(members[name]) is not str:
            raise _wrong(name, "a text, or no such member", members)
    for name, length in _LENGTHS.items():
        for entry in members[name]:
            if type(entry) is not list or len(entry) != length:
                raise FormatError(f"expected each entry of {name} as a list of {length} values, found {entry!r:.60}")
    if not KNOWN.issuperset(members):
        unknown = ", ".join(sorted(members.keys() - KNOWN))
        raise FormatError(f"expected a record of format 1, found {unknown} in it; read the file with the release that wrote it")
    return members


def _wrong(name: str, expected: str, members: dict[str, Any]) -> FormatError:
    return FormatError(f"expected {name} as {expected}, found " + (f"{members[name]!r:.60}" if name in members else "none"))


def _instant(name: str, text: str) -> datetime:
    if INSTANT.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper())
        except ValueError:
            pass  # no such day
    raise FormatError(f"expected {name} as an instant such as 2018-07-30T09:00:00.000000Z, found {text!r:.60}")


def _links(links: list[Any]) -> tuple[tuple[str, int], ...]:
    for link in links:
        if type(link) is not dict or link.keys() != {"subject", "seq"} or type(link["subject"]) is not str or type(link["seq"]) is not int:
            raise FormatError(f"expected each link as {{subject, seq}}, found {link!r:.60}")
    return tuple((link["subject"], link["seq"]) for link in links)


def _tables(tables: Any) -> dict[str, str] | None:
    if tables is not None and (type(tables) is not dict or any(type(shape) is not str for shape in tables.values())):
        raise FormatError(f"expected tables as an object of texts, or no such member, found {tables!r:.60}")
    return tables
