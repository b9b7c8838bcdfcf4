"""The public API as type checkers see it: mypy --strict and pyright accept what is right and refuse exactly the marked lines."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.source_tree import ROOT

HERE = Path(__file__).parent
SHARED = ROOT.parent / "shared" / "examples"
FILES = (*(HERE / name for name in ("accepted.py", "refused.py")), *sorted(SHARED.glob("[!a]*.py")))  # without the sketch of the API
APPLICATIONS = ("transfer.py", "booking.py", "laboratory.py", "consent.py", "history.py")
MARK = re.compile(r"#\s*E(13)?\b")

Refused = dict[str, set[int]]
"""Refused lines by the name of the file."""


@cache
def refused_by_mypy(target: str) -> Refused:
    """What mypy --strict refuses. The package is followed as an installed one is: what it says of ensue itself is not the user's."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent", "--python-version", target]
    command += ["--cache-dir", str(ROOT / ".mypy_cache" / "public"), "--no-error-summary", *map(str, FILES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE, env={**os.environ, "MYPYPATH": str(ROOT / "src")})
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = [re.match(r"(.+?):(\d+): error: ", line) for line in done.stdout.splitlines()]
    return by_file((one[1], int(one[2])) for one in found if one)


@cache
def refused_by_pyright(target: str) -> Refused:
    """What pyright refuses, as it comes. The files are copied to where a user's own configuration stands."""
    with TemporaryDirectory() as folder:
        for file in FILES:
            shutil.copy(file, folder)
        settings = {"extraPaths": [str(ROOT / "src")], "pythonVersion": target}
        Path(folder, "pyrightconfig.json").write_text(json.dumps(settings))
        command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "--project", folder]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
        )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer["summary"]["filesAnalyzed"] == len(FILES)
    return by_file((one["file"], one["range"]["start"]["line"] + 1) for one in answer["generalDiagnostics"] if one["severity"] == "error")


def by_file(refused: Iterable[tuple[str, int]]) -> Refused:
    lines: Refused = {}
    for file, line in refused:
        lines.setdefault(Path(file).name, set()).add(line)
    return lines


def marked_lines(file: Path, target: str) -> set[int]:
    """The lines of *file* that must be refused when the program is for Python *target*."""
    marks = {number: MARK.search(line) for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)}
    return {number for number, mark in marks.items() if mark and (mark[1] is None or target == "3.13")}


checkers = pytest.mark.parametrize("refused_by", [refused_by_mypy, refused_by_pyright])
targets = pytest.mark.parametrize("target", ["3.11", "3.13"])
with_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="The example applications are not beside this repository (../shared/examples)."
)


@checkers
@targets
def test_an_application_that_uses_all_of_the_api_is_accepted_with_the_types_it_asserts(
    refused_by: Callable[[str], Refused], target: str
) -> None:
    refused = refused_by(target)

    assert "accepted.py" not in refused, refused["accepted.py"]


def test_what_type_checkers_accept_the_program_accepts_too() -> None:
    application = runpy.run_path(str(HERE / "accepted.py"))

    application["library"].check()


@checkers
@targets
def test_exactly_the_marked_lines_are_refused(refused_by: Callable[[str], Refused], target: str) -> None:
    refused = refused_by(target)

    assert refused["refused.py"] == marked_lines(HERE / "refused.py", target)


@with_shared
@checkers
@targets
def test_the_example_applications_are_accepted(refused_by: Callable[[str], Refused], target: str) -> None:
    refused = refused_by(target)

    assert {name: refused[name] for name in APPLICATIONS if name in refused} == {}


@with_shared
@checkers
@targets
def test_exactly_the_marked_lines_of_the_negative_example_are_refused(refused_by: Callable[[str], Refused], target: str) -> None:
    refused = refused_by(target)

    assert refused["negative.py"] == marked_lines(SHARED / "negative.py", target)
