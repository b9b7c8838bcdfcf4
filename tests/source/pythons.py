"""Other releases of Python, to run a file of ours alone: what is hashed must be the same under each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

RELEASES = ("3.11", "3.12", "3.13", "3.14")


def run_by(release: str, *arguments: str) -> str:
    """What that release of Python prints; the test is skipped where there is none."""
    own = ".".join(map(str, sys.version_info[:2])) == release
    python = sys.executable if own else shutil.which(f"python{release}")
    if python is None:
        pytest.skip(f"There is no python{release} on this machine.")
    # Where pyenv manages many Pythons, this is how the one that is meant is called; elsewhere nobody reads it.
    environment = os.environ if own else {**os.environ, "PYENV_VERSION": release}
    ran = subprocess.run([python, *arguments], capture_output=True, text=True, env=environment, check=False)
    if "pyenv:" in ran.stderr:
        pytest.skip(f"The python{release} on this machine is not installed.")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
