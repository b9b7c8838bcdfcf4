"""
Child: a process of our own that has imported an application: to share work, or to run another checkout's code.

It is an ordinary `python -m ensue.runtime.ranges.worker`, so that nothing of the parent's memory, locks or main module
comes along. One that ends, or fails, is an error at the parent at once, with what it said.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from ensue.core.app import App
from ensue.errors import ConfigurationError, WorkerFailed
from ensue.runtime.ranges.messages import Answered, Asked, Failed, Hello, Passed
from ensue.runtime.ranges.pipe import Ended, Pipe

PATIENCE_SECONDS: Final = 5.0


def address_of(app: App) -> str:
    """
    *app* as `module:name`, by which another process can import it.

    Raises:
        ConfigurationError: no imported module has it under a name, or only the program itself does.
    """
    for module_name in sorted(sys.modules.keys() - {"__main__"}):
        members = getattr(sys.modules.get(module_name), "__dict__", {})
        found = next((name for name, value in list(members.items()) if value is app and not name.startswith("_")), None)
        if found is not None:
            return f"{module_name}:{found}"
    raise ConfigurationError(
        f"Other processes import the application by module:name, but no module has {app.name!r} as a name of its own; "
        "put it into a module that can be imported."
    )


def hello_of(app: App, code: Path | None = None) -> Hello:
    """What tells a child to import *app*, from the checkout *code* where one is given. Raises ConfigurationError."""
    address = address_of(app)
    modules = {step.module for type_ in app.types() for step in app.steps(type_)}
    if "__main__" in modules:
        raise ConfigurationError("Other processes cannot import steps that the program itself declares; put them into a module.")
    path = tuple(sys.path) if code is None else tuple(one for one in sys.path if Path(one).resolve() != _root_of(address))
    return Hello(path, address, tuple(sorted(modules)), app.types(), code)


def _root_of(address: str) -> Path | None:
    """The folder from which this checkout's application is imported: what the other one lacks must not be taken from here."""
    module_name = address.partition(":")[0]
    file = getattr(sys.modules[module_name], "__file__", None)
    if file is None:
        return None
    depth = module_name.count(".") + (Path(file).name == "__init__.py")
    return Path(file).resolve().parents[depth]


class Child:
    """
    A process that answers one question after another.

    It imports the application that *hello* names, where it is given; *environment* is what it finds otherwise than this process.
    """

    def __init__(self, hello: Hello | None, environment: Mapping[str, str] | None = None) -> None:
        package = str(Path(__file__).parents[3])
        path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ensue.runtime.ranges.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {}), "PYTHONPATH": path},
        )
        self._pipe = Pipe(cast(Any, self._process.stdout), cast(Any, self._process.stdin))
        try:
            self.hello: Any = None if hello is None else self.ask(hello)
        except BaseException:
            self.close()
            raise

    def ask(self, message: Any, answer: Callable[[Asked], Any] | None = None, hear: Callable[[int], None] = lambda _: None) -> Any:
        """
        Send *message*, and wait for what comes of it.

        *answer* is called for whatever the child asks meanwhile; *hear* is told how many records more it has done.

        Raises:
            WorkerFailed: it could not, or it ended.
        """
        try:
            self._pipe.send(message)
            while True:
                said = self._pipe.receive()
                if isinstance(said, Answered):
                    return said.value
                if isinstance(said, Failed):
                    raise WorkerFailed(said.message)
                if isinstance(said, Passed):
                    hear(said.records)
                    continue
                assert answer is not None, "only who can answer is asked"
                self._pipe.send(answer(said))
        except Ended:
            raise WorkerFailed(
                f"A worker process ended ({self._ending()}) before its part was done; what the others did is not used."
            ) from None

    def _ending(self) -> str:
        try:
            code = self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            return "it closed its output"
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """End it at once, whatever it does; whoever waits for it gets WorkerFailed."""
        self._process.kill()

    def close(self) -> None:
        """End it; it has nothing to save."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
