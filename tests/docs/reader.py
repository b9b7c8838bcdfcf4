"""
A reader who does what a page says, from top to bottom, in an empty folder.

A Python block whose first line names a file is saved there; every other one is run, all of a page in one module. A
console block is run line by line. A `text` block right behind one that ran is what it prints, where `…` stands for anything.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Final

from ensue import Ledger
from tests.docs.blocks import Block, blocks_of
from tests.forking import Forking
from tests.source_tree import ROOT

COMMAND_SECONDS_MAX: Final = 60
PLAIN: Final = re.compile(r"python (-m ensue\.cli|\w+\.py)\b[^|<>&;$*]*$")
"""A program of ensue or of the page, for which no shell is needed."""
PYTEST: Final = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "ensue.testing.plugin"}


def do_what_it_says(page: Path, folder: Path, forking: Forking) -> None:
    """Raises AssertionError where a block does not do, or does not print, what the page says."""
    blocks = blocks_of(page)
    with _module(page.stem, folder) as module:
        for block, behind in pairwise([*blocks, Block("", "", 0)]):
            expected = behind.text if behind.language == "text" else None
            where = f"{page.name}:{block.line}"
            if block.file is not None:
                _save(block, folder)
            elif block.language == "python":
                _agree(where, expected, _run_python(block, page, module))
            elif block.language == "console":
                _run_console(where, block, folder, forking)


def _save(block: Block, folder: Path) -> None:
    assert block.file is not None, "only files are saved"
    file = folder / block.file
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a" if block.continues else "w", encoding="utf-8") as opened:
        opened.write(("\n\n" if block.continues else "") + block.text)


@contextlib.contextmanager
def _module(name: str, folder: Path) -> Iterator[ModuleType]:
    """A module for a page's code, in *folder*. Afterwards all is as before, and what the page left open is closed."""
    module = ModuleType(f"page_{name.replace('-', '_').lower()}")
    before, environment, path = set(sys.modules), dict(os.environ), list(sys.path)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(folder))
    try:
        with contextlib.chdir(folder):
            yield module
    finally:
        for left in [one for one in vars(module).values() if isinstance(one, Ledger)]:
            left.close()
        sys.path[:] = path
        os.environ.clear()
        os.environ.update(environment)
        for added in set(sys.modules) - before:
            if str(folder) in (getattr(sys.modules[added], "__file__", None) or "") or sys.modules[added] is module:
                del sys.modules[added]


def _run_python(block: Block, page: Path, module: ModuleType) -> str:
    # Empty lines above it, so that a traceback shows the lines of the page.
    code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, vars(module))
    return printed.getvalue()


def _run_console(where: str, block: Block, folder: Path, forking: Forking) -> None:
    """Run each command; what stands below it, up to the next, is its output. What follows two blanks and a # is a remark."""
    for command, output in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        plain = command.partition("  #")[0].strip()
        if plain.startswith("make "):  # of the repository, not of the reader's folder: that it is there is enough
            subprocess.run([*plain.split(), "--dry-run"], cwd=ROOT, check=True, capture_output=True, timeout=COMMAND_SECONDS_MAX)
            continue
        found = re.sub(r"^ensue\b", "python -m ensue.cli", plain)  # a checkout that is tested need not be installed
        code, said = _run(found, folder, forking)
        if output.strip() == "…":
            assert code == 0, f"{where}: {plain} ended with {code}\n{said}"
        elif output.strip():
            _agree(f"{where}: {plain}", output, said)
        else:
            assert code == 0, f"{where}: {plain} ended with {code}\n{said}"


def _run(command: str, folder: Path, forking: Forking) -> tuple[int, str]:
    """The exit code of a command and all that it says."""
    if PLAIN.match(command):
        ran = forking.run(*shlex.split(command)[1:], cwd=folder, env=_environment())
    else:
        ran = subprocess.run(
            command, shell=True, cwd=folder, env=_environment(), capture_output=True, timeout=COMMAND_SECONDS_MAX, check=False
        )
    return ran.returncode, (ran.stdout + ran.stderr).decode()


def _environment() -> dict[str, str]:
    """The programs of this Python first, no settings that only this machine has, and no plugins that pytest need not load."""
    programs = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ENSUE_", "PYTEST_", "COVERAGE_"))}
    return kept | {"PATH": programs, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "140", "NO_COLOR": "1", **PYTEST}


def _agree(where: str, expected: str | None, printed: str) -> None:
    if expected is None:
        assert not printed, f"{where} prints what the page does not show:\n{printed}"
        return
    pattern = re.escape(_plain(expected)).replace("…", "(?:.|\n)*?")
    assert re.fullmatch(pattern, _plain(printed)), f"{where} prints\n\n{printed}\nand the page says\n\n{expected}"


def _plain(text: str) -> str:
    """Without blanks at the ends of lines, nor empty lines at either end."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
