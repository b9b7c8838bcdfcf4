"""The logic's document: what the ledger keeps once of an event type's steps and shapes, and of the tables they touch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ensue import App, Event, Insert, Model, Ref, View
from ensue.core.version import Version


class Person(Model, subject=True):
    name: str
    phone: str | None = None


class Person2(Model, version="2026-02-01", follows=Person):
    name: str
    phone: str | None = None
    city: str = "Bern"


class Visit(Model, of=Person):
    person_id: str


class NameOnly(View[Person]):
    name: str


class Arrive(Event, type="hall.arrive", version="2026-01-01"):
    person: Ref[NameOnly]


def document_of(app: App) -> dict[str, Any]:
    logic = app.logic("hall.arrive", Version.parse("2026-01-01"))
    return dict(json.loads(logic.document))


def test_it_says_in_which_table_shapes_rows_are_frozen_and_written() -> None:
    app = App("hall")

    @app.step(Arrive, since="2026-01-01")
    def note(event: Arrive) -> Iterator[Insert[Visit]]:
        yield Insert(Visit(id=event.new_id("visit"), person_id=event.person.id))

    assert document_of(app)["models"] == {
        "Person": {
            "shape": "Person2@2026-02-01",
            "columns": {"id": "text", "name": "text", "phone": {"optional": "text"}, "city": "text"},
        },
        "Visit": {"shape": "Visit", "columns": {"id": "text", "person_id": "text"}},
    }
