"""`ensue versions` and `ensue changelog`: publish a small project, edit it, and be told."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Result, Run
from tests.source.shop import HELPERS, RULES


class Shop:
    """A project in a folder, with the commands run in it."""

    def __init__(self, folder: Path, run: Run) -> None:
        self.folder = folder
        self._run = run
        (folder / "pyproject.toml").write_text('[tool.ensue]\napp = "rules:app"\n')
        self.write("helpers", HELPERS)
        self.write("rules", RULES)

    def write(self, module: str, text: str) -> None:
        (self.folder / f"{module}.py").write_text(text, encoding="utf-8")

    def edit(self, module: str, before: str, after: str) -> None:
        text = (self.folder / f"{module}.py").read_text(encoding="utf-8")
        assert before in text
        self.write(module, text.replace(before, after))

    def run(self, *arguments: str) -> Result:
        """One command, which imports the project as it is now."""
        for module in ("helpers", "rules"):
            sys.modules.pop(module, None)
        return self._run(*arguments)

    @property
    def lock(self) -> str:
        return (self.folder / "versions.lock").read_text(encoding="utf-8")


@pytest.fixture
def shop(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.chdir(tmp_path)
    yield Shop(tmp_path, run)
    for module in ("helpers", "rules"):
        sys.modules.pop(module, None)


def test_one_token_of_a_helper_fails_the_check_and_a_comment_or_docstring_does_not(tmp_path: Path, program: Run) -> None:
    """As a developer does it, each command a program of its own."""
    shop = Shop(tmp_path, program)
    published = shop.run("versions", "publish")
    assert (published.code, published.stderr) == (0, "")
    assert published.stdout.startswith("✓ Published: 2025-01-01, 2025-02-01, 2025-03-01\n")

    shop.edit("helpers", "# times", "# multiplied by")
    shop.edit("helpers", "What it costs.", "What an order costs.")
    clean = shop.run("versions", "check")
    shop.edit("helpers", "amount * RATE", "amount + RATE")
    edited = shop.run("versions", "check")

    assert (clean.code, clean.stdout) == (0, "✓ As published: 3 published versions.\n")
    assert edited.code == 5
    told = " ".join(edited.stdout.split())
    assert "order.buy at 2025-01-01: step write_order: helpers.fee was edited after it was published: " in told
    assert (
        "write a step since a later date that says replaces=write_order, or run `ensue versions accept-edit --reason …`. helpers.py:5"
        in told
    )
    assert told.endswith("✗ Not as published: 3 published versions, 2 findings.")


def test_a_program_gets_every_finding(shop: Shop) -> None:
    shop.run("versions", "publish", "--until", "2025-01-01")
    shop.edit("helpers", "RATE = 2", "RATE = 3")

    told = shop.run("versions", "check", "--json")

    assert (told.code, told.error["code"]) == (5, "published")
    data = told.envelope["data"]
    assert (data["clean"], data["published"], data["lock"]) == (False, 1, str(shop.folder / "versions.lock"))
    (finding,) = data["findings"]
    assert (finding["kind"], finding["type"], finding["version"], finding["step"], finding["part"], finding["line"]) == (
        "edited", "order.buy", "2025-01-01", "write_order", "helpers.RATE", 2,
    )  # fmt: skip


def test_publishing_again_changes_nothing_and_is_refused_while_the_check_fails(shop: Shop) -> None:
    assert shop.run("versions", "publish", "--until", "2025-02-01", "--json").data["closed"] == ["2025-01-01", "2025-02-01"]
    first = shop.lock

    assert shop.run("versions", "publish", "--until", "2025-02-01").stdout == "✓ Nothing to publish: every version up to then is closed.\n"
    assert shop.lock == first
    shop.edit("helpers", "RATE = 2", "RATE = 3")
    refused = shop.run("versions", "publish", "--json")

    assert (refused.code, refused.error["code"], refused.envelope["data"]["closed"]) == (5, "published", [])
    assert shop.lock == first


def test_a_field_that_was_added_with_a_default_is_taken_over(shop: Shop) -> None:
    shop.run("versions", "publish")
    shop.edit("rules", '    note: str = ""\n', '    note: str = ""\n    colour: str = "red"\n')

    told = shop.run("versions", "publish")

    assert told.stdout == "✓ Fields that were added with a default are taken over; no version was closed.\n"
    assert '"colour"' in shop.lock
    assert shop.run("versions", "publish", "--json").data["changed"] is False


def test_an_edit_is_accepted_with_a_reason_and_logged(shop: Shop) -> None:
    shop.run("versions", "publish")
    shop.edit("helpers", "amount * RATE", "RATE * amount")

    accepted = shop.run("versions", "accept-edit", "--reason", "The same product.", "--json")

    assert [one["step"] for one in accepted.data["accepted"]] == ["write_order", "write_noted_order"]
    assert shop.run("versions", "check").code == 0
    (entry,) = json.loads(shop.lock)["accepted"]
    assert entry["reason"] == "The same product."
    assert entry["edits"][0]["part"] == "helpers.fee"


def test_nothing_is_accepted_without_a_lock_or_a_reason_or_while_something_vanished(shop: Shop) -> None:
    assert "Nothing of shop is published yet" in shop.run("versions", "accept-edit", "--reason", "Why.").complaint
    shop.run("versions", "publish")
    first = shop.lock
    shop.edit("rules", 'app.version("2025-03-01", "No more telling.")', "")
    shop.edit("rules", 'app.end_step(tell, since="2025-03-01", why="Nobody listened.")', "")

    assert shop.run("versions", "accept-edit", "--reason", " ").code == 2
    refused = shop.run("versions", "accept-edit", "--reason", "Why.", "--json")

    assert (refused.code, [one["kind"] for one in refused.envelope["data"]["findings"]]) == (5, ["vanished"])
    assert shop.lock == first


def test_a_draft_without_its_text_does_not_keep_earlier_versions_from_being_published(shop: Shop) -> None:
    shop.edit("rules", 'app.version("2025-03-01", "No more telling.")', "")

    assert shop.run("versions", "publish", "--until", "2025-02-01").code == 0
    assert "2025-03-01 says nothing of itself" in shop.run("versions", "publish").stdout


def test_versions_are_listed_with_their_states(shop: Shop) -> None:
    shop.edit("rules", '"First version."', '"First version.", deprecated="2025-01-02", retired="2025-01-03"')
    shop.edit("rules", '"Orders have a note; large ones are told."', '"Orders have a note.", deprecated="2025-02-02"')
    assert [one["state"] for one in shop.run("versions", "list", "--json").data] == ["retired", "deprecated", "open"]
    shop.run("versions", "publish", "--until", "2025-02-01")

    told = shop.run("versions", "list")

    assert told.stdout.splitlines() == [
        "2025-01-01  retired     First version. Deprecated 2025-01-02. Retired 2025-01-03.",
        "2025-02-01  deprecated  Orders have a note. Deprecated 2025-02-02.",
        "2025-03-01  draft       No more telling.",
    ]


def test_an_event_type_is_shown_as_it_is_at_a_date(shop: Shop) -> None:
    data = shop.run("versions", "show", "order.buy@2025-02-01", "--json").data

    assert (data["shape"], data["text"], data["form"]["required"]) == ("Buy2", "An order has a note.", ["amount", "note", "customer_id"])
    assert data["state"] == {"customer": {"kind": "ref", "model": "Customer", "wire": "customer_id"}}
    (first, second) = data["steps"]
    assert (first["name"], first["since"], first["replaces"]) == ("write_noted_order", "2025-02-01", "write_order of 2025-01-01")
    assert (second["name"], second["causes"], second["text"]) == ("tell", "tell", "Large orders are told.")
    assert Path(first["file"]).name == "rules.py"
    assert "def write_noted_order" in (shop.folder / "rules.py").read_text(encoding="utf-8").splitlines()[first["line"] - 1]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("order.buy@2025-02-02", "version_unknown"),
        ("order.buy@soon", "version_malformed"),
        ("order.buys@2025-02-01", "unknown_event_type"),
        ("@2025-02-01", "request"),
    ],
)
def test_what_cannot_be_shown_says_why(shop: Shop, asked: str, code: str) -> None:
    assert shop.run("versions", "show", asked, "--json").error["code"] == code


def test_events_use_what_is_published_and_previews_drafts_too(shop: Shop) -> None:
    shop.run("versions", "publish", "--until", "2025-01-01")
    where = ("--database", f"sqlite:///{shop.folder / 'shop.db'}", "--actor", "clerk")
    shop.run("db", "migrate", *where[:2])
    form = ("-f", "amount=3", "-f", "customer_id=c-1")

    refused = shop.run("submit", "order.buy", *form, "-f", "note=x", "--version", "2025-02-01", "--json", *where)
    previewed = shop.run("preview", "order.buy", *form, "-f", "note=x", "--version", "2025-02-01", "--json", *where)
    newest = shop.run("preview", "order.buy", *form, "--json", *where)

    assert (refused.error["code"], refused.error["nearest"]) == ("version_draft", ["2025-01-01"])
    assert previewed.error["code"] == newest.error["code"] == "rejected", "there is no such customer, under either version"


def test_the_lock_of_another_application_is_refused(shop: Shop) -> None:
    shop.run("versions", "publish")
    shop.edit("rules", 'App("shop")', 'App("market")')

    assert "is the lock of 'shop', and the application is 'market'" in shop.run("versions", "check", "--lock", "versions.lock").complaint
    assert shop.run("versions", "list", "--json").data[0]["state"] == "open"
    first = shop.lock
    assert "is the lock of another application; say --lock with a path for that of 'market'" in shop.run("versions", "publish").complaint
    assert shop.lock == first


# ---- the changelog -----------------------------------------------------------------------------------------------------
def test_the_changelog_is_built_from_lock_and_texts(shop: Shop) -> None:
    shop.run("versions", "publish", "--until", "2025-02-01")

    told = shop.run("changelog")

    assert told.stdout.startswith(
        "# Changelog of shop\n\n## 2025-02-01\n\nOrders have a note; large ones are told.\n\n"
        "### order.buy: breaking\n\nAn order has a note.\n\n- `note` is new and required; send it.\n"
    )
    assert "- Step `write_noted_order` takes the place of `write_order`: The note is kept.\n" in told.stdout
    assert "- Step `tell` is new: Large orders are told.\n" in told.stdout
    assert "2025-03-01" not in told.stdout


def test_the_changelog_of_drafts_marks_them_and_tells_what_ends(shop: Shop) -> None:
    shop.run("versions", "publish", "--until", "2025-02-01")

    page = shop.run("changelog", "--drafts").stdout
    (newest, *_) = shop.run("changelog", "--drafts", "--json").data

    assert "## 2025-03-01 (draft)" in page
    assert "- Step `tell` no longer runs: Nobody listened.\n" in page
    assert (newest["version"], newest["draft"], newest["entries"][0]["kind"]) == ("2025-03-01", True, "behaviour")


def test_the_changelog_as_json_is_what_the_envelope_holds(shop: Shop) -> None:
    assert json.loads(shop.run("changelog", "--format", "json").stdout) == shop.run("changelog", "--json").data
