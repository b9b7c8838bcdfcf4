"""`ensue catalog`: what the application can do. Each event type at each date, what causes what, and in every format."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ensue.cli.application import Where, find_project, load_app, opened
from ensue.cli.exit_codes import ExitCode
from ensue.cli.options import AppOption, JsonOption, LedgerOption
from ensue.cli.output import Answer
from ensue.cli.text import count_text, print_hanging, printable, styled
from ensue.errors import RequestError

if TYPE_CHECKING:
    from rich.console import Console

    from ensue.core.catalog import Catalog

EXAMPLES = """\b
Examples
  ensue catalog show medication.request
  ensue catalog show medication.request@2018-07-30 --database sqlite:///clinic.db
  ensue catalog causes push.send
  ensue catalog diff 2018-07-30 2019-05-01 --fail-on breaking
  ensue catalog export --format html --out catalog.html
"""

program = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Say what the application can do.", epilog=EXAMPLES)

SeenOption = Annotated[
    str | None, typer.Option("--database", metavar="URL", help="Also say how often each was seen in this ledger. Only where it is given.")
]
FailOption = Annotated[
    str | None,
    typer.Option("--fail-on", metavar="CLASS", help="End with 1 where a change is of this class or graver."),
]


@program.callback()
def group() -> None:
    """Say what the application can do."""


def catalog_from(app: str | None, database: str | None = None, ledger: str | None = None) -> Catalog:
    """The application's catalog; with what was seen where a *database* is named."""
    if database is not None:
        with opened(Where(app, database, ledger)) as opened_ledger:
            return opened_ledger.catalog()
    with redirect_stdout(sys.stderr):
        return load_app(app, find_project(Path.cwd())).catalog()


@program.command("list")
def list_types(app: AppOption = None, database: SeenOption = None, ledger: LedgerOption = None, _json: JsonOption = False) -> Answer:
    """
    List the event types.

    Each with the dates at which it changed, and what it is for.
    """
    from ensue.cli.catalog_text import print_types
    from ensue.source.catalog.seen import count_of

    catalog = catalog_from(app, database, ledger)
    data = [
        {
            "type": one.type,
            "dates": [entry.since for entry in one.entries],
            "ended": one.ended,
            "purpose": one.entries[-1].purpose,
            "seen": count_of(catalog.seen, one.type) if catalog.seen else None,
        }
        for one in catalog.events
    ]
    return Answer(data, lambda console: print_types(console, data))


@program.command()
def show(
    what: Annotated[str, typer.Argument(metavar="TYPE[@DATE]", help="An event type, now or at a date; or a kind of effect, or a model.")],
    app: AppOption = None,
    database: SeenOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Show an event type as it is at a date.

    Its steps, what may follow, rejections, form, state, callers and what changed. Also takes an effect's kind or a model's name.
    """
    from ensue.cli.catalog_text import print_card
    from ensue.source.catalog.card import effect_card, event_card, model_card
    from ensue.source.catalog.seen import seen_of

    catalog = catalog_from(app, database, ledger)
    name, _, date = what.partition("@")
    known = {one.type for one in catalog.events}
    effect = next((one for one in catalog.effects if name in (one.kind, one.name) and name not in known), None)
    if effect is not None:
        return Answer(asdict(effect), lambda console: print_card(console, effect_card(catalog, effect)))
    model = next((one for one in catalog.models if one.name == name), None)
    if model is not None:
        return Answer(asdict(model), lambda console: print_card(console, model_card(model)))
    entry = catalog.entry(name, date or None)
    data = asdict(entry) | {"seen": seen_of(catalog.seen, entry).as_json() if catalog.seen else None}
    return Answer(data, lambda console: print_card(console, event_card(catalog, entry)))


@program.command()
def causes(
    effect: Annotated[str, typer.Argument(metavar="EFFECT", help="An effect's kind, such as push.send, or its class.")],
    app: AppOption = None,
    database: SeenOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    List what may cause an effect.

    The event types, from which date to which, and by which steps.
    """
    from ensue.cli.catalog_text import print_uses
    from ensue.source.catalog.uses import causing

    found = causing(catalog_from(app, database, ledger), effect)
    return Answer([asdict(one) for one in found], lambda console: print_uses(console, f"{effect} may be caused by", found))


@program.command()
def writes(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name.")],
    app: AppOption = None,
    database: SeenOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    List what may write rows of a model.

    The event types, from which date to which, with the operation, and by which steps.
    """
    from ensue.cli.catalog_text import print_uses
    from ensue.source.catalog.uses import writing

    found = writing(catalog_from(app, database, ledger), model)
    return Answer([asdict(one) for one in found], lambda console: print_uses(console, f"{model} may be written by", found))


@program.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A date, or an exported catalog: old.json, or old.json@DATE.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The same.")],
    fail_on: FailOption = None,
    app: AppOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Say what changed between two dates, or two exported catalogs.

    Each change with its class: breaking, behaviour, additive or none.
    """
    from ensue.cli.catalog_text import print_differences
    from ensue.core.compatibility import CLASSES
    from ensue.source.catalog.diff import diff as find_differences

    if fail_on is not None and fail_on not in CLASSES[1:]:
        raise RequestError(f"--fail-on {fail_on}: expected one of {', '.join(CLASSES[1:])}.")
    (old, old_at), (new, new_at) = side_of(before, app), side_of(after, app)
    found = find_differences(old, new, before_at=old_at, after_at=new_at)
    data = [one.as_json() for one in found]

    def show_differences(console: Console) -> None:
        print_differences(console, before, after, found)

    grave = [one for one in found if fail_on and CLASSES.index(one.compatibility) >= CLASSES.index(fail_on)]
    if not grave:
        return Answer(data, show_differences)
    message = f"More changed than --fail-on allows: {', '.join(f'{one.name} ({one.compatibility})' for one in grave)}."
    return Answer(data, show_differences, ExitCode.REFUSED, {"code": "changed", "message": message})


def side_of(given: str, app: str | None) -> tuple[Catalog, str | None]:
    """A catalog and a date in it. Raises RequestError, VersionError."""
    import json

    from ensue.core.catalog import read_catalog

    path, _, date = given.partition("@")
    if not path.endswith(".json"):
        with redirect_stdout(sys.stderr):
            loaded = load_app(app, find_project(Path.cwd()))
        return loaded.catalog(), str(loaded.known_version(given))
    try:
        return read_catalog(json.loads(Path(path).read_text(encoding="utf-8"))), date or None
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror or error}. Make it with `ensue catalog export --out {path}`.") from None
    except ValueError as error:
        raise RequestError(f"{path} is no JSON: {error}. Make it with `ensue catalog export --out {path}`.") from None


@program.command()
def lint(app: AppOption = None, _json: JsonOption = False) -> Answer:
    """
    Say what is missing or left over.

    Docstrings, texts of versions, effects without a performer, what is declared and never used, names. Ends with 5 where there is any.
    """
    from ensue.source.catalog.lint import lint as find_findings

    with redirect_stdout(sys.stderr):
        found = find_findings(load_app(app, find_project(Path.cwd())))

    def show_findings(console: Console) -> None:
        for one in found:
            where = f"{one.place}: " if one.place else ""
            print_hanging(console, Text(), styled(printable(f"{where}{one.name}"), "bold").append(f": {one.code}", "bold red"))
            print_hanging(console, Text("  "), Text(printable(one.message)))
        sign = styled("✗ ", "bold red") if found else styled("✓ ", "bold green")
        print_hanging(console, sign, styled(f"{count_text(len(found), 'finding')}." if found else "The catalog is whole.", "bold"))

    data = [one.as_json() for one in found]
    if not found:
        return Answer(data, show_findings)
    message = f"{count_text(len(found), 'finding')}. The first: {found[0].name}: {found[0].message}"
    return Answer(data, show_findings, ExitCode.APPLICATION, {"code": "catalog", "message": message})


@program.command()
def export(
    format: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="json, schema (of that json), md, html, jsonschema, asyncapi, openapi or eventcatalog."
        ),
    ] = "json",
    out: Annotated[str, typer.Option("--out", metavar="PATH", help="Where to; - is standard output. For eventcatalog a folder.")] = "-",
    app: AppOption = None,
    database: SeenOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Write the catalog for other readers.

    JSON of the format ensue-catalog/1, Markdown, one HTML page, JSON Schema, AsyncAPI 3.0, OpenAPI 3.1, or the folder of EventCatalog.
    """
    from ensue.cli.catalog_export import exported

    return exported(catalog_from(app, database, ledger), format, out)
