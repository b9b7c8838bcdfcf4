"""A small project on disk, imported as an application's own code is, and forgotten afterwards."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

Project = Callable[..., ModuleType]
"""Writes files (`helpers="…"` is helpers.py) and imports the one called `rules`, afresh every time."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)

    def forget() -> None:
        for name in set(sys.modules) - before:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
                del sys.modules[name]

    def write(**files: str) -> ModuleType:
        forget()
        for name, text in files.items():
            path = (tmp_path / name.replace("__", "/")).with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module("rules")

    yield write
    forget()
