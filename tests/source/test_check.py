"""What was published stays: every edit of it is found and named, and what decides nothing may be changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from ensue.core.version import Version
from ensue.source.check import Finding, check
from ensue.source.inventory import inventory
from ensue.source.lock import Lock
from ensue.source.publish import accept_edits, publish
from tests.source.conftest import Project
from tests.source.shop import HELPERS, RULES

Edit = tuple[str, str]
Checked = Callable[..., list[Finding]]


@pytest.fixture
def checked(project: Project) -> Checked:
    """Publish the shop, replace texts in its files, and check it."""

    def run(*edits: Edit, until: str = "2025-02-01") -> list[Finding]:
        present = inventory(project(helpers=HELPERS, rules=RULES).app)
        lock, _ = publish(None, present.lock, Version.parse(until))
        files = {"helpers": HELPERS, "rules": RULES}
        for before, after in edits:
            assert any(before in text for text in files.values()), before
            files = {name: text.replace(before, after) for name, text in files.items()}
        return check(lock, inventory(project(**files).app))

    return run


def test_what_was_not_touched_is_clean(checked: Checked) -> None:
    assert checked() == []


def test_a_token_in_a_helper_names_each_step_that_calls_it_and_the_helper(checked: Checked) -> None:
    found = checked(("amount * RATE", "amount + RATE"))

    assert [(one.kind, one.type, one.version, one.step, one.part, one.line) for one in found] == [
        ("edited", "order.buy", "2025-01-01", "write_order", "helpers.fee", 5),
        ("edited", "order.buy", "2025-02-01", "write_noted_order", "helpers.fee", 5),
    ]
    assert (found[0].file or "").endswith("helpers.py")
    assert found[0].message == (
        "order.buy at 2025-01-01: step write_order: helpers.fee was edited after it was published: "
        "write a step since a later date that says replaces=write_order, or run `ensue versions accept-edit --reason …`."
    )


@pytest.mark.parametrize(
    "edit",
    [
        ("# times", "# multiplied by"),
        ('"""What it costs."""', '"""Another text."""'),
        ("amount * RATE", "(amount   *   RATE)"),
        ("RATE = 2", "\n\nRATE = 0x2"),
        ("return amount\n", "return amount + 1\n"),
        ("def fee(amount):", "def fee(amount: int) -> int:"),
        ('"""The note is kept."""', '"""The note is kept for ever."""'),
        ("First version.", "The first version."),
        ('    note: str = ""\n', '    note: str = ""\n    colour: str = "red"\n'),
        ("    note: str\n    customer", "    note: str\n    gift: bool = False\n    customer"),
        ("class Customer(Model, subject=True):", "class Customer(Model, subject=True):\n    def shout(self): return self.name.upper()\n"),
    ],
)
def test_what_decides_nothing_may_be_changed(checked: Checked, edit: Edit) -> None:
    assert checked(edit) == []


SAID = 'app.version("2025-02-01", "Orders have a note; large ones are told.")'


@pytest.mark.parametrize(
    ("edit", "kind", "step", "part", "says"),
    [
        (("RATE = 2", "RATE = 3"), "edited", "write_order", "helpers.RATE", "helpers.RATE was edited"),
        (("event.amount < 1", "event.amount < 2"), "edited", "write_order", "rules.write_order", "it was edited after it was published"),
        (('note=""', 'note="-"'), "edited", None, "rules.Buy2.up", "Buy2.up was edited"),
        (("rejects=[TooSmall]", "rejects=[]"), "edited", "write_order", None, "its rejects: order.too_small when it was published, none"),
        ((", replaces=write_order", ""), "edited", "write_noted_order", None, "its origin: write_order when it was published, write_"),
        (("amount: int\n    customer", "amount: str\n    customer"), "schema", None, None, "shape Buy: amount has another type"),
        (("amount: int\n    cus", "amount: int\n    colour: str\n    cus"), "schema", None, None, "colour must be given now"),
        (("    cost: int", "    cost: str"), "schema", None, None, "The model Order: Order.cost has another type"),
        (("    text: str", "    text: int"), "schema", None, None, "The effect tell: text has another type"),
        (("Model, of=Customer", 'Model, of=Customer, unique=[("cost",)]'), "schema", None, None, "The model Order: unique= was []"),
        ((SAID, ""), "text", None, None, "2025-02-01 says nothing of itself"),
        (('"""The note is kept."""', "pass"), "text", "write_noted_order", None, "step write_noted_order says nothing of what changed"),
        (('"""An order has a note."""', "pass"), "text", None, None, "shape Buy2 says nothing of what changed"),
    ],
)  # fmt: skip
def test_an_edit_is_named(checked: Checked, edit: Edit, kind: str, step: str | None, part: str | None, says: str) -> None:
    found = checked(edit)

    assert (kind, step, part) in [(one.kind, one.step, one.part) for one in found], found
    assert says in " ".join(one.message for one in found)


def test_a_step_that_is_taken_away_is_named(checked: Checked) -> None:
    found = checked(
        ('@app.step(Buy2, since="2025-02-01")\n', ""),
        ('app.end_step(tell, since="2025-03-01", why="Nobody listened.")', ""),
    )

    assert [(one.kind, one.step) for one in found] == [("vanished", "tell")]


def test_a_step_that_is_put_into_a_published_date_is_named(checked: Checked) -> None:
    step = 'def more(event: Buy2) -> Iterator[Tell]:\n    """More."""\n    yield Tell(text="")\n\n\n'
    new = f'@app.step(Buy2, since="2025-02-01")\n{step}app.end_step'

    found = checked(("app.end_step", new))

    assert [(one.kind, one.step, one.version) for one in found] == [("edited", "more", "2025-02-01")]
    assert "give it a later date" in found[0].message


def test_a_date_that_is_put_before_a_published_one_is_named(checked: Checked) -> None:
    found = checked(('app.version("2025-02-01"', 'app.version("2025-01-15", "Between.")\napp.version("2025-02-01"'))

    assert [(one.kind, one.version) for one in found] == [("order", "2025-01-15")]


def test_a_draft_may_be_edited_as_one_likes(checked: Checked) -> None:
    edits = (("amount * RATE", "amount + RATE"), ("Nobody listened.", "No."), ("> 100", "> 200"), ("event.amount < 1", "event.amount < 2"))

    assert checked(*edits[1:3], until="2025-01-01") == []
    assert {one.step for one in checked(*edits, until="2025-01-01")} == {"write_order"}


def test_code_that_moves_to_another_file_is_not_edited(project: Project) -> None:
    lock, _ = publish(None, inventory(project(helpers=HELPERS, rules=RULES).app).lock, Version.parse("2025-03-01"))

    moved = project(helpers="from prices import fee\n", prices=HELPERS, rules=RULES)

    assert check(lock, inventory(moved.app)) == []


def test_a_published_date_that_is_gone_is_named(project: Project) -> None:
    present = inventory(project(helpers=HELPERS, rules=RULES).app)
    lock, _ = publish(None, present.lock, Version.parse("2025-03-01"))
    gone = RULES.replace('app.version("2025-03-01", "No more telling.")', "").replace(
        'app.end_step(tell, since="2025-03-01", why="Nobody listened.")', ""
    )

    found = check(lock, inventory(project(helpers=HELPERS, rules=gone).app))

    assert {(one.kind, one.version) for one in found} == {("vanished", "2025-03-01"), ("edited", "2025-03-01")}


def test_a_function_that_checks_a_field_counts(project: Project) -> None:
    checked = "from typing import Annotated\nfrom pydantic import AfterValidator\n" + RULES.replace(
        "class Buy(Event", "Fee = Annotated[int, AfterValidator(helpers.fee)]\nclass Buy(Event"
    ).replace("    amount: int\n    customer", "    amount: tuple[Fee, ...]\n    customer").replace("amount=old.amount", "amount=1")
    lock, _ = publish(None, inventory(project(helpers=HELPERS, rules=checked).app).lock, Version.parse("2025-01-01"))

    found = check(lock, inventory(project(helpers=HELPERS.replace("RATE = 2", "RATE = 30"), rules=checked).app))

    assert [(one.kind, one.type, one.step, one.part) for one in found] == [
        ("edited", "order.buy", "write_order", "helpers.RATE"),
        ("edited", "order.buy", None, "helpers.RATE"),
    ]
    assert "shape Buy: Buy.checks: helpers.RATE was edited after it was published" in found[1].message


# ---- publishing and accepting ------------------------------------------------------------------------------------------
def test_publishing_adds_and_never_rewrites(project: Project) -> None:
    present = inventory(project(helpers=HELPERS, rules=RULES).app).lock

    first, closed = publish(None, present, Version.parse("2025-01-31"))
    second, closed_later = publish(first, present, Version.parse("2025-12-31"))
    again, nothing = publish(second, present, Version.parse("2025-12-31"))

    assert (closed, closed_later, nothing) == (["2025-01-01"], ["2025-02-01", "2025-03-01"], [])
    assert again == second
    assert first.events["order.buy"]["steps"].items() <= second.events["order.buy"]["steps"].items()
    assert first.events["order.buy"]["versions"].items() <= second.events["order.buy"]["versions"].items()
    assert list(first.events["order.buy"]["shapes"]) == ["Buy"]
    assert list(first.schemas) == ["rejection order.too_small"]
    assert second.events["order.buy"]["versions"]["2025-03-01"]["ended_steps"] == {"2025-02-01 tell": "Nobody listened."}


def test_a_field_that_was_added_with_a_default_is_taken_over_by_the_next_publish(project: Project) -> None:
    lock, _ = publish(None, inventory(project(helpers=HELPERS, rules=RULES).app).lock, Version.parse("2025-03-01"))
    wider = RULES.replace('    note: str = ""\n', '    note: str = ""\n    colour: str = "red"\n')

    later, _ = publish(lock, inventory(project(helpers=HELPERS, rules=wider).app).lock, Version.parse("2025-03-01"))

    found = check(later, inventory(project(helpers=HELPERS, rules=RULES).app))
    assert next(one.message for one in found if one.kind == "schema").startswith("The model Order: Order.colour is gone")


def test_an_accepted_edit_is_logged_with_its_reason_and_is_clean_afterwards(project: Project) -> None:
    lock, _ = publish(None, inventory(project(helpers=HELPERS, rules=RULES).app).lock, Version.parse("2025-02-01"))
    present = inventory(project(helpers=HELPERS.replace("* RATE", "+ RATE"), rules=RULES).app)
    edits = check(lock, present)

    accepted: Lock = accept_edits(lock, present.lock, edits, "It was never used.", date(2026, 1, 2))

    assert check(accepted, present) == []
    assert accepted.versions.keys() == lock.versions.keys()
    (entry,) = accepted.accepted
    assert (entry["on"], entry["reason"]) == ("2026-01-02", "It was never used.")
    assert [(one["step"], one["part"]) for one in entry["edits"]] == [("write_order", "helpers.fee"), ("write_noted_order", "helpers.fee")]
