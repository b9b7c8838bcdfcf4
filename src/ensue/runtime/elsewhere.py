"""
Elsewhere: a further Python process, in which the order of sets and the time zone are others.

One process serves many calls, since starting one takes most of a second. It is asked in pickles over a pipe of its own;
what the application prints there goes to stderr.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, Final, Self

from ensue.core.app import App
from ensue.errors import EnsueError

ZONES: Final = ("<-12>12", "<+14>-14")
"""The first and the last zone of the earth, as POSIX writes them: whatever the hour, in one of them it is another day than here."""
SECONDS_MAX: Final = 60.0
_SEEDS: Final = ("20181", "20182")
_MAIN: Final = "__ensue_main__"


class ElsewhereFailed(EnsueError):
    """The other process did not answer, or could not do what it was asked: the message has its traceback."""


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
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None

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
            ElsewhereFailed: it raised, ended or was too slow. It is started afresh with the next call.
        """
        message = (dict(modules), (function.__module__, function.__qualname__), pickle.dumps(arguments))
        with self._lock:
            pipe = self._started()
            try:
                pipe.send(message)
                if not pipe.poll(seconds):
                    raise ElsewhereFailed(
                        f"The other process did not answer within {seconds:g} seconds; does {function.__name__} end there?"
                    )
                good, answer = pipe.recv()
            except (ElsewhereFailed, EOFError, OSError) as error:
                self._end()
                if isinstance(error, ElsewhereFailed):
                    raise
                raise ElsewhereFailed("The other process ended before it answered; what it said last is on stderr.") from error
        if not good:
            raise ElsewhereFailed(f"The other process failed:\n{answer}")
        return pickle.loads(answer)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _started(self) -> Connection[Any, Any]:
        if self._pipe is None:
            self._pipe, theirs = Pipe()
            seed = next(one for one in _SEEDS if one != os.environ.get("PYTHONHASHSEED"))
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from ensue.runtime.elsewhere import serve; serve()", str(theirs.fileno())],
                env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(one or os.getcwd() for one in sys.path)},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=_stderr(),
            )
            theirs.close()
        return self._pipe

    def _end(self) -> None:
        if self._pipe is not None and self._process is not None:
            self._pipe.close()
            try:
                self._process.wait(1)  # it ends by itself when its pipe does
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._pipe = self._process = None


def _stderr() -> int:
    """Where the other process prints to: this one's stderr, if it has one."""
    try:
        return subprocess.DEVNULL if sys.__stderr__ is None else sys.__stderr__.fileno()
    except (OSError, ValueError):
        return subprocess.DEVNULL


# ---- in the other process ------------------------------------------------------------------------------------------
def serve() -> None:
    """Answer calls until nobody asks any more."""
    pipe: Connection[Any, Any] = Connection(int(sys.argv[1]))
    while True:
        try:
            modules, (module, name), arguments = pipe.recv()
        except EOFError:
            return
        answer: tuple[bool, Any]
        try:
            for one, file in modules.items():
                _load(one, file)
            function = getattr(importlib.import_module(module), name)
            answer = True, pickle.dumps(function(*pickle.loads(arguments)))
        except Exception:  # noqa: BLE001  # whatever it is, it is the asker's to know
            answer = False, traceback.format_exc()
        pipe.send(answer)


def _load(name: str, file: str | None) -> None:
    """Import a module, by its file where its name does not lead to it."""
    if name == "__main__":
        if _MAIN not in sys.modules and file is not None:
            sys.modules["__main__"] = _load_file(_MAIN, file)  # as multiprocessing does: what stands below `if __name__ …` does not run
        return
    if name in sys.modules:
        return
    try:
        found = importlib.import_module(name)
    except ImportError:
        found = None
    if file is not None and (found is None or getattr(found, "__file__", None) != file):
        _load_file(name, file)


def _load_file(name: str, file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None, "a file of Python"
    assert spec.loader is not None, "a file of Python"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def app_of(named: Named) -> App:
    """The app that stands under a name."""
    app = getattr(importlib.import_module(_MAIN if named.module == "__main__" else named.module), named.name)
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
