"""
What both type checkers must refuse: each line that ends in E, and no other; those that end in E13 from Python 3.13 on.

Never run, only checked, by test_typing.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from ensue import (
    App,
    Attempt,
    Cancel,
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
    Plan,
    Ref,
    Rejection,
    Related,
    Retry,
    Update,
    Value,
    View,
    by,
    new,
    optional,
    related,
)
from ensue.testing import given

library = App("library")


class Address(Value):
    street: str


class Member(Model, subject=True):
    name: str
    fines: Decimal = Decimal(0)


class Book(Model, subject=True):
    title: str
    copies: int


class Loan(Model, of=(Member, Book)):
    member_id: str
    book_id: str
    due: date


class MemberName(View[Member]):
    id: str
    name: str


class Letter(Effect, kind="letter.send"):
    to: str


class Shelve(Effect, kind="robot.shelve"):
    book_id: str


class NoneLeft(Rejection, code="loan.none_left"):
    """All copies of {title} are lent."""

    title: str


class Lend(Event, type="loan.open", version="2024-01-01"):
    days: int
    member: Ref[Member]
    friend: Ref[Member | None] = optional()
    name: Lookup[MemberName] = by("member.id")
    loan: New[Loan] = new()
    book: Ref[Book]
    loans: Related[Loan] = related()


class Renew(Event, type="loan.renew", version="2024-01-01"):
    loan: Ref[Loan]


# ---- making one ----------------------------------------------------------------------------------------------------
Lend(days=14, member="ada", book="emma")
Lend(days=14, member="ada", book="emma", friend="bo", loan="l")
Lend(days=14, member="ada")  # E a Ref is missing
Lend(member="ada", book="emma")  # E a field of the form is missing
Lend(days="14", member="ada", book="emma")  # E wrong type
Lend(days=14, member=7, book="emma")  # E neither an id nor a row
Lend(days=14, member=Book(id="emma", title="Emma", copies=1), book="emma")  # E a row of another model
Lend(days=14, member="ada", book="emma", loan=Loan(id="l", member_id="", book_id="", due=date.max))  # E a New is an id
Lend(days=14, member="ada", book="emma", loans=())  # E rows are loaded, not given
Lend(days=14, member="ada", book="emma", name="ada")  # E comes by its path
Lend(days=14, member="ada", book="emma", colour="red")  # E no such field
Member(id="ada", fines=Decimal(1))  # E a column is missing
Member(name="Ada")  # E every model has an id
Member(id="ada", name="Ada", fines="1")  # E wrong type
Address(street=1)  # E wrong type
Letter(to="ada", text="no such field")  # E
Letter(to="ada", key=1)  # E a key is a text
NoneLeft()  # E its title is missing
NoneLeft(title=1)  # E wrong type
Member(id="ada", name="Ada").name = "Bo"  # E rows are frozen
Renew(loan="l").loan = "m"  # E events are frozen


# ---- steps ---------------------------------------------------------------------------------------------------------
@library.step(Lend, since="2024-01-01", rejects=[NoneLeft])
def lend(
    event: Lend, so_far: Plan
) -> Iterator[Insert[Loan] | Update[Book] | Increase[Member] | Delete[Loan] | Erase[Member] | Cancel[Letter] | Letter]:
    yield Update(event.book, copies=event.book.copies - 1)
    yield Increase(event.member, fines=Decimal(1))
    yield Insert(event.book)  # E not declared
    yield Update(event.member, fines=Decimal(1))  # E not declared
    yield Increase(event.book, copies=1)  # E not declared
    yield Delete(event.member)  # E not declared
    yield Erase(event.book, "contact")  # E not declared
    yield Erase(event.member)  # E of which purpose?
    yield Shelve(book_id="emma")  # E not declared
    yield Cancel(Shelve)  # E not declared
    yield Cancel(Letter(to="ada"))  # E a kind, not an effect
    yield Increase(event.friend, fines=Decimal(1))  # E may be None
    yield Update(event.book, copys=1)  # E13 no such column
    yield Update(event.book, copies="1")  # E13 wrong type
    yield Increase(event.member, fine=Decimal(1))  # E13 no such column
    yield Insert(Loan(id=event.loan, member_id=event.friend.id, book_id=event.book.id, due=event.at.date()))  # E may be None
    _ = event.loan.due  # E no row yet
    _ = event.loans.due  # E many rows
    _ = event.name.fines  # E not in the view
    _ = so_far.row(event.book).name  # E no such column
    _ = event.loans[0].due


@library.step(Lend, since="2024-01-01")  # E another event
def of_another(event: Renew) -> None: ...


@library.step(Lend, since="2024-01-01")  # E yields neither operations nor effects
def of_nothing(event: Lend) -> Iterator[str]:
    return iter(())


@library.step(Lend)  # E since when?
def undated(event: Lend) -> None: ...


@library.step(Lend, since="2024-01-01", rejects=[Letter])  # E no rejection
def rejecting(event: Lend) -> None: ...


@library.performer(Letter)  # E another effect
def post(effect: Shelve, attempt: Attempt) -> Done | Retry | GiveUp:
    return Done()


@library.performer(Letter)  # E an answer is Done, Retry or GiveUp
def shrug(effect: Letter, attempt: Attempt) -> bool:
    return True


# ---- calling -------------------------------------------------------------------------------------------------------
def call(ledger: Ledger) -> None:
    ledger.submit(Lend(days=14, member="ada", book="emma"))  # E who?
    ledger.submit(Member(id="ada", name="Ada"), actor="desk")  # E no event
    ledger.get(Lend, "ada")  # E no model
    _ = ledger.get(Member, "ada").title  # E no such column
    given(library, Lend(days=14, member="ada", book="emma"))  # E no row
    given(library).when(Renew(loan="l")).then(Member(id="ada", name="Ada"))  # E neither operation, effect nor rejection
