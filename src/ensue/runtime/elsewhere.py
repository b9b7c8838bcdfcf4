"""
Elsewhere: a further Python process, in which the order of sets and the time zone are others.

One process serves many calls, since starting one takes most of a second.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any, Final, Self

from ensue.core.app import App
from ensue.errors import WorkerFailed
from ensue.runtime.ranges.calling import MAIN
from ensue.runtime.ranges.child import Child
from ensue.runtime.ranges.messages import Call

ZONES: Final = ("<-12>12", "<+14>-14")
"""The first and the last zone of the earth, as POSIX writes them: whatever the hour, in one of them it is another day than here."""
SECONDS_MAX: Final = 60.0
_SEEDS: Final = ("20181", "20182")


@dataclass(frozen=True)
class Named:
    """
    An app by the module and the name it stands under.

    `modules` are that one and all that declare its events and steps, in the order in which they were imported here, each with
    its file.
    """

    module: str
    name: str
    modules: Mapping[str, str | None]


def find_name(app: App) -> Named | None:
    """
    Where *app* can be imported from; None where it is the value of no module's variable, as in a function.

    A module that declares its events comes first, the program that was started last.
    """
    own = {one.__module__ for type_ in app.types() for one in (*app.shapes(type_), *(step.function for step in app.steps(type_)))}
    others = [name for name in list(sys.modules) if name not in own]
    for name in sorted((*sorted(own), *others), key="__main__".__eq__):
        module = sys.modules.get(name)
        found = next((one for one, value in list(getattr(module, "__dict__", {}).items()) if value is app), None)
        if found is not None:
            return Named(name, found, files_of({name, *own}))
    return None


def files_of(modules: Set[str]) -> dict[str, str | None]:
    """The file of each of *modules*, in the order in which they were imported."""
    return {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items()) if name in modules}


class Elsewhere:
    """
    The other process. It is started with the first call, and ends with `close` or with this one.

    Calls may come from any thread; they are answered one after the other.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._child: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, function: Callable[..., Any], *arguments: Any, modules: Mapping[str, str | None], seconds: float = SECONDS_MAX) -> Any:
        """
        What *function*, of a module, answers there.

        Args:
            function: found by its name there.
            arguments: pickled.
            modules: what must be imported before they are read, with the file of each where it cannot be found by name.
            seconds: how long to wait for the answer.

        Raises:
            WorkerFailed: it raised, ended or was too slow. The process is started afresh with the next call.
        """
        path = tuple(one or os.getcwd() for one in sys.path)
        message = Call(path, dict(modules), (function.__module__, function.__qualname__), pickle.dumps(arguments))
        with self._lock:
            child = self._child = self._child or Child(None, {"PYTHONHASHSEED": _other_seed()})
            patience = Timer(seconds, child.kill)
            patience.start()
            try:
                return child.ask(message)
            except WorkerFailed as failed:
                self._end()
                if patience.finished.is_set():
                    raise WorkerFailed(f"The other process did not answer within {seconds:g} seconds; does every step end?") from failed
                raise
            finally:
                patience.cancel()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._child is not None:
            self._child.close()
        self._child = None


def _other_seed() -> str:
    return next(one for one in _SEEDS if one != os.environ.get("PYTHONHASHSEED"))


# ---- in the other process ------------------------------------------------------------------------------------------
def app_of(named: Named) -> App:
    """The app that stands under a name."""
    app = getattr(importlib.import_module(MAIN if named.module == "__main__" else named.module), named.name)
    assert isinstance(app, App), "find_name found it there"
    return app


@contextmanager
def zone(text: str) -> Iterator[None]:
    """Live in a time zone for a while; where the platform cannot change it, nothing happens."""
    before = os.environ.get("TZ")
    try:
        os.environ["TZ"] = text
        _reset_zone()
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        _reset_zone()


def _reset_zone() -> None:
    if hasattr(time, "tzset"):
        time.tzset()
