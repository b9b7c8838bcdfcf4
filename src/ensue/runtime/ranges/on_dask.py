"""
Dask: a job over a folder of exported files, each a task, on whatever scheduler Dask is configured with. The home of Dask.

Without a configuration or a cluster it runs in processes of this machine.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from ensue.core.app import App
from ensue.errors import ConfigurationError, EnsueError, WorkerFailed
from ensue.runtime.ranges.child import hello_of
from ensue.runtime.ranges.job import Job, do_part
from ensue.runtime.ranges.messages import Hello
from ensue.runtime.ranges.source import Part, Place
from ensue.runtime.ranges.worker import imported


def library() -> Any:
    """Dask. Raises ConfigurationError where it is not installed."""
    try:
        import_module("dask.base")
        return import_module("dask")
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"This needs {error.name}, which is not installed; install ensue[dask].") from None


def do_on_dask(app: App, place: Place, job: Job, parts: Sequence[Part], report: Any) -> None:
    """
    Have all *parts* done by Dask, and merge what they report into *report*.

    Raises:
        WorkerFailed: a task failed.
        ConfigurationError: Dask is not installed.
    """
    dask = library()
    hello = hello_of(app)
    task = dask.delayed(do_one, pure=False)
    scheduler = dask.base.get_scheduler() or "processes"
    try:
        found = dask.compute(*(task(hello, place, job, part) for part in parts), scheduler=scheduler)
    except EnsueError:
        raise
    except Exception as error:
        raise WorkerFailed(f"A task on Dask failed: {type(error).__name__}: {error}") from error
    for one in found:
        report.merge(one)


def do_one(hello: Hello, place: Place, job: Job, part: Part) -> Any:
    """One task: import the application, open the files, and do one of them."""
    path = [*sys.path]
    try:
        app = imported(hello)
        source = place.open(app)
        try:
            return do_part(job, source, part)
        finally:
            job.close()
            source.close()
    finally:
        sys.path[:] = path
