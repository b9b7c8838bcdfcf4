"""Spread: exact while there are few, the same in any order, and merged parts are the whole."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ensue.core.spread import KEPT_MAX, Spread

NUMBERS = st.lists(st.integers(-1000, 1000).map(Decimal), min_size=1, max_size=60)


def spread_of(numbers: list[Decimal], first: int = 0) -> Spread:
    spread = Spread()
    for place, number in enumerate(numbers, first):
        spread.add(number, str(place))
    return spread


def test_few_numbers_are_told_exactly() -> None:
    spread = spread_of([Decimal(number) for number in range(1, 101)])

    assert (spread.count, spread.least, spread.most) == (100, Decimal(1), Decimal(100))
    assert spread.quantiles() == {"5%": "6", "25%": "26", "50%": "51", "75%": "76", "95%": "96"}


def test_many_numbers_take_no_more_memory_and_stay_near() -> None:
    spread = spread_of([Decimal(number) for number in range(20_000)])

    assert (len(spread.kept), spread.count, spread.most) == (KEPT_MAX, 20_000, Decimal(19_999))
    assert abs(int(spread.quantiles()["50%"]) - 10_000) < 2_000


@given(NUMBERS, NUMBERS)
def test_parts_merge_to_the_whole_in_any_order(one: list[Decimal], other: list[Decimal]) -> None:
    whole = spread_of([*one, *other])
    left, right = spread_of(one), spread_of(other, len(one))
    again = spread_of(other, len(one))
    again.merge(spread_of(one))
    left.merge(right)

    assert left == again == whole


def test_no_numbers_have_no_quantiles() -> None:
    empty = Spread()
    empty.merge(Spread())

    assert (empty, empty.quantiles()) == (Spread(), {})
