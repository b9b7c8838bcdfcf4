"""Attempted: a request that a rule refused, as the record that it would have become."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ensue.core.app import App
from ensue.core.canonical import Json
from ensue.core.record import Place, Record


class Attempted(Record):
    """
    A request that was refused: its form, and the *reasons* as kept. Nothing was frozen, and nothing followed.

    `position` is the one that it would have taken, as far as its moment tells; `attempt` is the id under which it is kept.
    """

    def __init__(
        self,
        app: App,
        *,
        attempt: str,
        id: str,
        type: str,
        version: str,
        actor: str,
        at: datetime,
        place: Place,
        form: Json,
        reasons: Sequence[Json],
    ) -> None:
        document = {"form": form, "state": [], "operations": [], "effects": []}
        super().__init__(app, id=id, type=type, version=version, actor=actor, at=at, place=place, hash=b"", document=document)
        self.attempt = attempt
        self.reasons = reasons
