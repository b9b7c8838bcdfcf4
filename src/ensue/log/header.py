"""
The header: what is kept of an event for ever, as J1 bytes; the event hash covers it, and it covers the payload.

    v alg                    1 and "sha256"
    id type version          the event, its type, the version whose rules applied
    ledger                   the ledger's uid
    links[{subject, seq, prev}]   its place in the chain of each of its subjects, its own chain first
    actor at cost            who, when (UTC), and the bits of work its hash has paid
    logic                    the hash of the steps and shapes that decided
    payload{n, root}         number of leaves and tree hash
    and where set: requested, cause, corrects, erases, occurred, behalf, purpose, request

Digests are base64url. A verifier accepts keys it does not know, unless `crit` lists them (as in RFC 7515 §4.1.11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ensue.core.canonical import Json, base64url, canonical_trusted, from_base64url, parse_trusted
from ensue.errors import CanonicalError, FormatError
from ensue.log.chain import COST_MAX, COST_MIN

FORMAT: Final = 1
ALGORITHM: Final = "sha256"

_REQUIRED: Final = frozenset({"v", "alg", "id", "type", "version", "ledger", "links", "actor", "at", "cost", "logic", "payload"})
_OPTIONAL: Final = frozenset({"requested", "cause", "corrects", "erases", "occurred", "behalf", "purpose", "request"})
_KNOWN: Final = _REQUIRED | _OPTIONAL | {"crit"}


class Link(NamedTuple):
    """An event's place in one subject's chain: `seq` from 1, `prev` the 32 bytes of the hash before it."""

    subject: str
    seq: int
    prev: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """A header as read; the optional fields are None where the event did not set them, `unknown` holds what this release does not know."""

    id: str
    type: str
    version: str
    ledger: str
    links: tuple[Link, ...]
    actor: str
    at: str
    cost: int
    logic: bytes
    payload_n: int
    payload_root: bytes
    requested: str | None = None
    cause: Json = None
    corrects: Json = None
    erases: Json = None
    occurred: str | None = None
    behalf: str | None = None
    purpose: str | None = None
    request: Json = None
    unknown: Mapping[str, Json] = field(default_factory=dict)


def build_header(
    *,
    id: str,
    type: str,
    version: str,
    ledger: str,
    links: Sequence[Link],
    actor: str,
    at: str,
    cost: int,
    logic: bytes,
    payload_n: int,
    payload_root: bytes,
    extra: Mapping[str, Json],
) -> bytes:
    """
    Write the header of an event; the values come from our own code and are not checked again.

    *at* is as the instant codec writes it, `YYYY-MM-DDTHH:MM:SS.ffffffZ`; *extra* holds the optional keys that are
    set, where None counts as not set.

    Raises:
        ValueError: *extra* holds a key that is no optional key of the format.
    """
    if not _OPTIONAL.issuperset(extra):
        raise ValueError(
            f"A header has no optional key {', '.join(sorted(extra.keys() - _OPTIONAL))}; expected {', '.join(sorted(_OPTIONAL))}."
        )
    return canonical_trusted(
        {
            "v": FORMAT,
            "alg": ALGORITHM,
            "id": id,
            "type": type,
            "version": version,
            "ledger": ledger,
            "links": [{"subject": subject, "seq": seq, "prev": base64url(prev)} for subject, seq, prev in links],
            "actor": actor,
            "at": at,
            "cost": cost,
            "logic": base64url(logic),
            "payload": {"n": payload_n, "root": base64url(payload_root)},
            **{key: value for key, value in extra.items() if value is not None},
        }
    )


def parse_header(data: bytes) -> Header:
    """
    Read a stored header.

    Raises:
        FormatError: Not canonical JSON, a key is missing or has a wrong type, another format or algorithm,
            or `crit` lists a key that this release does not know.
    """
    members = _parse_canonical(data)
    if not isinstance(members, dict):
        raise _fault("it is not an object")
    _refuse_other_formats(members)
    missing = _REQUIRED - members.keys()
    if missing:
        raise _fault(f"{', '.join(sorted(missing))} is missing")
    payload = members["payload"]
    if not isinstance(payload, dict) or payload.keys() != {"n", "root"}:
        raise _fault("payload is not {n, root}")
    cost = _integer(members, "cost")
    if not COST_MIN <= cost <= COST_MAX:
        raise _fault(f"cost is {cost}, not {COST_MIN} to {COST_MAX}")
    return Header(
        id=_text(members, "id"),
        type=_text(members, "type"),
        version=_text(members, "version"),
        ledger=_text(members, "ledger"),
        links=_links(members["links"]),
        actor=_text(members, "actor"),
        at=_text(members, "at"),
        cost=cost,
        logic=_digest(members, "logic"),
        payload_n=_integer(payload, "n"),
        payload_root=_digest(payload, "root"),
        requested=_optional_text(members, "requested"),
        cause=members.get("cause"),
        corrects=members.get("corrects"),
        erases=members.get("erases"),
        occurred=_optional_text(members, "occurred"),
        behalf=_optional_text(members, "behalf"),
        purpose=_optional_text(members, "purpose"),
        request=members.get("request"),
        unknown={key: value for key, value in members.items() if key not in _KNOWN},
    )


def _parse_canonical(data: bytes) -> Json:
    try:
        members = parse_trusted(data)
        if canonical_trusted(members) == data:
            return members
    except (FormatError, CanonicalError):
        pass  # no JSON, or a number or text that J1 has not
    raise _fault("it is not canonical JSON")


def _refuse_other_formats(members: Mapping[str, Json]) -> None:
    if type(members.get("v")) is not int or members["v"] != FORMAT:  # true equals 1 and is no version
        raise _fault(f"its format v is {members.get('v')!r}, this release reads {FORMAT}")
    if members.get("alg") != ALGORITHM:
        raise _fault(f"its algorithm is {members.get('alg')!r}, this release knows {ALGORITHM}")
    crit = members.get("crit", [])
    if not isinstance(crit, list) or not all(isinstance(name, str) for name in crit):
        raise _fault("crit is not a list of names")
    unknown = [name for name in crit if name not in _KNOWN]
    if unknown:
        raise _fault(f"crit demands {', '.join(map(str, unknown))}, which this release does not know; use a newer one")


def _links(value: Json) -> tuple[Link, ...]:
    if not isinstance(value, list) or not value:
        raise _fault("links is not a list of at least one link")
    links = []
    for item in value:
        if not isinstance(item, dict) or item.keys() != {"subject", "seq", "prev"}:
            raise _fault("a link is not {subject, seq, prev}")
        links.append(Link(_text(item, "subject"), _integer(item, "seq"), _digest(item, "prev")))
    if len({link.subject for link in links}) < len(links):
        raise _fault("a subject is linked twice")
    return tuple(links)


def _text(members: Mapping[str, Json], key: str) -> str:
    value = members[key]
    if not isinstance(value, str) or not value:
        raise _fault(f"{key} is not a text")
    return value


def _optional_text(members: Mapping[str, Json], key: str) -> str | None:
    return _text(members, key) if key in members else None


def _integer(members: Mapping[str, Json], key: str) -> int:
    value = members[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _fault(f"{key} is not an integer from 1")
    return value


def _digest(members: Mapping[str, Json], key: str) -> bytes:
    digest = from_base64url(_text(members, key))
    if len(digest) != 32:
        raise _fault(f"{key} has {len(digest)} bytes, a digest has 32")
    return digest


def _fault(what: str) -> FormatError:
    return FormatError(f"The header cannot be read: {what}. If it was written by this release it has been changed; run `ensue verify`.")
