"""Recording: from a decided event to the rows that say so. Payload, header, hash, and one entry for each table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ensue.core.app import App
from ensue.core.binding import Bound
from ensue.core.canonical import Json, base64url
from ensue.core.codec import instant_text
from ensue.core.correction import Correction
from ensue.core.document import fields_by_name, leaves_of
from ensue.core.plan import Plan
from ensue.core.record import Place, Record
from ensue.log.chain import genesis, stamp
from ensue.log.header import Link, build_header
from ensue.log.payload import request_digest, seal
from ensue.runtime.last_writers import WHOLE_ROW
from ensue.runtime.request import Ticket
from ensue.storage.session import Head, Writes

SEED_BYTES = 32


@dataclass
class Chains:
    """The heads of a batch's subjects, as stored and as they move while the batch is decided."""

    uid: str
    stored: dict[str, Head]
    now: dict[str, Head]

    @classmethod
    def over(cls, uid: str, stored: Mapping[str, Head]) -> Chains:
        """The heads as *stored*."""
        return cls(uid, dict(stored), dict(stored))

    def latest(self, subjects: tuple[str, ...]) -> str:
        """The latest moment of these chains; the empty text before their first event."""
        return max([self.now[subject].at for subject in subjects if subject in self.now], default="")

    def next_links(self, subjects: tuple[str, ...]) -> list[Link]:
        """The next place in each chain."""
        links = []
        for subject in subjects:
            head = self.now.get(subject)
            links.append(Link(subject, 1, genesis(self.uid, subject)) if head is None else Link(subject, head.seq + 1, head.hash))
        return links

    def move(self, links: list[Link], at: str, hash: bytes) -> None:
        """Each of the chains now ends with this event."""
        for link in links:
            self.now[link.subject] = Head(link.seq, at, hash)

    def write(self, writes: Writes) -> None:
        """The heads that moved, as rows."""
        for subject in sorted(self.now):
            head, before = self.now[subject], self.stored.get(subject)
            if before is None:
                writes.heads_new.append((subject, head.seq, head.at, head.hash))
            elif before.seq != head.seq:
                writes.heads_moved.append((head.seq, head.at, head.hash, subject, before.seq))


class Recorder:
    """Makes records for one ledger."""

    def __init__(self, app: App, uid: str, *, cost: int, random_bytes: Callable[[int], bytes]) -> None:
        self.app = app
        self.uid = uid
        self.cost = cost
        self.random_bytes = random_bytes
        self._model_fields, self._effect_fields = fields_by_name(app)

    def record(self, ticket: Ticket, bound: Bound, plan: Plan, at: datetime, chains: Chains, writes: Writes) -> Record:
        """Add a decided event to *writes* and *chains*; its position is known only when the batch is committed."""
        request, binding = ticket.request, ticket.binding
        logic, at_text = binding.logic, instant_text(at)
        seed = self.random_bytes(SEED_BYTES)
        payload = seal(leaves_of(binding, bound, plan, self._model_fields, self._effect_fields), seed)
        extra: dict[str, Json] = {
            "requested": ticket.requested,
            "cause": request.cause,
            "behalf": request.behalf,
            "purpose": request.purpose,
        }
        digest = None
        if request.key is not None:
            digest = request_digest(seed, ticket.actor, logic.type, ticket.requested, binding.sent)
            extra["request"] = base64url(digest)
        if isinstance(binding.event, Correction):
            extra["corrects"] = binding.event.original
        if request.occurred is not None:
            extra["occurred"] = instant_text(request.occurred)
        links = chains.next_links(bound.subjects)
        header = build_header(
            id=binding.id,
            type=logic.type,
            version=logic.version_text,
            ledger=self.uid,
            links=links,
            actor=ticket.actor,
            at=at_text,
            cost=self.cost,
            logic=logic.digest,
            payload_n=payload.leaf_count,
            payload_root=payload.root,
            extra=extra,
        )
        nonce, hash = stamp(header, self.cost)
        subject, seq, _ = links[0]
        chains.move(links, at_text, hash)
        writes.events.append((subject, seq, binding.id, logic.type, logic.version_text, ticket.actor, at_text, header, nonce, hash))
        writes.payloads.append((subject, seq, payload.data, seed, digest))
        writes.log.append((subject, seq, hash))
        for link in links[1:]:
            writes.links.append((link.subject, link.seq, subject, seq))
        self._add_operations(writes, subject, seq, bound, plan)
        for n, (kind, key, body, _) in enumerate(plan.recorded_effects):
            writes.effects.append((subject, seq, n, binding.id, kind, key, body.get("not_before", at_text), "pending"))  # type: ignore[union-attr]  # a body is an object
        document: dict[str, Any] = {
            "form": binding.form,
            "state": bound.state,
            "operations": list(plan.recorded_operations),
            "effects": list(plan.recorded_effects),
        }
        return Record(
            self.app,
            id=binding.id,
            type=logic.type,
            version=logic.version_text,
            actor=ticket.actor,
            at=at,
            place=Place(subject, seq, -1, tuple([(link.subject, link.seq) for link in links[1:]])),
            hash=hash,
            document=document,
            plan=plan,
            said=extra,
            logic_hash=logic.digest,
        )

    def _add_operations(self, writes: Writes, subject: str, seq: int, bound: Bound, plan: Plan) -> None:
        for n, (kind, model, id, _, after, _) in enumerate(plan.recorded_operations):
            writes.operations.append((subject, seq, n, kind, model, id if id is not None else "", columns_of_operation(kind, after)))
        # A read is numbered by its place in the recorded state, so that verification can tell it without knowing the others.
        first = len(plan.recorded_operations)
        for place, read_model, read_id, read_columns in bound.foreign:
            writes.operations.append((subject, seq, first + place, "read", read_model, read_id, " ".join(sorted(read_columns))))


def columns_of_operation(kind: Any, after: Any) -> str:
    """The names of the columns that a recorded operation wrote, as `ensue_operation` has them."""
    if kind in ("insert", "delete"):
        return WHOLE_ROW
    return " ".join(sorted(after)) if kind in ("update", "increase") else ""
