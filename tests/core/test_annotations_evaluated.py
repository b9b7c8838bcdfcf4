"""Annotations are resolved wherever a class stands: here evaluated at once, as Python does by itself until 3.13."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ensue import App, DefinitionError, Effect, Event, Insert, Model, New, Plan, Ref, Rejection, Related, Value, new, related
from ensue.core.data import fields_of
from ensue.core.version import Version


class Money(Value):
    amount: Decimal


def make_shop() -> tuple[App, Any, Any]:
    """An application whose every class lives in this function."""
    shop = App("shop")

    class Money(Value):  # the name of another class at the top of this file
        cents: int

    class Customer(Model, subject=True):
        name: str

    class Order(Model, of=Customer):
        customer_id: str
        price: Money

    class Receipt(Effect, kind="receipt"):
        price: Money

    class TooDear(Rejection, code="too_dear"):
        """{price} is too much."""

        price: Money

    class PlaceOrder(Event, type="order.place", version="2026-01-01"):
        price: Money
        customer: Ref[Customer]
        orders: Related[Order] = related()
        order: New[Order] = new()

    @shop.step(PlaceOrder, since="2026-01-01", rejects=[TooDear])
    def place(event: PlaceOrder, so_far: Plan) -> Iterator[Insert[Order] | Receipt]:
        if event.price.cents > 100:
            raise TooDear(price=event.price)
        yield Insert(Order(id=event.order, customer_id=event.customer.id, price=event.price))
        yield Receipt(price=event.price)

    return shop, PlaceOrder, Money


def call_with_names_of_its_own() -> tuple[App, Any, Any]:
    Customer = Money  # noqa: F841, N806  # a caller's variable, which means nothing where the classes are
    return make_shop()


def test_classes_and_steps_inside_a_function_are_resolved() -> None:
    shop, place_order, money = make_shop()

    shop.check()

    (step,) = shop.logic("order.place", Version.parse("2026-01-01")).steps
    assert fields_of(place_order).by_name["price"].annotation is money
    assert step.contract.describe() == "Insert[Order] | receipt"
    assert sorted(place_order.__ensue__.state) == ["customer", "order", "orders"]


def test_what_a_caller_calls_by_the_same_name_means_nothing() -> None:
    shop, place_order, _ = call_with_names_of_its_own()

    shop.check()

    assert place_order.__ensue__.state["customer"].model.__name__ == "Customer"


def test_the_same_function_may_run_again() -> None:
    first, _, _ = make_shop()
    second, _, _ = make_shop()

    first.check()
    second.check()

    assert [model.__name__ for model in second.models()] == ["Customer", "Order"]


def test_a_class_inside_a_class_is_resolved() -> None:
    class Outer:
        class Part(Value):
            size: int

        class Whole(Value):
            part: "Outer.Part"

    assert fields_of(Outer.Whole).by_name["part"].annotation is Outer.Part


def test_what_a_base_was_declared_with_is_not_looked_up_again() -> None:
    def make_base() -> Any:
        class Size(Value):
            cents: int

        class Base(Value):
            size: Size

        return Base

    below: Any = type("Below", (make_base(),), {"__annotations__": {"colour": str}})

    assert fields_of(below).names == ("size", "colour")


class Early(Value):
    late: "tuple[Late, ...]"


class Late(Value):
    size: int


def test_a_class_further_down_is_found_when_it_is_needed() -> None:
    early = Early(late=(Late(size=1),))

    assert early.late[0].size == 1


def test_a_class_further_down_in_a_function_is_found_when_it_is_needed() -> None:
    def make() -> tuple[Any, Any]:
        class First(Value):
            second: "Second"

        class Second(Value):
            colour: str

        return First, Second

    first, second = make()

    assert first(second=second(colour="red")).second.colour == "red"


def test_a_value_that_contains_itself_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"^Tree: it contains itself; .*"):

        class Tree(Value):
            branches: "tuple[Tree, ...]" = ()


def test_a_name_that_never_comes_is_named_when_it_is_needed() -> None:
    class Lonely(Value):
        part: "Missing"  # type: ignore[name-defined]  # noqa: F821  # what is refused

    with pytest.raises(NameError, match="Missing"):
        Lonely(part=1)


def test_a_step_needs_its_names_above_it() -> None:
    shop, place_order, _ = make_shop()

    def place(event: "Missing") -> None:  # type: ignore[name-defined]  # noqa: F821  # what is refused
        pass

    with pytest.raises(DefinitionError, match=r"^Step place: name 'Missing' is not defined; define it above the step"):
        shop.step(place_order, since="2026-01-01")(place)
