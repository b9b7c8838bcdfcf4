"""A small application for the tests of the command line: a field of every kind, and steps that fail in every way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from ensue import App, Delete, Effect, Event, Increase, Insert, Model, New, Ref, Rejection, Sensitive, Update, Value, new

shop = App("shop")


class Address(Value):
    street: str
    number: int


class Account(Model, subject=True):
    owner: Sensitive[str]
    balance: int
    vip: bool = False
    note: str | None = None
    since: date | None = None
    limit: Decimal | None = None
    address: Address | None = None
    labels: tuple[str, ...] = ()


class Receipt(Effect, kind="receipt.print"):
    text: str


class Overdrawn(Rejection, code="account.overdrawn", field="amount"):
    """There are only {balance} of {amount}."""

    balance: int
    amount: int


class Open(Event, type="account.open", version="2024-01-01"):
    """Someone opens an account."""

    account: New[Account] = new()
    owner: str
    balance: int = 0
    vip: bool = False
    note: str | None = None
    since: date | None = None
    limit: Decimal | None = None
    address: Address | None = None
    labels: tuple[str, ...] = ()


class Pay(Event, type="account.pay", version="2024-01-01"):
    """Someone pays from an account."""

    account: Ref[Account]
    amount: Annotated[int, Field(gt=0)]


class Rename(Event, type="account.rename", version="2024-01-01", seen=["account.owner"]):
    """The owner's name changes."""

    account: Ref[Account]
    owner: str


class Close(Event, type="account.close", version="2024-01-01"):
    """The account is closed."""

    account: Ref[Account]


class Break(Event, type="account.break", version="2024-01-01"):
    """Its step raises."""

    account: Ref[Account]


shop.version("2024-01-01", "The first rules.")
shop.version("2024-06-01", "Receipts are printed.")


@shop.step(Open, since="2024-01-01")
def open_account(event: Open) -> Iterator[Insert[Account]]:
    print("a step may print")  # noqa: T201  # and the envelope on stdout must not suffer from it
    yield Insert(
        Account(
            id=event.account,
            owner=event.owner,
            balance=event.balance,
            vip=event.vip,
            note=event.note,
            since=event.since,
            limit=event.limit,
            address=event.address,
            labels=event.labels,
        )
    )


@shop.step(Pay, since="2024-01-01", rejects=[Overdrawn])
def take_amount(event: Pay) -> Iterator[Increase[Account]]:
    if event.amount > event.account.balance:
        raise Overdrawn(balance=event.account.balance, amount=event.amount)
    yield Increase(event.account, balance=-event.amount)


@shop.step(Pay, since="2024-06-01")
def print_receipt(event: Pay) -> Iterator[Receipt]:
    yield Receipt(text=f"Paid {event.amount}.")


@shop.step(Rename, since="2024-01-01")
def change_owner(event: Rename) -> Iterator[Update[Account]]:
    yield Update(event.account, owner=event.owner)


@shop.step(Close, since="2024-01-01")
def delete_account(event: Close) -> Iterator[Delete[Account]]:
    yield Delete(event.account)


@shop.step(Break, since="2024-01-01")
def divide_by_nothing(event: Break) -> Iterator[Update[Account]]:
    yield Update(event.account, balance=1 // 0)
