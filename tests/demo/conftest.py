"""Some of the large stream, for the tests of this room: what it takes to make is taken once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo.large_stream import part_of_the_stream


@pytest.fixture(scope="session")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of some patients."""
    return part_of_the_stream(tmp_path_factory.mktemp("part"))
