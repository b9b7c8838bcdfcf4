"""The benchmarks keep up with what they measure."""

from __future__ import annotations

from benchmarks.phases import places


def test_every_function_that_gets_a_clock_is_where_it_was() -> None:
    assert len({(owner, name) for _, owner, name in places()}) == len(list(places()))
