"""The tests of another project: modules in a folder of their own, run by a pytest that knows no plugin but ensue's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.source_tree import ROOT


def run_pytest(folder: Path, *arguments: str, path: tuple[Path, ...] = ()) -> str:
    """What pytest says of the modules in *folder*, which find ensue, these tests and what lies in *path*."""
    # The plugin by its module, since an entry point is there only where ensue is installed; the other plugins of this
    # environment, which the tests of another project do not have, would take three times as long to load as all else.
    command = [sys.executable, "-m", "pytest", "-p", "ensue.testing.plugin", "-p", "no:cacheprovider", "-W", "error", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    found = os.pathsep.join(map(str, (ROOT / "src", ROOT, *path)))
    done = subprocess.run(
        [*command, "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env={**kept, "PYTHONPATH": found, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout + done.stderr
