"""What is installed is whole: the wheel carries every file of the package, typed, with its command and its licence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.source_tree import ROOT, SOURCE, repository_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder], cwd=ROOT, check=True)
    return ZipFile(next(Path(folder).glob("ensue-*.whl")))


def test_the_wheel_carries_every_file_of_the_package(wheel: ZipFile) -> None:
    files = {str(path.relative_to(SOURCE.parent)) for path in repository_files(SOURCE)}

    assert {name for name in wheel.namelist() if name.startswith("ensue/")} == files
    assert "ensue/py.typed" in files


def test_the_wheel_installs_the_command_and_the_testing_tools(wheel: ZipFile) -> None:
    entry_points = wheel.read(next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))).decode()

    assert "ensue = ensue.cli:main" in entry_points
    assert "ensue = ensue.testing.plugin" in entry_points


def test_the_wheel_carries_its_licence(wheel: ZipFile) -> None:
    assert [name for name in wheel.namelist() if name.endswith("licenses/LICENSE")]
