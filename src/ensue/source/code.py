"""
Code: what a function does, as one hash over itself and everything of the project that it reaches.

Each part has a hash of its own, so that an edit can be named. The whole is made of the parts' names without their
modules: code that moves to another file is not edited.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ensue.core.step import Step
from ensue.source.normal import digest_of_node, digest_of_text
from ensue.source.reach import Reached, is_schema, reach


@dataclass(frozen=True)
class Code:
    """The hash of a function with all that it reaches; the hash of each part by name; and where each stands now."""

    digest: str
    parts: Mapping[str, str]
    places: Mapping[str, Reached] = field(compare=False, repr=False)


def code_of_step(step: Step) -> Code:
    """The code of a step, with what it asks of its event, its rows and what it may cause. Raises SourceMissing."""
    rows = [one.model for one in step.event.__ensue__.state.values()]
    return code_of(step.function, [step.event, *rows, *step.contract.models, *step.contract.effects_declared, *step.rejects])


def code_of(function: Callable[..., Any], also: Iterable[Any] = ()) -> Code:
    """The code of any function of the project. Raises SourceMissing."""
    reached = [one for one in reach(function, also) if not (isinstance(one.object, type) and is_schema(one.object))]
    digests = {one.name: digest_of(one) for one in reached}
    whole = sorted([one.qualname, digests[one.name]] for one in reached)
    return Code(digest_of_text(json.dumps(whole)), digests, {one.name: one for one in reached})


def digest_of(reached: Reached) -> str:
    """The hash of one part: of a value its text, of everything else its syntax tree."""
    if reached.text is not None:
        return digest_of_text(json.dumps([reached.qualname, reached.text]))
    if isinstance(reached.node, ast.stmt):
        return digest_of_node(reached.node)  # with the name it is defined under
    return digest_of_text(json.dumps([reached.qualname, digest_of_node(reached.node)]))
