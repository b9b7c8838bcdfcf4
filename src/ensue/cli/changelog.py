"""`ensue changelog`: what each version changed, from versions.lock and the texts of the application."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.text import Text

from ensue.cli.options import AppOption, JsonOption
from ensue.cli.output import Answer
from ensue.cli.versions import LockOption, asked_for


class Format(StrEnum):
    """How a changelog is written."""

    md = "md"
    json = "json"


EXAMPLES = """\b
Examples
  ensue changelog > CHANGELOG-API.md
  ensue changelog --drafts
  ensue changelog --json | jq '.data[0].entries[] | select(.kind == "breaking")'
"""


def changelog(
    format: Annotated[Format, typer.Option("--format", help="Markdown for people, JSON for programs.")] = Format.md,
    drafts: Annotated[bool, typer.Option("--drafts", help="Also what is not published yet.")] = False,
    app: AppOption = None,
    lock: LockOption = None,
    _json: JsonOption = False,
) -> Answer:
    """
    Tell what each version changed.

    Per event type: breaking, behaviour, additive or deprecation; fields and what to do; steps that are new, took another's place
    or ended. Newest first. As long as nothing is published, all versions.
    """
    with asked_for(app, lock) as asked:
        from ensue.source.changelog import as_markdown
        from ensue.source.changelog import changelog as build
        from ensue.source.inventory import inventory

        told = inventory(asked.app).lock if drafts or asked.lock is None else asked.lock
        releases = build(told, [one for one in asked.app.entries() if str(one.version) in told.versions])
        unpublished = [] if asked.lock is None else [one for one in told.versions if one not in asked.lock.versions]
        page = as_markdown(asked.app.name, releases, unpublished)
    data: list[dict[str, Any]] = [{**asdict(one), "draft": one.version in unpublished} for one in releases]
    text = page if format is Format.md else json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    return Answer(data, lambda console: console.print(Text(text), end="", soft_wrap=True))
