"""A comparison as one HTML page that needs nothing else: no script, no font, no request. For whoever answers for the change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, Final

from ensue.cli.comparison_words import (
    NEVER_CORRECTED,
    OUTCOMES,
    VERDICTS,
    Data,
    attempts_lines,
    attempts_text,
    count_of,
    covered_text,
    forecast_text,
    group_title,
    groups_of,
    part_text,
    reach_text,
    refused_text,
    selection_text,
    share_text,
    subjects_text,
    title_of,
    uncovered_text,
    verdict_of,
)
from ensue.cli.difference import place_text

COLOURS: Final = {
    "same": "#8fb996", "differs": "#e0a83a", "newly_rejected": "#c8553d", "newly_accepted": "#4f7cac", "raised": "#7a2e2e",
    "unreplayable": "#8a8a8a",
}  # fmt: skip
STYLE: Final = """
:root { color-scheme: light dark; }
:root { --ink: #1d2733; --soft: #5d6b7a; --line: #dde3e9; --page: #f6f7f9; --card: #fff; --good: #2e7d4f; --bad: #b3402a; --mark: #fbf3dc; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; text-wrap: balance; }
h2 { font-size: 18px; margin: 36px 0 10px; }
h3 { font-size: 16px; margin: 0 0 2px; }
p { margin: 4px 0; }
.soft { color: var(--soft); }
.verdict { border-left: 6px solid var(--good); border-radius: 4px; background: var(--card); padding: 14px 18px; margin: 18px 0; }
.verdict { font-size: 17px; }
.verdict.bad, .verdict.void { border-color: var(--bad); }
.facts { display: flex; flex-wrap: wrap; gap: 12px; margin: 0 0 14px; }
.fact { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 10px 16px; min-width: 130px; }
.fact b { display: block; font-size: 22px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.bar { display: flex; height: 18px; border-radius: 4px; overflow: hidden; background: var(--line); }
.bar span { min-width: 3px; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 8px 0 0; padding: 0; list-style: none; }
.key i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; }
table { border-collapse: collapse; width: 100%; margin: 8px 0; background: var(--card); font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 5px 10px; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; overflow-wrap: normal; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px 20px; margin: 14px 0; }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 16px; align-items: baseline; }
.count { font-size: 18px; font-weight: 650; white-space: nowrap; font-variant-numeric: tabular-nums; }
.tag { font-size: 12.5px; font-weight: 600; border-radius: 10px; padding: 1px 9px; white-space: nowrap; }
.tag { background: #e5f2ea; color: var(--good); }
.tag.bad { background: #fbe6e1; color: var(--bad); }
details { border-top: 1px solid var(--line); margin-top: 10px; padding-top: 8px; }
summary { cursor: pointer; }
code, .value { font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.head .side { white-space: nowrap; }
td.kind { white-space: nowrap; width: 1%; color: var(--soft); } td.side { width: 38%; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --soft: #9aa5b0; --line: #333b43; --page: #14181c; --card: #1c2228; }
  :root { --good: #7fd8a0; --bad: #ff8a80; --mark: #3a331c; }
  .tag { background: #1d3a2a; } .tag.bad { background: #4a2320; }
}
.was { color: var(--bad); } .now { color: var(--good); }
tr.changed td.now, tr.added td.now, tr.dropped td.was { background: var(--mark); }
td .same { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 1px 14px; margin: 6px 0; font-size: 14px; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  main { padding: 20px 14px 48px; }
  .card { padding: 12px 14px; }
  .fact { padding: 8px 12px; min-width: 100px; }
  th { white-space: normal; }
  .differences tr { display: block; padding: 6px 0; border-bottom: 1px solid var(--line); }
  .differences td { display: block; width: auto; border: 0; padding: 2px 6px; }
  .differences th { display: none; }
  .differences td.side::before { display: block; color: var(--soft); font-size: 13px; }
  .differences td.was::before { content: "as it happened"; }
  .differences td.now::before { content: "the other way"; }
}
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --page: #fff; --card: #fff; --good: #1a6b3c; --bad: #b3261e; --mark: #fbf3dc; }
  .card { break-inside: avoid; }
}
"""


def html_of(data: Data) -> str:
    """The page, from a comparison's data."""
    body = "\n".join(_body(data))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title_of(data))}</title>\n<style>{STYLE}</style>\n<main>\n{body}\n</main>\n</html>\n"
    )


def _body(data: Data) -> Iterator[str]:
    kind, sentence = verdict_of(data)
    yield f"<h1>{escape(title_of(data))}</h1>"
    yield (
        '<p class="soft">Each event was decided again from what was known at its moment, first as it happened, then the other way. '
        "Nothing was saved, and nothing sent.</p>"
    )
    if text := selection_text(data):
        yield f"<p>{escape(text)}.</p>"
    yield f'<p class="verdict {kind}">{escape(sentence)}</p>'
    yield '<div class="facts">' + "".join(_facts(data)) + "</div>"
    yield from _outcomes(data)
    if data["noise"]["different"]:
        yield "<h2>Not the same under their own version</h2>"
        yield '<p class="soft">These are noise: a step that is not pure, or code that was edited. They were left out of the rest.</p>'
        for diff in data["noise"]["differing"][:10]:
            head = f"#{diff['position']} {escape(diff['type'])} · {escape(diff['subject'])}"
            yield f'<div class="card"><h3>{head}</h3>{_differences(diff)}</div>'
    if data["attempts"] is not None:
        yield from _attempts(data["attempts"])
    yield from _expectations(data)
    yield from _forecast(data)
    if groups := groups_of(data):
        yield "<h2>What differs, by kind</h2>"
    for group in groups:
        yield from _group(group)


def _facts(data: Data) -> Iterator[str]:
    reach = data["reach"]
    for number, words in (
        (data["records"], "events looked at"),
        (data["outcomes"].get("same", 0), "come out the same"),
        (data["different"], "differ"),
        (data["uncovered"], "not expected"),
        (reach["subjects"], "subjects reached"),
    ):
        yield f'<div class="fact"><b>{number:,}</b>{words}</div>'
    if reach["subjects"] > 1:
        yield f'<div class="fact"><b>{share_text(reach["largest_subject_share"])}</b>are of one subject</div>'


def _outcomes(data: Data) -> Iterator[str]:
    counts = [(outcome, data["outcomes"][outcome]) for outcome in OUTCOMES if data["outcomes"].get(outcome)]
    if not counts:
        return
    bars = "".join(f'<span style="flex:{count};background:{COLOURS[outcome]}"></span>' for outcome, count in counts)
    keys = "".join(
        f'<li><i style="background:{COLOURS[outcome]}"></i>{count:,} {OUTCOMES[outcome]} '
        f'<span class="soft">({share_text(count / data["compared"])})</span></li>'
        for outcome, count in counts
    )
    yield f'<div class="bar">{bars}</div><ul class="key">{keys}</ul>'


def _attempts(attempts: Data) -> Iterator[str]:
    yield "<h2>What was refused then</h2>"
    looked_at = attempts_text(attempts["looked_at"])
    yield f'<p class="soft">By the rows as they stood then: {looked_at} refused and still kept.</p>'
    yield _table(("how many", "what comes of them"), [(f"{count:,}", words) for count, words in attempts_lines(attempts)], numeric=(0,))
    if attempts["different"]:
        yield f'<p class="soft">{NEVER_CORRECTED}</p>'


def _expectations(data: Data) -> Iterator[str]:
    if not data["expectations"]:
        return
    yield "<h2>What was expected</h2>"
    rows = [
        (
            escape(one["since"]),
            escape(part_text(one["part"])) + (f"<br><span class=soft>of {escape(one['type'])}</span>" if one["type"] else ""),
            escape(one["why"]),
            f"{one['records']:,}" if one["records"] else '<span class="tag bad">never seen</span>',
        )
        for one in data["expectations"]
    ]
    yield _table(("since", "what", "why", "events"), rows, numeric=(3,))


def _forecast(data: Data) -> Iterator[str]:
    forecast = data["forecast"]
    if forecast is None or not (forecast["rows"] or forecast["effects"]):
        return
    yield "<h2>If it were applied today</h2>"
    yield '<p class="soft">By the rows as they stand now. Applying is another command; it shows its plan first.</p>'
    rows = [
        (noun, f"{count:,}", escape(VERDICTS[verdict]))
        for what, noun in (("rows", "values of rows"), ("effects", "effects"))
        for verdict, count in forecast[what].items()
    ]
    yield _table(("", "how many", "what would become of them"), rows, numeric=(1,))


def _group(group: Data) -> Iterator[str]:
    bad = " bad" if group["uncovered"] else ""
    yield '<div class="card"><div class="head">'
    yield f'<div><h3>{escape(group_title(group))}</h3><span class="soft">{escape(group["type"])}</span></div>'
    yield f'<div class="side"><span class="count">{count_of(group)}</span>'
    yield f'<span class="soft">{share_text(group["share"])}</span>'
    yield f'<span class="tag{bad}">{covered_text(group)}</span></div></div>'
    yield f"<p>{escape(reach_text(group))}.</p>"
    for text in filter(None, (uncovered_text(group), forecast_text(group["forecast"]))):
        yield f'<p class="soft">{escape(text)}</p>'
    if group["deltas"]:
        names = ("moves by", "least", "5 %", "25 %", "median", "75 %", "95 %", "most")
        rows = [
            (f"<code>{escape(column)}</code>", spread["least"], *spread["quantiles"].values(), spread["most"])
            for column, spread in group["deltas"].items()
        ]
        yield _table(names, rows, numeric=range(1, 8))
    for number, sample in enumerate(group["samples"]):
        yield _sample(sample, opened=number == 0)
    yield "</div>"


def _sample(sample: Data, *, opened: bool) -> str:
    held = f", held {moment(sample['occurred'])}" if sample["occurred"] else ""
    who = (sample["subject"], moment(sample["at"]) + held, f"by {sample['actor']}")
    head = " · ".join((place_text(sample), *map(escape, who)))
    parts = [
        f"<details{' open' if opened else ''}><summary>{head} <span class=soft>({escape(sample['base_version'])})</span></summary>",
        _differences(sample),
        f"<p class=soft>{escape(refused_text(sample))}</p>" if refused_text(sample) else "",
        "<p class=soft>What was asked</p>",
        _values(sample["form"]),
    ]
    beyond = "told from what had happened" if "attempt" in sample else "read beyond that"
    rows = [("known then", one[1:]) for one in sample["state"]] + [(beyond, one) for one in sample["read_beyond"]]
    if rows:
        parts.append(f"<details><summary class=soft>What was known: {subjects_text(len(rows)).replace('subject', 'row')}</summary>")
        parts += [
            f"<p><code>{escape(model)}/{escape(id)}</code> <span class=soft>{label}</span></p>{_values(columns)}"
            for label, (model, id, columns) in rows
        ]
        parts.append("</details>")
    parts.append("</details>")
    return "".join(parts)


def _differences(diff: Data) -> str:
    """What differs as a table: before on the left, now on the right."""
    whys = [why for why in (diff["raised"], diff["missing"], *(f"{one['code']}: {one['message']}" for one in diff["rejections"])) if why]
    said = "".join(f'<p class="was">{escape(why)}</p>' for why in whys)
    rows = [
        (
            one["kind"],
            f"{escape(one['model'])}/{escape(one['id'])}" + ("" if one["column"] == "*" else f"<br>{escape(one['column'])}"),
            one["base"],
            one["new"],
        )
        for one in diff["rows"]
    ]
    rows += [
        (one["kind"], f"effect {escape(one['effect'])}<br>{escape(one['key'])}", one["base"], one["new"])
        for one in (*diff["effects"], *diff["others"])
    ]
    if not rows:
        return said
    body = "".join(
        f'<tr class="{kind}"><td class="kind">{kind}</td><td><code>{where}</code></td>'
        f'<td class="side was">{_value(base, new)}</td><td class="side now">{_value(new, base)}</td></tr>'
        for kind, where, base, new in rows
    )
    return f"{said}<table class=differences><tr><th></th><th>where</th><th>as it happened</th><th>the other way</th></tr>{body}</table>"


def _values(values: Data, other: Any = None) -> str:
    """Names and values, those that are set; what is the same in *other* stands back."""
    against = other if isinstance(other, dict) else {}
    shown = "".join(
        f"<dt>{escape(name)}</dt><dd{' class=same' if name in against and against[name] == value else ''}>{_value(value)}</dd>"
        for name, value in sorted(values.items())
        if value is not None
    )
    return f"<dl>{shown}</dl>"


def moment(text: str) -> str:
    """A recorded moment to the minute, in UTC."""
    return text[:16].replace("T", " ")


def _value(value: Any, other: Any = None) -> str:
    if value is None:
        return "<span class=soft>–</span>"
    if isinstance(value, dict) and value:
        return _values(value, other)
    return f"<span class=value>{escape(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))}</span>"


def _table(names: Iterable[str], rows: Iterable[Iterable[str]], *, numeric: Iterable[int] = ()) -> str:
    """A table of cells that are HTML already."""
    right = set(numeric)

    def line(cells: Iterable[str], tag: str) -> str:
        return "".join(f"<{tag}{' class=n' if place in right else ''}>{cell}</{tag}>" for place, cell in enumerate(cells))

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<div class=wide><table><tr>{line(names, 'th')}</tr>{body}</table></div>"
