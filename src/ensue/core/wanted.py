"""Wanted: what a correction is asked for, in words that can be kept and asked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from ensue.core.app import App
from ensue.core.correction import CORRECTION
from ensue.core.record import Record
from ensue.core.selection import Selection
from ensue.core.version import Version
from ensue.errors import RequestError

UNDONE: Final = "undone"
"""The target of an event that is to be as if it had not happened."""
Target = Version | str
Targets = Callable[[Record, Target | None], Target | None]
"""
What each record is to be decided under: a version, UNDONE, or None for what stands. Told what earlier corrections made of it.
"""


@dataclass(frozen=True)
class Wanted:
    """
    What a correction is asked for.

    Args:
        events: event ids, each with the version it is to be decided under; None: as if it had not happened.
        selection: every record of these whose type is in *version*, which comes on top of *events*. One that was undone stays so:
            what somebody took back comes again only where it is named.
        version: the version of the selection.
        allow_effects: kinds of effects that may be done although they come late.
    """

    events: Mapping[str, str | None] = field(default_factory=dict)
    selection: Selection | None = None
    version: str | None = None
    allow_effects: tuple[str, ...] = ()

    def targets(self, app: App) -> Targets:
        """What each record is to be decided under. Raises VersionError; RequestError where no version is to rule the selection."""
        if self.selection is not None and self.version is None:
            raise RequestError("A correction of a selection says which version is to rule: add version=.")
        events: dict[str, Target] = {id: UNDONE if one is None else app.known_version(one) for id, one in self.events.items()}
        chosen, selection = app.known_version(self.version) if self.version is not None else None, self.selection

        def target(record: Record, standing: Target | None) -> Target | None:
            if record.id in events:
                return events[record.id]
            if chosen is None or selection is None or standing == UNDONE or record.type == CORRECTION:
                return None
            return chosen if selection.takes(record) and app.decides(record.type, chosen) else None

        return target

    def as_json(self) -> dict[str, Any]:
        """The same as data."""
        selection = None if self.selection is None else {**asdict(self.selection), "types": list(self.selection.types)}
        for moment in ("since", "until"):
            if selection is not None and selection[moment] is not None:
                selection[moment] = selection[moment].isoformat()
        return {"events": dict(self.events), "selection": selection, "version": self.version, "allow_effects": list(self.allow_effects)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Wanted:
        """What `as_json` gave. Raises ValueError, TypeError or KeyError for anything else."""
        selection = dict(data["selection"]) if data["selection"] is not None else None
        for moment in ("since", "until"):
            if selection is not None and selection[moment] is not None:
                selection[moment] = datetime.fromisoformat(selection[moment])
        chosen = None if selection is None else Selection(**selection)
        return cls(dict(data["events"]), chosen, data["version"], tuple(data["allow_effects"]))
