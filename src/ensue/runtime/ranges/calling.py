"""
Calling: in a child, call a function by its name, once the modules that its arguments need are there.

The modules of an application's tests, and the program that was started, cannot always be imported by name: they are then
loaded from their files.
"""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import sys
import traceback
from types import ModuleType
from typing import Any, Final

from ensue.errors import EnsueError, WorkerFailed
from ensue.runtime.ranges.messages import Call

MAIN: Final = "__ensue_main__"
"""The program that was started, in a child: what stands below `if __name__ == "__main__"` does not run again."""


def called(message: Call) -> Any:
    """
    What the function answers.

    Raises:
        WorkerFailed: it raised, or something cannot be imported; the message has the traceback.
    """
    sys.path[:] = message.path
    try:
        for name, file in message.modules.items():
            _load(name, file)
        module, name = message.function
        return getattr(importlib.import_module(module), name)(*pickle.loads(message.arguments))
    except EnsueError:
        raise
    except Exception as error:
        raise WorkerFailed(f"The other process failed:\n{traceback.format_exc()}") from error


def _load(name: str, file: str | None) -> None:
    if name == "__main__":
        if MAIN not in sys.modules and file is not None:
            sys.modules["__main__"] = _load_file(MAIN, file)  # where pickles look for its classes
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
    if spec is None or spec.loader is None:
        raise WorkerFailed(f"{file} is no file of Python that another process could import.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
