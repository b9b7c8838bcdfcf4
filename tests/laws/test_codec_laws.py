"""Laws of the codecs: what is written comes back with the same bytes, and what is sent comes in with them."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from ensue import Sensitive, Value
from ensue.core.canonical import canonical, parse
from ensue.core.field_types import codec_for

INTEGER_MAX = 2**53 - 1
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
INSTANTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.timezones())  # noqa: DTZ001  # Hypothesis adds the zone


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Dose(Value):
    amount: Decimal
    note: Sensitive[str] | None = None


class Course(Value):
    doses: tuple[Dose, ...]
    days: frozenset[date]
    until: datetime | None


DOSES = st.builds(Dose, amount=DECIMALS, note=st.none() | TEXTS)
COURSES = st.builds(
    Course, doses=st.lists(DOSES, max_size=3).map(tuple), days=st.frozensets(st.dates(), max_size=3), until=st.none() | INSTANTS
)

SAMPLES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, TEXTS),
    (int, st.integers(-INTEGER_MAX, INTEGER_MAX)),
    (bool, st.booleans()),
    (Decimal, DECIMALS),
    (Annotated[Decimal, Field(decimal_places=2)], st.decimals(-(10**20), 10**20, places=2)),
    (datetime, INSTANTS),
    (date, st.dates()),
    (time, st.times()),
    (UUID, st.uuids()),
    (bytes, st.binary()),
    (Colour, st.sampled_from(Colour)),
    (Literal["mg", "ml"], st.sampled_from(["mg", "ml"])),
    (Sensitive[str] | None, st.none() | TEXTS),
    (tuple[Decimal, ...], st.lists(DECIMALS).map(tuple)),
    (frozenset[str], st.frozensets(TEXTS)),
    (Course, COURSES),
    (tuple[Course, ...], st.lists(COURSES, max_size=3).map(tuple)),
]
FIELDS = st.sampled_from(SAMPLES).flatmap(lambda sample: st.tuples(st.just(sample[0]), sample[1]))


@given(FIELDS)
def test_what_is_decoded_has_the_bytes_of_what_was_encoded(field: tuple[Any, Any]) -> None:
    annotation, value = field
    codec = codec_for(annotation)

    encoded = codec.encode(value)

    assert canonical(codec.encode(codec.decode(encoded))) == canonical(encoded)


@given(FIELDS)
def test_what_is_sent_comes_in_as_it_was_written(field: tuple[Any, Any]) -> None:
    annotation, value = field
    codec = codec_for(annotation)
    encoded = codec.encode(value)

    read = codec.read(parse(canonical(encoded)))

    assert read == codec.decode(encoded)
    assert canonical(codec.encode(read)) == canonical(encoded)


@given(FIELDS)
def test_to_normalise_is_to_write_and_read(field: tuple[Any, Any]) -> None:
    annotation, value = field
    codec = codec_for(annotation)

    normal = codec.normalise(value)

    assert normal == codec.decode(codec.encode(value))
    assert canonical(codec.encode(normal)) == canonical(codec.encode(value))


@given(INSTANTS)
def test_one_moment_has_one_form_in_every_zone(moment: datetime) -> None:
    codec = codec_for(datetime)

    assert codec.encode(moment) == codec.encode(moment.astimezone(UTC))


@given(DECIMALS)
def test_equal_decimals_have_equal_bytes(value: Decimal) -> None:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    same = Decimal((sign, (*digits, 0), exponent - 1))

    assert same == value
    assert codec_for(Decimal).encode(same) == codec_for(Decimal).encode(value)
