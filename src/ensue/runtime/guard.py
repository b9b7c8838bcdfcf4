"""
Guard: in development, watch a step, or a way between shapes, while it runs and name what it must not do (design §2, steps are pure).

A profile function sees every call, so `datetime.now`, `time.time`, `random.random` and `os.urandom` are caught by what
they are, wherever they were imported from. An audit hook hears of files, sockets and processes that C code opens by
itself. The rows a step receives, and the variables it names, are compared before and after. All of it costs too much for production.
"""

from __future__ import annotations

import dis
import gc
import inspect
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from functools import cache
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any, Final

from ensue.core.canonical import Json, canonical
from ensue.core.decide import Guard
from ensue.core.event import Event, whole_form
from ensue.core.model import Model, encoded_row
from ensue.core.shapes import conversions_watched
from ensue.core.step import Step
from ensue.errors import StepError
from ensue.runtime.leftovers import Leftovers
from ensue.source import rules
from ensue.source.files import home_of, is_of_project
from ensue.source.rules import Rule

CLOCK_METHODS: Final = frozenset({"now", "today", "utcnow"})
ZONE_METHODS: Final = frozenset({"astimezone", "timestamp"})
PURE_TIME: Final = frozenset({"asctime", "gmtime", "strftime", "strptime"})
RANDOM_NAMES: Final = frozenset({"getrandom", "urandom"})
PROCESS_NAMES: Final = frozenset({"execv", "execve", "fork", "forkpty", "posix_spawn", "posix_spawnp", "system"})
PURE_OS: Final = frozenset({"fspath", "strerror"})
IN_MEMORY: Final = frozenset({"BytesIO", "StringIO"})
ARGUMENTS_NEEDED: Final = {"astimezone": 1, "asctime": 1, "fromtimestamp": 2, "gmtime": 1, "strftime": 2}
"""With fewer arguments these ask the machine for its clock or zone."""

# Functions written in Python that reach outside without calling one in C that would tell.
_ENVIRON: Final[Any] = type(os.environ)
PYTHON_CODE: Final = {_ENVIRON.__getitem__.__code__: rules.ENVIRONMENT, _ENVIRON.__iter__.__code__: rules.ENVIRONMENT}
PYTHON_MODULES: Final = {"socket": rules.NETWORK, "subprocess": rules.PROCESS, "locale": rules.LOCALE}
C_MODULES: Final = {
    "_locale": rules.LOCALE,
    "_posixsubprocess": rules.PROCESS,
    "_socket": rules.NETWORK,
    "_uuid": rules.RANDOM,
    "sqlite3": rules.DATABASE,
}
# Held against a step only where its own code asks: Python and its libraries do so all the time.
ASKED_DIRECTLY: Final = {("builtins", "hash"): rules.HASH, ("builtins", "id"): rules.IDENTITY}

# What Python's own audit events begin with. They also tell of what C functions do for one another.
HEARD: Final = {
    name: rule
    for rule, names in (
        (rules.FILE, "open os shutil glob tempfile pathlib"),
        (rules.NETWORK, "socket urllib http"),
        (rules.DATABASE, "sqlite3"),
        (rules.PROCESS, "subprocess _thread signal"),
        (rules.INTERPRETER, "gc"),
    )
    for name in names.split()
}
# Where Python itself asks for the language, whatever a step wanted of it.
_PASSED_OVER: Final = ("<frozen importlib", str(Path(dis.__file__).with_name("_strptime.py")))
_CALLS: Final = frozenset(dis.opmap[name] for name in ("CALL", "CALL_KW") if name in dis.opmap)
_ENSUE: Final = str(Path(__file__).parents[1])
_listening = threading.local()


@contextmanager
def development_guard(step: Step, event: Event) -> Iterator[None]:
    """
    Raise StepError where *step* reads clock, randomness or environment, touches files or network, or leaves something behind.

    What it was given, and the variables it names, are as they were. The error names the line and what to do instead.
    """
    given = _image(event)
    with watched(step.name, step.function):
        yield
    if _image(event) != given:
        raise StepError(step.name, "changed the event or a row it was given; make a changed copy, or yield an Update.")


@contextmanager
def watched(name: str, function: Callable[..., Any]) -> Iterator[None]:
    """As `development_guard`, around any pure *function*: of a step, or an `up` or `down` between shapes. Raises StepError."""
    function = inspect.unwrap(function)
    if not isinstance(function, FunctionType):  # written in C, or an object: there is no line to name
        yield
        return
    watch = _Watch(function)
    outer: _Watch | None = getattr(_listening, "watch", None)
    before, collecting = sys.getprofile(), gc.isenabled()
    gc.disable()  # a collection runs other people's callbacks and finalisers, which may look at a clock, in the function's name
    _listen()
    _listening.watch = watch
    sys.setprofile(watch.see)
    try:
        yield
    finally:
        _give_back(before)
        _listening.watch = outer  # a step may read a row whose shape is another, and is watched itself
        if collecting:
            gc.enable()
        if watch.found is not None:
            raise StepError(name, f"is not pure. {watch.found}.")
        if (left := watch.leftovers.changed()) is not None:
            raise StepError(name, f"is not pure. {_line_of_change(function)}: {left} {rules.WRITTEN.sentence}.")


def all_watched(guard: Guard | None) -> AbstractContextManager[None]:
    """Conversions between shapes are watched as well, where steps are."""
    return nullcontext() if guard is None else conversions_watched(watched)


class _Watch:
    """What one function was seen to do: the first thing that it must not."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.found: str | None = None
        self._file = function.__code__.co_filename
        self._home = home_of(function.__module__)
        self.leftovers = Leftovers(function, self._home)

    def see(self, frame: FrameType, kind: str, argument: Any) -> None:
        """The profile function."""
        if self.found is not None:
            return
        if kind == "c_call":
            rule = _rule_in_c(frame, argument) or self._asked_directly(frame, argument)
            if rule is not None:
                self._report(frame, getattr(argument, "__name__", ""), rule)
        elif kind == "call":
            if (rule := _rule_in_python(frame)) is not None:
                self._report(frame, frame.f_code.co_name, rule)
            elif self._is_own(frame):
                self.leftovers.note(frame.f_code, frame.f_globals)

    def hear(self, event: str) -> None:
        """What the audit hook tells."""
        if self.found is not None:
            return
        if (rule := HEARD.get(event.partition(".")[0])) is not None:
            self._report(sys._getframe(2), event, rule)
        elif event == "builtins.id" and self._is_own(frame := sys._getframe(2)):
            self._report(frame, "id", rules.IDENTITY)

    def _asked_directly(self, frame: FrameType, function: Any) -> Rule | None:
        module, name = getattr(function, "__module__", None), getattr(function, "__name__", "")
        rule = rules.INTERPRETER if module == "gc" else ASKED_DIRECTLY.get((module or "", name))
        return rule if rule is not None and self._is_own(frame) else None

    def _is_own(self, frame: FrameType) -> bool:
        file = frame.f_code.co_filename
        return file == self._file or is_of_project(file, frame.f_globals.get("__name__") or "", self._home)

    def _report(self, frame: FrameType, name: str, rule: Rule) -> None:
        place = self._place(frame)
        if place is not None:
            self.found = f"{place}: {name} {rule.sentence}"

    def _place(self, frame: FrameType | None) -> str | None:
        """
        The line of the project that a call goes back to, and where the step's own file leads there.

        None where Python's imports or ensue itself are on the way, or where the step is not.
        """
        helper: str | None = None
        while frame is not None:
            file = frame.f_code.co_filename
            if file == self._file:
                line = f"{file}:{frame.f_lineno}"
                return line if helper is None else f"{helper} (called from {line})"
            if file.startswith(_PASSED_OVER):
                return None
            if self._is_own(frame):
                helper = helper or f"{file}:{frame.f_lineno}"
            elif file.startswith(_ENSUE):
                return None
            frame = frame.f_back
        return None


def _rule_in_c(frame: FrameType, function: Any) -> Rule | None:
    """What is wrong with calling a function written in C."""
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    kind = owner if isinstance(owner, type) else type(owner)
    module = getattr(function, "__module__", None) or kind.__module__
    if module == "datetime":
        return _rule_of_moments(frame, name, owner)
    if isinstance(owner, random.Random):  # one with a seed of its own is pure
        return rules.RANDOM if owner is _shared_random() or isinstance(owner, random.SystemRandom) else None
    if module == "time":
        if name == "mktime":
            return rules.ZONE
        return None if name in PURE_TIME and _has_arguments(frame, name) else rules.CLOCK
    if module in ("posix", "nt"):
        if name in PURE_OS:
            return None
        return rules.RANDOM if name in RANDOM_NAMES else rules.PROCESS if name in PROCESS_NAMES else rules.FILE
    if module in ("io", "_io"):
        return None if kind.__name__ in IN_MEMORY else rules.FILE
    if module == "_thread":
        return rules.PROCESS if name.startswith("start_") else None
    return C_MODULES.get(module)


def _rule_of_moments(frame: FrameType, name: str, owner: Any) -> Rule | None:
    """What is wrong with calling a method of date or datetime."""
    if name in CLOCK_METHODS:
        return rules.CLOCK
    if name in ZONE_METHODS and isinstance(owner, datetime) and owner.tzinfo is None:
        return rules.ZONE
    if name == "fromtimestamp" and not (isinstance(owner, type) and issubclass(owner, datetime)):
        return rules.ZONE
    return rules.ZONE if name in ("astimezone", "fromtimestamp") and not _has_arguments(frame, name) else None


def _has_arguments(frame: FrameType, name: str) -> bool:
    """Whether a C function is called with as many arguments as it needs; told from the instruction, since nothing else knows."""
    code = frame.f_code.co_code
    if frame.f_lasti < 0 or code[frame.f_lasti] not in _CALLS:
        return True
    return code[frame.f_lasti + 1] >= ARGUMENTS_NEEDED.get(name, 0)


def _rule_in_python(frame: FrameType) -> Rule | None:
    """What is wrong with a call of a function written in Python."""
    if frame.f_code is random.Random.seed.__code__ and frame.f_locals.get("a") is None:
        return rules.RANDOM
    return PYTHON_CODE.get(frame.f_code) or PYTHON_MODULES.get(frame.f_globals.get("__name__", ""))


def _give_back(profiler: Any) -> None:
    """Let the profiler that was there before go on; cProfile's is no function, and is switched on again."""
    sys.setprofile(None)
    if hasattr(profiler, "enable"):
        profiler.enable()
    else:
        sys.setprofile(profiler)


def _shared_random() -> random.Random:
    """The generator behind `random.random` and its like."""
    owner: Any = random.random
    shared: random.Random = owner.__self__
    return shared


@cache
def _listen() -> None:
    """Hear the audit events of this process from now on: a hook cannot be taken away again, so it is added once."""
    sys.addaudithook(_hear)


def _hear(event: str, _arguments: Any) -> None:
    watch: _Watch | None = getattr(_listening, "watch", None)
    if watch is not None:
        watch.hear(event)


def _line_of_change(function: Callable[..., Any]) -> str:
    """Where a variable that outlives the function is probably changed; else where it begins."""
    from ensue.source.lint import lint_function  # only once something was found

    found = next((one for one in lint_function(function) if one.code in ("default", "global", "mutable")), None)
    code = function.__code__
    return f"{code.co_filename}:{code.co_firstlineno}" if found is None else f"{found.file}:{found.line}"


def _image(event: Event) -> bytes:
    """Everything a step was given, as bytes."""
    rows: dict[str, Json] = {}
    for name in event.__ensue__.state:
        value = event.__dict__.get(name)
        found = value if isinstance(value, tuple) else (value,)
        rows[name] = [encoded_row(one) if isinstance(one, Model) else one for one in found]
    return canonical({"form": whole_form(event), "rows": rows})
