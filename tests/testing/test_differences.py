"""What a failed expectation prints: a row diff that can be read without knowing how it was made."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ensue import Increase, Insert, Update
from ensue.testing import ANY_ID, Outcome, given
from ensue.testing.differences import compare
from ensue.testing.items import Item, fits
from tests.testing.bakery import ADA, Line, Order, Oven, PlaceOrder2, SoldOut, bakery


def order(loaf: str) -> Outcome:
    return given(bakery, ADA).when(PlaceOrder2(loaf=loaf, customer="ada"), version="2024-06-01")


def test_columns_stand_side_by_side_and_what_differs_is_marked() -> None:
    outcome = order("rye")
    (line,) = outcome.plan.inserted(Line)
    (made,) = outcome.plan.inserted(Order)

    with pytest.raises(AssertionError) as failed:
        outcome.then(
            Insert(Order(id=ANY_ID, customer_id="ada", loaf="wheat")),
            Increase(ADA, spent=Decimal("2.50")),
            Increase(ADA, spent=Decimal("0.10")),
            Update(ADA, orders=1),
            Oven(loaf="rye"),
            Oven(loaf="wheat", key="second"),
        )

    assert str(failed.value) == (
        "order.place under 2024-06-01: not what was expected\n"
        f"not the same   Insert Order/{made.id}   (by step write_order)\n"
        "                 column        expected   found\n"
        '                 customer_id   "ada"      "ada"\n'
        '               > loaf          "wheat"    "rye"\n'
        "                 note          null       null\n"
        "missing        Oven, key second\n"
        '                 loaf   "wheat"\n'
        f"unexpected     Insert Line/{line.id}   (by step write_order)\n"
        '                 customer_id   "ada"\n'
        f'                 order_id      "{made.id}"\n'
        '                 text          "One rye"\n'
        "as expected    Increase Customer/ada   (by step write_order)\n"
        "as expected    Update Customer/ada   (by step write_order)\n"
        "as expected    Increase Customer/ada   (by step take_a_fee)\n"
        "as expected    Oven, key tell/1   (by step heat)"
    )


def test_a_rejection_where_rows_were_expected_says_why() -> None:
    with pytest.raises(AssertionError) as failed:
        order("cake").then(Update(ADA, orders=1))

    assert str(failed.value) == (
        "order.place under 2024-06-01: not what was expected\n"
        "missing        Update Customer/ada\n"
        "                 orders   1\n"
        "unexpected     SoldOut\n"
        '                 loaf   "cake"'
    )


def test_an_id_or_a_key_that_differs_is_shown() -> None:
    with pytest.raises(AssertionError, match=r'> key +"mine" +"tell/1"'):
        order("rye").then(Oven(loaf="rye", key="mine"))


def test_a_rejection_with_another_value_is_shown_beside_it() -> None:
    with pytest.raises(AssertionError, match=r'> loaf +"rye" +"cake"'):
        order("cake").then(SoldOut(loaf="rye"))


def test_long_values_are_cut() -> None:
    with pytest.raises(AssertionError) as failed:
        order("r" * 500).then()

    assert max(map(len, str(failed.value).splitlines())) < 100


def test_what_one_expectation_took_is_given_back_where_another_fits_nothing_else() -> None:
    def line(id: str, order_id: str) -> Item:
        return Item("Insert", "Line", id, {"order_id": order_id})

    found = [line("1", "x"), line("2", "y")]

    assert compare([line(ANY_ID, ANY_ID), line(ANY_ID, "x")], found)
    assert not compare([line(ANY_ID, "x"), line(ANY_ID, "x")], found)


@pytest.mark.parametrize(
    ("expected", "found", "fitting"),
    [
        ("a", "a", True),
        ("a", "b", False),
        (1, True, False),
        (None, None, True),
        (ANY_ID, "a", True),
        (ANY_ID, None, False),
        (ANY_ID, 1, False),
        ({"id": ANY_ID, "n": [ANY_ID, 2]}, {"id": "a", "n": ["b", 2]}, True),
        ({"id": ANY_ID}, {"id": "a", "n": 1}, False),
        ([ANY_ID], ["a", "b"], False),
    ],
)
def test_any_id_fits_texts_alone_however_deep(expected: object, found: object, fitting: bool) -> None:
    assert fits(expected, found) is fitting  # type: ignore[arg-type]  # J1 values, all of them
