"""
Attempts: what a version would say of the requests that were refused, as far as they are kept.

An attempt stands in no order. Of its place among the events only its moment tells: behind all that are not later. Events
that share its moment were committed together with it, before it or after it; so the place before them is tried as well.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from time import perf_counter
from typing import Any, Final, NamedTuple

from ensue.core.app import App
from ensue.core.attempted import Attempted
from ensue.core.canonical import parse_trusted
from ensue.core.codec import instant_text
from ensue.core.comparison import Comparison
from ensue.core.deciding_attempts import compare_attempts
from ensue.core.identity import event_id
from ensue.core.record import Place
from ensue.core.selection import Selection
from ensue.core.unique import Groups
from ensue.core.version import Version
from ensue.runtime.ranges.source import DatabaseSource
from ensue.runtime.ranges.walk import WalkedPast, models_read
from ensue.storage import attempts
from ensue.storage.attempts import StoredAttempt
from ensue.storage.database import Storage

PAGE: Final = 1_000


class Between(NamedTuple):
    """Where a moment lies: behind all events that are not later is *end*; before all that share it *begin*."""

    begin: int
    end: int


def add_attempts(comparison: Comparison, storage: Storage, selection: Selection) -> None:
    """Take the attempts that *selection* takes into *comparison*, which was made under a version."""
    assert comparison.version is not None, "attempts are compared under a version"
    begin = perf_counter()
    with storage.snapshot() as connection:
        when = attempts.refused_when(connection)
        places = places_of(sorted({at for at, _ in when}), attempts.moments(connection) if when else ())
    unique = {model.__ensue__.name: model.__ensue__.unique for model in storage.app.models()}
    models = _models(storage.app, {comparison.version, *(version for _, version in when)}, unique)
    history = DatabaseSource(storage).history
    behind, before = (WalkedPast(storage.app, models, history) for _ in range(2))  # each goes forward only

    def pasts(attempt: Attempted) -> Iterator[WalkedPast]:
        place = places[instant_text(attempt.at)]
        yield behind.at(place.end)
        if place.begin < place.end:
            yield before.at(place.begin)

    comparison.attempts = comparison.of_attempts()
    compare_attempts(_attempted(storage, selection, places), comparison.attempts, pasts, unique)
    comparison.seconds += perf_counter() - begin


def places_of(moments: Sequence[str], events: Iterable[tuple[int, str]]) -> dict[str, Between]:
    """Where each of these *moments*, which are sorted, lies among the *events*: position and moment, by position."""
    ends, begins = [0] * len(moments), dict[str, int]()
    for position, at in events:
        index = bisect_left(moments, at)
        if index < len(moments):
            ends[index] = position + 1
            if moments[index] == at:
                begins.setdefault(at, position)
    return {at: Between(begins.get(at, end), end) for at, end in zip(moments, accumulate(ends, max), strict=True)}


def _models(app: App, versions: Iterable[str], unique: Groups) -> frozenset[str]:
    """The models of which rows may be asked: those that are read under one of *versions*, and those with a unique rule."""
    read = (models_read(app, Version.parse(version)) for version in versions)
    return frozenset(name for name, groups in unique.items() if groups).union(*read)


def _attempted(storage: Storage, selection: Selection, places: Mapping[str, Between]) -> Iterator[Attempted]:
    """The attempts that *selection* takes, by moment; those that were made since the *places* were looked up are not among them."""
    after = ("", "")
    while True:
        with storage.snapshot() as connection:
            page = attempts.refused_after(connection, after, PAGE)
        if not page:
            return
        found = (_record(storage, stored, places[stored.at].end) for stored in page if stored.at in places)
        yield from (attempt for attempt in found if selection.takes(attempt))
        after = (page[-1].at, page[-1].id)


def _record(storage: Storage, stored: StoredAttempt, position: int) -> Attempted:
    """With a key it has the id of the event that it asked for; without one nobody has kept that, and it has its own."""
    reasons: Any = parse_trusted(stored.reasons.encode())
    return Attempted(
        storage.app,
        attempt=stored.id,
        id=stored.id if stored.key is None else event_id(storage.uid, stored.actor, stored.key),
        type=stored.type,
        version=stored.version,
        actor=stored.actor,
        at=datetime.fromisoformat(stored.at),
        place=Place(stored.subject, 0, position),
        form=parse_trusted(stored.form.encode()),
        reasons=reasons,
    )
