"""`ensue submit` and `ensue preview`: one event, decided and saved, or only decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ensue.cli.application import Where, opened
from ensue.cli.asked import Asked
from ensue.cli.options import AppOption, DatabaseOption, JsonOption, LedgerOption
from ensue.cli.output import Answer
from ensue.cli.record import plan_data, print_followed, record_data
from ensue.cli.text import count_text, print_hanging, printable, styled
from ensue.errors import Rejected

if TYPE_CHECKING:
    from rich.console import Console

TypeArgument = Annotated[str, typer.Argument(metavar="TYPE", help="The event type, such as medication.request.")]
FormArgument = Annotated[
    str | None,
    typer.Argument(metavar="@FILE", help="The form as a JSON object: @form.json, or - for standard input.", show_default=False),
]
FieldOption = Annotated[
    list[str] | None,
    typer.Option(
        "-f", "--field", metavar="FIELD=VALUE",
        help="One field, read by its type: text, dates, decimals and ids as they stand; integers, true, false, lists and objects as JSON; "
        "null where the field may be empty. FIELD:=JSON is JSON for every type. Comes on top of @FILE.",
    ),
]  # fmt: skip
ActorOption = Annotated[str, typer.Option("--actor", envvar="ENSUE_ACTOR", metavar="ID", help="Who acts.")]
KeyOption = Annotated[
    str | None, typer.Option("--key", metavar="TEXT", help="The idempotency key: the same key gives the same record, for ever.")
]
VersionOption = Annotated[
    str | None, typer.Option("--version", metavar="DATE", help="Whose rules apply. Default: the app's, or the newest.")
]
ExpectOption = Annotated[
    str | None, typer.Option("--expect", metavar="@FILE", help="What you saw: the tags that `ensue tags` gave, as a JSON object.")
]
OccurredOption = Annotated[
    str | None, typer.Option("--occurred", metavar="INSTANT", help="When it held, by your word, such as 2018-07-30T09:00:00Z.")
]
CauseOption = Annotated[str | None, typer.Option("--cause", metavar="ID", help="The event or effect that led to this one.")]
BehalfOption = Annotated[str | None, typer.Option("--behalf", metavar="ID", help="Whom the actor acts for.")]
PurposeOption = Annotated[str | None, typer.Option("--purpose", metavar="TEXT", help="Why, by your word.")]

EXAMPLES = """\b
Examples
  ensue submit message.send -f patient_id=p-17 -f text="Please call us." --actor dr-ada
  ensue submit message.send @form.json --actor dr-ada --key form-81
"""
PREVIEW_EXAMPLES = """\b
Examples
  ensue preview message.send -f patient_id=p-17 -f text="Please call us." --actor dr-ada
"""


def submit(
    type: TypeArgument,
    actor: ActorOption,
    form: FormArgument = None,
    field: FieldOption = None,
    key: KeyOption = None,
    version: VersionOption = None,
    expect: ExpectOption = None,
    occurred: OccurredOption = None,
    cause: CauseOption = None,
    behalf: BehalfOption = None,
    purpose: PurposeOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """Decide an event; save all that follows, or nothing."""
    request = Asked(type, form, field, version, expect, occurred)
    with opened(Where(app, database, ledger)) as opened_ledger:
        event = request.event(opened_ledger)
        record = opened_ledger.submit(event, actor=actor, key=key, cause=cause, behalf=behalf, purpose=purpose, **request.keywords)
        data = record_data(record)

    def show(console: Console) -> None:
        done = "Saved before, under this key: nothing was added." if record.repeated else "Saved."
        head = styled(done, "bold").append(
            f" {record.type} #{record.position}, {printable(record.subject)} {record.seq}, rules of {record.version}"
        )
        print_hanging(console, Text(), head)
        print_hanging(console, Text(), styled(f"event {record.id}", "dim"))
        print_followed(console, record.document["operations"], record.document["effects"])

    return Answer(data, show)


def preview(
    type: TypeArgument,
    actor: ActorOption,
    form: FormArgument = None,
    field: FieldOption = None,
    key: KeyOption = None,
    version: VersionOption = None,
    expect: ExpectOption = None,
    occurred: OccurredOption = None,
    cause: CauseOption = None,
    behalf: BehalfOption = None,
    purpose: PurposeOption = None,
    app: AppOption = None,
    database: DatabaseOption = None,
    ledger: LedgerOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Say what would follow from an event; save nothing.

    Takes what submit takes, and ends as it would.
    """
    request = Asked(type, form, field, version, expect, occurred)
    with opened(Where(app, database, ledger)) as opened_ledger:
        event = request.event(opened_ledger)
        plan = opened_ledger.preview(event, actor=actor, key=key, cause=cause, behalf=behalf, purpose=purpose, **request.keywords)
    if plan.is_rejected:
        raise Rejected(plan.rejections)

    def show(console: Console) -> None:
        followed = f"{count_text(len(plan.operations), 'operation')} and {count_text(len(plan.effects), 'effect')}"
        print_hanging(
            console, Text(), styled("Preview.", "bold").append(f" {printable(type)}: {followed} would follow; nothing was saved.")
        )
        print_followed(console, plan.recorded_operations, plan.recorded_effects)

    return Answer(plan_data(plan), show)
