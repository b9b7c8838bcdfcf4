"""The changelog's entries: their kind, what they list, and a fingerprint that stays while what changed stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ensue.core.version import Version, VersionEntry
from ensue.source.changelog import Entry, StepChange, changelog
from ensue.source.inventory import inventory
from tests.source.conftest import Project
from tests.source.shop import HELPERS, RULES


def entries(project: Project, rules: str = RULES) -> dict[str, Entry]:
    """Each version's first entry."""
    lock = inventory(project(helpers=HELPERS, rules=rules).app).lock
    return {release.version: release.entries[0] for release in changelog(lock) if release.entries}


def test_each_version_tells_its_kind_fields_and_steps(project: Project) -> None:
    found = entries(project)

    assert {version: one.kind for version, one in found.items()} == {
        "2025-03-01": "behaviour",
        "2025-02-01": "breaking",
        "2025-01-01": "additive",
    }
    assert found["2025-03-01"].steps == (StepChange("ended", "tell", "Nobody listened."),)
    assert [(one.change, one.step, one.replaces) for one in found["2025-02-01"].steps] == [
        ("replaced", "write_noted_order", "write_order"),
        ("added", "tell", None),
    ]
    assert "form.note" in [one.path for one in found["2025-02-01"].changes]
    assert found["2025-01-01"].steps == ()


def test_a_fingerprint_has_twelve_digits_and_stays_when_only_words_or_code_change(project: Project) -> None:
    before = entries(project)
    words = entries(project, RULES.replace("The note is kept.", "Notes are kept.").replace("> 100", "> 200"))
    other = entries(project, RULES.replace("def tell(", "def say(").replace("end_step(tell", "end_step(say"))

    assert all(len(one.fingerprint) == 12 and int(one.fingerprint, 16) >= 0 for one in before.values())
    assert {one.fingerprint for one in words.values()} == {one.fingerprint for one in before.values()}
    assert other["2025-02-01"].fingerprint != before["2025-02-01"].fingerprint


def test_an_event_type_that_ends_is_breaking_and_says_why(project: Project) -> None:
    rules = RULES.replace("app.end_step(tell", 'app.end_event("order.buy", since="2025-03-01", why="The shop closed.")\napp.end_step(tell')

    entry = entries(project, rules)["2025-03-01"]

    assert (entry.kind, entry.text, entry.steps) == ("breaking", "The shop closed.", ())


def test_a_new_shape_of_a_model_is_told_under_its_date(project: Project) -> None:
    fields = '    """Customers have a city."""\n    name: str\n    city: str = ""\n'
    shape = f'class Customer2(Model, version="2025-03-01", follows=Customer):\n{fields}'
    lock = inventory(project(helpers=HELPERS, rules=RULES.replace("app.end_step", f"{shape}\n\napp.end_step")).app).lock

    (entry,) = (one for one in changelog(lock)[0].entries if one.about == "Customer (Customer2)")

    assert (entry.kind, entry.text) == ("additive", "Customers have a city.")


@pytest.mark.parametrize(
    ("deprecated", "retired", "text"),
    [
        (date(2026, 1, 1), None, "Deprecated on 2026-01-01."),
        (date(2026, 1, 1), date(2026, 7, 1), "Deprecated on 2026-01-01 and refuses new events from 2026-07-01 on."),
        (None, date(2026, 7, 1), "Refuses new events from 2026-07-01 on."),
    ],
)
def test_a_version_that_goes_away_has_an_entry_of_its_own(
    project: Project, deprecated: date | None, retired: date | None, text: str
) -> None:
    lock = inventory(project(helpers=HELPERS, rules=RULES).app).lock
    said = VersionEntry(Version.parse("2025-01-01"), "First version.", deprecated, retired)

    entry = changelog(lock, [said])[-1].entries[-1]
    later = changelog(lock, [replace(said, retired=date(2027, 1, 1))])[-1].entries[-1]

    assert (entry.kind, entry.text) == ("deprecation", text)
    assert entry.fingerprint != later.fingerprint
