"""Where a module of laws has its ledgers: one place for all examples, since making one takes longer than an example."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgresql_server import database_of_its_own

PARAMS = ("sqlite", "postgresql")


def place_for_ledgers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a folder, or of a PostgreSQL database, that belongs to the module alone."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('law')}"
    else:
        with database_of_its_own(request.getfixturevalue("postgresql_url")) as url:
            yield url
