"""What a step reaches: everything of the project that it reads, each once, by the object and not by the name."""

from __future__ import annotations

from types import ModuleType

import pytest

from ensue.errors import SourceMissing
from ensue.source.reach import Reached, reach
from tests.source.conftest import Project


def names(module: ModuleType, function: str = "step") -> dict[str, str]:
    return {one.name: one.kind for one in reach(getattr(module, function))}


def test_the_function_comes_first_and_the_others_by_name(project: Project) -> None:
    rules = project(
        rules="""
            def zebra(): return ant()
            def ant(): return 1
            def step(event):
                return zebra()
        """
    )

    assert [one.name for one in reach(rules.step)] == ["rules.step", "rules.ant", "rules.zebra"]


def test_a_place_is_a_file_and_a_line(project: Project) -> None:
    rules = project(rules="RATE = 3\n\n\ndef step(event):\n    return RATE\n")

    step, rate = reach(rules.step)

    assert (step.file, step.line) == (rules.__file__, 4)
    assert (rate.file, rate.line, rate.text) == (rules.__file__, 1, "3")


def test_attributes_of_modules_are_followed_to_what_they_mean(project: Project) -> None:
    rules = project(
        shop__fees="RATE = 2\nOTHER = 9\ndef fee(amount): return amount * RATE\n",
        shop____init__="",
        rules="""
            import shop.fees
            from shop import fees as f
            def step(event): return shop.fees.fee(1)
            def second(event): return f.OTHER
        """,
    )

    assert names(rules) == {"rules.step": "function", "shop.fees.fee": "function", "shop.fees.RATE": "constant"}
    assert names(rules, "second") == {"rules.second": "function", "shop.fees.OTHER": "constant"}


def test_a_constant_is_named_by_the_module_that_says_it(project: Project) -> None:
    rules = project(
        base="LIMIT = 5\n",
        between="from base import LIMIT as CAP\n",
        rules="from between import *\ndef step(event): return CAP\n",
    )

    assert names(rules) == {"rules.step": "function", "base.LIMIT": "constant"}


def test_a_local_name_hides_a_global_one(project: Project) -> None:
    rules = project(
        rules="""
            rate = 1
            other = 2
            def step(event):
                rate = event.rate
                return [other for other in event.others], rate
        """
    )

    assert names(rules) == {"rules.step": "function"}


def test_closures_defaults_decorators_and_nested_functions_are_followed(project: Project) -> None:
    rules = project(
        rules="""
            import functools
            DEFAULT, INNER = 4, 5
            def loud(function):
                @functools.wraps(function)
                def call(*arguments):
                    return shout(function(*arguments))
                return call
            def shout(text): return text
            def make(factor):
                def scaled(amount): return amount * factor
                return scaled
            double = make(2)
            @loud
            def step(event, limit=DEFAULT):
                def inner(): return INNER
                return sorted(event.rows, key=lambda row: double(row))
        """
    )

    assert names(rules) == {
        "rules.step": "function",
        "rules.DEFAULT": "constant",
        "rules.INNER": "constant",
        "rules.loud": "function",
        "rules.loud.<locals>.call": "function",
        "rules.make.<locals>.factor": "constant",
        "rules.make.<locals>.scaled": "function",
        "rules.shout": "function",
    }


def test_a_class_is_followed_into_its_methods_bases_and_properties(project: Project) -> None:
    rules = project(
        rules="""
            from functools import cached_property
            def one(): return 1
            def two(): return 2
            def three(): return 3
            def four(): return 4
            class Base:
                def base(self): return one()
            class Calculator(Base):
                START = two()
                @property
                def fee(self): return three()
                @staticmethod
                def static(): return FREE
                @cached_property
                def slow(self): return four()
            FREE = 0
            calculator = Calculator()
            def step(event): return Calculator().fee
            def second(event): return calculator.fee
        """
    )
    reached = dict.fromkeys(("rules.one", "rules.two", "rules.three", "rules.four"), "function")
    expected = reached | {"rules.step": "function", "rules.FREE": "constant", "rules.Base": "class", "rules.Calculator": "class"}

    assert names(rules) == expected
    del expected["rules.step"]
    assert names(rules, "second") == expected | {"rules.second": "function", "rules.calculator": "constant"}


def test_functions_inside_values_are_followed(project: Project) -> None:
    rules = project(
        rules="""
            from enum import Enum
            from functools import lru_cache, partial
            class Kind(Enum):
                SMALL = 1
            def small(): return 1
            def large(factor): return factor
            RULES = {Kind.SMALL: small, "large": (partial(large, 2),)}
            @lru_cache
            def cached(): return RULES
            def step(event): return cached()
        """
    )

    assert names(rules) == {
        "rules.step": "function",
        "rules.Kind": "class",
        "rules.RULES": "constant",
        "rules.cached": "function",
        "rules.large": "function",
        "rules.small": "function",
    }


def test_what_a_function_imports_for_itself_is_followed(project: Project) -> None:
    rules = project(
        pack____init__="",
        pack__fees="def fee(): return 1\ndef other(): return 2\n",
        rules="""
            def step(event):
                from pack.fees import fee
                import pack.fees as fees
                return fee() + fees.other()
        """,
    )

    assert names(rules) == {"rules.step": "function", "pack.fees.fee": "function", "pack.fees.other": "function"}


def test_what_is_installed_and_what_is_of_python_is_not_followed(project: Project) -> None:
    rules = project(
        rules="""
            import json, logging, math, structlog
            from pydantic import BaseModel
            from ensue import Insert
            from math import pi
            log, other = logging.getLogger("rules"), structlog.get_logger()
            def step(event):
                other.info("…")
                log.info("…")
                return json.dumps(math.floor(pi)), BaseModel, Insert, len
        """
    )

    assert names(rules) == {"rules.step": "function", "rules.log": "module_value", "rules.other": "module_value"}


def test_annotations_and_the_registration_of_a_step_are_not_followed(project: Project) -> None:
    rules = project(
        rules="""
            from __future__ import annotations
            from collections.abc import Iterator
            from ensue import App, Event, Insert, Model, Ref, Rejection
            shop = App("shop")
            class Person(Model, subject=True):
                name: str
                def shout(self): return upper(self.name)
                def up(self): return lower("a")
            def upper(text): return text.upper()
            def lower(text): return text
            class Never(Rejection, code="never"):
                '''Never.'''
            class Greet(Event, type="greet", version="2025-01-01"):
                person: Ref[Person]
            @shop.step(Greet, since="2025-01-01", rejects=[Never])
            def step(event: Greet) -> Iterator[Insert[Person]]:
                yield Insert(Person(id="1", name=event.person.shout()))
        """
    )

    assert names(rules) == {"rules.step": "function", "rules.Person": "class", "rules.Person.shout": "function", "rules.upper": "function"}


def test_further_roots_are_followed_too(project: Project) -> None:
    rules = project(
        rules="""
            from ensue import Model
            class Person(Model, subject=True):
                name: str
                def shout(self): return self.name
                def whisper(self): return self.name
            def step(event): return event.person.shout()
        """
    )

    assert [one.name for one in reach(rules.step)] == ["rules.step"]
    assert [one.name for one in reach(rules.step, also=[rules.Person])] == ["rules.step", "rules.Person", "rules.Person.shout"]


def test_functions_that_call_each_other_end(project: Project) -> None:
    rules = project(rules="def step(event): return other(event)\ndef other(event): return step(event)\n")

    assert names(rules) == {"rules.step": "function", "rules.other": "function"}


def test_two_lambdas_of_one_line_are_told_apart(project: Project) -> None:
    rules = project(
        rules="""
            ONE, TWO = 1, 2
            first, second = lambda: ONE, lambda: TWO
            def step(event): return first() + second()
        """
    )

    found: list[Reached] = [one for one in reach(rules.step) if "lambda" in one.name]

    assert [one.name for one in found] == ["rules.<lambda>", "rules.<lambda>#2"]
    assert len({id(one.node) for one in found}) == 2
    assert names(rules).keys() >= {"rules.ONE", "rules.TWO"}


def test_a_comprehension_is_in_no_name(project: Project) -> None:
    rules = project(rules="ONE = 1\nRULES = [lambda: ONE for _ in range(2)]\ndef step(event): return RULES\n")

    assert names(rules) == {"rules.step": "function", "rules.<lambda>": "function", "rules.ONE": "constant", "rules.RULES": "constant"}


def test_what_is_in_no_file_is_refused_by_name(project: Project) -> None:
    rules = project(rules="fee = eval('lambda: 1')\ndef step(event): return fee()\n")

    with pytest.raises(SourceMissing, match=r"rules\.<lambda> has no source in <string>"):
        reach(rules.step)


def test_a_class_that_is_made_by_a_call_counts_by_its_expression(project: Project) -> None:
    rules = project(
        rules="""
            from collections import namedtuple
            from enum import Enum
            from functools import singledispatch
            FIELDS = "x y"
            Point = namedtuple("Point", FIELDS)
            Kind = Enum("Kind", "SMALL LARGE")
            @singledispatch
            def area(shape): return 0
            @area.register
            def area_of_point(shape: Point): return shape.x
            def step(event): return Point(1, 2), Kind.SMALL, area(event)
        """
    )

    assert names(rules) == {
        "rules.step": "function",
        "rules.FIELDS": "constant",
        "rules.Kind": "module_value",
        "rules.Point": "module_value",
        "rules.area": "function",
        "rules.area_of_point": "function",
    }
