"""Helpers in another file than the step that calls them."""

from __future__ import annotations

import time

REMEMBERED: list[str] = []


def remember(text: str) -> None:
    """Leaves something behind."""
    REMEMBERED.append(text)


def counted() -> int:
    """Pure."""
    return 1


def clock() -> float:
    """Reads the clock."""
    return time.time()
