"""Description: an event type at one date in the words that compatibility compares and the catalog prints."""

from __future__ import annotations

import inspect
import json
from typing import Any

from ensue.core.compatibility import Description, StepDescription
from ensue.core.data import fields_of
from ensue.core.logic import Logic
from ensue.core.marks import By
from ensue.core.schema import form_schema, values_schema
from ensue.core.state import StateField
from ensue.core.step import Step


def describe(logic: Logic) -> Description:
    """What callers and readers can notice of an event type at the date of *logic*."""
    return Description(
        form=form_schema(logic.shape),
        state={one.name: state_text(one) for shape in reversed(logic.shapes) for one in shape.__ensue__.state.values()},
        operations=frozenset(operation_text(*one) for step in logic.steps for one in step.contract.operations),
        effects=frozenset(one for step in logic.steps for one in step.contract.effects),
        rejections={one.code: values_schema(one) for step in logic.steps for one in step.rejects},
        steps=tuple(describe_step(one) for one in logic.steps),
        demands=logic.shape.__ensue__.seen,
    )


def describe_step(step: Step) -> StepDescription:
    """A step by name, origin and purpose."""
    return StepDescription(step.name, step.origin, purpose_of(step.function))


def purpose_of(thing: Any) -> str:
    """The own docstring of a class or function, its paragraphs kept; empty where it has none."""
    return inspect.cleandoc(thing.__dict__.get("__doc__") or "" if isinstance(thing, type) else thing.__doc__ or "")


def operation_text(kind: str, name: str) -> str:
    """`insert LabTask`; of `cancel` the kind of effect, where it names one."""
    return f"{kind} {name}" if name else f"{kind} any effect"


def state_text(one: StateField) -> str:
    """What a state field reads and how it is found, without the field's own name."""
    columns = "" if one.kind == "new" else f" ({', '.join(fields_of(one.model).names)})"
    return f"{one.model_name}{columns}, {found_text(one)}"


def found_text(one: StateField) -> str:
    """How the rows of a state field are found: by an id of the form, by a path, or by equal columns."""
    if one.kind == "new":
        return f"its id is `{one.wire}`" + (", or made where that is left out" if one.may_be_left_out else "")
    if one.kind == "related":
        equal = " and ".join(f"`{column}` is {_value(value)}" for column, value in (one.columns or {}).items())
        return f"all whose {equal}, at most {one.limit:,}"
    return f"by `{one.source.path if one.source else one.wire}`"


def _value(value: Any) -> str:
    if not isinstance(value, By):
        return json.dumps(value, ensure_ascii=False, default=str)
    return f"`{value.path}`"
