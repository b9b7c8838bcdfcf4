"""Recalled: the event of a record on the way to being decided once more, where its logic reads it in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ensue.core.binding import Binding
from ensue.core.canonical import Json
from ensue.core.event import Context, Event, complete, event_from_form
from ensue.core.logic import Logic


class Recalled(Binding):
    """
    A `Binding` over a *bare* event, which was made of the record's whole form and which nobody else has seen.

    What of it would be thrown away is not made: handles for rows, and a second event once they are loaded. Of the bindings
    of a long replay nearly all are such.
    """

    __slots__ = ()

    def __init__(self, bare: Event, logic: Logic, id: str, form: dict[str, Json]) -> None:
        self.logic = logic
        self.id = id
        self.given = self.event = bare
        self.form = form
        self.shaped, self.forms, self.targets = [bare], [form], [{}]
        self._searched = self._sent = None
        self._complete = self._followed = False

    def under(self, logic: Logic) -> Binding:
        """The same event under another logic: lifted or brought down to its shape. Raises StepError where that fails."""
        return Binding(event_from_form(self.logic.shape, self.form), self.logic, self.id, self.form).under(logic)

    def _loaded(self, event: Event, values: Mapping[str, Any], context: Context) -> Event:
        return complete(event, values, context)
