"""A bakery that takes orders: a small application with every kind of operation, for the tests of the testing tools."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ensue import (
    App,
    Cancel,
    Delete,
    Effect,
    Erase,
    Event,
    Increase,
    Insert,
    Model,
    Purpose,
    Ref,
    Rejection,
    Related,
    Sensitive,
    Update,
    related,
)

bakery = App("bakery")


class Customer(Model, subject=True, unique=[("name",)]):
    name: Sensitive[str]
    spent: Decimal = Decimal(0)
    orders: int = 0


class Order(Model, of=Customer):
    customer_id: str
    loaf: str
    note: Sensitive[str] | None = None


class Line(Model, of=Customer):
    customer_id: str
    order_id: str
    text: str


class Text(Effect, kind="text.send"):
    to: str
    body: str


class Oven(Effect, kind="oven.heat"):
    loaf: str


class SoldOut(Rejection, code="order.sold_out", field="loaf"):
    """There is no {loaf} any more."""

    loaf: str


class PlaceOrder(Event, type="order.place", version="2024-01-01"):
    loaf: str
    customer: Ref[Customer]


@bakery.step(PlaceOrder, since="2024-01-01", rejects=[SoldOut])
def write_order(event: PlaceOrder) -> Iterator[Insert[Order] | Insert[Line] | Update[Customer] | Increase[Customer]]:
    if event.loaf == "cake":
        raise SoldOut(loaf=event.loaf)
    order_id = event.new_id("order")
    yield Insert(Order(id=order_id, customer_id=event.customer.id, loaf=event.loaf))
    yield Insert(Line(id=event.new_id("line"), customer_id=event.customer.id, order_id=order_id, text=f"One {event.loaf}"))
    yield Increase(event.customer, spent=Decimal("2.50"))
    yield Update(event.customer, orders=event.customer.orders + 1)


@bakery.step(PlaceOrder, since="2024-01-01")
def tell(event: PlaceOrder) -> Iterator[Text | Oven]:
    yield Oven(loaf=event.loaf)
    yield Text(to=event.customer.name, body="Thank you", key=event.new_id("order"), not_before=event.at + timedelta(hours=1))


class PlaceOrder2(Event, type="order.place", version="2024-06-01", follows=PlaceOrder):
    loaf: str
    note: str = ""
    customer: Ref[Customer]


@bakery.step(PlaceOrder2, since="2024-06-01", replaces=tell)
def heat(event: PlaceOrder2) -> Iterator[Oven]:
    """Nobody is thanked any more."""
    yield Oven(loaf=event.loaf)


@bakery.step(PlaceOrder2, since="2024-06-01")
def take_a_fee(event: PlaceOrder2) -> Iterator[Increase[Customer]]:
    """From June an order costs a fee."""
    yield Increase(event.customer, spent=Decimal("0.10"))


class Forget(Event, type="customer.forget", version="2024-01-01"):
    customer: Ref[Customer]
    orders: Related[Order] = related()


@bakery.step(Forget, since="2024-01-01")
def forget(event: Forget) -> Iterator[Delete[Order] | Erase[Customer] | Cancel[Text] | Cancel[Effect]]:
    for order in event.orders:
        yield Delete(order)
        yield Cancel(Text, key=order.id)
    yield Erase(event.customer, Purpose("sensitive").name)


class Peek(Event, type="clock.peek", version="2024-01-01"):
    customer: Ref[Customer]


@bakery.step(Peek, since="2024-01-01")
def peek(event: Peek) -> Iterator[Oven]:
    yield Oven(loaf=datetime.now(UTC).isoformat())


ADA = Customer(id="ada", name="Ada", spent=Decimal(10))
BO = Customer(id="bo", name="Bo")
