"""The static check: what a step must not do is found by what it means, with its line; what is pure is left alone."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from ensue.demo import clinic
from ensue.source.lint import Finding, lint, lint_function
from ensue.source.purity import impurities
from ensue.source.rules import CODES
from tests.examples.conftest import load_example
from tests.source.conftest import Project
from tests.source.samples_impure import IMPURE
from tests.source.samples_pure import HEAD, PURE


def written(project: Project, text: str) -> ModuleType:
    lines = text.splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return project(rules=HEAD + "\n".join(line[indent:] for line in lines) + "\n")


def expected(module: ModuleType) -> list[tuple[int, str]]:
    lines = Path(str(module.__file__)).read_text(encoding="utf-8").splitlines()
    return [(number, found[1]) for number, line in enumerate(lines, 1) if (found := re.search(r"#! (\w+)", line))]


def places(findings: tuple[Finding, ...]) -> list[tuple[int, str]]:
    return sorted((one.line, one.code) for one in findings)


@pytest.mark.parametrize("what", list(IMPURE))
def test_what_is_not_pure_is_found_on_its_line_and_nothing_else(project: Project, what: str) -> None:
    rules = written(project, IMPURE[what])

    assert places(lint_function(rules.step)) == expected(rules)


@pytest.mark.parametrize("what", list(PURE))
def test_what_is_pure_is_left_alone(project: Project, what: str) -> None:
    assert [str(one) for one in lint_function(written(project, PURE[what]).step)] == []


def test_a_finding_says_file_line_rule_remedy_and_where_it_was_reached_from(project: Project) -> None:
    rules = project(
        helpers="from datetime import datetime\n\ndef today():\n    return datetime.now()\n",
        rules=HEAD
        + """
app = App("practice")

@app.step(Visit, since="2026-01-01")
def first(event: Visit) -> None:
    from helpers import today
    today()

@app.step(Visit, since="2026-02-01")
def second(event: Visit) -> None:
    first(event)
""",
    )

    (found,) = lint(rules.app).findings

    assert found.reached_from == ("step first", "step second")
    assert found.where == "helpers.today"
    folder = Path(str(rules.__file__)).parent
    assert str(found) == f"{folder / 'helpers.py'}:4: clock: datetime.now reads the clock; use event.at (step first and 1 more)"


def test_conversions_between_shapes_are_read_as_well(project: Project) -> None:
    rules = project(
        rules=HEAD
        + """
import time
app = App("practice")

class Visit2(Event, type="visit", version="2026-02-01", follows=Visit):
    text: str
    patient: Ref[Patient]

    @classmethod
    def up(cls, old: Visit) -> Visit2:
        return cls(text=f"{time.time()}", patient=old.patient)

    def down(self) -> Visit:
        return Visit(text=self.text, number=id(self), patient=self.patient)

@app.step(Visit, since="2026-01-01")
def first(event: Visit) -> None:
    pass
"""
    )

    assert [(one.code, one.reached_from) for one in lint(rules.app).findings] == [
        ("clock", ("Visit2.up",)),
        ("identity", ("Visit2.down",)),
    ]


def test_what_a_step_is_closed_over_counts_as_well(project: Project) -> None:
    rules = project(
        rules="""
            def make():
                seen = []
                count = 0
                def step(event):
                    nonlocal count
                    seen.append(event)
                return step
            step = make()
        """
    )

    assert places(lint_function(rules.step)) == [(6, "global"), (7, "mutable")]


ALLOWED = """
    import time
    def step(event: Visit):
        a = time.time()  # ensue: allow clock because a test of ours needs it
        # ensue: allow float, order because both are shown and never stored
        a = [0.5 for one in {"a"}]
        a = sum(
            [0.5],
        )  # ensue: allow float because of a reason
"""


def test_a_line_is_allowed_with_a_reason(project: Project) -> None:
    assert lint_function(written(project, ALLOWED).step) == ()


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        ("# ensue: allow clock", ["clock"]),
        ("# ensue: allow clock because", ["clock", "allow"]),
        ("# ensue: allow because it is nice", ["clock", "allow"]),
        ("# ensue: allow random because it is none", ["clock", "allow"]),
        ("# ensue: allow clocks because of a slip", ["clock", "allow"]),
        ("# ensue: ignore clock because", ["clock"]),
    ],
)
def test_an_allowance_without_reason_or_use_is_itself_found(project: Project, comment: str, found: list[str]) -> None:
    rules = written(project, f"    import time\n    def step(event: Visit):\n        a = time.time()  {comment}\n")

    findings = lint_function(rules.step)

    assert sorted(one.code for one in findings) == sorted(found)


def test_a_missing_reason_is_asked_for(project: Project) -> None:
    rules = written(project, "    import time\n    def step(event: Visit):\n        a = time.time()  # ensue: allow clock\n")

    (found,) = lint_function(rules.step)

    assert found.remedy == "use event.at. The comment that allows it must say why: … because …"


def test_a_step_without_a_source_is_told(project: Project) -> None:
    rules = project(rules="exec('def step(event): return 1')\n")

    (found,) = lint_function(rules.step)

    assert found.code == "source"


@pytest.mark.parametrize(("name", "codes"), [("calendar", {"clock", "print"}), ("textwrap", set()), ("uuid", {"random", "clock"})])
def test_whatever_can_be_said_in_python_can_be_read(name: str, codes: set[str]) -> None:
    module = importlib.import_module(name)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.ClassDef | ast.Lambda)]

    found = [spot for one in functions for spot in impurities(one, name)]

    assert all(spot.line in spot.lines for spot in found)
    assert codes <= {spot.rule.code for spot in found}


def test_every_rule_has_a_case() -> None:
    cases = {found for text in IMPURE.values() for found in re.findall(r"#! (\w+)", text)}

    assert cases == CODES - {"allow", "source"}


def test_the_clinic_is_clean() -> None:
    linted = lint(clinic)

    assert [str(one) for one in linted.findings] == []
    assert (linted.roots, linted.parts) >= (20, 40)


@pytest.mark.parametrize(
    ("example", "app"), [("transfer", "bank"), ("booking", "practice"), ("laboratory", "lab"), ("consent", "clinic"), ("history", "reg")]
)
def test_the_examples_are_clean(example: str, app: str) -> None:
    assert [str(one) for one in lint(getattr(load_example(example), app)).findings] == []
