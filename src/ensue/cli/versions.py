"""`ensue versions`: the line of dates, what is published of it, and whether that was edited since."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli import version_shown
from ensue.cli.application import find_project, load_app
from ensue.cli.exit_codes import ExitCode
from ensue.cli.options import AppOption, JsonOption
from ensue.cli.output import Answer
from ensue.cli.text import count_text, path_text, print_hanging, printable, styled
from ensue.errors import ConfigurationError, RequestError

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import App
    from ensue.core.choice import Line
    from ensue.source.check import Finding
    from ensue.source.lock import Lock

program = typer.Typer(help="Tell what is published, and whether it was edited since.", no_args_is_help=True, rich_markup_mode=None)

LockOption = Annotated[
    str | None,
    typer.Option(
        "--lock",
        metavar="PATH",
        help="The lock. Default: versions.lock beside the module of the steps, or in a folder above, up to the project's.",
    ),
]
EXAMPLES = """\b
Examples
  ensue versions list
  ensue versions check --app ensue.demo:clinic
  ensue versions publish --until 2018-08-01
"""
STYLES = {"published": "green", "draft": "yellow", "deprecated": "yellow", "retired": "dim", "open": "default"}


@dataclass(frozen=True)
class Asked:
    """The application, the path of its lock as far as it is known, and what it says; None where nothing was published."""

    app: App
    given: Path | None
    lock: Lock | None

    @property
    def path(self) -> Path:
        """Where the lock is, or would be. Raises ConfigurationError: the application has no step in a file."""
        from ensue.source.lock import place_for_lock

        return self.given or place_for_lock(self.app)

    def write(self, lock: Lock) -> None:
        """Put *lock* in its place. Raises ConfigurationError: another application's stands there."""
        from ensue.source.lock import write_lock

        if self.lock is None and self.path.exists():
            raise ConfigurationError(
                f"{self.path} is the lock of another application; say --lock with a path for that of {self.app.name!r}."
            )
        write_lock(self.path, lock)

    @property
    def line(self) -> Line:
        """The versions, and which are published."""
        return self.app.versions(self.lock.published if self.lock is not None else None)


@contextmanager
def asked_for(app: str | None, lock: str | None) -> Iterator[Asked]:
    """What a command works on. What the application prints meanwhile goes to stderr. Raises ConfigurationError, DefinitionError."""
    with redirect_stdout(sys.stderr):
        from ensue.source.lock import find_lock, read_lock

        loaded = load_app(app, find_project(Path.cwd()))
        loaded.check()
        path = Path(lock) if lock is not None else find_lock(loaded)
        found = read_lock(path) if path is not None and path.exists() else None
        if found is not None and found.app != loaded.name:
            raise ConfigurationError(
                f"{path} is the lock of {found.app!r}, and the application is {loaded.name!r}; name its own with --lock."
            )
        yield Asked(loaded, path, found)


def today() -> date:
    """The day that decides what is deprecated and retired: in UTC, as the ledger's is."""
    return datetime.now(UTC).date()


# ---- list and show -------------------------------------------------------------------------------------------------
@program.command("list", epilog=EXAMPLES)
def list_versions(app: AppOption = None, lock: LockOption = None, _json: JsonOption = False) -> Answer:
    """
    List every version with its state and text.

    open: nothing was published yet. draft: previews and tests only. published, deprecated, retired: closed.
    """
    with asked_for(app, lock) as asked:
        line, day = asked.line, today()
        data = [version_data(line, version, day) for version in line.versions]
    return Answer(data, lambda console: print_versions(console, data))


def version_data(line: Line, version: Any, day: date) -> dict[str, Any]:
    """One version as the envelope has it."""
    entry = line.entries.get(version)
    return {
        "version": str(version),
        "state": line.state(version, day),
        "text": entry.text if entry is not None else None,
        "deprecated": entry.deprecated.isoformat() if entry is not None and entry.deprecated is not None else None,
        "retired": entry.retired.isoformat() if entry is not None and entry.retired is not None else None,
    }


def print_versions(console: Console, versions: Sequence[dict[str, Any]]) -> None:
    """One version a line, oldest first; its text hangs behind."""
    width = max((len(one["version"]) for one in versions), default=0)
    for one in versions:
        head = styled(one["version"].ljust(width), "bold").append(f"  {one['state']:<10}  ", STYLES[one["state"]])
        told = Text(printable(one["text"] or "no text"))
        for name in ("deprecated", "retired"):
            if one[name]:
                told.append(f" {name.capitalize()} {one[name]}.", "dim")
        print_hanging(console, head, told)


@program.command(epilog=version_shown.EXAMPLES)
def show(type_at: version_shown.TypeArgument, app: AppOption = None, lock: LockOption = None, _json: JsonOption = False) -> Answer:
    """
    Show what an event type is at a date.

    Its form, the state it reads, and its steps: since when they run, where they are written, and whose place they took.
    """
    with asked_for(app, lock) as asked:
        data = version_shown.shown_data(asked.app, asked.line, type_at, today())
    return Answer(data, lambda console: version_shown.print_shown(console, data))


# ---- check ---------------------------------------------------------------------------------------------------------
@program.command(epilog=EXAMPLES)
def check(app: AppOption = None, lock: LockOption = None, _json: JsonOption = False) -> Answer:
    """
    Check that nothing published was edited.

    Steps, all that they reach, shapes, models and effects; and that every change has a text. Ends with 5 when something is found.
    """
    with asked_for(app, lock) as asked:
        from ensue.source.check import check as run_check
        from ensue.source.inventory import inventory

        findings = run_check(asked.lock, inventory(asked.app))
    published = len(asked.lock.versions) if asked.lock is not None else 0
    data = {"clean": not findings, "lock": str(asked.path), "published": published, "findings": list(map(asdict, findings))}
    return answer(data, findings, lambda console: print_check(console, published, findings))


def answer(data: Any, findings: Sequence[Finding], show: Callable[[Console], None]) -> Answer:
    """An answer that is bad news where something was found."""
    if not findings:
        return Answer(data, show)
    found = count_text(len(findings), "finding")
    error = {"code": "published", "message": f"{found}. The first: {findings[0].message}"}
    return Answer(data, show, ExitCode.APPLICATION, error)


def print_check(console: Console, published: int, findings: Sequence[Finding]) -> None:
    """One finding after the other, with its place; then what was seen."""
    for one in findings:
        place = place_text(one)
        print_hanging(console, styled(f"{one.kind:<8}  ", "bold red"), Text(printable(one.message)))
        if place:
            print_hanging(console, Text(" " * 10), styled(place, "dim"))
    seen = count_text(published, "published version")
    if findings and published:
        told = f": {seen}, {count_text(len(findings), 'finding')}."
        print_hanging(console, styled("✗ ", "bold red"), styled("Not as published", "bold").append(told))
    elif findings:
        told = f": {count_text(len(findings), 'finding')}."
        print_hanging(console, styled("✗ ", "bold red"), styled("Not ready to be published", "bold").append(told))
    elif published:
        print_hanging(console, styled("✓ ", "bold green"), styled("As published", "bold").append(f": {seen}."))
    else:
        print_hanging(console, styled("✓ ", "bold green"), Text("Nothing is published yet, and nothing stands in the way."))


def place_text(finding: Finding) -> str:
    """File and line, the file from here where it lies below; empty where the finding has no place."""
    return f"{path_text(finding.file)}:{finding.line}" if finding.file is not None else ""


# ---- publish and accept --------------------------------------------------------------------------------------------
@program.command(epilog=EXAMPLES)
def publish(
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="The last version to close. Default: today's.")] = None,
    app: AppOption = None,
    lock: LockOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Close versions: write them into versions.lock.

    From then on events use published versions only, and later ones are drafts. Adds and never rewrites; the same command again
    changes nothing. Refused with 5 when `ensue versions check` finds something.
    """
    with asked_for(app, lock) as asked:
        from ensue.source.check import check as run_check
        from ensue.source.inventory import inventory
        from ensue.source.publish import publish as run_publish

        last = asked.app.known_version(until) if until is not None else last_until(asked.line, today())
        present = inventory(asked.app)
        findings = [one for one in run_check(asked.lock, present) if stands_in_the_way(one, last)]
        closed: list[str] = []
        changed = False
        if not findings:
            after, closed = run_publish(asked.lock, present.lock, last)
            changed = after != asked.lock
            if changed:
                asked.write(after)
    data = {"closed": closed, "changed": changed, "lock": str(asked.path), "findings": list(map(asdict, findings))}
    published = len(asked.lock.versions) if asked.lock is not None else 0
    return answer(data, findings, lambda console: print_published(console, data, published, findings))


def last_until(line: Line, day: date) -> Any:
    """The newest version that is not in the future. Raises RequestError where there is none."""
    due = [one for one in line.versions if one.day <= day]
    if not due:
        raise RequestError(f"{line.app} has no version up to {day}; say --until with the date of the last one to close.")
    return due[-1]


def stands_in_the_way(finding: Finding, last: Any) -> bool:
    """Whether a finding is about what would be closed: a draft behind it may still lack its texts."""
    from ensue.core.version import Version

    return finding.kind != "text" or finding.version is None or Version.parse(finding.version) <= last


def print_published(console: Console, data: dict[str, Any], published: int, findings: Sequence[Finding]) -> None:
    """What was closed; or why nothing was."""
    if findings:
        print_check(console, published, findings)
        print_hanging(console, Text("  "), Text("Nothing was published."))
    elif data["closed"]:
        print_hanging(console, styled("✓ ", "bold green"), styled("Published", "bold").append(f": {', '.join(data['closed'])}"))
        print_hanging(console, Text("  "), styled(f"Commit {path_text(data['lock'])}", "dim"))
    elif data["changed"]:
        print_hanging(
            console, styled("✓ ", "bold green"), Text("Fields that were added with a default are taken over; no version was closed.")
        )
    else:
        print_hanging(console, styled("✓ ", "bold green"), Text("Nothing to publish: every version up to then is closed."))


@program.command("accept-edit")
def accept_edit(
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why published logic was edited; kept in the lock.")],
    app: AppOption = None,
    lock: LockOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Take over edits of what was published, with a reason.

    For an edit that changes no outcome. It is logged in versions.lock. What is missing or has vanished cannot be accepted.
    """
    with asked_for(app, lock) as asked:
        from ensue.source.check import ACCEPTABLE
        from ensue.source.check import check as run_check
        from ensue.source.inventory import inventory
        from ensue.source.publish import accept_edits

        if not reason.strip():
            raise RequestError("--reason: say why in a sentence; it stays in the lock.")
        if asked.lock is None:
            raise RequestError(f"Nothing of {asked.app.name} is published yet, so that everything may be edited.")
        present = inventory(asked.app)
        found = run_check(asked.lock, present)
        edits = [one for one in found if one.kind in ACCEPTABLE]
        others = [one for one in found if one.kind not in ACCEPTABLE and one.kind != "text"]
        if edits and not others:
            asked.write(accept_edits(asked.lock, present.lock, edits, reason, today()))
    data = {"accepted": list(map(asdict, edits if not others else [])), "lock": str(asked.path), "findings": list(map(asdict, others))}
    published = len(asked.lock.versions)
    return answer(data, others, lambda console: print_accepted(console, published, edits, others))


def print_accepted(console: Console, published: int, edits: Sequence[Finding], others: Sequence[Finding]) -> None:
    """What was accepted; or why nothing was."""
    if others:
        print_check(console, published, others)
        print_hanging(console, Text("  "), Text("Nothing was accepted."))
        return
    for one in edits:
        print_hanging(
            console, styled("accepted  ", "bold yellow"), Text(printable(one.message.partition(": write")[0].partition(": put")[0]))
        )
    print_hanging(console, styled("✓ ", "bold green"), Text(f"{count_text(len(edits), 'edit')} accepted."))
