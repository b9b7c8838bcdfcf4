"""A selection on the command line: `--from --to --type --subject`, the same words for every command that takes many events."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated

import typer

from ensue.core.correction import CORRECTION
from ensue.core.field_types import codec_for
from ensue.core.selection import Selection
from ensue.errors import CanonicalError, RequestError

if TYPE_CHECKING:
    from ensue import App

POSITION_DIGITS_MAX = 15
"""More digits than any ledger has events."""

PLACE = "a position such as 243, a day (in UTC) or an instant such as 2018-07-30T09:00:00Z"
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="PLACE", help=f"The first event: {PLACE}.", show_default="the ledger's first")
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="PLACE", help="The last event, itself or its whole day included.", show_default="the newest")
]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Only events of this type; may be said several times.")
]
SubjectOption = Annotated[
    str | None, typer.Option("--subject", metavar="SUBJECT", help="Only events in the chain of this subject, such as Patient/p-17.")
]


def read_selection(first: str | None, last: str | None, types: list[str] | None, subject: str | None) -> Selection:
    """What the four options say. Raises RequestError."""
    since, until = read_place("--from", first, time.min), read_place("--to", last, time.max)
    return Selection(
        first=since if isinstance(since, int) else 0,
        last=until if isinstance(until, int) else None,
        since=since if isinstance(since, datetime) else None,
        until=until if isinstance(until, datetime) else None,
        types=types or (),
        subject=subject,
    )


def check_types(app: App, selection: Selection, found: int) -> None:
    """
    A type that selects nothing, and that the application does not know, was mistyped.

    Types that the application has dropped are in old records, so the records are asked first.

    Raises:
        UnknownEventType: it was.
    """
    if not found:
        for type_ in selection.types:
            if type_ != CORRECTION:
                app.shapes(type_)


def read_place(option: str, text: str | None, of_day: time) -> int | datetime | None:
    """A position or a moment; of a day the moment *of_day*, in UTC. Raises RequestError."""
    if text is None:
        return None
    number = text.removeprefix("#")
    if number.isascii() and number.isdecimal() and len(number) <= POSITION_DIGITS_MAX:
        return int(number)
    try:
        return datetime.combine(date.fromisoformat(text), of_day, UTC)
    except ValueError:
        pass  # no day
    try:
        moment: datetime = codec_for(datetime).read(text)
    except (CanonicalError, ValueError) as error:
        raise RequestError(f"{option} {text}: expected {PLACE}; {error}.") from None
    return moment
