"""Code: another checkout of the application, in a process of its own, deciding the same records."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from ensue.core.app import App
from ensue.core.brought_up import Missing
from ensue.core.diff import Side
from ensue.core.exchange import members_of
from ensue.core.expectation import Expectation
from ensue.core.one_shape import names_that_differ, says_any, shapes_of, side_brought_up
from ensue.core.record import Record
from ensue.core.replay import Past, recall
from ensue.errors import ConfigurationError
from ensue.runtime.ranges.child import Child, hello_of
from ensue.runtime.ranges.messages import FAILED_ASKING, Asked, Decide, Greeting, Hello


class CodeOptions(NamedTuple):
    """Which checkout, and how the application is imported there."""

    hello: Hello

    @property
    def shown(self) -> str:
        """The checkout's name for people."""
        return "" if self.hello.code is None else self.hello.code.name


def code_options(folder: str | PathLike[str], app: App) -> CodeOptions:
    """The checkout at *folder*. Raises ConfigurationError where there is none, or *app* cannot be imported by others."""
    found = Path(folder).resolve()
    if not found.is_dir():
        raise ConfigurationError(f"There is no folder {folder}; code= takes another checkout of the application.")
    return CodeOptions(hello_of(app, found))


class OtherCode:
    """The other checkout's process."""

    def __init__(self, options: CodeOptions) -> None:
        self._child = Child(options.hello)

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """What that checkout expects of its versions."""
        greeting: Greeting = self._child.hello
        return greeting.expectations

    def decider(self, app: App, version: str | None, past_of: Callable[[Record], Past]) -> _Decider:
        """Decides records of *app* there; what it asks of the past is told here, where the records are."""
        return _Decider(self._child, app, version, past_of)

    def close(self) -> None:
        """End the process."""
        self._child.close()


class _Decider:
    def __init__(self, child: Child, app: App, version: str | None, past_of: Callable[[Record], Past]) -> None:
        greeting: Greeting = child.hello
        here = shapes_of(app)
        self._child = child
        self._version = version
        self._past_of = past_of
        self._here, self._there = here.said, greeting.shapes.said
        self._differing = names_that_differ(here, greeting.shapes)

    def decides_alike(self, record: Record) -> bool:  # noqa: ARG002  # of no record
        return False  # nobody knows what other code does before it has done it

    def sides(self, record: Record, base: Side, stands: str) -> tuple[Side, Side]:
        past = self._past_of(record)
        facts, _ = recall(record, record.logic, past)
        rows, answers = list(facts.all_rows()), list(facts.all_answers())
        to_bring_up = base._replace(facts=None) if says_any(base, self._differing) else None
        message = Decide(members_of(record), self._version or stands, rows, answers, self._here, to_bring_up)
        new, brought_up = self._child.ask(message, lambda asked: _told(past, asked))
        if says_any(new, self._differing):  # rows that it was decided on need not be told: of an older shape there are none
            new = side_brought_up(record.app, new, self._there, (), past.row)
        return base if brought_up is None else brought_up, new


def _told(past: Past, asked: Asked) -> tuple[str, Any]:
    kind, *arguments = asked.question
    try:
        return "known", past.row(*arguments) if kind == "row" else past.rows(arguments[0])
    except Missing as missing:
        return FAILED_ASKING, missing.what
