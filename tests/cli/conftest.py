"""What tests of the command line ask for: a command run in this process or as a program of its own, and a shop to run it on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ensue.cli.exit_codes import ExitCode
from ensue.cli.program import run as run_command
from tests.forking import Forking
from tests.source_tree import ROOT

SHOP = "tests.cli.shop:shop"
OURS = ("ENSUE_ACTOR", "ENSUE_APP", "ENSUE_DATABASE", "ENSUE_DEVELOPMENT", "ENSUE_TAG_KEYS", "COLUMNS", "FORCE_COLOR", "NO_COLOR")


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it said."""

    code: int
    stdout: str
    stderr: str

    @property
    def complaint(self) -> str:
        """What it said on stderr, wherever the lines were broken."""
        return " ".join(self.stderr.split())

    @property
    def envelope(self) -> dict[str, Any]:
        """The one JSON envelope that stdout must be."""
        found: dict[str, Any] = json.loads(self.stdout)
        assert list(found) == ["ok", "data", "error", "ensue"]
        assert found["ok"] is (found["error"] is None) is (self.code == 0)
        return found

    @property
    def data(self) -> Any:
        """The data of a command that went well."""
        assert self.code == 0, self.stdout + self.stderr
        return self.envelope["data"]

    @property
    def error(self) -> dict[str, Any]:
        """The error of a command that did not."""
        error: dict[str, Any] = self.envelope["error"]
        assert isinstance(error["code"], str)
        assert isinstance(error["message"], str)
        return error


Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def quiet_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests reaches a command, and no command changes the path of the others."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """A command in this process: quick, and all but the interpreter's start and end."""

    def run_in_process(*arguments: str) -> Result:
        capfd.readouterr()
        code = run_command(arguments)
        sys.stdout.flush()
        captured = capfd.readouterr()
        return Result(code, captured.out, captured.err)

    return run_in_process


@pytest.fixture(scope="session")
def surroundings() -> dict[str, str]:
    """The environment of a program of its own: this checkout, and UTF-8."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))), "PYTHONUTF8": "1"}


@pytest.fixture
def program(forking: Forking, tmp_path: Path, surroundings: dict[str, str]) -> Run:
    """The program in a process of its own and in an empty folder, spared the import of ensue."""

    def run_program(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, input: bytes = b"") -> Result:
        done = forking.run("-m", "ensue.cli", *arguments, cwd=cwd or tmp_path, env={**surroundings, **(env or {})}, input=input)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run_program


@pytest.fixture
def started_program(tmp_path: Path, surroundings: dict[str, str]) -> Run:
    """The program itself, started in an empty folder."""

    def run_program(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
        command = [sys.executable, "-m", "ensue.cli", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env={**surroundings, **(env or {})}, capture_output=True, timeout=60, check=False)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run_program


@pytest.fixture(scope="session")
def demo_folder(forking: Forking, surroundings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo has run."""
    folder = tmp_path_factory.mktemp("demo")
    done = forking.run("-m", "ensue.cli", "demo", cwd=folder, env=surroundings)
    assert done.returncode == ExitCode.DONE, done.stderr.decode()
    return folder


@pytest.fixture
def after_demo(demo_folder: Path, tmp_path: Path) -> Path:
    """The folder of the test, in which the demo has run."""
    return shutil.copytree(demo_folder, tmp_path, dirs_exist_ok=True)


# ---- shops ---------------------------------------------------------------------------------------------------------
MakeShop = Callable[..., Path]
"""Makes a folder with a shop that was submitted to: one tuple of arguments for each time."""


@pytest.fixture(scope="session")
def make_shop(forking: Forking, surroundings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> MakeShop:
    """A shop with one account, `a-1`, of Ada, who has 100, and what a module adds to it; copied for every test."""

    def make(*submitted: tuple[str, ...]) -> Path:
        folder = tmp_path_factory.mktemp("shop")
        opening = ("account.open", "-f", "account_id=a-1", "-f", "owner=Ada", "-f", "balance=100")
        for command in (("db", "migrate"), *(("submit", *one, "--actor", "clerk") for one in (opening, *submitted))):
            where = ("--app", SHOP, "--database", f"sqlite:///{folder / 'ledger.db'}")
            done = forking.run("-m", "ensue.cli", *command, *where, cwd=folder, env=surroundings)
            assert done.returncode in (ExitCode.DONE, ExitCode.REFUSED), done.stderr.decode()
        return folder

    return make


@pytest.fixture(scope="session")
def opened_shop(make_shop: MakeShop) -> Path:
    return make_shop()


@pytest.fixture
def where(sqlite_url: str) -> tuple[str, ...]:
    """The options that name the shop and a database that is not there yet."""
    return ("--app", SHOP, "--database", sqlite_url)


@pytest.fixture
def open_shop(opened_shop: Path, where: tuple[str, ...], tmp_path: Path) -> tuple[str, ...]:
    """The options of a shop with one account, `a-1`, of Ada, who has 100."""
    shutil.copytree(opened_shop, tmp_path, dirs_exist_ok=True)
    return where
