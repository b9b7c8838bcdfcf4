"""Which app and which database: options, environment, pyproject.toml; and what is said when one cannot be found or used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import SHOP, Run

CORNER = """
from ensue import App, Event, Insert, Model, New, new

corner = App("corner")

class Thing(Model, subject=True):
    name: str

class Make(Event, type="thing.make", version="2024-01-01"):
    thing: New[Thing] = new()
    name: str

@corner.step(Make, since="2024-01-01")
def make(event: Make) -> list[Insert[Thing]]:
    return [Insert(Thing(id=event.thing, name=event.name))]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own, with an application and `[tool.ensue]`, and a folder below."""
    (tmp_path / "corner.py").write_text(CORNER)
    (tmp_path / "pyproject.toml").write_text('[tool.ensue]\napp = "corner:corner"\ndatabase = "sqlite:///corner.db"\n')
    (tmp_path / "below" / "deeper").mkdir(parents=True)
    return tmp_path


def test_app_and_database_come_from_pyproject_from_any_folder_below(program: Run, project: Path) -> None:
    below = project / "below" / "deeper"

    assert program("db", "migrate", cwd=below).code == 0
    made = program("submit", "thing.make", "-f", "name=lamp", "--actor", "me", "--json", cwd=below)

    assert made.data["position"] == 0
    assert program("verify", "--json", cwd=project).data["records"] == 1
    assert (project / "corner.db").exists()


def test_a_pyproject_without_our_table_is_passed_over(program: Run, project: Path) -> None:
    (project / "below" / "pyproject.toml").write_text('[project]\nname = "other"\n')

    assert program("db", "status", "--json", cwd=project / "below").data["ready"] is False


def test_the_environment_names_the_app_as_well(program: Run, project: Path) -> None:
    (project / "other.py").write_text(CORNER.replace("corner", "other"))

    made = program("submit", "thing.nothing", "--actor", "me", "--json", cwd=project, env={"ENSUE_APP": "other:nothing"})

    assert "did you mean other:other?" in made.error["message"]


def test_the_environment_and_the_option_come_before_pyproject(program: Run, project: Path) -> None:
    variable, option = f"sqlite:///{project / 'variable.db'}", f"sqlite:///{project / 'option.db'}"

    program("db", "migrate", cwd=project, env={"ENSUE_DATABASE": variable})
    program("db", "migrate", "--database", option, cwd=project, env={"ENSUE_DATABASE": variable})

    assert sorted(path.name for path in project.glob("*.db")) == ["option.db", "variable.db"]


def test_the_working_directory_is_importable_for_app(program: Run, project: Path) -> None:
    (project / "pyproject.toml").unlink()

    status = program("db", "status", "--app", "corner:corner", "--database", "sqlite:///x.db", "--json", cwd=project)

    assert status.data["ready"] is False


def test_one_database_may_hold_many_ledgers(program: Run, project: Path) -> None:
    for name in ("north", "south"):
        program("db", "migrate", "--database", "sqlite:///tenants", "--ledger", name, cwd=project)
    program("submit", "thing.make", "-f", "name=lamp", "--actor", "me", "--database", "sqlite:///tenants", "--ledger", "north", cwd=project)

    records = [
        program("verify", "--database", "sqlite:///tenants", "--ledger", name, "--json", cwd=project).data["records"]
        for name in ("north", "south")
    ]

    assert records == [1, 0]


def test_what_is_missing_is_said_with_every_place_to_say_it(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    no_app, no_database = run("verify", "--json"), run("verify", "--app", SHOP, "--json")

    assert (no_app.code, no_app.error["code"]) == (2, "configuration")
    assert all(word in no_app.error["message"] for word in ("--app module:name", "ENSUE_APP", "[tool.ensue]", "pyproject.toml"))
    assert (no_database.code, no_database.error["code"]) == (2, "configuration")
    assert all(word in no_database.error["message"] for word in ("--database", "ENSUE_DATABASE", "[tool.ensue]"))


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("tests.cli.shop", "did you mean tests.cli.shop:shop?"),
        ("tests.cli.shop:market", "no 'market' in tests.cli.shop; did you mean tests.cli.shop:shop?"),
        ("tests.cli.shop:Account", "'Account', which is a"),
        ("tests.cli.nowhere:app", "there is no module tests.cli.nowhere"),
        ("json:app", "it has no App at all"),
        ("shop.py:shop", "did you mean shop:shop?"),
        ("src/shop.py", "did you mean src.shop:app?"),
        (":shop", "is no module name"),
        ("no-module:app", "is no module name"),
    ],
)
def test_an_app_that_cannot_be_found_is_explained(run: Run, sqlite_url: str, app: str, said: str) -> None:
    refused = run("verify", "--app", app, "--database", sqlite_url, "--json")

    assert (refused.code, refused.error["code"]) == (2, "configuration")
    assert said in refused.error["message"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("x = 1 // 0", "ZeroDivisionError"),
        ("def (", "SyntaxError"),
        ("import sys; sys.exit('stop')", "SystemExit: stop"),
    ],
)
def test_an_app_that_cannot_be_imported_names_the_line_at_fault(program: Run, tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "broken.py").write_text(f"# one line before\n{source}\n")

    refused = program("verify", "--app", "broken:app", "--database", "sqlite:///x.db", "--json")

    assert (refused.code, refused.error["code"]) == (5, "definition")
    assert said in refused.error["message"]
    assert "broken.py, line 2" in refused.error["message"]
    assert refused.stderr == ""


def test_an_app_that_is_declared_wrongly_says_what_to_change(program: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("from ensue import Model\nclass Row(Model, subject=True):\n    price: float\n")

    refused = program("verify", "--app", "broken:app", "--database", "sqlite:///x.db", "--json")

    assert (refused.code, refused.error["code"]) == (5, "definition")
    assert "Row.price: a float has no exact bytes; use Decimal" in refused.error["message"]


def test_what_an_app_prints_while_it_is_imported_stays_out_of_the_envelope(program: Run, project: Path) -> None:
    (project / "corner.py").write_text("print('hello')\n" + CORNER)

    status = program("db", "status", "--json", cwd=project)

    assert status.data["ready"] is False
    assert status.stderr == "hello\n"


@pytest.mark.parametrize("text", ["[tool.ensue\n", '[tool]\nensue = "corner:corner"\n', "[tool.ensue]\napp = 3\n", "\xff"])
def test_a_pyproject_that_cannot_be_used_is_named(program: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode("latin-1"))

    refused = program("verify", "--json")

    assert (refused.code, refused.error["code"]) == (2, "configuration")
    assert "pyproject.toml" in refused.error["message"]


@pytest.mark.parametrize("url", ["clinic.db", "mysql://host/clinic", "nonsense://x", "sqlite"])
def test_an_address_of_no_database_says_what_one_looks_like(run: Run, url: str) -> None:
    refused = run("db", "status", "--app", SHOP, "--database", url, "--json")

    assert (refused.code, refused.error["code"]) == (2, "configuration")
    assert "sqlite" in refused.error["message"].lower()
