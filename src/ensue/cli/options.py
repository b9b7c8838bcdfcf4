"""Options that several commands share, so that one word means one thing everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

AppOption = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="MODULE:NAME",
        help="The application, such as clinic:app. Default: ENSUE_APP, then [tool.ensue] app in pyproject.toml.",
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="sqlite:///clinic.db or postgresql://user@host/clinic. Default: ENSUE_DATABASE, then [tool.ensue] database in pyproject.toml.",
    ),
]
LedgerOption = Annotated[
    str | None, typer.Option("--ledger", metavar="NAME", help="The ledger, where the database holds many, one a tenant.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON envelope, and nothing else, on stdout.")]
"""Listed with every command; its value is read by `program.run`, which must know it before anything can go wrong."""

ReaderOption = Annotated[str | None, typer.Option("--actor", envvar="ENSUE_ACTOR", metavar="ID", help="Who looks; reads are on record.")]
ReadPurposeOption = Annotated[str | None, typer.Option("--purpose", metavar="TEXT", help="Why; reads are on record.")]
