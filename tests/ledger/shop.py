"""The shop: a small application over tables that stood before it, with keys and rules that no model names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint

from ensue import App, Delete, Event, Increase, Insert, Model, New, Ref, Related, Update, column, new, related

shop = App("shop")
metadata = MetaData()

customers = Table(
    "shop_customers",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("full_name", String(10), nullable=False),
    Column("mail", String(40), unique=True),
    Column("since", DateTime),
    Column("legacy", Integer, nullable=False, server_default="7"),
)
orders = Table(
    "shop_orders",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("customer_id", String(20), ForeignKey("shop_customers.id"), nullable=False),
    Column("amount", Integer, nullable=False),
    CheckConstraint("amount > 0", name="amount_is_positive"),
    UniqueConstraint("customer_id", "amount"),
)


class Customer(Model, subject=True, table=customers):
    name: str = column("full_name")
    mail: str | None = None
    since: datetime | None = None


class Order(Model, of=Customer, table="shop_orders"):
    customer_id: str
    amount: int


class Join(Event, type="customer.join", version="2024-01-01"):
    name: str
    mail: str | None = None
    since: datetime | None = None
    customer: New[Customer] = new()


@shop.step(Join, since="2024-01-01")
def join(event: Join) -> Iterator[Insert[Customer]]:
    yield Insert(Customer(id=event.customer, name=event.name, mail=event.mail, since=event.since))


class Place(Event, type="order.place", version="2024-01-01"):
    amount: int
    customer: Ref[Customer]
    order: New[Order] = new()


@shop.step(Place, since="2024-01-01")
def place(event: Place) -> Iterator[Insert[Order]]:
    yield Insert(Order(id=event.order, customer_id=event.customer.id, amount=event.amount))


class Add(Event, type="order.add", version="2024-01-01"):
    amount: int
    customer: Ref[Customer]
    order: Ref[Order]


@shop.step(Add, since="2024-01-01")
def add(event: Add) -> Iterator[Increase[Order]]:
    yield Increase(event.order, amount=event.amount)


class Marry(Event, type="customer.marry", version="2024-01-01"):
    name: str
    customer: Ref[Customer]


@shop.step(Marry, since="2024-01-01")
def marry(event: Marry) -> Iterator[Update[Customer]]:
    yield Update(event.customer, name=event.name)


class Leave(Event, type="customer.leave", version="2024-01-01"):
    customer: Ref[Customer]
    orders: Related[Order] = related()


@shop.step(Leave, since="2024-01-01")
def leave(event: Leave) -> Iterator[Delete[Order] | Delete[Customer]]:
    for order in event.orders:
        yield Delete(order)
    yield Delete(event.customer)
