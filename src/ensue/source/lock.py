"""
Lock: `versions.lock`, what was published of an application, committed beside its code.

    {
      "accepted": [{"edits": [...], "on": "2026-11-27", "reason": "..."}],
      "app": "clinic",
      "events": {"medication.request": {
        "shapes":   {"Prescribe": {"since", "form", "state", "text", "up", "down", "lossy"}},
        "steps":    {"2018-07-30 write_prescription": {"origin", "shape", "operations", "effects", "rejects", "text", "code", "parts"}},
        "versions": {"2018-07-30": {"shape": "Prescribe", "steps": ["2018-07-30 write_prescription"]}}
      }},
      "format": 1,
      "models":   {"Patient": {"shapes": {"Patient": {"since", "row", "text", "up", "down"}}, "of": [], "subject": true, "unique": []}},
      "schemas":  {"effect push.send": {...}, "rejection medication.allergic": {...}},
      "versions": {"2018-07-30": {"fingerprint": "3f0c5ad27a11", "text": "First version."}}
    }

`form`, `row` and `schemas` are JSON Schemas; `code`, `up` and `down` are hashes (source/code.py), `parts` the hash of
each thing that a step reaches. An event type stands under a date only where that date changed it. Sorted and indented,
so that a diff of it reads as what was published. It only grows; `ensue versions accept-edit` says why it did not. Whoever
changes how schemas or hashes are made gives it a new format: published locks are compared with what is made now.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from ensue.core.app import App
from ensue.core.version import Version
from ensue.errors import ConfigurationError, VersionError
from ensue.source.files import file_of, home_of

NAME: Final = "versions.lock"
FORMAT: Final = 1
_PROJECT: Final = ("pyproject.toml", ".git")

Section = dict[str, Any]


@dataclass(frozen=True)
class Lock:
    """What was published of one application; or, as `inventory` gives it, all there is to publish."""

    app: str
    versions: Section = field(default_factory=dict)
    events: Section = field(default_factory=dict)
    models: Section = field(default_factory=dict)
    schemas: Section = field(default_factory=dict)
    accepted: list[Any] = field(default_factory=list)

    @property
    def published(self) -> frozenset[Version]:
        """The versions it names."""
        return frozenset(Version.parse(one) for one in self.versions)

    def text(self) -> str:
        """The file's text."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_lock(path: Path) -> Lock:
    """
    The lock in a file.

    Raises:
        ConfigurationError: it cannot be read, is of a newer format, or is no lock.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ConfigurationError(f"{path} has the format {found['format']}, and this release of ensue reads {FORMAT}; use a newer one.")
        lock = Lock(**{name: one for name, one in found.items() if name != "format"})
        _ = lock.published
    except (OSError, ValueError, TypeError, KeyError, VersionError) as error:
        raise ConfigurationError(
            f"{path} cannot be read as a lock: {error}. Restore it from version control; it is never edited by hand."
        ) from None
    return lock


def write_lock(path: Path, lock: Lock) -> None:
    """Put *lock* in the place of the file, whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(lock.text(), encoding="utf-8")
    beside.replace(path)


# ---- where it is ---------------------------------------------------------------------------------------------------
def find_lock(app: App) -> Path | None:
    """
    The lock of *app*: beside the module where its steps are written, or in a folder above, up to the project's.

    The project's folder is the nearest with a pyproject.toml or .git; where there is none, the search ends beside the
    package. A lock of an application with another name is passed over.

    Raises:
        ConfigurationError: a lock there cannot be read.
    """
    for module in _modules(app):
        for folder in _folders(module):
            path = folder / NAME
            if path.is_file() and read_lock(path).app == app.name:
                return path
    return None


def place_for_lock(app: App) -> Path:
    """
    Where the first publish puts the lock: into the package of the steps, so that it ships with it; or beside the module.

    Raises:
        ConfigurationError: no step is written in a file.
    """
    for module in _modules(app):
        home = file_of(home_of(module)) or file_of(module)
        if home is not None:
            return Path(home).resolve().parent / NAME
    raise ConfigurationError(f"{app.name} has no step in a file, so that nothing can be published. Put the steps into a module.")


def _modules(app: App) -> list[str]:
    """The modules in which steps are written, in the order in which they came."""
    steps = sorted((step for type_ in app.types() for step in app.steps(type_)), key=lambda one: one.order)
    return list(dict.fromkeys(one.module for one in steps))


def _folders(module: str) -> list[Path]:
    """The folders a lock of *module* may stand in, the nearest first."""
    file = file_of(module)
    if file is None:
        return []
    start = Path(file).resolve().parent
    above = [start, *start.parents]
    for place, folder in enumerate(above):
        if any((folder / one).exists() for one in _PROJECT):
            return above[: place + 1]
    home = file_of(home_of(module))
    packages = [folder for folder in above if home is not None and folder.is_relative_to(Path(home).resolve().parent)]
    return packages or [start]
