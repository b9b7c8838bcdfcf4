"""
The stream corrected to a draft is the stream that the draft ruled from the start, row for row.

Over some patients always; over the whole stream, which takes many minutes, where ENSUE_FULL_STREAM is set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo.large_stream import FOLDER, expected_of
from tests.source_tree import ROOT

DEATH, REASON = "2030-02-01", "2030-01-01"  # by hand: who imports tests.demo.drafts gives its process the drafts

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason=f"The stream is not here: expected a folder {FOLDER.relative_to(ROOT.parent)} beside the repository."
)


def check_corrected(folder: Path, version: str, work: Path, refused: int, code: str) -> None:
    """Run the program, and hold what it says against what the files say."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    command = [sys.executable, "-m", "tests.demo.correcting", str(folder), version, str(work)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, timeout=5_000, check=False)
    assert done.returncode == 0, done.stderr.decode()
    said = json.loads(done.stdout)

    assert said["rejected_from_the_start"] == {code: refused}
    assert said["refused_by_the_plan"] == refused > 0
    assert said["differing_tables"] == []
    assert (said["left_to_correct"], said["faults"]) == (0, 0)
    assert said["replay"] == {"same": said["accepted"] + said["corrections"]}


def test_what_was_corrected_is_what_the_draft_would_have_made(tmp_path: Path, part: Path) -> None:
    check_corrected(part, DEATH, tmp_path, len(expected_of(part).after_death), "medication.deceased")


def test_so_it_is_for_a_draft_that_only_looks_at_the_form(tmp_path: Path, part: Path) -> None:
    check_corrected(part, REASON, tmp_path, len(expected_of(part).without_reason), "medication.without_reason")


@pytest.mark.skipif(not os.environ.get("ENSUE_FULL_STREAM"), reason="Takes many minutes; set ENSUE_FULL_STREAM=1 to run it.")
@pytest.mark.timeout(6_000)
def test_so_it_is_for_the_whole_stream(tmp_path: Path) -> None:
    check_corrected(FOLDER, DEATH, tmp_path, len(expected_of(FOLDER).after_death), "medication.deceased")
