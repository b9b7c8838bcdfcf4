"""A small bank whose rules change twice, in every way that rules can: what the laws of correction are tried on."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st

from ensue import (
    App,
    Delete,
    Effect,
    Event,
    Increase,
    Insert,
    Lookup,
    Model,
    New,
    Plan,
    Ref,
    Rejection,
    Related,
    Sensitive,
    Update,
    View,
    by,
    new,
    optional,
    related,
)  # fmt: skip

bank = App("retold")
FIRST, SECOND, THIRD = "2024-01-01", "2024-07-01", "2025-01-01"


class Account(Model, subject=True, unique=[("name",)]):
    name: str | None = None
    balance: int = 0
    visits: int = 0


class Visits(View[Account]):
    visits: int


class Item(Model, of=Account):
    account_id: str
    label: Sensitive[str]
    amount: int = 0


class Gift(Model, of=(Account,)):
    """Written, and never read by any event."""

    account_id: str
    worth: int


class Rate(Model):
    percent: int


class Letter(Effect, kind="letter"):
    text: str


def apologise(push: Push) -> Letter:
    return Letter(text=f"Not so: {push.text}")


class Push(Effect, kind="push", on_drop=apologise):
    text: str


class Overdrawn(Rejection, code="overdrawn"):
    """There is not enough."""


class Blank(Rejection, code="blank"):
    """A name has letters."""


# ---- an account comes ----------------------------------------------------------------------------------------------
class Open(Event, type="open", version=FIRST):
    name: str | None
    account: New[Account] = new()


@bank.step(Open, since=FIRST)
def open_account(event: Open) -> Iterator[Insert[Account]]:
    yield Insert(Account(id=event.account, name=event.name))


@bank.step(Open, since=SECOND, replaces=open_account)
def open_with_gift(event: Open) -> Iterator[Insert[Account] | Insert[Gift]]:
    """Who opens an account gets something."""
    yield Insert(Account(id=event.account, name=event.name, balance=3))
    yield Insert(Gift(id=event.new_id("gift"), account_id=event.account, worth=1))


# ---- money ---------------------------------------------------------------------------------------------------------
class Deposit(Event, type="deposit", version=FIRST):
    amount: int
    account: Ref[Account]
    rate: Lookup[Rate | None] = optional()


@bank.step(Deposit, since=FIRST)
def deposit(event: Deposit) -> Iterator[Increase[Account] | Push]:
    percent = event.rate.percent if event.rate is not None else 0
    yield Increase(event.account, balance=event.amount + percent)
    yield Push(text=f"{event.amount} in, {event.account.balance} before")


@bank.step(Deposit, since=SECOND)
def bonus(event: Deposit, so_far: Plan) -> Iterator[Increase[Account] | Insert[Gift]]:
    """Large accounts get one more."""
    if so_far.row(event.account).balance > 5:
        yield Increase(event.account, balance=1)
        yield Insert(Gift(id=event.new_id("bonus"), account_id=event.account.id, worth=event.account.balance))


class Transfer(Event, type="transfer", version=FIRST):
    amount: int
    source: Ref[Account]
    target: Ref[Account]


@bank.step(Transfer, since=FIRST, rejects=[Overdrawn])
def move(event: Transfer) -> Iterator[Increase[Account]]:
    if event.source.id == event.target.id or event.source.balance < event.amount:
        raise Overdrawn()
    yield Increase(event.source, balance=-event.amount)
    yield Increase(event.target, balance=event.amount)


@bank.step(Transfer, since=SECOND, rejects=[Overdrawn])
def fee(event: Transfer, so_far: Plan) -> Iterator[Increase[Account]]:
    """A transfer costs one."""
    if so_far.row(event.source).balance < 1:
        raise Overdrawn()
    yield Increase(event.source, balance=-1)


# ---- names, visits -------------------------------------------------------------------------------------------------
class Rename(Event, type="rename", version=FIRST):
    name: str | None
    account: Ref[Account]


@bank.step(Rename, since=FIRST)
def rename(event: Rename) -> Iterator[Update[Account]]:
    yield Update(event.account, name=event.name)


@bank.step(Rename, since=SECOND, rejects=[Blank])
def refuse_blank(event: Rename) -> None:
    """Blank names are refused."""
    if event.name == "":
        raise Blank()


class Visit(Event, type="visit", version=FIRST):
    account: Ref[Visits]


@bank.step(Visit, since=FIRST)
def count(event: Visit) -> Iterator[Increase[Visits]]:
    yield Increase(event.account, visits=1)


@bank.step(Visit, since=SECOND, replaces=count)
def count_twice(event: Visit) -> Iterator[Update[Visits]]:
    """A visit counts twice."""
    yield Update(event.account, visits=event.account.visits + 2)


# ---- items ---------------------------------------------------------------------------------------------------------
class AddItem(Event, type="item.add", version=FIRST):
    label: str
    account: Ref[Account]
    item: New[Item] = new()
    items: Related[Item] = related()


@bank.step(AddItem, since=FIRST)
def add_item(event: AddItem) -> Iterator[Insert[Item]]:
    yield Insert(Item(id=event.item, account_id=event.account.id, label=event.label, amount=len(event.items)))


@bank.step(AddItem, since=SECOND, replaces=add_item)
def add_item_at_price(event: AddItem) -> Iterator[Insert[Item]]:
    """The price follows the balance."""
    if event.label != "x":
        yield Insert(Item(id=event.item, account_id=event.account.id, label=event.label, amount=event.account.balance))
    else:
        yield Insert(Item(id=event.item, account_id=event.account.id, label="y", amount=1))


class DropItem(Event, type="item.drop", version=FIRST):
    item: Ref[Item]
    account: Ref[Account] = by("item.account_id")


@bank.step(DropItem, since=FIRST)
def drop_item(event: DropItem) -> Iterator[Delete[Item] | Increase[Account]]:
    yield Delete(event.item)
    yield Increase(event.account, balance=event.item.amount)


@bank.step(DropItem, since=SECOND, rejects=[Blank], replaces=drop_item)
def drop_or_keep(event: DropItem) -> Iterator[Delete[Item] | Update[Item]]:
    """Some items are kept."""
    if event.item.label == "y":
        yield Update(event.item, amount=event.item.amount + 1)
    else:
        yield Delete(event.item)


class Sweep(Event, type="sweep", version=FIRST):
    account: Ref[Account]
    cheap: Related[Item] = related(account_id=by("account"), amount=1)
    items: Related[Item] = related(account_id=by("account"))


@bank.step(Sweep, since=FIRST)
def sweep(event: Sweep) -> Iterator[Delete[Item] | Update[Account]]:
    for item in event.cheap:
        yield Delete(item)
    yield Update(event.account, balance=sum(item.amount for item in event.items))


# ---- reference data ------------------------------------------------------------------------------------------------
class SetRate(Event, type="rate.set", version=FIRST, system="rates"):
    percent: int
    place: str
    rate: Lookup[Rate | None] = by("place")


@bank.step(SetRate, since=FIRST)
def set_rate(event: SetRate) -> Iterator[Insert[Rate] | Update[Rate]]:
    if event.rate is None:
        yield Insert(Rate(id=event.place, percent=event.percent))
    else:
        yield Update(event.rate, percent=event.percent)


@bank.step(SetRate, since=SECOND, replaces=set_rate)
def set_rate_doubled(event: SetRate) -> Iterator[Insert[Rate] | Update[Rate]]:
    """Rates count double."""
    if event.rate is None:
        yield Insert(Rate(id=event.place, percent=2 * event.percent))
    else:
        yield Update(event.rate, percent=2 * event.percent)


bank.end_step(fee, since=THIRD, why="Transfers are free again.")


# ---- lives ---------------------------------------------------------------------------------------------------------
accounts = st.sampled_from(["a", "b", "c"])
items = st.sampled_from(["i", "j", "k"])
names = st.sampled_from([None, "", "ada", "bo"])
amounts = st.integers(0, 6)

events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Open, name=names, account=accounts),
    st.builds(Deposit, amount=amounts, account=accounts, rate=st.sampled_from([None, "r"])),
    st.builds(Transfer, amount=amounts, source=accounts, target=accounts),
    st.builds(Rename, name=names, account=accounts),
    st.builds(Visit, account=accounts),
    st.builds(AddItem, label=st.sampled_from(["x", "y", "z"]), account=accounts, item=items),
    st.builds(DropItem, item=items),
    st.builds(Sweep, account=accounts),
    st.builds(SetRate, percent=st.integers(0, 2), place=st.just("r")),
)

before: tuple[Event, ...] = (
    Open(name="ada", account="a"),
    Open(name=None, account="b"),
    Deposit(amount=4, account="a"),
)
