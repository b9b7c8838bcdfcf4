"""What `ensue replay` and `ensue compare` have in common: which records, from where, by how many processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ensue.cli.application import Where, check_file, find_project, load_app, opened, resolve
from ensue.cli.selection import check_types
from ensue.cli.show import find_record
from ensue.cli.text import is_uuid
from ensue.core.selection import Selection
from ensue.errors import RequestError

if TYPE_CHECKING:
    from ensue import App, Ledger, Record
    from ensue.runtime.ranges.source import Place

EventArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[EVENT]", help="One event, by id or position; or the path of an exported file. Default: every event.", show_default=False
    ),
]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", metavar="PATH", help="Take the events from what `ensue export events` wrote, a file or a folder; no database."),
]
JobsOption = Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="Share the work among so many processes.")]
DaskOption = Annotated[bool, typer.Option("--dask", help="Share a folder's files out with Dask, on the scheduler configured there.")]


@dataclass(frozen=True)
class Chosen:
    """Which events: those at *place* that *selection* takes, or the one that *event* names."""

    app: App
    place: Place | None
    selection: Selection
    event: str | None

    def check_found(self, count: int) -> None:
        """Where none was found, a type may have been mistyped. Raises UnknownEventType."""
        check_types(self.app, self.selection, count)


@contextmanager
def chosen(where: Where, event: str | None, file: Path | None, selection: Selection, *, dask: bool) -> Iterator[Chosen]:
    """
    What the options say, with the application imported. What it prints meanwhile goes to stderr.

    Raises:
        RequestError: options that do not go together.
        ConfigurationError, DefinitionError, NotMigrated: as of every command.
    """
    if event is not None and file is None and not (is_uuid(event) or event.removeprefix("#").isdecimal()):
        file, event = Path(event), None
        if not file.exists():
            raise RequestError(f"{file} is neither an event, by its whole id or its position, nor a file that is there.")
    if event is not None and (file is not None or selection != Selection()):
        raise RequestError("One EVENT is decided by itself: leave out --file, --from, --to, --type and --subject.")
    if dask and (file is None or not file.is_dir()):
        raise RequestError("--dask shares out the files of a folder: say --file with what `ensue export events --partitions N` wrote.")
    with redirect_stdout(sys.stderr):
        from ensue.runtime.ranges.source import DatabasePlace, FilesPlace  # with all that a database needs

        if event is not None:
            yield Chosen(load_app(where.app, find_project(Path.cwd())), None, selection, event)
        elif file is not None:
            yield Chosen(load_app(where.app, find_project(Path.cwd())), FilesPlace(file), selection, None)
        else:
            app, database, name = resolve(where)
            check_file(database, name)
            yield Chosen(app, DatabasePlace(database, name), selection, None)


@contextmanager
def one_record(where: Where, event: str, actor: str | None, purpose: str | None) -> Iterator[tuple[Ledger, Record]]:
    """The record that *event* names, in its ledger; the look is on record. Raises NothingThere."""
    with opened(where) as ledger:
        yield ledger, find_record(ledger, event, actor, purpose)
