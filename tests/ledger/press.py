"""The press: tables that stood before it, with keys between rows that no model declares, some of them known to the database alone."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, ForeignKey, MetaData, String, Table

from ensue import App, Event, Insert, Model, New, Ref, Update, column, new, optional

press = App("press")
VERSION = "2024-01-01"

metadata = MetaData()
authors = Table("press_authors", metadata, Column("id", String(20), primary_key=True), Column("name", String(20), nullable=False))
books = Table(
    "press_books",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("written_by", String(20), ForeignKey("press_authors.id")),
    Column("follows", String(20), ForeignKey("press_books.id")),
    Column("isbn", String(20), unique=True),
)
bare = Table(
    "press_books",
    MetaData(),
    Column("id", String(20), primary_key=True),
    Column("written_by", String(20)),
    Column("follows", String(20)),
    Column("isbn", String(20)),
)
"""The same table as somebody described it who did not care for its keys."""


class Author(Model, subject=True, table="press_authors"):
    name: str


class Book(Model, subject=True, table=bare):
    author: str | None = column("written_by")
    earlier: str | None = column("follows", default=None)
    isbn: str | None = None


class Found(Event, type="author.found", version=VERSION):
    name: str
    author: New[Author] = new()


@press.step(Found, since=VERSION)
def found(event: Found) -> Iterator[Insert[Author]]:
    yield Insert(Author(id=event.author, name=event.name))


class Rename(Event, type="author.rename", version=VERSION):
    name: str
    author: Ref[Author]


@press.step(Rename, since=VERSION)
def rename(event: Rename) -> Iterator[Update[Author]]:
    yield Update(event.author, name=event.name)


class Publish(Event, type="book.publish", version=VERSION):
    isbn: str | None = None
    author: Ref[Author | None] = optional()
    earlier: Ref[Book | None] = optional()
    book: New[Book] = new()


@press.step(Publish, since=VERSION)
def publish(event: Publish) -> Iterator[Insert[Book]]:
    author = event.author.id if event.author is not None else None
    earlier = event.earlier.id if event.earlier is not None else None
    yield Insert(Book(id=event.book, author=author, earlier=earlier, isbn=event.isbn))


class Attribute(Event, type="book.attribute", version=VERSION):
    book: Ref[Book]
    author: Ref[Author]


@press.step(Attribute, since=VERSION)
def attribute(event: Attribute) -> Iterator[Update[Book]]:
    yield Update(event.book, author=event.author.id)


class Number(Event, type="book.number", version=VERSION):
    isbn: str | None
    book: Ref[Book]


@press.step(Number, since=VERSION)
def number(event: Number) -> Iterator[Update[Book]]:
    yield Update(event.book, isbn=event.isbn)
