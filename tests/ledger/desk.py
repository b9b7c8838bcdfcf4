"""The desk: a small hotel whose rules change, and where a later version of an event reads what an earlier one did not."""

from __future__ import annotations

from collections.abc import Iterator

from ensue import App, Event, Insert, Model, New, Ref, Update, View, new

OLD, NEW = "2024-01-01", "2024-07-01"
desk = App("desk")


class Guest(Model, subject=True):
    name: str
    room: str = ""
    stars: int = 0


class Stay(Model, of=Guest):
    guest_id: str
    nights: int


class Stars(View[Guest]):
    stars: int


class Arrive(Event, type="arrive", version=OLD):
    name: str
    guest: New[Guest] = new()


@desk.step(Arrive, since=OLD)
def arrive(event: Arrive) -> Iterator[Insert[Guest]]:
    yield Insert(Guest(id=event.guest, name=event.name))


class Lodge(Event, type="lodge", version=OLD):
    room: str
    guest: Ref[Guest]
    stay: New[Stay] = new()


@desk.step(Lodge, since=OLD)
def lodge(event: Lodge) -> Iterator[Update[Guest] | Insert[Stay]]:
    yield Update(event.guest, room=event.room)
    yield Insert(Stay(id=event.stay, guest_id=event.guest.id, nights=1))


@desk.step(Lodge, since=NEW, replaces=lodge)
def lodge_above(event: Lodge) -> Iterator[Update[Guest] | Insert[Stay]]:
    """Rooms are counted by floor."""
    yield Update(event.guest, room=f"1/{event.room}")
    yield Insert(Stay(id=event.stay, guest_id=event.guest.id, nights=2))


class Praise(Event, type="praise", version=OLD):
    guest: Ref[Stars]


@desk.step(Praise, since=OLD)
def praise(event: Praise) -> Iterator[Update[Stars]]:
    yield Update(event.guest, stars=event.guest.stars + 1)


class Praise2(Event, type="praise", version=NEW, follows=Praise):
    guest: Ref[Guest]


@desk.step(Praise2, since=NEW, replaces=praise)
def praise_by_room(event: Praise2) -> Iterator[Update[Guest]]:
    """Where they lodge counts."""
    yield Update(event.guest, stars=10 + len(event.guest.room))
