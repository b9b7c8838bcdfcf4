"""A small bank whose steps each test says: rows, events, and the words to decide and to fail with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import Field

from ensue import (
    App,
    Cancel,
    Delete,
    Effect,
    Erase,
    Event,
    Increase,
    Insert,
    Lookup,
    Model,
    Plan,
    Ref,
    Rejection,
    Related,
    StepError,
    Update,
    View,
    optional,
    related,
)
from tests.core.deciding import plan_of


class Account(Model, subject=True):
    owner: str
    balance: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    visits: int = 0
    score: int | None = None


class Entry(Model, of=Account):
    account_id: str
    amount: Decimal = Decimal(0)


class Bank(Model, subject=True):
    name: str


class Rate(Model):
    percent: Decimal


class AccountOwner(View[Account]):
    owner: str


class Push(Effect, kind="push.send"):
    text: str


class Letter(Effect, kind="letter"):
    text: str


class Closed(Rejection, code="closed"):
    """It is closed."""


class Move(Event, type="account.move", version="2026-01-01"):
    account: Ref[Account]
    entries: Related[Entry] = related()
    rate: Lookup[Rate | None] = optional()


ADA = Account(id="a-1", owner="Ada", balance=Decimal(70))
BOB = Account(id="a-2", owner="Bob")
FIRST = Entry(id="e-1", account_id="a-1", amount=Decimal(5))
RATE = Rate(id="r-1", percent=Decimal(2))
EVERYTHING = Iterator[
    Insert[Account] | Insert[Entry] | Insert[Rate] | Insert[Bank] | Update[Account] | Update[Entry] | Update[Rate] | Increase[Account]
    | Delete[Account] | Delete[Entry] | Erase[Account] | Erase[Bank] | Cancel[Push] | Push | Letter
]  # fmt: skip
Decide = Callable[[Any], Any]
insert: Any = Insert
update: Any = Update
increase: Any = Increase


def app_of(*steps: Decide, event: Any = Move, returns: Any = EVERYTHING, rejects: list[Any] | None = None) -> App:
    """An application with these steps on one event, called step_1, step_2 …, all allowed to do *returns*."""
    app = App("bank", models=[Bank])
    for number, step in enumerate(steps, 1):
        app.step(event, since="2026-01-01", rejects=rejects or [])(named(f"step_{number}", step, event, returns))
    return app


def named(name: str, step: Any, event: Any, returns: Any) -> Any:
    if step.__code__.co_argcount == 2:

        def decide(event: Any, so_far: Any) -> Any:
            return step(event, so_far)

        decide.__annotations__ = {"event": event, "so_far": Plan, "return": returns}
    else:

        def decide(event: Any) -> Any:  # type: ignore[misc]  # the same name, with one argument
            return step(event)

        decide.__annotations__ = {"event": event, "return": returns}
    decide.__name__ = name
    return decide


def plan(*steps: Any, rows: tuple[Model, ...] = (ADA, FIRST), event: Event | None = None, **keywords: Any) -> Plan:
    """What these steps decide over *rows*."""
    happened = event or Move(account="a-1")
    return plan_of(app_of(*steps, event=type(happened), **keywords), happened, *rows)


def failure(*steps: Any, **keywords: Any) -> str:
    """How these steps fail."""
    with pytest.raises(StepError) as raised:
        plan(*steps, **keywords)
    return str(raised.value)
