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
ATTEMPTS = {**OUTCOMES, "same": "are refused again"}
"""How many requests that were refused …"""
NEVER_CORRECTED = "An attempt has no record that could be corrected, so applying leaves it out: whoever still wants it sends it again."
VERDICTS = {
    "apply": "to be applied",
    "no-op": "as it should be already",
    "superseded": "overwritten by a later event",
    "foreign": "changed outside of ensue",
    "gone": "gone",
    "send": "to be sent, where allowed",
    "compensate": "to be made up for",
    "task": "for a person to look at",
}
Data = Mapping[str, Any]


def title_of(data: Data) -> str:
    """What was compared with what."""
    under = f"under {data['version']}" if data["version"] else "under their own versions"
    return f"Events decided {under}" + (f" by {data['code']}" if data["code"] else "")


def verdict_of(data: Data) -> tuple[str, str]:
    """`good`, `bad` or `void`, and the sentence."""
    kind, sentence = _verdict_of_events(data)
    attempts = data["attempts"]
    if attempts is None or kind == "void":
        return kind, sentence
    return "bad" if attempts["uncovered"] else kind, f"{sentence} {attempts_sentence(attempts)}"


def attempts_sentence(attempts: Data) -> str:
    """What the version says of the requests that were refused."""
    if not attempts["compared"]:
        return "There was no refused attempt that could be told again."
    different = attempts["different"]
    come = "none comes" if not different else "1 comes" if different == 1 else f"{different:,} come"
    said = f"Of {attempts_text(attempts['compared'])} refused then {come} out otherwise"
    if not different:
        return f"{said}."
    return f"{said}, {attempts['uncovered']:,} of them not as expected." if attempts["uncovered"] else f"{said}, as expected."


def attempts_lines(attempts: Data) -> list[tuple[int, str]]:
    """How many attempts came to what; those that were left out come last."""
    counts = [(attempts["outcomes"][outcome], words) for outcome, words in ATTEMPTS.items() if outcome in attempts["outcomes"]]
    return [*counts, (attempts["noise"]["different"], "are not refused as they were, told from the rows of then (left out)")]


def groups_of(data: Data) -> list[Data]:
    """Every group, those of attempts last."""
    return [*data["groups"], *(data["attempts"]["groups"] if data["attempts"] is not None else ())]


def _verdict_of_events(data: Data) -> tuple[str, str]:
    if data["void"]:
        noise = data["noise"]
        share = share_text(noise["different"] / noise["records"])
        return "void", (
            f"Void: {noise['different']:,} of {noise['records']:,} events ({share}) do not even come out the same under their own "
            "version, so that nothing can be said about another one. Replay them first."
        )
    if data["uncovered"]:
        return "bad", f"{differ_text(data['uncovered'], data['compared'])} in something that nobody has declared as expected."
    if data["different"]:
        return "good", f"{differ_text(data['different'], data['compared'])}, every one as expected."
    if not data["compared"]:
        return "good", "There was no such event to compare."
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
    if column in ("", "*"):  # an expectation may name a model alone
        texts = {"added": "a row more in", "dropped": "a row less in", "changed": "other values in"}
        return f"{texts[word]} {model}"
    texts = {"added": "now changes", "dropped": "no longer changes", "changed": "has another value"}
    return f"{model}.{column} {texts[word]}"


def reach_text(group: Data) -> str:
    """Whom a group reaches, and when."""
    days = {group["first"][:10], group["last"][:10]}
    when = f"on {group['first'][:10]}" if len(days) == 1 else f"from {group['first'][:10]} to {group['last'][:10]}"
    share = f"; the one with most has {share_text(group['largest_subject_share'])} of them" if group["subjects"] > 1 else ""
    return f"{subjects_text(group['subjects'])}{share}; decided {when}"


def forecast_text(forecast: Data | None) -> str:
    """What applying would do today; empty where there is nothing to apply, or nobody can tell."""
    if forecast is None:
        return ""
    said = [
        f"{count:,} {noun if count != 1 else noun[:-1]} {VERDICTS[verdict]}"
        for what, noun in (("rows", "values"), ("effects", "effects"))
        for verdict, count in forecast[what].items()
    ]
    return f"If applied today: {'; '.join(said)}." if said else ""


def covered_text(group: Data) -> str:
    """Whether a group was expected."""
    if not group["uncovered"]:
        return "expected"
    return "not expected" if group["uncovered"] == group["count"] else f"{group['uncovered']:,} not expected"


def uncovered_text(group: Data) -> str:
    """What of a group was not expected, where some of it was."""
    parts = group["uncovered_parts"]
    if not parts or len(parts) == len(group["signature"]):
        return ""
    return f"Not expected: {'; '.join(part_text(part) for part in parts)}."


def selection_text(data: Data) -> str:
    """Which events were looked at."""
    selection = data.get("selection") or {}
    words = []
    if selection.get("types"):
        words.append(f"events of the type {' or '.join(selection['types'])}")
    for name, text in (("first", "from position"), ("last", "to position"), ("since", "since"), ("until", "until"), ("subject", "of")):
        if selection.get(name):
            words.append(f"{text} {selection[name]}")
    return f"{data['app']}: {', '.join(words) if words else 'all events'}" if data.get("app") else ""


def spread_text(spread: Data) -> str:
    """How far numbers move: `10`, or `1 to 3` and the quantiles."""
    if spread["least"] == spread["most"]:
        return str(spread["least"])
    quantiles = ", ".join(f"{name} {value}" for name, value in spread["quantiles"].items())
    return f"{spread['least']} to {spread['most']} ({quantiles})"


def differ_text(count: int, compared: int) -> str:
    """`1 event of 5 differs`, `3 events of 8 differ`."""
    return f"{events_text(count)} of {compared:,} differ{'s' if count == 1 else ''}"


def count_of(group: Data) -> str:
    """`2 events`, or of a group of attempts `2 attempts`."""
    return attempts_text(group["count"]) if group["attempts"] else events_text(group["count"])


def refused_text(sample: Data) -> str:
    """Why it was refused before; empty where it was not."""
    said = "; ".join(f"{one['code']}: {one['message']}" for one in sample["base"]["rejections"])
    return f"Refused then: {said}" if said else ""


def attempts_text(count: int) -> str:
    """`1 attempt`, `1,200 attempts`."""
    return f"{count:,} attempt{'' if count == 1 else 's'}"


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
