"""
Shapes: the laws that every way between two shapes keeps, tried on many events and rows.

    up     gives a valid event or row of the newer shape, for every one of the older
    down   gives a valid one of the older shape, for every one of the newer
    both   up and then down gives back what there was, unless down says that it is lossy, or is None; both are pure
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from random import Random
from typing import Any

from ensue.core.app import App
from ensue.core.event import Event
from ensue.core.model import Model
from ensue.core.shapes import check_way_down, conversions_watched, event_in_shape, line_of, row_moved
from ensue.errors import DefinitionError, StepError
from ensue.runtime.guard import watched
from ensue.testing.samples import NoSample, samples_of, simpler


def check_shapes(app: App, *, samples: int = 200, seed: int = 0, examples: Iterable[Event | Model] = ()) -> None:
    """
    Try every `up` and `down` of an application's events and models on generated ones.

    Args:
        app: the application.
        samples: how many events or rows of each shape are tried.
        seed: another seed gives others; the same gives the same.
        examples: events and rows of your own that are tried too, of any shape; they are needed where a field takes only
            values that no generator finds, such as numbers with check digits.

    Raises:
        AssertionError: a law is broken: names the classes and the smallest event or row that shows it.
        DefinitionError: the application cannot be.
    """
    __tracebackhide__ = True
    app.check()
    given = list(examples)
    lines = [app.shapes(type_) for type_ in app.types()] + [line_of(model) for model in app.models()]
    with conversions_watched(watched):
        broken = [one for line in lines for older, newer in pairwise(line) for one in _broken_laws(older, newer, samples, seed, given)]
    if broken:
        raise AssertionError("\n".join(broken))


def _broken_laws(older: type[Any], newer: type[Any], count: int, seed: int, given: list[Any]) -> Iterator[str]:
    """What is wrong between two shapes: a sentence for each law that is broken."""
    down = _has_down(older, newer)
    whole = down and not hasattr(newer.__dict__.get("down"), "__ensue_lossy__")
    laws: list[tuple[type[Any], Callable[[Any], str | None]]] = [(older, lambda one: _up_and_down(one, newer, whole=whole))]
    if down:
        laws.append((newer, lambda one: _fails(one, older)))
    for shape, law in laws:
        random = Random(seed)
        try:
            tried = [*samples_of(shape, count, random), *(one for one in given if type(one) is shape)]
        except NoSample as field:
            tried = [one for one in given if type(one) is shape]
            if not tried:
                yield f"{field}: no value was found that it takes; give check_shapes some {shape.__name__} in examples=."
                continue
        wrong = next(filter(law, tried), None)
        if wrong is not None:
            yield str(law(simpler(wrong, law, random)))


def _has_down(older: type[Any], newer: type[Any]) -> bool:
    """Whether a way leads down; where none is written and none can be derived, no step asks for it."""
    try:
        check_way_down(newer, older, "check_shapes")
    except DefinitionError:
        return False
    return True


def _up_and_down(one: Any, newer: type[Any], *, whole: bool) -> str | None:
    """What goes wrong when *one* is brought up, and down again where that must give it back."""
    try:
        up = _moved(one, newer)
        again = _moved(up, type(one)) if whole else one
    except StepError as error:
        return f"{_what(error)} for {one!r}."
    if again == one:
        return None
    remedy = 'mark down with @lossy("why"), or say down = None'
    return f"{newer.__name__}: up and down do not give back {one!r}: it is {again!r} then. Put one of them right, {remedy}."


def _fails(one: Any, older: type[Any]) -> str | None:
    """What goes wrong when *one* is brought down."""
    try:
        _moved(one, older)
    except StepError as error:
        return f"{_what(error)} for {one!r}."
    return None


def _what(error: StepError) -> str:
    return str(error).removeprefix("Step ").rstrip(".")


def _moved(one: Any, shape: type[Any]) -> Any:
    return event_in_shape(one, shape) if isinstance(one, Event) else row_moved(one, shape)
