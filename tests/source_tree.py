"""The files of this repository, as the tests about the code itself read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "ensue"

# Made here, never committed; folders that begin with a dot are passed over as well, all but these.
MADE = {"__pycache__", "build", "dist", "node_modules"}
DOTTED = {".ci", ".gitignore"}


def repository_files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file that belongs to the repository. Asks the disk, not git, so that it also holds in an unpacked archive."""
    for path in sorted(folder.iterdir()):
        if path.name in MADE or path.suffix in {".egg-info", ".db"} or (path.name.startswith(".") and path.name not in DOTTED):
            continue
        if path.is_dir():
            yield from repository_files(path)
        else:
            yield path


def python_files(folder: Path) -> Iterator[Path]:
    """Every Python file below *folder*; none where the folder does not exist."""
    if folder.is_dir():
        yield from (path for path in repository_files(folder) if path.suffix == ".py")
