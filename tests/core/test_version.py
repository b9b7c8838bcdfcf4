"""Versions: dates, in order, and nothing else."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest

from ensue import DefinitionError, VersionError
from ensue.core.version import Version

IN_ORDER = [
    "2018-07-30",
    "2018-07-31",
    "2018-07-31.2",
    "2018-07-31.3",
    "2018-07-31.9",
    "2018-07-31.10",
    "2018-07-31.11",
    "2018-08-01",
    "2019-01-01",
]


@pytest.mark.parametrize("text", IN_ORDER)
def test_a_version_is_written_as_it_is_read(text: str) -> None:
    assert str(Version.parse(text)) == text


@pytest.mark.parametrize(("earlier", "later"), list(itertools.combinations(IN_ORDER, 2)))
def test_versions_stand_in_order_of_date_then_of_number_within_the_day(earlier: str, later: str) -> None:
    assert Version.parse(earlier) < Version.parse(later)
    assert Version.parse(later) >= Version.parse(earlier)
    assert Version.parse(earlier) != Version.parse(later)


def test_equal_versions_are_one() -> None:
    assert len({Version.parse("2018-08-01.2"), Version.parse("2018-08-01.2"), Version(date(2018, 8, 1), 2)}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2018",
        "2018-08",
        "2018-8-1",
        "20180801",
        "2018-02-30",
        "0000-01-01",
        "2018-08-01.1",
        "2018-08-01.0",
        "2018-08-01.02",
        "2018-08-01.",
        "2018-08-01.10000",
        "2018-08-01 ",
        "2018-08-01\n",
        "2018-08-01T00:00:00Z",
        "v2018-08-01",
        "٢٠١٨-٠٨-٠١",
        20180801,
        date(2018, 8, 1),
        None,
    ],
)
def test_what_is_no_version_is_malformed(text: Any) -> None:
    with pytest.raises(VersionError, match="is no version") as raised:
        Version.parse(text)

    assert raised.value.code == "malformed"


def test_in_the_applications_own_words_it_is_a_definition_error_that_says_where() -> None:
    with pytest.raises(DefinitionError, match=r"^Step move: '2018' is no version; a version is a date such as 2018-08-01"):
        Version.declared("2018", "Step move")
