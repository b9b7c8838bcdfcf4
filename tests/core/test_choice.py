"""Which version an event runs under once some are published, what is said of the others, and what callers are told."""

from __future__ import annotations

from datetime import date

import pytest

from ensue import App, DefinitionError, VersionError
from ensue.core.deprecation import deprecation_headers
from ensue.core.version import Version, VersionEntry

TODAY = date(2026, 6, 1)
FIRST, SECOND, THIRD, FOURTH = (Version.parse(f"2026-0{month}-01") for month in (1, 2, 3, 4))


def app(**keywords: str) -> App:
    made = App("ward", default=keywords.get("default"))
    made.version("2026-01-01", "First.", deprecated="2026-02-01", retired="2026-06-01")
    made.version("2026-02-01", "Second.", deprecated="2026-05-01")
    made.version("2026-03-01", "Third.")
    made.version("2026-04-01", "Fourth.")
    return made


PUBLISHED = {FIRST, SECOND, THIRD}


def test_without_a_lock_every_date_is_open_and_the_newest_is_chosen() -> None:
    line = app().versions()

    assert app().choose(None, today=TODAY) == FOURTH
    assert [line.state(one, TODAY) for one in line.versions] == ["retired", "deprecated", "open", "open"]


def test_with_a_lock_what_it_does_not_name_is_a_draft() -> None:
    line = app().versions(PUBLISHED)

    assert [line.state(one, TODAY) for one in line.versions] == ["retired", "deprecated", "published", "draft"]
    assert [line.state(one, date(2026, 1, 1)) for one in line.versions] == ["published", "published", "published", "draft"]


def test_the_newest_published_version_is_the_default_also_where_drafts_may_be_used() -> None:
    assert app().choose(None, today=TODAY, published=PUBLISHED) == THIRD
    assert app().choose(None, today=TODAY, published=PUBLISHED, drafts=True) == THIRD


def test_a_draft_is_refused_with_what_to_do_and_taken_where_drafts_may_be_used() -> None:
    with pytest.raises(VersionError) as refused:
        app().choose("2026-04-01", today=TODAY, published=PUBLISHED)

    assert (refused.value.code, refused.value.nearest) == ("draft", ("2026-03-01",))
    assert str(refused.value) == (
        "2026-04-01 is a draft: previews and tests may use it, events may not. Run `ensue versions publish`, or use 2026-03-01."
    )
    assert app().choose("2026-04-01", today=TODAY, published=PUBLISHED, drafts=True) == FOURTH


def test_a_default_that_is_a_draft_is_refused_too() -> None:
    with pytest.raises(VersionError, match="2026-04-01 is a draft"):
        app(default="2026-04-01").choose(None, today=TODAY, published=PUBLISHED)


def test_a_lock_that_names_no_version_leaves_none_to_choose() -> None:
    with pytest.raises(VersionError, match="No version of ward is published yet: run `ensue versions publish`") as refused:
        app().choose(None, today=TODAY, published=())

    assert refused.value.code == "draft"


def test_the_nearest_versions_are_those_that_can_be_used() -> None:
    with pytest.raises(VersionError, match="2026-05-01 is after the newest version, 2026-03-01"):
        app().choose("2026-05-01", today=TODAY, published=PUBLISHED)


def test_the_successor_of_a_retired_version_is_one_that_takes_events() -> None:
    made = app()
    made.version("2026-01-15", "Between.", retired="2026-03-01")

    with pytest.raises(VersionError, match="2026-01-01 was retired on 2026-06-01; use 2026-02-01 or later"):
        made.choose("2026-01-01", today=TODAY)

    assert made.versions([FIRST]).successor(FIRST, TODAY) is None


def test_a_version_is_not_retired_before_it_is_deprecated() -> None:
    with pytest.raises(DefinitionError, match=r"^version\('2026-05-01'\): it is retired before it is deprecated; give callers time"):
        app().version("2026-05-01", "Fifth.", deprecated="2026-07-01", retired="2026-06-30")


# ---- what callers are told -------------------------------------------------------------------------------------------
def test_a_deprecated_version_is_told_in_headers() -> None:
    entry = VersionEntry(FIRST, "First.", deprecated=date(2026, 1, 1), retired=date(2026, 7, 1))

    headers = deprecation_headers(entry, policy="https://example.org/versions/{version}", successor=SECOND)

    assert headers == {
        "Deprecation": "@1767225600",
        "Sunset": "Wed, 01 Jul 2026 00:00:00 GMT",
        "Link": '<https://example.org/versions/2026-01-01>; rel="deprecation", '
        '<https://example.org/versions/2026-01-01>; rel="sunset", '
        '<https://example.org/versions/2026-02-01>; rel="successor-version"',
    }


def test_a_version_that_stays_has_no_headers() -> None:
    assert deprecation_headers(VersionEntry(FIRST, "First."), policy="https://example.org/") == {}


def test_a_date_without_a_page_has_no_link() -> None:
    assert deprecation_headers(VersionEntry(FIRST, "First.", retired=date(2026, 7, 1))) == {"Sunset": "Wed, 01 Jul 2026 00:00:00 GMT"}
