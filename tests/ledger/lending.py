"""A library whose first rules refuse much, and whose later ones refuse less."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, MetaData, Table, Text

from ensue import App, Delete, Effect, Event, Insert, Lookup, Model, New, Ref, Rejection, Related, Update, View, by, new, related

lending = App("lending")
STRICT, LOOSER, FREE = "2024-01-01", "2024-06-01", "2025-01-01"
metadata = MetaData()
rooms = Table("rooms", metadata, Column("id", Text, primary_key=True), Column("state", Text, nullable=False))


class Reader(Model, subject=True, unique=[("card",)]):
    name: str
    card: str
    has_fines: bool = False


class ReaderName(View[Reader]):
    name: str


class Loan(Model, of=Reader):
    reader_id: str
    title: str


class Room(Model, table=rooms):
    state: str


class Slip(Effect, kind="slip.print"):
    text: str


class Full(Rejection, code="loan.full"):
    """{count} books are enough."""

    count: int


class Fined(Rejection, code="loan.fined"):
    """{name} owes something."""

    name: str


class Closed(Rejection, code="room.closed"):
    """Nobody comes in here."""


class Late(Rejection, code="loan.late"):
    """That is too late."""


class Join(Event, type="reader.join", version=STRICT):
    name: str
    card: str
    reader: New[Reader] = new()


@lending.step(Join, since=STRICT)
def join(event: Join) -> Iterator[Insert[Reader]]:
    yield Insert(Reader(id=event.reader, name=event.name, card=event.card))


class Fine(Event, type="reader.fine", version=STRICT):
    reader: Ref[Reader]


@lending.step(Fine, since=STRICT)
def fine(event: Fine) -> Iterator[Update[Reader]]:
    yield Update(event.reader, has_fines=True)


class Borrow(Event, type="loan.borrow", version=STRICT):
    title: str
    copies: int = 1
    reader: Ref[ReaderName]
    loans: Related[Loan] = related()


@lending.step(Borrow, since=STRICT, rejects=[Full])
def lend_two(event: Borrow) -> Iterator[Insert[Loan] | Slip]:
    """No more than two books."""
    if len(event.loans) >= 2:
        raise Full(count=len(event.loans))
    yield Insert(Loan(id=event.new_id("loan"), reader_id=event.reader.id, title=event.title))
    yield Slip(text=f"{event.reader.name}: {event.title}")


class Borrow2(Event, type="loan.borrow", version=LOOSER, follows=Borrow):
    title: str
    copies: int = 1
    reader: Ref[Reader]
    loans: Related[Loan] = related()


@lending.step(Borrow2, since=LOOSER, replaces=lend_two, rejects=[Full, Fined])
def lend_four(event: Borrow2) -> Iterator[Insert[Loan] | Slip]:
    """Up to four books, for whoever has no fines."""
    if event.reader.has_fines:
        raise Fined(name=event.reader.name)
    if len(event.loans) >= 4:
        raise Full(count=len(event.loans))
    yield Insert(Loan(id=event.new_id("loan"), reader_id=event.reader.id, title=event.title))
    yield Slip(text=f"{event.reader.name}: {event.title}")


class GiveBack(Event, type="loan.give_back", version=STRICT):
    reader: Ref[Reader] = by("loan.reader_id")
    loan: Ref[Loan]


@lending.step(GiveBack, since=STRICT)
def give_back(event: GiveBack) -> Iterator[Delete[Loan]]:
    yield Delete(event.loan)


class Enter(Event, type="room.enter", version=STRICT):
    reader: Ref[Reader]
    room: Lookup[Room]


@lending.step(Enter, since=STRICT, rejects=[Closed])
def enter(event: Enter) -> None:
    if event.room.state != "open":
        raise Closed


class Extend(Event, type="loan.extend", version=STRICT):
    reader: Ref[Reader]


@lending.step(Extend, since=STRICT, rejects=[Late])
def extend_never(event: Extend) -> None:
    """Nothing is extended."""
    raise Late


@lending.step(Extend, since=LOOSER, replaces=extend_never, rejects=[Late])
def extend_in_time(event: Extend) -> Iterator[Slip]:
    """What was asked for in time is extended."""
    if event.occurred is None:
        raise Late
    yield Slip(text=f"{event.reader.name} until later")


class Transfer(Event, type="reader.transfer", version=STRICT):
    card: str
    reader: Ref[Reader]


@lending.step(Transfer, since=STRICT, rejects=[Closed])
def transfer_never(event: Transfer) -> None:
    """Cards are not changed."""
    raise Closed


@lending.step(Transfer, since=LOOSER, replaces=transfer_never)
def transfer(event: Transfer) -> Iterator[Update[Reader]]:
    """Cards are changed."""
    yield Update(event.reader, card=event.card)


lending.end_event("loan.extend", since=FREE, why="There is no hurry.")
lending.expects(FREE, accepts=True, of=Borrow, why="More is lent.")


@lending.step(Borrow2, since=FREE, replaces=lend_four)
def lend_all(event: Borrow2) -> Iterator[Insert[Loan]]:
    """As many as anybody likes."""
    yield Insert(Loan(id=event.new_id("loan"), reader_id=event.reader.id, title=event.title))
