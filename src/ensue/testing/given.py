"""
Given, when, then: an event decided by a real ledger in memory, and what must follow from it.

    (
        given(clinic, ADA, PENICILLIN_ALLERGY)
        .when(Prescribe(drug="834060", dose_mg=500, patient="p-17"), version="2018-07-30")
        .then(Allergic(drug="834060"))
    )
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, Self

from ensue.core.app import App
from ensue.core.data import fields_of
from ensue.core.event import Event
from ensue.core.model import Model
from ensue.core.operation import Insert
from ensue.core.plan import Plan
from ensue.core.record import Record
from ensue.core.shapes import conversions_watched, event_in_shape, row_brought_up
from ensue.core.version import Version
from ensue.errors import DefinitionError, Rejected
from ensue.runtime.disagreement import said_by_plan
from ensue.runtime.guard import watched
from ensue.runtime.ledger import Ledger
from ensue.runtime.request import Expectations, Request
from ensue.testing.clock import START, FrozenClock, aware
from ensue.testing.differences import compare, describe
from ensue.testing.double_run import Case, check_again, doing
from ensue.testing.items import Expected, Item, Rows, items_expected, items_of_plan
from ensue.testing.ledgers import keep_open, open_ledger

ACTOR: Final = "tester"
KEY: Final = "test"


def given(app: App, *rows: Model) -> Given:
    """
    Begin a test: *app*, and the rows that are there already.

    Rows may be in any shape of their model; no event wrote them, so they have no history. Of a row that the event reads
    through a view, the view is enough.
    """
    return Given(app, rows)


@dataclass(frozen=True)
class Given:
    """What holds before the event. It does not change, so several tests may begin from one."""

    app: App
    rows: tuple[Model, ...]
    moment: datetime = START

    def at(self, moment: datetime) -> Given:
        """The same at another *moment*: the event's `at`. Raises ValueError where it has no time zone."""
        return replace(self, moment=aware(moment))

    def when(
        self,
        event: Event,
        *,
        version: str | None = None,
        actor: str = ACTOR,
        key: str | None = KEY,
        expect: Expectations | Literal["as given"] | None = None,
        cause: str | None = None,
        occurred: datetime | None = None,
        behalf: str | None = None,
        purpose: str | None = None,
        id: str | None = None,
    ) -> Outcome:
        """
        Submit *event* to a ledger in memory that holds the rows; the arguments are those of `Ledger.submit`, and two more.

        With `expect="as given"` the caller has seen everything just as it was given. *id* is the event's own id, as some
        record has it, instead of one derived from actor and key: what steps derive from it is then as in that record.

        A rejection is an outcome. What is raised are the application's faults and a request that cannot be understood.

        Raises:
            StepError: A step broke its contract, or is not pure.
            RequestError: The event is not in the shape of the version, or the version cannot be used.
        """
        __tracebackhide__ = True
        seen = self._tags(event) if expect == "as given" else expect
        return Outcome(self, Request(event, key if id is None else None, version, seen, cause, occurred, behalf, purpose), actor, id)

    def _tags(self, event: Event) -> Expectations:
        """The tags of all that *event* reads."""
        with closing(open_ledger(self.app, self.rows, FrozenClock(self.moment))) as ledger:
            return ledger.tags(event)


class Outcome:
    """
    What became of the event.

    Attributes:
        plan: what follows, or the rejections.
        record: the committed record; None for a rejected event.
        ledger: the ledger after the event, for whatever else a test asks of it. It stays open until the test ends (with
            another runner than pytest: until `close_ledgers`), and no longer than 32 further outcomes.
    """

    def __init__(self, begun: Given, request: Request, actor: str, id: str | None = None) -> None:
        __tracebackhide__ = True
        self._given = begun
        self._request = request
        self._actor = actor
        self._id = id
        self.ledger: Ledger = keep_open(open_ledger(begun.app, begun.rows, FrozenClock(begun.moment), first_event_id=id))
        self.record: Record | None = None
        try:
            (outcome,) = self.ledger.submit_all([request], actor=actor, together=True)
        except Rejected as no:
            self.plan = Plan(rejections=no.reasons)
        else:
            assert isinstance(outcome, Record), "together=True raises every error"
            self.record, self.plan = outcome, outcome.plan
        self._check_views()
        if doing.always:
            self._check_again(everywhere=False)

    def then(self, *expected: Expected) -> Self:
        """
        Exactly these operations, effects or rejections follow, in any order.

        Compared are kind, model, row and values, as the ledger records them; `ANY_ID` fits every id. An `Update` or
        `Increase` is expected of any object with the row's id, in any shape of the model. An effect without a key is
        one whose step gave none.

        Raises:
            AssertionError: with what is missing, unexpected or not the same, column by column.
        """
        __tracebackhide__ = True
        self._check("", expected, self._items())
        return self

    def same_again(self) -> Self:
        """
        The event is decided in the same way once more here, and in another process with another hash seed and two other time zones.

        `pytest --ensue-double-run` asks it of every outcome.

        Raises:
            AssertionError: with step, line, the first difference and what to do about it.
            ConfigurationError: the app is made inside a function, so that another process cannot import it.
        """
        __tracebackhide__ = True
        self._check_again(everywhere=True)
        return self

    def _check_again(self, *, everywhere: bool) -> None:
        __tracebackhide__ = True
        begun = self._given
        case = Case(begun.rows, begun.moment, self._request, self._actor, self._id)
        check_again(begun.app, case, said_by_plan(self.plan), everywhere=everywhere)

    def differs_from(self, version: str) -> Difference:
        """
        Decide the same event, on the same rows, under another *version*, and take the difference.

        The event is lifted or brought down to the shape it has there. Nothing is taken over from this outcome; ids that
        steps derive from the event are the same in both.
        """
        app, request = self._given.app, self._request
        shape = app.logic(request.event.__ensue__.type, Version.parse(version)).shape
        with conversions_watched(watched):
            event = event_in_shape(request.event, shape)
        return Difference(self, Outcome(self._given, replace(request, event=event, version=version), self._actor, self._id))

    def _check_views(self) -> None:
        """Raises DefinitionError where the event read more of a row than was given: the rest of it is made up."""
        whole = {(row.__ensue__.name, row.id) for row in self._given.rows if row.__ensue__.view_of is None}
        views: dict[tuple[str, str], set[str]] = {}
        for row in self._given.rows:
            if row.__ensue__.view_of is not None and (row.__ensue__.name, row.id) not in whole:
                views.setdefault((row.__ensue__.name, row.id), set()).update(fields_of(type(row)).names)
        for model, id, columns in self._columns_read(views) if views else ():
            if unknown := sorted(columns - views.get((model, id), columns)):
                raise DefinitionError(
                    f"{self._title()} reads {', '.join(unknown)} of {model}/{id}, of which a view without these was given; "
                    f"give a whole {model}."
                )

    def _columns_read(self, views: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, set[str]]]:
        """Which columns of which rows the decision saw; of a rejected event, which it may have seen of *views*."""
        if self.record is not None:
            for _, model, id, columns in self.record.document["state"]:
                yield model, id, set(columns)
            return
        for one in self._request.event.__ensue__.state.values():
            yield from (
                (model, id, set(fields_of(one.model).names)) for model, id in views if model == one.model_name and one.kind != "new"
            )

    def _items(self) -> list[Item]:
        """Everything that follows."""
        if self.record is None:
            return items_of_plan(self.plan, {})
        logic = self._given.app.logic(self.record.type, Version.parse(self.record.version))
        return items_of_plan(self.plan, {step.name: step.origin for step in logic.steps})

    def _check(self, what: str, expected: tuple[Expected, ...], found: list[Item]) -> None:
        """Raise AssertionError, begun by *what*, unless exactly *expected* was *found*."""
        __tracebackhide__ = True
        comparison = compare(items_expected(expected, self._standing()), found)
        if not comparison:
            raise AssertionError(f"{self._title()}: {what}not what was expected\n{describe(comparison)}")

    def _title(self) -> str:
        version = self.record.version if self.record else self._request.version
        return self._request.event.__ensue__.type + (f" under {version}" if version else "")

    def _standing(self) -> Rows:
        """The rows before the event, and those it inserts: what an update may be of."""
        inserted = [one.row for one in self.plan.operations if isinstance(one, Insert)]
        return {(row.__ensue__.name, row.id): row_brought_up(row, None) for row in (*self._given.rows, *inserted)}


class Difference:
    """
    What an outcome holds and the same event under another version does not, and the other way round.

        outcome.differs_from("2024-01-01").added(Increase(ACCOUNT, balance=-FEE), Insert(...)).dropped()

    Attributes:
        outcome: the one that was asked.
        other: the one under the other version.
    """

    def __init__(self, outcome: Outcome, other: Outcome) -> None:
        self.outcome = outcome
        self.other = other
        self._difference = compare(other._items(), outcome._items())

    def added(self, *expected: Expected) -> Self:
        """The outcome holds exactly these more than the other; none: nothing more. Raises AssertionError as `Outcome.then`."""
        __tracebackhide__ = True
        self.outcome._check(f"what it adds to {self.other._request.version} is ", expected, list(self._difference.unexpected))
        return self

    def dropped(self, *expected: Expected) -> Self:
        """The other holds exactly these, and the outcome does not; none: nothing is lost. Raises AssertionError as `Outcome.then`."""
        __tracebackhide__ = True
        self.other._check(f"what {self.outcome._title()} drops of it is ", expected, list(self._difference.missing))
        return self
