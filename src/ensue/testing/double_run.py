"""
Double run: the same event decided once more here, and twice in another process, where hash seed and time zone are others.

Deciding once more finds the clock, randomness and what a run left behind; the other process finds the order of sets,
hash(), id() and the machine's time zone. What must be equal is the whole plan, values included.
"""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ensue.core.app import App
from ensue.core.model import Model
from ensue.core.version import Version
from ensue.errors import ConfigurationError, StepError
from ensue.runtime.disagreement import Disagreement, Said, find_disagreement, said_by_plan
from ensue.runtime.elsewhere import ZONES, Elsewhere, Named, app_of, files_of, find_name, zone
from ensue.runtime.request import Request
from ensue.testing.clock import FrozenClock
from ensue.testing.ledgers import open_ledger

AGAIN: Final = "when it is decided again"
IN_ANOTHER: Final = "in another process, with another hash seed"


@dataclass(frozen=True)
class Case:
    """One event to decide, and all that its decision depends on, but for the app."""

    rows: tuple[Model, ...]
    moment: datetime
    request: Request
    actor: str
    id: str | None = None
    """The event's own id, where a test says it."""

    def modules(self) -> set[str]:
        """The modules whose classes it is made of."""
        return {type(one).__module__ for one in (*self.rows, self.request.event)}


def decided(app: App, case: Case, *, development: bool = True) -> Said:
    """What a ledger in memory that holds the rows says of the event."""
    ledger = open_ledger(app, case.rows, FrozenClock(case.moment), development=development, first_event_id=case.id)
    request = case.request
    try:
        return said_by_plan(
            ledger.preview(
                request.event,
                actor=case.actor,
                key=request.key,
                version=request.version,
                expect=request.expect,
                cause=request.cause,
                occurred=request.occurred,
                behalf=request.behalf,
                purpose=request.purpose,
            )
        )
    except StepError as error:
        return Said(raised=str(error), failed=error.step)
    finally:
        ledger.close()


def disagreement(app: App, case: Case, said: Said, *, development: bool = True, named: Named | None) -> Disagreement | None:
    """
    The first way in which deciding the case again differs from what was *said*; None where it never does.

    It is decided elsewhere where the app has a name to be imported by.
    """
    logic = app.logic(case.request.event.__ensue__.type, _version(app, case))
    found = find_disagreement(said, decided(app, case, development=development), AGAIN, logic)
    if found is None and named is not None:
        for place, there in decided_elsewhere(named, case, development=development):
            found = found or find_disagreement(said, there, place, logic)
    return found


def _version(app: App, case: Case) -> Version:
    return Version.parse(case.request.version) if case.request.version is not None else app.default or app.line()[-1]


# ---- elsewhere -----------------------------------------------------------------------------------------------------
_other: Final = Elsewhere()
atexit.register(_other.close)


def decided_elsewhere(named: Named, case: Case, *, development: bool = True) -> list[tuple[str, Said]]:
    """What the other process says, in each of two time zones, with words for where that is."""
    modules = files_of(case.modules() | named.modules.keys())
    answers: list[tuple[str, Said]] = _other.call(_decide_there, named, case, development, modules=modules)
    return answers


def _decide_there(named: Named, case: Case, development: bool) -> list[tuple[str, Said]]:
    answers = []
    for text in ZONES:
        with zone(text):
            answers.append((f"{IN_ANOTHER} and TZ={text}", decided(app_of(named), case, development=development)))
    return answers


# ---- what tests ask for --------------------------------------------------------------------------------------------
@dataclass
class Doing:
    """Whether every outcome is checked, as `pytest --ensue-double-run` wants it, and how many were, and where."""

    always: bool = False
    elsewhere: int = 0
    here: int = 0


doing: Final = Doing()


def check_again(app: App, case: Case, said: Said, *, everywhere: bool) -> None:
    """
    Raise AssertionError where the case is not decided again as it was *said*.

    Raises:
        ConfigurationError: it must be decided *everywhere*, and the app has no name to be imported by.
    """
    __tracebackhide__ = True
    named = find_name(app)
    if named is None and everywhere:
        raise ConfigurationError(
            f"The app {app.name!r} is the value of no module's variable, so that another process cannot import it; "
            "make it in a module, not in a function."
        )
    doing.here += named is None
    doing.elsewhere += named is not None
    found = disagreement(app, case, said, named=named)
    if found is not None:
        raise AssertionError(f"{case.request.event.__ensue__.type} is not decided alike. {found}")


def end_other_process() -> None:
    """End the other process, if there is one."""
    _other.close()
