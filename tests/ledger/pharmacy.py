"""A pharmacy whose versions differ in every way that comparing tells apart, with what its versions are meant to change."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ensue import App, Effect, Event, Increase, Insert, Ledger, Model, New, Ref, Rejection, Related, View, new, related

pharmacy = App("pharmacy")
FIRST, POINTS, DEARER, RENAMED = "2024-01-01", "2024-06-01", "2025-01-01", "2025-06-01"


class Customer(Model, subject=True):
    name: str
    points: int = 0


class CustomerName(View[Customer]):
    name: str


class Sale(Model, of=Customer):
    customer_id: str
    amount: Decimal


class Receipt(Effect, kind="receipt.print"):
    text: str


class TooMany(Rejection, code="sale.too_many"):
    """{count} sales are enough."""

    count: int


class Join(Event, type="customer.join", version=FIRST):
    name: str
    customer: New[Customer] = new()


@pharmacy.step(Join, since=FIRST)
def join(event: Join) -> Iterator[Insert[Customer]]:
    yield Insert(Customer(id=event.customer, name=event.name))


class Buy(Event, type="sale.buy", version=FIRST):
    amount: Decimal
    customer: Ref[CustomerName]


@pharmacy.step(Buy, since=FIRST)
def sell(event: Buy) -> Iterator[Insert[Sale] | Receipt]:
    yield Insert(Sale(id=event.new_id("sale"), customer_id=event.customer.id, amount=event.amount))
    yield Receipt(text=f"{event.customer.name}: {event.amount}")


class Buy2(Event, type="sale.buy", version=POINTS, follows=Buy):
    amount: Decimal
    customer: Ref[Customer]
    sales: Related[Sale] = related()


@pharmacy.step(Buy2, since=POINTS, rejects=[TooMany])
def give_points(event: Buy2) -> Iterator[Increase[Customer]]:
    """Each sale gives a point more than the one before; the fourth is refused."""
    if len(event.sales) >= 3:
        raise TooMany(count=len(event.sales))
    yield Increase(event.customer, points=len(event.sales) + 1)


@pharmacy.step(Buy2, since=DEARER, replaces=sell)
def sell_dearer(event: Buy2) -> Iterator[Insert[Sale]]:
    """Everything costs a tenth more, and there is no receipt."""
    if event.amount == 13:
        raise ValueError(f"{event.customer.id} bought for thirteen")
    yield Insert(Sale(id=event.new_id("sale"), customer_id=event.customer.id, amount=event.amount * Decimal("1.1")))


class Rename(Event, type="customer.rename", version=RENAMED):
    name: str
    customer: Ref[Customer]


@pharmacy.step(Rename, since=RENAMED)
def rename(event: Rename) -> Iterator[Insert[Sale]]:
    yield Insert(Sale(id=event.new_id("fee"), customer_id=event.customer.id, amount=Decimal(1)))


pharmacy.expects(POINTS, adds=["Customer.points"], rejects=[TooMany], of=Buy, why="Regular customers are rewarded, up to three times.")
pharmacy.expects(DEARER, changes=["Sale.amount"], why="Prices rise by a tenth.")
pharmacy.expects(RENAMED, drops=[Customer], accepts=True, why="Nothing does this.")


def sell_to(ledger: Ledger, *customers: str, each: int = 1, version: str = FIRST) -> None:
    """Customers who join, and buy for 1, 2, 3 … as often as *each* says."""
    for customer in customers:
        ledger.submit(Join(name=customer.upper(), customer=customer), actor="desk", version=version)
        for amount in range(1, each + 1):
            ledger.submit(Buy(amount=Decimal(amount), customer=customer), actor="desk", version=version)
