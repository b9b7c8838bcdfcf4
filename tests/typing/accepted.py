"""
A lending library, written as its users would: both type checkers accept every line, and see the types that are asserted.

Its callers are never run, only checked, by test_typing.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Self, assert_type

import ensue
from ensue import (
    AlreadyExists,
    App,
    Attempt,
    Cancel,
    Catalog,
    ConflictError,
    Database,
    Delete,
    Done,
    Effect,
    Erase,
    Event,
    GiveUp,
    Increase,
    Insert,
    Ledger,
    Lookup,
    Model,
    New,
    NotFound,
    Plan,
    Purpose,
    Record,
    Ref,
    Rejected,
    Rejection,
    Rejections,
    Related,
    Request,
    Retry,
    Sensitive,
    Update,
    Value,
    View,
    by,
    column,
    lossy,
    new,
    optional,
    related,
)
from ensue.testing import ANY_ID, FrozenClock, Outcome, given, memory_ledger

library = App("library", default="2024-03-01")
library.version("2024-01-01", "The first rules.")
library.version("2024-03-01", "A loan says how many weeks.", deprecated="2026-01-01", retired="2027-01-01")


# ---- models --------------------------------------------------------------------------------------------------------
class Address(Value):
    street: str
    town: str = "Riverside"


class Member(Model, subject=True, unique=[("card",)], strict=["card"]):
    name: Sensitive[str]
    card: str
    mail: Annotated[str, Purpose("contact")] | None = None
    address: Address | None = None
    fines: Decimal = Decimal(0)


class Book(Model, subject=True):
    title: str
    shelf: str = column("place")
    copies: int = 1


class Loan(Model, of=(Member, Book)):
    member_id: str
    book_id: str
    due: date
    renewed: int = 0


class Tariff(Model, name="Price"):
    band: str
    daily: Decimal


class MemberCard(View[Member]):
    id: str
    card: str


class Book2(Model, name="Book", version="2024-03-01", follows=Book):
    title: str
    place: str
    copies: int = 1

    @classmethod
    def up(cls, old: Book, present: Self | None = None) -> Self:
        return cls(id=old.id, title=old.title, place=old.shelf, copies=old.copies)

    def down(self) -> Book:
        return Book(id=self.id, title=self.title, shelf=self.place, copies=self.copies)


# ---- effects and rejections ----------------------------------------------------------------------------------------
class Letter(Effect, kind="letter.send"):
    to: Sensitive[str]
    text: str


class Shelve(Effect, kind="robot.shelve"):
    book_id: str


class NoneLeft(Rejection, code="loan.none_left", field="book_id"):
    """All {copies} copies of {title} are lent."""

    title: str
    copies: int


class Owing(Rejection, code="loan.owing"):
    """The member owes money."""


# ---- events --------------------------------------------------------------------------------------------------------
class Join(Event, type="member.join", version="2024-01-01"):
    name: str
    card: str
    member: New[Member] = new()


class Lend(Event, type="loan.open", version="2024-01-01", seen=["book.copies"]):
    member: Ref[Member]
    book: Ref[Book]
    days: int = 14
    friend: Ref[Member | None] = optional()
    tariff: Lookup[Tariff | None] = by("book.shelf")
    loans: Related[Loan] = related(book_id=by("book"), limit=50)


class Lend2(Event, type="loan.open", version="2024-03-01", follows=Lend):
    member: Ref[Member]
    book: Ref[Book2]
    weeks: int

    @classmethod
    def up(cls, old: Lend) -> Self:
        return cls(member=old.member, book=old.book.id, weeks=old.days // 7)

    @lossy("days between whole weeks are lost")
    def down(self) -> Lend:
        return Lend(member=self.member, book=self.book.id, days=self.weeks * 7)


class Renew(Event, type="loan.renew", version="2024-01-01"):
    loan: Ref[Loan]
    member: Ref[Member] = by("loan.member_id")
    card: Lookup[MemberCard] = by("loan.member_id")


class SetTariff(Event, type="tariff.set", version="2024-01-01", system="tariffs"):
    band: str
    daily: Decimal
    tariff: New[Tariff]


class Leave(Event, type="member.leave", version="2024-01-01"):
    member: Ref[Member]
    loans: Related[Loan] = related()


# ---- steps ---------------------------------------------------------------------------------------------------------
@library.step(Join, since="2024-01-01", rejects=[AlreadyExists])
def join(event: Join) -> Iterator[Insert[Member]]:
    assert_type(event.member, str)
    assert_type(event.name, str)
    yield Insert(Member(id=event.member, name=event.name, card=event.card))


@library.step(Lend, since="2024-01-01", rejects=[NoneLeft, Owing])
def refuse(event: Lend) -> None:
    assert_type(event.member, Member)
    assert_type(event.friend, Member | None)
    assert_type(event.tariff, Tariff | None)
    assert_type(event.loans, tuple[Loan, ...])
    if len(event.loans) >= event.book.copies and event.member.fines > 0:
        raise Rejections([NoneLeft(title=event.book.title, copies=event.book.copies), Owing()])


@library.step(Lend, since="2024-01-01", after=refuse)
def lend(event: Lend, so_far: Plan) -> Iterator[Insert[Loan] | Increase[Member] | Letter]:
    assert_type(event.at, datetime)
    assert_type(event.occurred, datetime | None)
    assert_type(so_far.row(event.book), Book)
    assert_type(so_far.inserted(Loan), tuple[Loan, ...])
    assert_type(so_far.planned(Letter), tuple[Letter, ...])
    loan = Loan(id=event.new_id("loan"), member_id=event.member.id, book_id=event.book.id, due=event.at.date() + timedelta(days=event.days))
    yield Insert(loan)
    yield Increase(event.member, fines=Decimal("0.10"))
    if event.member.mail:
        yield Letter(to=event.member.mail, text="Lent", key=loan.id, not_before=event.at + timedelta(days=event.days))


@library.step(Lend2, since="2024-03-01", replaces=lend)
def lend_for_weeks(event: Lend2) -> list[Insert[Loan]]:
    assert_type(event.book, Book2)
    return [
        Insert(
            Loan(id=event.new_id("loan"), member_id=event.member.id, book_id=event.book.id, due=date(2024, 1, event.random("day") % 28 + 1))
        )
    ]


@library.step(Renew, since="2024-01-01")
def renew(event: Renew) -> Iterable[Update[Loan] | Cancel[Letter]]:
    assert_type(event.loan, Loan)
    assert_type(event.card, MemberCard)
    yield Update(event.loan, due=event.loan.due + timedelta(days=14), renewed=event.loan.renewed + 1)
    yield Cancel(Letter, key=event.loan.id)


@library.step(SetTariff, since="2024-01-01")
def set_tariff(event: SetTariff) -> Iterator[Insert[Tariff]]:
    yield Insert(Tariff(id=event.tariff, band=event.band, daily=event.daily))


@library.step(Leave, since="2024-01-01")
def leave(event: Leave) -> Iterator[Delete[Loan] | Erase[Member] | Cancel[Effect] | Shelve]:
    for loan in event.loans:
        yield Delete(loan)
        yield Shelve(book_id=loan.book_id)
    yield Erase(event.member, "contact")
    yield Cancel(Effect)


@library.performer(Letter, acts_as="post-office")
def post(effect: Letter, attempt: Attempt) -> Done | Retry | GiveUp:
    if attempt.number > 3:
        return GiveUp("the post office is closed")
    return Done(then=Leave(member=attempt.subject)) if effect.text else Retry(after_seconds=60)


library.end_step(refuse, since="2024-03-01", why="Nobody is refused any more.")
library.end_event("member.leave", since="2024-03-01", why="Nobody leaves.")


# ---- a caller ------------------------------------------------------------------------------------------------------
ADA = Member(id="ada", name="Ada", card="1", address=Address(street="Mill Lane 1"))
EMMA = Book(id="emma", title="Emma", shelf="A1")


def answer(outcome: Record | Exception) -> str:
    match outcome:
        case Record():
            return outcome.id
        case NotFound():
            return f"no {outcome.model} {outcome.id}"
        case NoneLeft():
            return outcome.title
        case Rejected():
            return "; ".join(str(reason) for reason in outcome.reasons)
        case ConflictError():
            return "conflict"
        case _:
            raise outcome


def call(ledger: Ledger) -> list[str]:
    saw = {"Book/emma": {"copies": ledger.tags(EMMA)["copies"]}}
    record = ledger.submit(Lend(member="ada", book=EMMA, friend=ADA), actor="desk", version="2024-01-01", key="form-1", expect=saw)
    assert_type(record, Record)
    assert_type(record.plan, Plan)
    assert_type(record.event, Event)
    assert_type(record.position, int)
    assert_type(ledger.submit_soon(Join(name="Bo", card="2"), actor="desk").result(), Record)
    assert_type(ledger.preview(Lend2(member="ada", book="emma", weeks=2), actor="desk"), Plan)
    assert_type(ledger.get(Member, "ada", actor="desk", purpose="lending"), Member)
    assert_type(ledger.get(MemberCard, "ada").card, str)
    assert_type(ledger.timeline("Member/ada"), list[Record])
    requests = [Request(Join(name="Cy", card="3", member="cy"), key="a", cause=record.id, occurred=datetime(2024, 1, 1, tzinfo=UTC))]
    return [answer(outcome) for outcome in ledger.submit_all(requests, actor="desk")]


def describe(ledger: Ledger) -> Catalog:
    assert_type(library.catalog(), Catalog)
    assert_type(library.catalog().entry("loan.lend", "2024-01-01").purpose, str)
    return ledger.catalog()


async def call_later(ledger: Ledger) -> Record:
    return await ledger.submit_soon(Join(name="Di", card="4"), actor="desk")


def open_them() -> None:
    with ensue.open(library, "sqlite://", clock=FrozenClock()) as ledger:
        call(ledger)
    with Database(library, "postgresql://localhost/tenants").ledger("north") as north, memory_ledger(library, ADA, EMMA) as other:
        call(north)
        call(other)


def expect_it() -> None:
    outcome = (
        given(library, ADA, EMMA)
        .at(datetime(2024, 2, 1, tzinfo=UTC))
        .when(Lend(member="ada", book="emma"), version="2024-01-01", actor="desk", key="k")
        .then(Insert(Loan(id=ANY_ID, member_id="ada", book_id="emma", due=date(2024, 2, 15))), Increase(ADA, fines=Decimal("0.10")))
    )
    assert_type(outcome, Outcome)
    outcome.differs_from("2024-03-01").added(Increase(ADA, fines=Decimal("0.10"))).dropped()
    given(library).when(Renew(loan="l")).then(NotFound(model="Loan", id="l"))
