"""Corrections over tables whose keys no model declares: each row in its turn, or nothing at all, on every database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

import ensue
from ensue import Event, Ledger, Record
from tests.ledger.press import VERSION, Attribute, Author, Book, Found, Number, Publish, Rename, metadata, press


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    engine = create_engine(make_url(database_url))
    metadata.create_all(engine)
    engine.dispose()
    with ensue.open(press, database_url, tag_keys={"k": bytes(32)}) as opened:
        yield opened


def submit(ledger: Ledger, event: Event) -> Record:
    return ledger.submit(event, actor="web")


def undo(ledger: Ledger, *events: Record) -> None:
    ledger.correct(ledger.correction_plan({one.id: None for one in events}), actor="chief", reason="r")


def redo(ledger: Ledger, *events: Record) -> None:
    ledger.correct(ledger.correction_plan({one.id: VERSION for one in events}), actor="chief", reason="r")


def rows(ledger: Ledger) -> list[tuple[str | None, ...]]:
    """Every author and book."""
    with ledger.read() as connection:
        found = [
            *connection.exec_driver_sql("SELECT id, name FROM press_authors ORDER BY id"),
            *connection.exec_driver_sql("SELECT id, written_by, follows, isbn FROM press_books ORDER BY id"),
        ]
    return [tuple(one) for one in found]


def test_a_row_goes_after_those_that_refer_to_it_and_comes_before_them(ledger: Ledger) -> None:
    founded = submit(ledger, Found(name="Ada", author="a"))
    submit(ledger, Publish(author="a", book="x"))
    submit(ledger, Rename(name="Ada B", author="a"))
    submit(ledger, Number(isbn="1", book="x"))
    before = rows(ledger)

    undo(ledger, founded)
    assert rows(ledger) == []

    redo(ledger, founded)
    assert rows(ledger) == before == [("a", "Ada B"), ("x", "a", None, "1")]
    assert ledger.verify().is_clean


def test_a_row_that_is_referred_to_anew_stands_first(ledger: Ledger) -> None:
    submit(ledger, Found(name="Ada", author="a"))
    submit(ledger, Publish(author="a", book="x"))
    founded = submit(ledger, Found(name="Bea", author="b"))
    submit(ledger, Attribute(book="x", author="b"))
    submit(ledger, Rename(name="Bea B", author="b"))

    undo(ledger, founded)
    assert rows(ledger) == [("a", "Ada"), ("x", "a", None, None)]

    redo(ledger, founded)
    assert rows(ledger) == [("a", "Ada"), ("b", "Bea B"), ("x", "b", None, None)]


def test_rows_of_one_table_that_refer_to_each_other_stand_in_line(ledger: Ledger) -> None:
    first = submit(ledger, Publish(book="z"))
    submit(ledger, Publish(earlier="z", book="y"))
    submit(ledger, Publish(earlier="y", book="x"))
    submit(ledger, Number(isbn="2", book="y"))
    submit(ledger, Number(isbn="3", book="z"))

    undo(ledger, first)
    assert rows(ledger) == []

    redo(ledger, first)
    assert rows(ledger) == [("x", None, "y", None), ("y", None, "z", "2"), ("z", None, None, "3")]


def test_a_value_that_only_the_table_holds_once_moves_back_to_the_row_that_had_it_before(ledger: Ledger) -> None:
    submit(ledger, Publish(isbn="1", book="x"))
    submit(ledger, Publish(book="y"))
    moved = [submit(ledger, Number(isbn=None, book="x")), submit(ledger, Number(isbn="1", book="y"))]

    undo(ledger, *moved)
    assert [row[3] for row in rows(ledger)] == ["1", None]

    redo(ledger, *moved)
    assert [row[3] for row in rows(ledger)] == [None, "1"]
    assert ledger.verify().is_clean


def test_a_value_that_would_stand_twice_is_refused_and_nothing_happens(ledger: Ledger) -> None:
    submit(ledger, Publish(isbn="1", book="x"))
    submit(ledger, Publish(book="y"))
    given_up = submit(ledger, Number(isbn=None, book="x"))
    submit(ledger, Number(isbn="1", book="y"))
    before, size = rows(ledger), len(list(ledger.records()))

    with pytest.raises(ensue.PlanBlocked, match=r"The tables do not take what the plan makes of them: .*isbn.*nothing was corrected"):
        undo(ledger, given_up)

    assert (rows(ledger), len(list(ledger.records()))) == (before, size)


def test_a_row_to_which_only_others_refer_is_refused_and_nothing_happens(ledger: Ledger, database_url: str) -> None:
    founded = submit(ledger, Found(name="Ada", author="a"))
    engine = create_engine(make_url(database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO press_books (id, written_by) VALUES ('theirs', 'a')")
    engine.dispose()

    with pytest.raises(ensue.PlanBlocked, match=r"The tables do not take .*(?i:foreign key).*nothing was corrected"):
        undo(ledger, founded)

    assert ledger.get(Author, "a").name == "Ada"
    assert ledger.get(Book, "theirs").author == "a"
