"""What an event type is at a date: form, state and steps, as `ensue versions show` tells it."""

from __future__ import annotations

import inspect
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ensue.cli.text import path_text, print_fields, print_hanging, printable, styled
from ensue.errors import RequestError

if TYPE_CHECKING:
    from rich.console import Console

    from ensue import App
    from ensue.core.choice import Line
    from ensue.core.state import StateField
    from ensue.core.step import Step

TypeArgument = Annotated[
    str, typer.Argument(metavar="TYPE[@DATE]", help="The event type and a version, such as medication.request@2018-08-01.")
]
EXAMPLES = """\b
Examples
  ensue versions show medication.request@2018-08-01
  ensue versions show medication.request          # the newest that events may use
"""


def shown_data(app: App, line: Line, type_at: str, today: date) -> dict[str, Any]:
    """What the envelope says. Raises UnknownEventType, VersionError, RequestError."""
    type_, _, at = type_at.partition("@")
    if not type_:
        raise RequestError(f"{type_at!r} names no event type; write TYPE@DATE, such as medication.request@2018-08-01.")
    app.shapes(type_)  # an unknown type is told before an unknown date
    version = app.known_version(at) if at else line.choose([], app.default, today=today, drafts=True)
    logic = app.logic(type_, version)
    from ensue.core.schema import form_schema

    named = {step.function: step for step in app.steps(type_)}
    return {
        "type": type_,
        "version": str(version),
        "state_of_version": line.state(version, today),
        "shape": logic.shape.__name__,
        "text": text_of(logic.shape),
        "form": form_schema(logic.shape),
        "state": {one.name: state_data(one) for shape in reversed(logic.shapes) for one in shape.__ensue__.state.values()},
        "steps": [step_data(step, named) for step in logic.steps],
    }


def state_data(one: StateField) -> dict[str, Any]:
    """One state field: how it is read, of which model, and where its id comes from."""
    columns = {name: getattr(value, "path", value) for name, value in (one.columns or {}).items()}
    found = {"by": one.source.path} if one.source is not None else {"where": columns} if columns else {"wire": one.wire}
    return {"kind": one.kind, "model": one.model_name, **found}


def step_data(step: Step, named: dict[Any, Step]) -> dict[str, Any]:
    """One step: since when, where it is written, and whose place it took."""
    from ensue.source.files import find_function

    function: Any = inspect.unwrap(step.function)
    node = find_function(function.__code__)
    replaced = named.get(step.replaces)
    return {
        "name": step.name,
        "since": str(step.since),
        "shape": step.event.__name__,
        "file": function.__code__.co_filename,
        "line": node.lineno if node is not None else function.__code__.co_firstlineno,
        "replaces": f"{replaced.name} of {replaced.since}" if replaced is not None else None,
        "causes": step.contract.describe(),
        "rejects": sorted(one.code for one in step.rejects),
        "text": text_of(step.function),
    }


def text_of(thing: Any) -> str:
    """The own docstring, as one paragraph."""
    own = thing.__dict__.get("__doc__") if isinstance(thing, type) else thing.__doc__
    return " ".join((own or "").split())


def print_shown(console: Console, data: dict[str, Any]) -> None:
    """The type and its date; then form, state and steps, one below the other."""
    head = styled(data["type"], "bold").append(f" at {data['version']}").append(f"  {data['state_of_version']}", "dim")
    print_hanging(console, Text(), head)
    if data["text"]:
        print_hanging(console, Text("  "), Text(printable(data["text"])))
    print_hanging(console, Text(), styled(f"Form ({data['shape']})", "bold"))
    required = data["form"]["required"]
    print_fields(console, {name: form_text(schema, name in required) for name, schema in data["form"]["properties"].items()}, 2)
    print_hanging(console, Text(), styled("State", "bold"))
    print_fields(console, {name: state_text(one) for name, one in data["state"].items()}, 2)
    print_hanging(console, Text(), styled("Steps", "bold"))
    for one in data["steps"]:
        print_hanging(console, Text("  "), styled(one["name"], "bold").append(f"  since {one['since']}, on {one['shape']}"))
        told = {
            "does": one["text"],
            "causes": "nothing" if one["causes"] == "None" else one["causes"],
            "rejects": ", ".join(one["rejects"]),
            "replaces": one["replaces"],
        }
        told["written"] = f"{path_text(one['file'])}:{one['line']}"
        print_fields(console, {name: Text(printable(value)) for name, value in told.items() if value}, 4)


def form_text(schema: dict[str, Any], required: bool) -> Text:
    """A field of the form in a few words."""
    kind = schema["type"] if isinstance(schema["type"], str) else " or ".join(schema["type"])
    told = Text(schema.get("format", kind))
    return told if required else told.append(", may be left out", "dim")


def state_text(one: dict[str, Any]) -> Text:
    """A state field in a few words."""
    where = ", ".join(f"{column}={value}" for column, value in one.get("where", {}).items())
    return Text(f"{one['kind']} {one['model']}").append(f"  by {one.get('by') or where or one.get('wire')}", "dim")
