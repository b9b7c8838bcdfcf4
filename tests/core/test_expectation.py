"""Expectations: declared beside a version in words that read well, and wrong ones are refused where they stand."""

from __future__ import annotations

import pytest

from ensue import App, DefinitionError, Effect, Model, Rejection

SINCE = "2024-01-01"


class Thing(Model, subject=True):
    size: int


class Ring(Effect, kind="ring.bell"):
    loud: bool


class No(Rejection, code="thing.no"):
    """No."""


def test_what_is_expected_reads_as_what_differs() -> None:
    app = App("expecting")

    app.expects(SINCE, adds=[Thing, Ring], changes=["Thing.size"], drops=[Ring], rejects=[No], accepts=True, why="All of it.")

    assert [one.part for one in app.expectations()] == [
        "added Thing", "added effect ring.bell", "changed Thing.size", "dropped effect ring.bell",
        "newly_rejected thing.no", "newly_accepted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "covered"),
    [("changed Thing.size", True), ("changed Thing.*", True), ("added Thing.size", False), ("changed Thinger.size", False)],
)
def test_a_model_stands_for_its_columns(part: str, covered: bool) -> None:
    app = App("expecting")
    app.expects(SINCE, changes=[Thing], why="Sizes.")

    (expectation,) = app.expectations()

    assert expectation.covers("any.type", part) is covered


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"why": "x"}, "expects nothing"),
        ({"why": " ", "adds": [Thing]}, "says why"),
        ({"why": "x", "adds": [int]}, "no model, no effect class"),
        ({"why": "x", "changes": ["Thing"]}, "no column such as"),
    ],
)
def test_what_cannot_be_expected_is_refused(said: dict[str, object], complaint: str) -> None:
    with pytest.raises(DefinitionError, match=complaint):
        App("expecting").expects(SINCE, **said)  # type: ignore[arg-type]  # what type checkers refuse


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(DefinitionError, match="expects"):
        App("expecting").expects("soon", adds=[Thing], why="x")
