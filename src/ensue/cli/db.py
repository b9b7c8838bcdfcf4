"""`ensue db`: the ledger's tables. Made or brought to this release, and what state they are in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli.application import Where, check_file, check_folder, resolve
from ensue.cli.exit_codes import ExitCode
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption
from ensue.cli.output import Answer
from ensue.cli.text import count_text, print_fields, print_hanging, printable, styled
from ensue.errors import NotMigrated

if TYPE_CHECKING:
    from rich.console import Console

    from ensue.storage.database import Storage

program = typer.Typer(help="Make the ledger's tables, or see what state they are in.", no_args_is_help=True, rich_markup_mode=None)


@contextmanager
def reached(where: Where) -> Iterator[Storage]:
    """The database below a ledger, whatever is in it yet."""
    with redirect_stdout(sys.stderr):
        from ensue.storage.database import Storage

        app, database, name = resolve(where)
        check_folder(database)
        storage = Storage(app, database, name=name)
        try:
            yield storage
        finally:
            storage.close()


@program.command()
def migrate(
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Make the ledger's tables, or bring them to date.

    All or nothing. Models' tables that are missing are made as well; columns of those that are there are yours to migrate.
    """
    with reached(Where(app, database, ledger)) as storage:
        from ensue.storage.migrate import RELEASE
        from ensue.storage.migrate import migrate as run_migrations

        before = release_of(storage)
        applied: list[str] = []
        if before is not None:
            with storage.reader() as connection:
                applied = run_migrations(connection)
        storage.prepare(create=True)
        address = address_of(storage)

    def show(console: Console) -> None:
        said = "The tables were made" if before is None else f"Migrated from release {before}" if applied else "Nothing to do"
        print_hanging(console, Text(), Text(f"{said}: {printable(address)} is at release {RELEASE}."))

    return Answer({"database": address, "before": before, "release": RELEASE, "applied": applied}, show)


@program.command()
def status(
    check: Annotated[bool, typer.Option("--check", help="End with 4 where the database is not ready.")] = False,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Say what state the ledger's tables are in.

    Their release, whether this program can work with them, and how many events there are. Nothing is made by asking.
    """
    where = Where(app, database, ledger)
    data = status_of(where)
    error = {"code": "not_migrated", "message": data["message"]} if check and not data["ready"] else None
    exit_code = ExitCode.DATABASE if error else ExitCode.DONE
    return Answer(data, lambda console: print_status(console, data), exit_code, error)


def status_of(where: Where) -> dict[str, Any]:
    """What there is, and what is missing; nothing is made by asking."""
    with redirect_stdout(sys.stderr):
        from ensue.storage.migrate import RELEASE

        _, url, name = resolve(where)
    data = {"database": url, "release": None, "program": RELEASE, "ready": False, "ledger": None, "events": None, "message": None}
    try:
        check_file(url, name)
    except NotMigrated as absent:
        return {**data, "message": str(absent)}
    with reached(where) as storage:
        data |= {"database": address_of(storage), "release": release_of(storage)}
        try:
            storage.prepare(create=False)
        except NotMigrated as missing:
            return {**data, "message": str(missing)}
        from ensue.storage.read import size

        with storage.reader() as connection:
            return {**data, "ready": True, "events": size(connection), "ledger": storage.uid}


def release_of(storage: Storage) -> str | None:
    """The migration that the ledger's tables stand at; None where there are none."""
    from ensue.storage.migrate import present_release

    with storage.reader() as connection:
        return present_release(connection)


def address_of(storage: Storage) -> str:
    """The database's address without its password."""
    return storage.url.render_as_string(hide_password=True)


def print_status(console: Console, data: dict[str, Any]) -> None:
    """The state of a database, and what to do about it."""
    ready = data["ready"]
    sign = styled("✓ ", "bold green") if ready else styled("✗ ", "bold yellow")
    print_hanging(console, sign, Text("Ready." if ready else printable(data["message"])))
    fields = {
        "database": data["database"],
        "tables": f"release {data['release']}" if data["release"] else "none yet",
        "program": f"release {data['program']}",
        "ledger": data["ledger"],
        "events": None if data["events"] is None else count_text(data["events"], "event"),
    }
    print_fields(console, {name: value for name, value in fields.items() if value is not None}, 2)
