"""How a comparison reads, whatever it is written on: its verdict, its groups and its numbers, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OUTCOMES = {
    "same": "come out the same",
    "differs": "have other operations or effects",
    "newly_rejected": "are refused now",
    "newly_accepted": "are taken now",
    "raised": "make a step fail",
    "unreplayable": "cannot be decided: an input is missing",
}
"""How many events … — in the order in which they are told."""
VERDICTS = {
    "apply": "would be applied",
    "no-op": "are so already",
    "superseded": "a later event has overwritten",
    "foreign": "were changed outside of ensue",
    "gone": "are gone",
    "send": "would be sent, where allowed",
    "compensate": "would be made up for",
    "task": "a person would have to look at",
}
Data = Mapping[str, Any]


def title_of(data: Data) -> str:
    """What was compared with what."""
    under = f"under {data['version']}" if data["version"] else "under their own versions"
    return f"Events decided {under}" + (f" by {data['code']}" if data["code"] else "")


def verdict_of(data: Data) -> tuple[str, str]:
    """`good`, `bad` or `void`, and the sentence."""
    if data["void"]:
        noise = data["noise"]
        share = share_text(noise["different"] / noise["records"])
        return "void", (
            f"Void: {noise['different']:,} of {noise['records']:,} events ({share}) do not even come out the same under their own "
            "version, so that nothing can be said about another one. Replay them first."
        )
    if data["uncovered"]:
        return "bad", f"{events_text(data['uncovered'])} of {data['compared']:,} differ in something that nobody has declared as expected."
    if data["different"]:
        return "good", f"{events_text(data['different'])} of {data['compared']:,} differ, every one as expected."
    return "good", f"All of {events_text(data['compared'])} come out the same."


def group_title(group: Data) -> str:
    """A group in a sentence."""
    sentence = "; ".join(part_text(part) for part in group["signature"])
    return sentence[:1].upper() + sentence[1:] if sentence[:1].islower() and "." not in sentence.split(" ")[0] else sentence


def part_text(part: str) -> str:
    """One part of a signature in words: `added LabTask.*` as `a new row in LabTask`."""
    word, _, what = part.partition(" ")
    if word in ("newly_rejected", "newly_accepted", "raised", "unreplayable"):
        texts = {"newly_rejected": "refused", "newly_accepted": "taken", "raised": "a step fails", "unreplayable": "an input is missing"}
        return f"{texts[word]}: {what}" if what else texts[word]
    if what.startswith("effect "):
        texts = {"added": "one more effect", "dropped": "an effect less", "changed": "another content of the effect"}
        return f"{texts[word]} {what.removeprefix('effect ')}"
    model, _, column = what.partition(".")
    if column == "*":
        return f"{'a row more' if word == 'added' else 'a row less'} in {model}"
    texts = {"added": "now changes", "dropped": "no longer changes", "changed": "has another value"}
    return f"{model}.{column} {texts[word]}"


def reach_text(group: Data) -> str:
    """Whom a group reaches, and when."""
    days = {group["first"][:10], group["last"][:10]}
    when = f"on {group['first'][:10]}" if len(days) == 1 else f"from {group['first'][:10]} to {group['last'][:10]}"
    share = f", {share_text(group['largest_subject_share'])} of them of one" if group["subjects"] > 1 else ""
    return f"{subjects_text(group['subjects'])}{share}; decided {when}"


def forecast_lines(forecast: Data | None) -> list[str]:
    """What applying would do today, a line for rows and one for effects; none where there is nothing to apply."""
    if forecast is None:
        return []
    lines = []
    for what, noun in (("rows", "values"), ("effects", "effects")):
        if forecast[what]:
            lines.append(f"Of the {noun}: " + ", ".join(f"{count:,} {VERDICTS[verdict]}" for verdict, count in forecast[what].items()))
    return lines


def covered_text(group: Data) -> str:
    """Whether a group was expected."""
    if not group["uncovered"]:
        return "expected"
    return "not expected" if group["uncovered"] == group["count"] else f"{group['uncovered']:,} not expected"


def events_text(count: int) -> str:
    """`1 event`, `1,200 events`."""
    return f"{count:,} event{'' if count == 1 else 's'}"


def subjects_text(count: int) -> str:
    """`1 subject`, `258 subjects`."""
    return f"{count:,} subject{'' if count == 1 else 's'}"


def share_text(share: float) -> str:
    """A share as people say it."""
    hundredths = share * 100
    return "0 %" if not share else "< 0.1 %" if hundredths < 0.1 else f"{hundredths:.1f} %" if hundredths < 10 else f"{hundredths:.0f} %"
