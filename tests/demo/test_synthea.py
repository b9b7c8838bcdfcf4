"""The clinic against the stream of a synthetic clinic with over a thousand patients, where it lies beside the repository."""

from __future__ import annotations

from collections import Counter

import pytest

import ensue
from ensue.demo import clinic, import_stream
from ensue.demo.forms import event_of, moment_of
from ensue.demo.stream import Stream
from tests.demo.large_stream import FOLDER
from tests.demo.stream_rows import Rows, expected_rows, stored_rows
from tests.source_tree import ROOT

LINES = 5000

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason=f"The stream is not here: expected a folder {FOLDER.relative_to(ROOT.parent)} beside the repository."
)


@pytest.fixture(scope="module")
def first_rows() -> Rows:
    """The rows after the first lines."""
    return expected_rows(FOLDER, limit=LINES)


def test_the_first_lines_go_in_value_by_value(database_url: str, first_rows: Rows) -> None:
    with ensue.open(clinic, database_url) as ledger:
        counts = import_stream(ledger, FOLDER, limit=LINES)

        assert (counts.accepted, counts.repeated, dict(counts.rejected)) == (LINES, 0, {})
        assert stored_rows(ledger) == first_rows
        assert ledger.verify().faults == ()


def test_every_line_makes_an_event() -> None:
    with Stream(FOLDER) as stream:
        made = Counter((line.command, moment_of(line.effective_at).tzname()) for line in stream if event_of(line) is not None)

        assert made.total() == stream.total == 195_797
    assert {zone for _, zone in made} == {"UTC"}
