"""The guard holds nothing against a step that a garbage collection does while it runs."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

from ensue import App, Event, Insert, Model, New, new
from ensue.testing import given

shelf = App("shelf")


class Box(Model, subject=True):
    size: int


class Put(Event, type="box.put", version="2026-01-01"):
    box: New[Box] = new()


@shelf.step(Put, since="2026-01-01")
def put(event: Put) -> Iterator[Insert[Box]]:
    kept = [[number] for number in range(50_000)]  # enough to be collected several times
    yield Insert(Box(id=event.box, size=len(kept)))


def test_a_collection_that_looks_at_the_clock_is_not_the_steps_fault() -> None:
    looks: list[float] = []

    def look(phase: str, info: dict[str, int]) -> None:
        looks.append(time.perf_counter())

    gc.callbacks.append(look)
    try:
        outcome = given(shelf).when(Put(), version="2026-01-01")
    finally:
        gc.callbacks.remove(look)

    assert [box.size for box in outcome.plan.inserted(Box)] == [50_000]
    assert gc.isenabled()
