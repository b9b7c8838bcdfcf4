"""
Programs that find ensue imported: forked from a process that has done nothing else, and processes of their own in all other ways.

Importing is most of what a short command takes. What is promised of the very start and end of the program, of its streams
and of signals, is asked of a program that is started (tests/cli/test_program.py).
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

from tests.source_tree import ROOT

IMPORTED: Final = ("cli", "core", "demo", "log", "storage", "runtime", "source")
"""The rooms of ensue, but for the one that only tests use."""
EXTRAS: Final = ("ensue.runtime.ranges.on_dask", "ensue.cli.__main__")
"""Modules that are not imported beforehand: who uses them is to wait for them."""
STREAMS: Final = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY | os.O_CREAT), ("stderr", os.O_WRONLY | os.O_CREAT))


class Forking:
    """The process that programs are forked from, one after the other; a context manager."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
        command = [sys.executable, "-m", "tests.forking"]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, *arguments: str, cwd: Path, env: Mapping[str, str], input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run `python` in a folder and an environment, with `-m module …`, `-c code …` or `file.py …`, and wait for its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with TemporaryDirectory() as folder:
            Path(folder, "stdin").write_bytes(input)
            asked = {"arguments": arguments, "cwd": str(cwd), "env": dict(env), "streams": folder}
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            said = [Path(folder, name).read_bytes() for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess(arguments, code, *said)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.communicate()


# ---- in the other process ------------------------------------------------------------------------------------------
def serve() -> None:
    """Fork for every line of stdin, and answer with the exit code; what the fork runs ends as a program that was started does."""
    path = sys.path[1 + len(os.environ["PYTHONPATH"].split(os.pathsep)) :]
    import_all()
    gc.freeze()  # else each fork, at its end, would search all of it for cycles
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            become(json.loads(line), path)
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201  # it is the answer


def import_all() -> None:
    """Import what a command may need."""
    importlib.import_module("alembic.command")
    for room in IMPORTED:
        package = importlib.import_module(f"ensue.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in found.name and found.name not in EXTRAS:
                importlib.import_module(found.name)


def become(asked: dict[str, Any], path: list[str]) -> None:
    """Run what was asked as the program of this process. *path* is where an interpreter looks by itself."""
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    for number, (name, flags) in enumerate(STREAMS):
        os.dup2(os.open(Path(asked["streams"], name), flags), number)
        setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115  # until the end
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
    sys.path[:] = [asked["cwd"], *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)), *path]
    if asked["arguments"][0] == "-m":
        _, module, *rest = asked["arguments"]
        sys.argv = [module, *rest]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    elif asked["arguments"][0] == "-c":
        _, code, *rest = asked["arguments"]
        sys.argv = ["-c", *rest]
        exec(compile(code, "<string>", "exec"), vars(sys.modules["__main__"]))
    else:
        sys.argv = asked["arguments"]
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    serve()
