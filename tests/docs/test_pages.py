"""Every page for users does what it says: its Python and console blocks run as printed, in order, on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from ensue import errors
from tests.docs.blocks import RUN, SHOWN, blocks_of
from tests.docs.reader import do_what_it_says
from tests.forking import Forking
from tests.source_tree import ROOT

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
# The guide to the command line shows commands over an application that the reader has; tests/cli runs every command.
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    ROOT / "docs" / "versions.md",
    *(guide for guide in GUIDES if guide.stem != "command-line"),
]


@pytest.mark.timeout(300)  # a page may hold two dozen commands, each a process
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_says_can_be_done(page: Path, tmp_path: Path, forking: Forking) -> None:
    do_what_it_says(page, tmp_path, forking)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_says_what_it_is(page: Path) -> None:
    unknown = [f"line {block.line}: {block.language!r}" for block in blocks_of(page) if block.language not in RUN | SHOWN]

    assert not unknown, f"{page.name}: use one of {', '.join(sorted(RUN | SHOWN))}"


@pytest.mark.parametrize(
    "said",
    [
        "```python\nprint(1)\n```\n```text\n2\n```\n",
        "```python\nprint(1)\n```\n",
        "```python\nassert 1 == 2\n```\n",
        "```console\n$ echo 1\n2\n```\n",
        "```console\n$ false\n```\n",
        "```python\n# one.py\nprint(1)\n```\n```console\n$ python one.py\n2\n```\n",
    ],
)
def test_a_page_that_says_what_is_not_so_is_found(said: str, tmp_path: Path, forking: Forking) -> None:
    page = tmp_path / "page.md"
    page.write_text(said, encoding="utf-8")

    with pytest.raises(AssertionError):
        do_what_it_says(page, tmp_path, forking)


def test_the_page_about_errors_names_every_one() -> None:
    page = (ROOT / "docs" / "guides" / "errors.md").read_text(encoding="utf-8")
    every = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}

    assert {name for name in every if name not in page} == set()
