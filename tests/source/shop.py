"""A small application in two files, as texts to change: what `versions.lock` is for."""

from __future__ import annotations

HELPERS = '''
RATE = 2


def fee(amount):
    """What it costs."""
    return amount * RATE  # times


def unused(amount):
    return amount
'''

RULES = '''
from collections.abc import Iterator
from typing import Self

import helpers
from ensue import App, Effect, Event, Insert, Model, Ref, Rejection

app = App("shop")
app.version("2025-01-01", "First version.")
app.version("2025-02-01", "Orders have a note; large ones are told.")
app.version("2025-03-01", "No more telling.")


class Customer(Model, subject=True):
    name: str


class Order(Model, of=Customer):
    customer_id: str
    cost: int
    note: str = ""


class Tell(Effect, kind="tell"):
    """Tell somebody."""
    text: str


class TooSmall(Rejection, code="order.too_small"):
    """{amount} is too small."""
    amount: int


class Buy(Event, type="order.buy", version="2025-01-01"):
    amount: int
    customer: Ref[Customer]


@app.step(Buy, since="2025-01-01", rejects=[TooSmall])
def write_order(event: Buy) -> Iterator[Insert[Order]]:
    if event.amount < 1:
        raise TooSmall(amount=event.amount)
    yield Insert(Order(id=event.new_id("order"), customer_id=event.customer.id, cost=helpers.fee(event.amount)))


class Buy2(Event, type="order.buy", version="2025-02-01", follows=Buy):
    """An order has a note."""
    amount: int
    note: str
    customer: Ref[Customer]

    @classmethod
    def up(cls, old: Buy) -> Self:
        return cls(amount=old.amount, note="", customer=old.customer)


@app.step(Buy2, since="2025-02-01", replaces=write_order)
def write_noted_order(event: Buy2) -> Iterator[Insert[Order]]:
    """The note is kept."""
    yield Insert(Order(id=event.new_id("order"), customer_id=event.customer.id, cost=helpers.fee(event.amount), note=event.note))


@app.step(Buy2, since="2025-02-01")
def tell(event: Buy2) -> Iterator[Tell]:
    """Large orders are told."""
    if event.amount > 100:
        yield Tell(text=event.note)


app.end_step(tell, since="2025-03-01", why="Nobody listened.")
'''
