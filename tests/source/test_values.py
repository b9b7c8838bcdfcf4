"""The text of a constant: the same for equal values, another for others, whatever the hash seed and the Python."""

from __future__ import annotations

import logging
import re
from collections import Counter, OrderedDict, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pytest

from ensue import Value
from ensue.source.values import NoText, text_of


class Kind(Enum):
    A = "a"
    B = "b"


class Level(IntEnum):
    ONE = 1


class Point(NamedTuple):
    x: int
    y: int


@dataclass(frozen=True)
class Rate:
    percent: Decimal
    kinds: frozenset[Kind] = frozenset()


class Dose(Value):
    amount: int


class Named(str):
    """A text of ours."""


class Plain:
    def __init__(self, rate: int) -> None:
        self.rate = rate


def text(value: Any) -> str:
    return text_of(value, lambda cls: cls.__module__ == __name__)[0]


DIFFERENT: list[Any] = [
    None, True, False, 0, 1, 1.0, "1", b"1", Decimal(1), Decimal("1.0"), 1j, "", (), [], {}, set(), frozenset(), (1,), [1], {1}, {1: 2},
    {"1": 2}, date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), Kind.A, Kind.B, Level.ONE, Point(1, 2), Point(2, 1), Rate(Decimal(1)),
    Rate(Decimal(1), frozenset({Kind.A})), Dose(amount=1), Dose(amount=2), Named("1"), Named("2"), Plain(1), Plain(2), re.compile("a"),
    re.compile("a", re.IGNORECASE), PurePosixPath("a"), range(3), range(4), int, len, 10**5000, 10**5000 + 1, OrderedDict({1: 2}),
    Counter({1: 2}), defaultdict(int, {1: 2}), defaultdict(list, {1: 2}),
]  # fmt: skip


def test_values_that_differ_have_texts_that_differ() -> None:
    texts = [text(one) for one in DIFFERENT]

    assert len(set(texts)) == len(DIFFERENT)


def test_the_order_of_a_set_does_not_count_and_that_of_a_dict_does() -> None:
    assert text({"a", "b", "c"}) == "set('a', 'b', 'c')"
    assert text({"b": 1, "a": 2}) != text({"a": 2, "b": 1})


def test_the_functions_and_classes_in_a_value_are_named() -> None:
    _, named = text_of({"a": (text, Rate(Decimal(1)))}, lambda _: False)

    assert named == [text, Rate]


@pytest.mark.parametrize("value", [object(), logging.getLogger("x"), iter(()), [object()]])
def test_what_has_no_value_of_its_own_has_no_text(value: Any) -> None:
    with pytest.raises(NoText):
        text(value)


def test_what_contains_itself_has_no_text() -> None:
    circle: list[Any] = []
    circle.append(circle)

    with pytest.raises(NoText):
        text(circle)
