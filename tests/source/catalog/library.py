"""A lending library: an application with everything that a catalog tells, and with what its lint finds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from ensue import (
    App,
    Attempt,
    Done,
    Effect,
    Event,
    GiveUp,
    Insert,
    Lookup,
    Model,
    New,
    Ref,
    Rejection,
    Related,
    Retry,
    Sensitive,
    Update,
    Value,
    View,
    by,
    lossy,
    new,
    related,
)

library = App("library")
library.version("2020-01-01", "The library opens.")
library.version("2021-01-01", "A loan says how long it is.", deprecated="2030-01-01", retired="2031-01-01")


class Reader(Model, subject=True):
    """Somebody who may borrow books."""

    name: Sensitive[str]
    """As it stands on the card."""
    phone: Sensitive[str] | None = None


class ReaderPhone(View[Reader]):
    """How to reach a reader."""

    phone: Sensitive[str] | None = None


class Loan(Model, of=Reader, unique=[("reader_id", "book_id")]):
    """A book that a reader has."""

    reader_id: str
    book_id: str
    days: int = 14
    fine: Annotated[Decimal, Field(ge=0, decimal_places=2)] = Decimal("0.00")


class Book(Model):
    """A title on the shelf. <b>Not</b> bold."""

    title: str
    loanable: bool = True


class Letter(Effect, kind="letter.print"):
    """A letter to the reader."""

    to: Sensitive[str]
    text: str


class Fax(Effect, kind="fax"):
    to: str


class NotLoanable(Rejection, code="loan.not_loanable", field="book_id"):
    """The book {title} stays in the house."""

    title: str


class TooMany(Rejection, code="TooMany"):
    """The reader has {count} books already."""

    count: int


class Closed(Rejection, code="loan.closed"):
    """The library is closed."""


class Span(Value):
    """From when to when."""

    begin: date
    end: date | None = None


class Borrow(Event, type="loan.borrow", version="2020-01-01", seen=["reader.phone"]):
    """
    A reader takes a book home.

    At the counter, with the card.
    """

    book_id: str
    """What stands on the spine."""
    weeks: Annotated[int, Field(ge=1, le=4)] = 2
    shelf: Literal["red", "blue"] | None = None
    reader: Ref[ReaderPhone]
    loan: New[Loan] = new()
    book: Lookup[Book] = by("book_id")
    loans: Related[Loan] = related(limit=20)


class Borrow2(Event, type="loan.borrow", version="2021-01-01", follows=Borrow):
    """A reader takes a book home, for a number of days."""

    book_id: str
    days: Annotated[int, Field(ge=1, le=28)]
    span: Span | None = None
    reader: Ref[ReaderPhone]
    loan: New[Loan] = new()
    book: Lookup[Book] = by("book_id")
    loans: Related[Loan] = related(limit=20)

    @classmethod
    def up(cls, old: Borrow) -> Borrow2:
        return cls(book_id=old.book_id, days=old.weeks * 7, reader=old.reader, loan=old.loan)

    @lossy("days are rounded to weeks")
    def down(self) -> Borrow:
        return Borrow(book_id=self.book_id, weeks=max(1, self.days // 7), reader=self.reader, loan=self.loan)


class Confirm(Event, type="confirm", version="2020-01-01"):
    """A letter has arrived."""

    reader: Ref[Reader]


class Forget(Event, type="loan.forget", version="2020-01-01"):
    """A loan is given up."""

    loan: Ref[Loan]


class Pay(Event, type="fine.pay", version="2020-01-01"):
    reader: Ref[Reader]


@library.step(Borrow, since="2020-01-01", rejects=[NotLoanable, TooMany])
def check_book(event: Borrow) -> None:
    """What is not loanable stays."""
    if not event.book.loanable:
        raise NotLoanable(title=event.book.title)


@library.step(Borrow, since="2020-01-01")
def write_loan(event: Borrow) -> Iterator[Insert[Loan]]:
    """The loan is written."""
    yield Insert(Loan(id=event.loan, reader_id=event.reader.id, book_id=event.book.id, days=event.weeks * 7))


@library.step(Borrow, since="2020-01-01")
def send_letter(event: Borrow) -> Iterator[Letter | Fax]:
    """A letter says when the book is due."""
    yield letter_to(event.reader.phone or "the counter")


def letter_to(address: str) -> Letter:
    return Letter(to=address, text="Please bring it back.")


@library.step(Borrow2, since="2021-01-01", replaces=write_loan)
def write_loan_in_days(event: Borrow2) -> Iterator[Insert[Loan]]:
    """The loan is written in days."""
    yield Insert(Loan(id=event.loan, reader_id=event.reader.id, book_id=event.book.id, days=event.days))


library.end_step(send_letter, since="2022-01-01", why="Nobody read them.")


@library.step(Confirm, since="2020-01-01")
def note_confirmation(event: Confirm) -> Iterator[Update[Reader]]:
    yield Update(event.reader, phone=event.reader.phone)


@library.step(Forget, since="2020-01-01")
def forget_loan(event: Forget) -> None:
    """Nothing follows."""


library.end_event("loan.forget", since="2023-01-01", why="Books come back.")


@library.step(Pay, since="2020-01-01")
def pay_fine(event: Pay) -> None:
    """Nothing follows yet."""


library.end_step(pay_fine, since="2021-06-01", why="There are no fines.")


@library.performer(Letter, acts_as="post")
def print_letter(effect: Letter, attempt: Attempt) -> Done | Retry | GiveUp:
    """Hand it to the post."""
    return delivered(attempt)


def delivered(attempt: Attempt) -> Done:
    return Done(then=Confirm(reader=attempt.subject.partition("/")[2]))
