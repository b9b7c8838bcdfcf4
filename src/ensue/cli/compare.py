"""`ensue compare`: what would another version, or other code, have made of these events? Nothing is saved, and nothing performed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli import progress
from ensue.cli.again import DaskOption, EventArgument, FileOption, JobsOption, chosen, one_record
from ensue.cli.application import Where
from ensue.cli.comparison_html import html_of
from ensue.cli.comparison_markdown import markdown_of
from ensue.cli.comparison_text import print_comparison
from ensue.cli.exit_codes import ExitCode
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption, ReaderOption, ReadPurposeOption
from ensue.cli.output import Answer
from ensue.cli.replay import print_one
from ensue.cli.selection import FromOption, SubjectOption, ToOption, TypeOption, read_selection
from ensue.cli.text import count_text, print_hanging, printable
from ensue.core.codec import instant_text
from ensue.core.comparison import NOISE_MAX
from ensue.core.selection import Selection
from ensue.errors import ConfigurationError, RequestError

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import Diff

EXAMPLES = """\b
Examples
  ensue compare 243 --version 2018-08-01
  ensue compare --type medication.request --version 2018-08-01 --jobs 4
  ensue compare --type medication.request --version 2018-08-01 --attempts
  ensue compare --code ../clinic-branch --format html --out compare.html
  ensue compare events --dask --version 2018-08-01 --json
"""
FAIL_ON = ("uncovered", "any", "never")
FORMATS = {"md": markdown_of, "html": html_of}

VersionOption = Annotated[
    str | None, typer.Option("--version", metavar="DATE", help="The version to decide under.", show_default="each its own")
]
CodeOption = Annotated[Path | None, typer.Option("--code", metavar="PATH", help="Another checkout of the application, whose code decides.")]
FailOnOption = Annotated[
    str,
    typer.Option(
        "--fail-on",
        metavar="WHAT",
        help="End with 1 when something differs that no expects() covers (uncovered), when anything does (any), or never.",
    ),
]
NoiseOption = Annotated[
    float,
    typer.Option("--noise-max", min=0.0, max=1.0, metavar="SHARE", help="Void when more than this share differs under its own version."),
]
AttemptsOption = Annotated[
    bool, typer.Option("--attempts", help="Decide the requests that were refused, and are still kept, under the version as well.")
]
FormatOption = Annotated[str | None, typer.Option("--format", metavar="FORMAT", help="A page to read: md, or html (one file).")]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Where the page goes.", show_default="standard output")]


def compare(
    event: EventArgument = None,
    version: VersionOption = None,
    code: CodeOption = None,
    file: FileOption = None,
    first: FromOption = None,
    last: ToOption = None,
    type: TypeOption = None,
    subject: SubjectOption = None,
    jobs: JobsOption = 1,
    dask: DaskOption = False,
    attempts: AttemptsOption = False,
    noise_max: NoiseOption = NOISE_MAX,
    fail_on: FailOnOption = "uncovered",
    format: FormatOption = None,
    out: OutOption = None,
    actor: ReaderOption = None,
    purpose: ReadPurposeOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    json: JsonOption = False,
) -> Answer:
    """
    Show what another version, or other code, would decide.

    Events are decided as they happened (what differs there is noise), then the other way: counts, groups of what differs alike with
    samples, whom it reaches, what applying it would do. Ends with 1 when something differs that no expectation covers.
    """
    if fail_on not in FAIL_ON:
        raise RequestError(f"--fail-on {fail_on}: expected one of {', '.join(FAIL_ON)}.")
    if version is None and code is None:
        raise RequestError("Compare with what? Say --version DATE, or --code PATH of another checkout.")
    check_format(format, out, json=json)
    where = Where(app, database, ledger)
    with chosen(where, event, file, read_selection(first, last, type, subject), dask=dask) as what:
        if format is not None and what.event is not None:
            raise RequestError("--format makes a page of many events.")
        if attempts and what.event is not None:
            raise RequestError("--attempts belongs to many events: choose them with --from, --to, --type and --subject.")
        if what.place is None:
            assert what.event is not None, "either a place or one event is chosen"
            with one_record(where, what.event, actor, purpose) as (opened_ledger, record):
                return one_answer(opened_ledger.compare(record, version=version, code=code), fail_on)
        from ensue.runtime.again import compare_at  # with all that a database needs

        with progress.bar("Comparing", "events") as told:
            found = compare_at(what.place, what.app, version, code, what.selection, jobs, noise_max, told, dask=dask, attempts=attempts)
        what.check_found(found.records + (found.attempts.records if found.attempts is not None else 0))
    return answer({"app": what.app.name, "selection": selection_data(what.selection), **found.as_json()}, fail_on, format, out)


def selection_data(selection: Selection) -> dict[str, Any]:
    """Which events were asked for."""
    moments = {name: None if (at := getattr(selection, name)) is None else instant_text(at) for name in ("since", "until")}
    return {"first": selection.first, "last": selection.last, **moments, "types": list(selection.types), "subject": selection.subject}


def check_format(format: str | None, out: Path | None, *, json: bool) -> None:
    """The options of pages go together. Raises RequestError."""
    if format is not None and format not in FORMATS:
        raise RequestError(f"--format {format}: expected {' or '.join(FORMATS)}.")
    if format is None and out is not None:
        raise RequestError(f"--out {out}: say which page with --format {' or '.join(FORMATS)}.")
    if format is not None and json and out is None:
        raise RequestError("--json prints an envelope: say where the page goes with --out.")


def answer(data: dict[str, Any], fail_on: str, format: str | None, out: Path | None) -> Answer:
    """What a comparison says, as text or as a page, and how to end."""
    error = error_of(data, fail_on)
    exit_code = ExitCode.REFUSED if error else ExitCode.DONE
    if format is None:
        return Answer(data, lambda console: print_comparison(console, data), exit_code, error)
    page = FORMATS[format](data)
    if out is None:
        return Answer(data, lambda console: console.out(page, end="", highlight=False), exit_code, error)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as failed:
        raise ConfigurationError(f"{out} cannot be written: {failed.strerror or failed}.") from None

    def show(console: Console) -> None:
        print_comparison(console, data, samples=False)
        print_hanging(console, Text("  "), Text(printable(f"The page is in {out}.")))

    return Answer(data, show, exit_code, error)


def error_of(data: dict[str, Any], fail_on: str) -> dict[str, Any] | None:
    """Why the command ends with 1; None where it does not."""
    if fail_on == "never":
        return None
    if data["void"]:
        noise = data["noise"]
        message = f"Void: {noise['different']:,} of {count_text(data['records'], 'event')} already differ under their own version."
        return {"code": "void", "message": message}
    name = "different" if fail_on == "any" else "uncovered"
    counted = [(data, "event")] + ([(data["attempts"], "refused attempt")] if data["attempts"] is not None else [])
    failed = [f"{one[name]:,} of {count_text(one['compared'], noun)}" for one, noun in counted if one[name]]
    if not failed:
        return None
    what = "differ" if fail_on == "any" else "differ in something that no expectation covers"
    return {"code": "differs", "message": f"{' and '.join(failed)} {what}."}


def one_answer(diff: Diff, fail_on: str) -> Answer:
    """What comparing one event says."""
    failed = bool(diff) and fail_on != "never"
    error = {"code": "differs", "message": f"Event {diff.record.id} comes out otherwise."} if failed else None
    data = diff.as_json()
    return Answer(data, lambda console: print_one(console, data), ExitCode.REFUSED if failed else ExitCode.DONE, error)
