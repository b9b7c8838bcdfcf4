"""
Guard: in development, watch a step while it runs and name what it must not do (design §2, steps are pure).

A profile function sees every call, so `datetime.now`, `time.time`, `random.random` and `os.urandom` are caught by what
they are, wherever they were imported from. The rows a step receives are compared before and after, since Python has
ways into the most frozen object. Both cost too much for production.
"""

from __future__ import annotations

import gc
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from ensue.core.canonical import Json, canonical
from ensue.core.event import Event, whole_form
from ensue.core.model import Model, encoded_row
from ensue.core.step import Step
from ensue.errors import StepError

CLOCK: Final = "reads the clock; use event.at"
RANDOM: Final = "draws random numbers; use event.random(label), or event.new_id(label) for an id"
FILE: Final = "touches files; declare what the step needs as state"
NETWORK: Final = "opens the network; yield an effect"
PROCESS: Final = "starts something beside the step; yield an effect"
ENVIRONMENT: Final = "reads the environment; declare what the step needs as state"

CLOCK_METHODS: Final = frozenset({"now", "today", "utcnow"})
PURE_TIME: Final = frozenset({"asctime", "gmtime", "mktime", "strftime", "strptime"})
RANDOM_NAMES: Final = frozenset({"getrandom", "urandom"})
PROCESS_NAMES: Final = frozenset({"execv", "execve", "fork", "forkpty", "posix_spawn", "posix_spawnp", "system"})
PURE_OS: Final = frozenset({"fspath", "strerror"})
IN_MEMORY: Final = frozenset({"BytesIO", "StringIO"})
ENSUE: Final = str(Path(__file__).parents[1])

# Functions written in Python that reach outside without calling one in C that would tell.
_ENVIRON: Final[Any] = type(os.environ)
PYTHON_CODE: Final = {_ENVIRON.__getitem__.__code__: ENVIRONMENT, _ENVIRON.__iter__.__code__: ENVIRONMENT}
PYTHON_MODULES: Final = {"socket": NETWORK, "subprocess": PROCESS}


@contextmanager
def development_guard(step: Step, event: Event) -> Iterator[None]:
    """Raise StepError where *step* reads clock, randomness or environment, touches files or network, or changes what it was given."""
    found: list[str] = []
    file = step.function.__code__.co_filename

    def watch(frame: FrameType, kind: str, argument: Any) -> None:
        if found or kind not in ("call", "c_call"):
            return
        complaint = _complaint_in_c(argument) if kind == "c_call" else _complaint_in_python(frame)
        if complaint is not None and (place := _place(frame, file)) is not None:
            name = getattr(argument, "__name__", None) or frame.f_code.co_name
            found.append(f"{place}: {name} {complaint}")

    given = _image(event)
    before, collecting = sys.getprofile(), gc.isenabled()
    gc.disable()  # a collection runs other people's callbacks and finalisers, which may look at a clock, in the step's name
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()
        if found:
            raise StepError(step.name, f"is not pure. {found[0]}.")
        if _image(event) != given:
            raise StepError(step.name, "changed the event or a row it was given; make a changed copy, or yield an Update.")


def _complaint_in_c(function: Any) -> str | None:
    """What is wrong with calling a function written in C."""
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    kind = owner if isinstance(owner, type) else type(owner)
    if name in CLOCK_METHODS and kind.__module__ == "datetime":
        return CLOCK
    if isinstance(owner, random.Random):  # one with a seed of its own is pure
        return RANDOM if owner is _shared_random() or isinstance(owner, random.SystemRandom) else None
    module = getattr(function, "__module__", None) or kind.__module__
    if module == "time":
        return None if name in PURE_TIME else CLOCK
    if module in ("posix", "nt"):
        if name in PURE_OS:
            return None
        return RANDOM if name in RANDOM_NAMES else PROCESS if name in PROCESS_NAMES else FILE
    if module in ("io", "_io"):
        return None if kind.__name__ in IN_MEMORY else FILE
    if module == "_uuid":
        return RANDOM
    return {"_socket": NETWORK, "_thread": PROCESS if name.startswith("start_new") else None, "_posixsubprocess": PROCESS}.get(module)


def _complaint_in_python(frame: FrameType) -> str | None:
    """What is wrong with a call of a function written in Python."""
    if frame.f_code is random.Random.seed.__code__ and frame.f_locals.get("a") is None:
        return RANDOM
    return PYTHON_CODE.get(frame.f_code) or PYTHON_MODULES.get(frame.f_globals.get("__name__", ""))


def _shared_random() -> random.Random:
    """The generator behind `random.random` and its like."""
    owner: Any = random.random
    shared: random.Random = owner.__self__
    return shared


def _place(frame: FrameType | None, file: str) -> str | None:
    """The line of the step's own *file* that a call goes back to; None where Python's imports or ensue itself are on the way."""
    while frame is not None:
        path = frame.f_code.co_filename
        if path == file:
            return f"{path}:{frame.f_lineno}"
        if path.startswith(("<frozen importlib", ENSUE)):
            return None
        frame = frame.f_back
    return None


def _image(event: Event) -> bytes:
    """Everything a step was given, as bytes."""
    rows: dict[str, Json] = {}
    for name in event.__ensue__.state:
        value = event.__dict__.get(name)
        found = value if isinstance(value, tuple) else (value,)
        rows[name] = [encoded_row(one) if isinstance(one, Model) else one for one in found]
    return canonical({"form": whole_form(event), "rows": rows})
