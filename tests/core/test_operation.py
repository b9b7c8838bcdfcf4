"""Operations: changes to rows as values, checked when they are made."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Annotated, Any

import pytest
from pydantic import Field, NonNegativeInt

from ensue import Cancel, DefinitionError, Delete, Effect, Erase, Increase, Insert, Model, Update, View


class Account(Model, subject=True):
    owner: str
    balance: Annotated[Decimal, Field(ge=0, decimal_places=2)] = Decimal(0)
    visits: NonNegativeInt = 0
    closed: bool = False


class Entry(Model, of=Account):
    account_id: str
    amount: Decimal


class Owner(View[Account]):
    owner: str


class Push(Effect, kind="push.send"):
    text: str


ADA = Account(id="a-1", owner="Ada", balance=Decimal(70))
ENTRY = Entry(id="e-1", account_id="a-1", amount=Decimal(1))
CONTACT = Owner(id="a-1", owner="Ada")
update: Any = Update
increase: Any = Increase


def test_an_update_drops_equal_values_and_names_them() -> None:
    made = update(ADA, owner="Bob", balance=Decimal("70.00"), visits=0)

    assert made.changes == {"owner": "Bob"}
    assert made.unchanged == ("balance", "visits")
    assert made == update(ADA, owner="Bob")


def test_an_update_brings_its_values_into_their_form() -> None:
    assert str(update(ADA, balance=Decimal("12.5")).changes["balance"]) == "12.50"


@pytest.mark.parametrize("make", [update, increase])
@pytest.mark.parametrize(
    ("row", "columns", "message"),
    [
        (ADA, {"colour": 1}, r"\(Account\): no column 'colour'; it has id, owner, balance, visits, closed"),
        (ADA, {}, r"\(Account\): name at least one column"),
        (ADA, {"id": "a-2"}, r"\(Account\)\.id: ids and parents never change; insert another row instead"),
        (ENTRY, {"account_id": "a-2"}, r"\(Entry\)\.account_id: ids and parents never change"),
        (CONTACT, {"balance": Decimal(1)}, r"\(Owner\): no column 'balance'; it has id, owner"),
        (None, {"owner": "Bob"}, r"\(None\): expected a row of a model"),
        ("a-1", {"owner": "Bob"}, r"\(str\): expected a row of a model"),
        (Push(text="a"), {"text": "b"}, r"\(Push\): expected a row of a model"),
    ],
)
def test_a_change_names_columns_that_may_change(make: Any, row: Any, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=f"^(Update|Increase){message}"):
        make(row, **columns)


@pytest.mark.parametrize("make", [update, increase])
def test_columns_are_named(make: Any) -> None:
    with pytest.raises(
        DefinitionError,
        match=r"^(Update|Increase): columns are named, found 5 without a name; write (Update|Increase)\(row, column=value\)",
    ):
        make(ADA, 5)


def test_everything_wrong_with_an_update_is_told_at_once() -> None:
    with pytest.raises(DefinitionError, match=r"^Update\(Account\): balance: .*; visits: .*"):
        update(ADA, balance=-1, visits=1.5)


def test_an_amount_may_be_less_than_the_column_allows_since_the_sum_counts() -> None:
    assert increase(ADA, balance=Decimal("-5.00"), visits=-3).amounts == {"balance": Decimal(-5), "visits": -3}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"owner": "a"}, r"\.owner: only integers and decimals can be increased; use Update"),
        ({"closed": True}, r"\.closed: only integers and decimals can be increased"),
        ({"balance": 5}, r"\.balance: expected an amount of type Decimal, found 5"),
        ({"visits": Decimal(5)}, r"\.visits: expected an amount of type int, found Decimal\('5'\)"),
        ({"visits": True}, r"\.visits: expected an amount of type int, found True"),
        ({"visits": None}, r"\.visits: expected an amount of type int, found None"),
        ({"balance": Decimal("NaN")}, r"\.balance: expected a finite decimal"),
        ({"balance": Decimal("0.001")}, r"\.balance: expected at most 2 decimal places"),
    ],
)
def test_an_amount_is_of_its_columns_type(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=rf"^Increase\(Account\){message}"):
        increase(ADA, **columns)


def test_amounts_do_not_depend_on_the_decimal_context() -> None:
    with localcontext() as context:
        context.prec = 2
        made = increase(ADA, balance=Decimal("12345.67"))

    assert made.amounts == {"balance": Decimal("12345.67")}


def test_a_view_cannot_be_inserted_or_deleted() -> None:
    with pytest.raises(DefinitionError, match=r"^Insert\(Owner\): a view has only some columns; insert a whole Account"):
        Insert(CONTACT)
    with pytest.raises(DefinitionError, match=r"^Delete\(Owner\): the row is recorded whole; refer to Account, not to a view of it"):
        Delete(CONTACT)


@pytest.mark.parametrize("make", [Insert, Delete])
def test_only_rows_are_inserted_and_deleted(make: Any) -> None:
    with pytest.raises(DefinitionError, match=r"^(Insert|Delete)\(str\): expected a row of a model"):
        make("a-1")


def test_a_row_is_inserted_with_an_id() -> None:
    with pytest.raises(DefinitionError, match=r"^Insert\(Account\)\.id: a row has an id; take event\.new_id\(label\)"):
        Insert(Account(id="", owner="Ada"))


def test_only_a_subject_is_erased_and_for_a_purpose() -> None:
    assert Erase(ADA, "marketing").purpose == "marketing"
    with pytest.raises(DefinitionError, match=r"^Erase\(Entry\): only a subject can be erased; name the subject of this row"):
        Erase(ENTRY, "marketing")
    with pytest.raises(DefinitionError, match=r"^Erase\(Account\): expected the name of a purpose, found ''"):
        Erase(ADA, "")


@pytest.mark.parametrize("effect", [Account, Push(text="a"), "push.send"])
def test_only_effects_are_cancelled_by_their_class(effect: Any) -> None:
    cancel: Any = Cancel

    with pytest.raises(DefinitionError, match=r"^Cancel\(.*\): expected an effect's class"):
        cancel(effect)


def test_two_operations_are_equal_when_kind_and_values_are() -> None:
    assert Insert(ADA) == Insert(Account(id="a-1", owner="Ada", balance=Decimal("70.0")))
    assert Insert(ADA) != Delete(ADA)
    assert update(ADA, owner="Bob") != update(ADA, owner="Eve")
    assert Cancel(Push, key="k") == Cancel(Push, key="k") != Cancel(Push)
    assert len({Insert(ADA), Insert(ADA), Delete(ADA)}) == 2
    assert Insert(ADA) != ADA


def test_an_operation_shows_what_it_does() -> None:
    assert repr(update(CONTACT, owner="Bob")) == "Update(Owner(id='a-1', owner='Ada'), {'owner': 'Bob'})"
