"""The clinic's dates are published: its `versions.lock` ships with it, and nothing was edited since."""

from __future__ import annotations

from datetime import date

from ensue.demo import clinic
from ensue.source.check import check
from ensue.source.inventory import inventory
from ensue.source.lock import find_lock, read_lock
from ensue.source.publish import publish
from ensue.testing import check_shapes
from tests.source_tree import SOURCE

LOCK = SOURCE / "demo" / "versions.lock"


def test_nothing_published_was_edited() -> None:
    """Where this fails after a change that decides nothing else: `ensue versions accept-edit --app ensue.demo:clinic --reason …`."""
    found = check(read_lock(LOCK), inventory(clinic))

    assert not found, "\n".join(one.message for one in found)


def test_the_lock_is_found_beside_the_demo_and_closes_every_date() -> None:
    assert find_lock(clinic) == LOCK
    line = clinic.versions(read_lock(LOCK).published)
    assert {line.state(version, date(2030, 1, 1)) for version in line.versions} == {"published"}


def test_the_file_is_as_ensue_writes_it() -> None:
    assert LOCK.read_text(encoding="utf-8") == read_lock(LOCK).text()


def test_published_date_by_date_it_would_be_the_same() -> None:
    present, lock = inventory(clinic), None
    for version in clinic.line():
        lock, closed = publish(lock, present.lock, version)
        assert (closed, check(lock, present)) == ([str(version)], [])

    assert lock == read_lock(LOCK)


def test_its_shapes_keep_the_laws() -> None:
    check_shapes(clinic)
