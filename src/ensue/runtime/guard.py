"""
Guard: in development, watch a step while it runs and name what it must not do (design §2, steps are pure).

A profile function sees every call of a C function, so `datetime.now`, `time.time`, `random.random` and `os.urandom`
are caught by what they are, wherever they were imported from. It costs too much for production.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from ensue.core.step import Step
from ensue.errors import StepError

CLOCKS: Final = frozenset({"now", "today", "utcnow"})
FORBIDDEN_MODULES: Final = {
    "time": "reads the clock; use event.at",
    "_random": "draws random numbers; use event.random(label)",
    "_socket": "opens the network; yield an effect",
    "_io": "touches a file; declare what it needs as state",
}
FORBIDDEN_NAMES: Final = {
    "urandom": "draws random numbers; use event.random(label) or event.new_id(label)",
    "getrandom": "draws random numbers; use event.random(label)",
    "getenv": "reads the environment; declare what it needs as state",
    "open": "touches a file; declare what it needs as state",
    "system": "starts a process; yield an effect",
}
ALLOWED_TIME: Final = frozenset({"gmtime", "strftime", "strptime", "mktime"})


class Impure(Exception):
    """What a step did that it must not."""


def _complaint(function: Any) -> str | None:
    name = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    if name in CLOCKS and getattr(owner, "__module__", "") == "datetime":
        return "reads the clock; use event.at"
    module = getattr(function, "__module__", None) or getattr(type(owner), "__module__", "")
    if module == "time" and name in ALLOWED_TIME:
        return None
    return FORBIDDEN_NAMES.get(name) if module in ("posix", "nt", "io", "_io", "os") else FORBIDDEN_MODULES.get(module)


@contextmanager
def development_guard(step: Step) -> Iterator[None]:
    """Raise StepError where *step* reads the clock, draws random numbers, or touches files, network or environment."""
    found: list[str] = []

    def watch(frame: FrameType, kind: str, argument: Any) -> None:
        if kind == "c_call" and not found:
            complaint = _complaint(argument)
            if complaint is not None:
                found.append(f"{frame.f_code.co_filename}:{frame.f_lineno}: {getattr(argument, '__name__', argument)} {complaint}")

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)
    if found:
        raise StepError(step.name, f"is not pure: {found[0]}.")
