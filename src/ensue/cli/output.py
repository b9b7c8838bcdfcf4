"""
Output: what a command has to say, as one JSON envelope for programs or as text for people.

    {"ok": true, "data": …, "error": null, "ensue": "0.1.0"}
    {"ok": false, "data": null, "error": {"code": "rejected", "message": "…", "reasons": […]}, "ensue": "0.1.0"}

Answers go to stdout, failures, messages and progress to stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from ensue.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Answer:
    """
    What a command found: *data* for programs, and *show*, which tells it to people.

    An answer may be bad news: then *error* says what, and *exit_code* is not 0.
    """

    data: Any  # JSON: what json.dumps writes
    show: Callable[[Console], None]
    exit_code: ExitCode = ExitCode.DONE
    error: dict[str, Any] | None = None


def release() -> str:
    """The release of ensue that is installed; `unreleased` where it runs from its source alone."""
    try:
        return version("ensue")
    except PackageNotFoundError:
        return "unreleased"


def print_envelope(data: Any, error: dict[str, Any] | None) -> None:
    """The envelope on stdout: one line, or indented where a person is looking."""
    envelope = {"ok": error is None, "data": data, "error": error, "ensue": release()}
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print_line(json.dumps(envelope, ensure_ascii=ascii_only, indent=2 if sys.stdout.isatty() else None))


def print_line(line: str) -> None:
    """One line on stdout, at once: a closed pipe is noticed here, not when the interpreter ends."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
