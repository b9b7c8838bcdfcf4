"""Rejections: typed reasons, with a message that people can read."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import pytest

from ensue import AlreadyExists, DefinitionError, InvalidForm, NotFound, Rejected, Rejection, Rejections


class Overdrawn(Rejection, code="transfer.overdrawn", field="amount"):
    """
    Account {account} has
    {available} available.
    """

    account: str
    available: Decimal
    currency: str = "EUR"


class Closed(Rejection, code="account.closed"):
    """The account is closed."""


class ClosedByOwner(Overdrawn, code="account.closed_by_owner"):
    """{owner} closed {account}."""

    owner: str


def rejection(doc: str | None, annotations: dict[str, Any] | None = None, **keywords: Any) -> Any:
    """A rejection made at run time, past the eyes of the type checker."""
    return type("Refused", (Rejection,), {"__doc__": doc, "__annotations__": annotations or {}}, **{"code": "refused", **keywords})


def test_the_docstring_is_the_message_with_its_fields_filled_in() -> None:
    assert str(Overdrawn(account="a-1", available=Decimal("70.00"))) == "Account a-1 has 70 available."
    assert str(Closed()) == "The account is closed."


def test_a_reason_is_data_for_programs() -> None:
    assert Overdrawn(account="a-1", available=Decimal("70.50")).as_json() == {
        "code": "transfer.overdrawn",
        "field": "amount",
        "message": "Account a-1 has 70.5 available.",
        "values": {"account": "a-1", "available": "70.5", "currency": "EUR"},
    }
    assert Closed().as_json() == {"code": "account.closed", "field": None, "message": "The account is closed.", "values": {}}


def test_the_values_are_typed_and_checked() -> None:
    make: Any = Overdrawn

    assert Overdrawn(account="a-1", available=Decimal(1)).available == Decimal(1)
    with pytest.raises(InvalidForm, match=r"Overdrawn: available: .*; account: is required|Overdrawn: account: is required.*; available: "):
        make(available=1.5)


def test_a_reason_takes_over_the_fields_of_the_one_above_it() -> None:
    reason = ClosedByOwner(account="a-1", available=Decimal(0), owner="Ada")

    assert str(reason) == "Ada closed a-1."
    assert isinstance(reason, Overdrawn)
    assert reason.values() == {"account": "a-1", "available": "0", "currency": "EUR", "owner": "Ada"}


def test_one_reason_is_caught_by_its_own_class_and_by_the_root() -> None:
    reason = Closed()

    assert isinstance(reason, Rejected)
    assert reason.reasons == (reason,)


def test_several_reasons_are_raised_together() -> None:
    several = Rejections([Closed(), Overdrawn(account="a-1", available=Decimal(1))])

    assert isinstance(several, Rejected)
    assert [reason.code for reason in several.reasons] == ["account.closed", "transfer.overdrawn"]
    assert str(several) == "The account is closed.; Account a-1 has 1 available."


def test_no_reason_is_no_refusal() -> None:
    with pytest.raises(DefinitionError, match=r"^Rejections\(\[\]\): a refusal needs at least one reason"):
        Rejections([])


def test_two_reasons_are_equal_when_class_and_values_are() -> None:
    assert Overdrawn(account="a", available=Decimal("1.0")) == Overdrawn(account="a", available=Decimal(1))
    assert len({Closed(), Closed()}) == 1
    assert Overdrawn(account="a", available=Decimal(1)) != Overdrawn(account="b", available=Decimal(1))
    assert Closed() != Rejected([])


def test_a_reason_survives_a_pickle() -> None:
    reason = Overdrawn(account="a", available=Decimal(1))

    assert pickle.loads(pickle.dumps(reason)) == reason


def test_the_built_in_reasons_name_what_they_are_about() -> None:
    assert str(NotFound(model="Patient", id="p-1")) == "There is no Patient p-1."
    assert str(AlreadyExists(model="Patient", fields="email")) == "There is a Patient with the same email already."


@pytest.mark.parametrize("doc", [None, "", "  \n "])
def test_a_reason_without_a_message_is_refused(doc: str | None) -> None:
    with pytest.raises(DefinitionError, match=r"^Refused: a rejection says why in its docstring; write one sentence"):
        rejection(doc)


def test_a_message_that_names_no_field_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"^Refused\.drug: the message names a field that is not declared; declare `drug: str`"):
        rejection("The patient is allergic to {drug}.", {"substance": str})


@pytest.mark.parametrize("doc", ["{", "}", "{drug"])
def test_a_message_with_a_stray_brace_is_refused(doc: str) -> None:
    with pytest.raises(DefinitionError, match=r"^Refused: its docstring is no message: .*; write a brace that is meant as such twice"):
        rejection(doc, {"drug": str})


@pytest.mark.parametrize("name", ["code", "field", "reasons", "args", "values", "as_json"])
def test_the_words_of_a_reason_cannot_be_fields(name: str) -> None:
    with pytest.raises(DefinitionError, match=rf"^Refused\.{name}: this name is taken by ensue itself; choose another field name"):
        rejection("No.", {name: str})


def test_a_field_of_a_type_without_bytes_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"^Refused\.amount: a float has no exact bytes; use Decimal"):
        rejection("No.", {"amount": float})


def test_a_default_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"^Refused\.amount: its default cannot be"):
        type("Refused", (Rejection,), {"__doc__": "No.", "__annotations__": {"amount": int}, "amount": "a"}, code="refused")
