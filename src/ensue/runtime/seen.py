"""Seen: what a ledger holds, as the catalog says it beside what is declared."""

from __future__ import annotations

from ensue.core.catalog import Seen, SeenCount, SeenEvents
from ensue.storage import seen
from ensue.storage.database import Storage


def seen_in(storage: Storage) -> Seen:
    """How often each event type was recorded or refused, and what followed from it, at one moment."""
    with storage.snapshot() as connection:
        return Seen(
            events=tuple(SeenEvents(*one) for one in seen.event_counts(connection)),
            operations=tuple(SeenCount(*one) for one in seen.operation_counts(connection)),
            effects=tuple(SeenCount(*one) for one in seen.effect_counts(connection)),
            rejections=tuple(SeenCount(*one) for one in seen.rejection_counts(connection)),
            causes=tuple(SeenCount(*one) for one in seen.cause_counts(connection)),
        )
