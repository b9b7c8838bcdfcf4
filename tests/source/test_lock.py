"""Where a lock is looked for, and where the first one is put."""

from __future__ import annotations

from pathlib import Path

import pytest

from ensue import ConfigurationError
from ensue.core.app import App
from ensue.source.lock import Lock, find_lock, place_for_lock, read_lock, write_lock
from tests.source.conftest import Project
from tests.source.shop import HELPERS, RULES


@pytest.fixture
def app(project: Project) -> App:
    module = project(rules="from shop.rules import app\n", shop____init__="", helpers=HELPERS, shop__rules=RULES)
    found: App = module.app
    return found


def test_it_is_found_beside_the_steps_before_a_folder_above(app: App, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    write_lock(tmp_path / "versions.lock", Lock("shop"))

    assert find_lock(app) == tmp_path / "versions.lock"
    write_lock(tmp_path / "shop/versions.lock", Lock("shop"))
    assert find_lock(app) == tmp_path / "shop/versions.lock"


@pytest.mark.parametrize("mark", ["pyproject.toml", ".git"])
def test_it_is_not_looked_for_above_the_project(app: App, tmp_path: Path, mark: str) -> None:
    (tmp_path / "shop" / mark).touch()
    write_lock(tmp_path / "versions.lock", Lock("shop"))

    assert find_lock(app) is None


def test_outside_of_a_project_only_the_package_is_looked_into(app: App, tmp_path: Path) -> None:
    write_lock(tmp_path / "versions.lock", Lock("shop"))

    assert find_lock(app) is None


def test_the_lock_of_another_application_is_passed_over(app: App, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    write_lock(tmp_path / "shop/versions.lock", Lock("other"))
    write_lock(tmp_path / "versions.lock", Lock("shop"))

    assert find_lock(app) == tmp_path / "versions.lock"


def test_the_first_is_put_into_the_package_so_that_it_ships_with_it(app: App, project: Project, tmp_path: Path) -> None:
    assert place_for_lock(app) == tmp_path / "shop/versions.lock"
    assert place_for_lock(project(helpers=HELPERS, rules=RULES).app) == tmp_path / "versions.lock"


def test_an_application_without_steps_has_no_place_for_one() -> None:
    with pytest.raises(ConfigurationError, match="hall has no step in a file"):
        place_for_lock(App("hall"))


def test_it_is_written_whole_sorted_and_read_back(tmp_path: Path) -> None:
    lock = Lock("shop", versions={"2025-02-01": {"text": "é"}, "2025-01-01": {"text": ""}})

    write_lock(tmp_path / "versions.lock", lock)

    text = (tmp_path / "versions.lock").read_text(encoding="utf-8")
    assert read_lock(tmp_path / "versions.lock") == lock
    assert text.index("2025-01-01") < text.index("2025-02-01")
    assert "é" in text
    assert text.endswith("}\n")
    assert [one.name for one in tmp_path.iterdir()] == ["versions.lock"]
