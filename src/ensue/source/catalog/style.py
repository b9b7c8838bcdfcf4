"""Style: how the catalog's page looks, on screens in light and dark and on paper; and the few lines that search it."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --ink: #1d2329; --soft: #5b6670; --line: #dde2e7; --paper: #fff; --shade: #f5f7f9; --link: #0b5cad;
  --breaking: #b3261e; --behaviour: #8a5a00; --additive: #1a6b3c; --none: #5b6670;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e8ec; --soft: #9aa5b0; --line: #333b43; --paper: #14181c; --shade: #1c2228; --link: #7ab7f5;
    --breaking: #ff8a80; --behaviour: #f0c060; --additive: #7fd8a0; --none: #9aa5b0;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif;
  color: var(--ink); background: var(--paper);
}
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code { font: .875em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.page { display: grid; grid-template-columns: 17rem minmax(0, 1fr); max-width: 84rem; margin: 0 auto; }
nav {
  position: sticky; top: 0; height: 100vh;
  overflow-y: auto; padding: 1.5rem 1rem 2rem 1.5rem; border-right: 1px solid var(--line); font-size: .875rem;
}
nav h2 { margin: 1.25rem 0 .25rem; font-size: .75rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { padding: .1rem 0; }
nav input {
  width: 100%; padding: .4rem .6rem; font: inherit;
  color: inherit; background: var(--shade); border: 1px solid var(--line); border-radius: .4rem;
}
nav #found { color: var(--soft); min-height: 1.4em; margin: .25rem 0 0; }
main { padding: 2rem 2.5rem 4rem; min-width: 0; }
h1 { margin: 0 0 .5rem; font-size: 1.9rem; line-height: 1.2; }
main > section > h2 { margin: 3rem 0 1rem; font-size: 1.35rem; }
.lead { max-width: 46rem; color: var(--soft); margin: 0 0 1rem; }
article { border-top: 2px solid var(--ink); padding: 1rem 0 1.5rem; margin-top: 2.25rem; }
article h3 { margin: 0; font-size: 1.3rem; line-height: 1.3; }
article h3 code { font-size: 1em; font-weight: 650; }
.period { color: var(--soft); font-weight: 400; font-size: .95rem; margin-left: .5rem; white-space: nowrap; }
.purpose { font-size: 1.08rem; max-width: 46rem; margin: .5rem 0 .75rem; }
.purpose p { margin: 0 0 .5rem; }
.dates { display: flex; flex-wrap: wrap; gap: .4rem; list-style: none; margin: .25rem 0 .75rem; padding: 0; font-size: .85rem; }
.dates li { padding: .1rem .6rem; border: 1px solid var(--line); border-radius: 1rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: .5rem 0 .5rem; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; }
h4 { margin: 1.4rem 0 .1rem; font-size: .95rem; }
.note { margin: 0 0 .3rem; color: var(--soft); font-size: .85rem; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: .8rem; }
th, td { padding: .32rem .9rem .32rem 0; vertical-align: top; border-bottom: 1px solid var(--line); }
td:first-child { white-space: nowrap; }
td.count, th.count { text-align: right; padding-right: 0; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.keep { white-space: nowrap; }
td.where { min-width: 13rem; }
td code { overflow-wrap: normal; }
.changelog td:first-child { white-space: normal; min-width: 11rem; }
.class {
  display: inline-block; padding: 0 .5rem; border: 1px solid currentColor;
  border-radius: .8rem; font-size: .78rem; font-weight: 600;
}
.breaking { color: var(--breaking); } .behaviour { color: var(--behaviour); }
.additive { color: var(--additive); } .none { color: var(--none); }
details { margin: 1rem 0 0; padding: .4rem .9rem; background: var(--shade); border-radius: .5rem; }
summary { cursor: pointer; font-size: .9rem; }
.ended { padding: .5rem .9rem; background: var(--shade); border-left: .25rem solid var(--breaking); }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }
[hidden] { display: none !important; }
@media (max-width: 60rem) {
  .page { display: block; }
  nav { position: static; height: auto; border: 0; padding-bottom: 0; }
  nav ul { columns: 2; }
  main { padding: 1rem 1.5rem; }
}
@media (max-width: 40rem) {
  main { padding: 1rem; }
  nav { padding: 1rem 1rem 0; }
  thead { display: none; }
  tr { display: block; padding: .35rem 0; border-bottom: 1px solid var(--line); }
  th, td, td:first-child, td.keep, td.count { display: block; border: 0; white-space: normal; text-align: left; }
  td { position: relative; min-width: 0; padding: .1rem 0 .1rem 7rem; }
  td::before { content: attr(data-head); position: absolute; left: 0; width: 6.5rem; color: var(--soft); font-size: .8rem; }
  td:empty { display: none; }
}
@media print {
  :root {
    --ink: #000; --soft: #444; --line: #bbb; --paper: #fff;
    --shade: #fff; --link: #000; --breaking: #000; --behaviour: #000; --additive: #000;
  }
  body { font-size: 10pt; }
  .page { display: block; }
  nav { display: none; }
  main { padding: 0; }
  article { break-before: auto; }
  h2, h3, h4, .purpose { break-after: avoid; }
  tr, .note { break-inside: avoid; }
  a:hover { text-decoration: none; }
}
"""

SCRIPT: Final = """
const box = document.getElementById("search"), found = document.getElementById("found");
const cards = [...document.querySelectorAll("article")];
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let count = 0;
  for (const card of cards) {
    const text = card.textContent.toLowerCase();
    card.hidden = !words.every(word => text.includes(word));
    count += card.hidden ? 0 : 1;
    document.querySelector(`nav a[href="#${card.id}"]`)?.parentElement.toggleAttribute("hidden", card.hidden);
  }
  found.textContent = words.length ? `${count} of ${cards.length}` : "";
});
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(one => { one.open = true; }));
"""
