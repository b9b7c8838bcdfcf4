"""The law of storing: what was decided, what is stored and what is loaded have the same bytes, for every type of field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from itertools import count
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import Field
from sqlalchemy import select

import ensue
from ensue import App, Event, Insert, Model, New, Ref, Related, Request, Sensitive, Update, Value, new, related
from ensue.core.canonical import canonical
from ensue.core.model import encoded_row
from tests.laws.servers import PARAMS, place_for_ledgers
from tests.ledger.batches import in_one_batch
from tests.ledger.conftest import TAG_KEYS

attic = App("attic")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Size(Enum):
    SMALL = 1
    LARGE = 2


class Inner(Value):
    amount: Decimal
    moment: datetime | None
    names: tuple[str, ...]


class Contents(Value):
    """One field of every type that a column may have."""

    text: str
    number: int
    flag: bool
    amount: Decimal
    price: Annotated[Decimal, Field(decimal_places=2)]
    moment: datetime
    day: date
    hour: time
    uuid: UUID
    raw: bytes
    colour: Colour
    size: Size
    word: Literal["yes", "no"]
    rank: Literal[1, 2]
    texts: tuple[str, ...]
    numbers: frozenset[int]
    inner: Inner
    inners: tuple[Inner, ...]
    secret: Sensitive[str]
    text_or_none: str | None
    number_or_none: int | None
    flag_or_none: bool | None
    amount_or_none: Decimal | None
    moment_or_none: datetime | None
    day_or_none: date | None
    hour_or_none: time | None
    uuid_or_none: UUID | None
    raw_or_none: bytes | None
    colour_or_none: Colour | None
    texts_or_none: tuple[str, ...] | None
    inner_or_none: Inner | None
    secret_or_none: Sensitive[bytes] | None


class Box(Model, subject=True):
    """A row with the same fields."""

    text: str
    number: int
    flag: bool
    amount: Decimal
    price: Annotated[Decimal, Field(decimal_places=2)]
    moment: datetime
    day: date
    hour: time
    uuid: UUID
    raw: bytes
    colour: Colour
    size: Size
    word: Literal["yes", "no"]
    rank: Literal[1, 2]
    texts: tuple[str, ...]
    numbers: frozenset[int]
    inner: Inner
    inners: tuple[Inner, ...]
    secret: Sensitive[str]
    text_or_none: str | None = None
    number_or_none: int | None = None
    flag_or_none: bool | None = None
    amount_or_none: Decimal | None = None
    moment_or_none: datetime | None = None
    day_or_none: date | None = None
    hour_or_none: time | None = None
    uuid_or_none: UUID | None = None
    raw_or_none: bytes | None = None
    colour_or_none: Colour | None = None
    texts_or_none: tuple[str, ...] | None = None
    inner_or_none: Inner | None = None
    secret_or_none: Sensitive[bytes] | None = None


class Label(Model, of=Box):
    """What is found by a value of any type."""

    box_id: str
    amount: Decimal
    moment: datetime
    day: date
    hour: time
    uuid: UUID
    raw: bytes
    text: str | None = None


class Store(Event, type="box.store", version="2024-01-01"):
    contents: Contents
    box: New[Box] = new()


@attic.step(Store, since="2024-01-01")
def store(event: Store) -> Iterator[Insert[Box] | Insert[Label]]:
    columns: dict[str, Any] = vars(event.contents)
    yield Insert(Box(id=event.box, **columns))
    found = {name: columns[name] for name in ("amount", "moment", "day", "hour", "uuid", "raw")}
    yield Insert(Label(id=event.new_id("label"), box_id=event.box, text=event.contents.text_or_none, **found))


class Refill(Event, type="box.refill", version="2024-01-01"):
    contents: Contents
    box: Ref[Box]


@attic.step(Refill, since="2024-01-01")
def refill(event: Refill) -> Iterator[Update[Box]]:
    columns: dict[str, Any] = vars(event.contents)
    yield Update(event.box, **columns)


class Look(Event, type="box.look", version="2024-01-01"):
    """Reads the box, and its labels by equality of all their values."""

    contents: Contents
    box: Ref[Box]
    by_amount: Related[Label] = related(box_id=ensue.by("box"), amount=ensue.by("contents.amount"))
    by_moment: Related[Label] = related(box_id=ensue.by("box"), moment=ensue.by("contents.moment"), day=ensue.by("contents.day"))
    by_rest: Related[Label] = related(
        box_id=ensue.by("box"),
        hour=ensue.by("contents.hour"),
        uuid=ensue.by("contents.uuid"),
        raw=ensue.by("contents.raw"),
        text=ensue.by("contents.text_or_none"),
    )


@attic.step(Look, since="2024-01-01")
def look(event: Look) -> None:
    """Decides nothing."""


# ---- values --------------------------------------------------------------------------------------------------------
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
numbers = st.integers(-(2**53) + 1, 2**53 - 1)
amounts = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda value: -300 < value.adjusted() < 300)
prices = st.decimals(-(10**40), 10**40, places=2)
zones = st.just(UTC) | st.timezones() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=zones)  # noqa: DTZ001  # the strategy adds the zone
inners = st.builds(Inner, amount=amounts, moment=st.none() | moments, names=st.lists(texts, max_size=3).map(tuple))
contents = st.builds(
    Contents,
    text=texts,
    number=numbers,
    flag=st.booleans(),
    amount=amounts,
    price=prices,
    moment=moments,
    day=st.dates(),
    hour=st.times(),
    uuid=st.uuids(),
    raw=st.binary(max_size=12),
    colour=st.sampled_from(Colour),
    size=st.sampled_from(Size),
    word=st.sampled_from(["yes", "no"]),
    rank=st.sampled_from([1, 2]),
    texts=st.lists(texts, max_size=3).map(tuple),
    numbers=st.frozensets(numbers, max_size=3),
    inner=inners,
    inners=st.lists(inners, max_size=2).map(tuple),
    secret=texts,
    text_or_none=st.none() | texts,
    number_or_none=st.none() | numbers,
    flag_or_none=st.none() | st.booleans(),
    amount_or_none=st.none() | amounts,
    moment_or_none=st.none() | moments,
    day_or_none=st.none() | st.dates(),
    hour_or_none=st.none() | st.times(),
    uuid_or_none=st.none() | st.uuids(),
    raw_or_none=st.none() | st.binary(max_size=12),
    colour_or_none=st.none() | st.sampled_from(Colour),
    texts_or_none=st.none() | st.lists(texts, max_size=2).map(tuple),
    inner_or_none=st.none() | inners,
    secret_or_none=st.none() | st.binary(max_size=8),
)


def extreme(*, moment: datetime, amount: str, number: int, text: str, day: date) -> Contents:
    """Contents at the edge of what the types can hold."""
    inner = Inner(amount=Decimal(amount), moment=moment, names=(text,))
    return Contents(
        text=text,
        number=number,
        flag=False,
        amount=Decimal(amount),
        price=Decimal("-0.00"),
        moment=moment,
        day=day,
        hour=time(23, 59, 59, 999999),
        uuid=UUID(int=0),
        raw=b"",
        colour=Colour.BLUE,
        size=Size.LARGE,
        word="no",
        rank=2,
        texts=("", text),
        numbers=frozenset({number, 0}),
        inner=inner,
        inners=(inner, inner),
        secret=text,
        text_or_none=text,
        number_or_none=number,
        flag_or_none=False,
        amount_or_none=Decimal(amount),
        moment_or_none=moment,
        day_or_none=day,
        hour_or_none=time.min,
        uuid_or_none=UUID(int=2**128 - 1),
        raw_or_none=b"\x00\xff",
        colour_or_none=Colour.RED,
        texts_or_none=(),
        inner_or_none=inner,
        secret_or_none=b"\x00",
    )


FIRST = extreme(moment=datetime(1, 1, 1, tzinfo=UTC), amount="1E-500", number=-(2**53) + 1, text="", day=date.min)
LAST = extreme(
    moment=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    amount="-" + "9" * 900 + ".0",
    number=2**53 - 1,
    text=" \U0001f600\u200b\r\n\t'\\\"{}%s",
    day=date.max,
)


@pytest.fixture(scope="module", params=PARAMS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where ledgers can be made."""
    yield from place_for_ledgers(request, tmp_path_factory)


@pytest.fixture(scope="module")
def ledger(server: str) -> Iterator[ensue.Ledger]:
    """A ledger into which all examples go."""
    with ensue.Database(attic, server, tag_keys=TAG_KEYS).ledger("law_storage") as opened:
        yield opened


ordinals = count()


def row_bytes(row: Any) -> bytes:
    """The row's J1 bytes."""
    return canonical(encoded_row(row))


@given(first=contents, second=contents)
@example(first=FIRST, second=LAST)
@example(first=LAST, second=FIRST)
@settings(max_examples=40)
def test_what_is_loaded_has_the_bytes_of_what_was_stored_and_of_what_the_batch_saw(
    ledger: ensue.Ledger, first: Contents, second: Contents
) -> None:
    box = f"box-{next(ordinals)}"
    with in_one_batch(ledger):
        stored = ledger.submit_soon(Store(contents=first, box=box), actor="law")
        within = ledger.submit_soon(Look(contents=first, box=box), actor="law")
    (decided,) = stored.result().plan.inserted(Box)
    with in_one_batch(ledger):
        looked = ledger.submit_soon(Look(contents=first, box=box), actor="law")
        refilled = ledger.submit_soon(Refill(contents=second, box=box), actor="law")
        seen = ledger.submit_soon(Look(contents=first, box=box), actor="law")
    again = ledger.submit(Look(contents=first, box=box), actor="law")

    assert row_bytes(decided) == row_bytes(Box(id=box, **vars(first)))
    assert row_bytes(state(within.result()).box) == row_bytes(state(looked.result()).box) == row_bytes(decided)
    after = Box(id=box, **vars(second))
    assert row_bytes(state(seen.result()).box) == row_bytes(state(again).box) == row_bytes(ledger.get(Box, box)) == row_bytes(after)
    assert row_bytes(ledger.record(refilled.result().id).plan.updated(Box)[0]) == row_bytes(after)
    for event in (state(within.result()), state(looked.result()), state(again)):
        assert len(event.by_amount) == len(event.by_moment) == len(event.by_rest) == 1


def state(record: ensue.Record) -> Look:
    """The event as it was decided."""
    assert isinstance(record.event, Look)
    return record.event


def test_after_all_of_it_the_rows_are_what_their_events_made_them(ledger: ensue.Ledger) -> None:
    ledger.submit_all([Request(Store(contents=contents)) for contents in (FIRST, LAST)], actor="law")

    assert ledger.verify().faults == ()


def test_ordinary_queries_give_python_values(ledger: ensue.Ledger) -> None:
    record = ledger.submit(Store(contents=LAST), actor="law")
    (box,) = record.plan.inserted(Box)
    table = Box.table

    with ledger.read() as connection:
        row = connection.execute(select(table).where(table.c.id == box.id)).one()
        found = (
            connection.execute(select(table.c.id).where(table.c.moment == LAST.moment, table.c.uuid == LAST.uuid, table.c.day == LAST.day))
            .scalars()
            .all()
        )

    assert (row.amount, row.moment, row.day, row.hour, row.uuid, row.raw) == (
        LAST.amount,
        LAST.moment,
        LAST.day,
        LAST.hour,
        LAST.uuid,
        LAST.raw,
    )
    assert (row.text, row.number, row.flag, row.colour, row.size) == (LAST.text, LAST.number, LAST.flag, "blue", 2)
    assert box.id in found
