"""A comparison as Markdown: for a pull request, or a record of why a version was published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ensue.cli.comparison_words import (
    NEVER_CORRECTED,
    OUTCOMES,
    Data,
    attempts_lines,
    attempts_text,
    count_of,
    covered_text,
    forecast_text,
    group_title,
    groups_of,
    reach_text,
    refused_text,
    selection_text,
    share_text,
    title_of,
    uncovered_text,
    verdict_of,
)
from ensue.cli.difference import place_text


def markdown_of(data: Data) -> str:
    """The page, from a comparison's data."""
    return "\n".join(_lines(data)) + "\n"


def _lines(data: Data) -> Iterator[str]:
    yield f"# {escaped(title_of(data))}"
    yield ""
    if text := selection_text(data):
        yield f"{escaped(text)}."
        yield ""
    yield f"**{escaped(verdict_of(data)[1])}**"
    yield ""
    yield "| events | |"
    yield "|---:|---|"
    for outcome, words in OUTCOMES.items():
        if count := data["outcomes"].get(outcome):
            yield f"| {count:,} | {words} |"
    yield f"| {data['noise']['different']:,} | differ under their own version already, and were left out |"
    reach = data["reach"]
    if reach["subjects"]:
        yield ""
        most = share_text(reach["largest_subject_share"])
        yield f"The differences reach {reach['subjects']:,} subjects; the one with most has {most} of them."
    if text := forecast_text(data["forecast"]):
        yield ""
        yield escaped(text)
    if data["attempts"] is not None:
        yield from _attempts(data["attempts"])
    if data["expectations"]:
        yield from _expectations(data)
    for number, group in enumerate(groups_of(data), 1):
        yield from _group(number, group)


def _attempts(attempts: Data) -> Iterator[str]:
    yield ""
    yield f"| {attempts_text(attempts['looked_at'])} refused then and still kept | |"
    yield "|---:|---|"
    for count, words in attempts_lines(attempts):
        yield f"| {count:,} | {words} |"
    if attempts["different"]:
        yield ""
        yield NEVER_CORRECTED


def _expectations(data: Data) -> Iterator[str]:
    yield ""
    yield "## What was expected"
    yield ""
    yield "| since | what | why | events |"
    yield "|---|---|---|---:|"
    for one in data["expectations"]:
        count = f"{one['records']:,}" if one["records"] else "**never seen**"
        yield f"| {one['since']} | {code(one['part'])} | {escaped(one['why'])} | {count} |"


def _group(number: int, group: Data) -> Iterator[str]:
    yield ""
    yield f"## {number}. {escaped(group['type'])}: {escaped(group_title(group))}"
    yield ""
    yield f"{count_of(group)} ({share_text(group['share'])}), **{covered_text(group)}**. {escaped(reach_text(group))}."
    for text in filter(None, (uncovered_text(group), forecast_text(group["forecast"]))):
        yield ""
        yield escaped(text)
    if group["deltas"]:
        yield ""
        yield "| moves by | least | 5 % | 25 % | 50 % | 75 % | 95 % | most |"
        yield "|---|---:|---:|---:|---:|---:|---:|---:|"
        for column, spread in group["deltas"].items():
            yield f"| {code(column)} | {' | '.join((spread['least'], *spread['quantiles'].values(), spread['most']))} |"
    for sample in group["samples"]:
        yield from _sample(sample)


def _sample(sample: Data) -> Iterator[str]:
    yield ""
    yield f"<details><summary>{place_text(sample)}, {escaped(sample['subject'])}, {escaped(sample['at'])}</summary>"
    yield ""
    for why in filter(None, (sample["raised"], sample["missing"], *(one["message"] for one in sample["rejections"]), refused_text(sample))):
        yield f"{escaped(why)}"
        yield ""
    yield "| | where | before | now |"
    yield "|---|---|---|---|"
    for row in sample["rows"]:
        where = f"{row['model']}/{row['id']}" + ("" if row["column"] == "*" else f" {row['column']}")
        yield f"| {row['kind']} | {code(where)} | {code(row['base'])} | {code(row['new'])} |"
    for effect in (*sample["effects"], *sample["others"]):
        name = code(f"{effect['effect']} {effect['key']}")
        yield f"| {effect['kind']} | effect {name} | {code(effect['base'])} | {code(effect['new'])} |"
    for name in ("form", "state", "read_beyond"):
        if sample[name]:
            yield ""
            yield f"{name.replace('_', ' ').capitalize()}: {code(sample[name])}"
    yield ""
    yield "</details>"


def code(value: Any) -> str:
    """A J1 value as it stands, or nothing."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split()).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in _runs(text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text or not text else f"`{text}`"


def _runs(text: str) -> Iterator[str]:
    """Every run of backticks: the fence must be longer."""
    run = ""
    for character in f"{text} ":
        if character == "`":
            run += character
        elif run:
            yield run
            run = ""


def escaped(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"\\{character}" if character not in "<>" else {"<": "&lt;", ">": "&gt;"}[character])
    return " ".join(text.split())
