"""Deprecation: a version that goes away is named in the program's log, once a process, so that its callers can be found."""

from __future__ import annotations

from datetime import date
from typing import Final

import structlog

from ensue.core.app import App
from ensue.core.version import Version

logger = structlog.get_logger("ensue.versions")
_told: Final[set[tuple[str, Version]]] = set()


def warn_once(app: App, version: Version, today: date) -> None:
    """Log that events still come under a deprecated *version* of *app*, the first time they do."""
    entry = app.entry(version)
    if entry is None or entry.deprecated is None or today < entry.deprecated or (app.name, version) in _told:
        return
    _told.add((app.name, version))
    retired = None if entry.retired is None else entry.retired.isoformat()
    logger.warning("deprecated version", app=app.name, version=str(version), deprecated=entry.deprecated.isoformat(), retired=retired)
