"""
Two drafts of later versions of the clinic, compared over its past: exactly those prescriptions that the files say, worked out apart.

Over some patients always; over the whole stream, which takes minutes to import, where ENSUE_FULL_STREAM is set.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ensue
from ensue import Selection
from ensue.demo import clinic, import_stream
from tests.demo.large_stream import FOLDER, expected_of
from tests.source_tree import ROOT

BOTH = ("medication.deceased", "medication.without_reason")

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason=f"The stream is not here: expected a folder {FOLDER.relative_to(ROOT.parent)} beside the repository."
)


def refused(url: str, version: str) -> dict[str, Any]:
    """What `ensue compare` says in a process of its own, where the clinic has the drafts."""
    command = ["compare", "--app", "tests.demo.drafts:clinic", "--database", url, "--type", "medication.request", "--version", version]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    done = subprocess.run(
        [sys.executable, "-m", "ensue.cli", *command, "--json"], env=environment, cwd=ROOT, capture_output=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    data: dict[str, Any] = json.loads(done.stdout)["data"]
    return data


def check_over(folder: Path, url: str) -> None:
    """Replay shows no difference, and each draft refuses exactly what the files say."""
    expected = expected_of(folder)
    with ensue.open(clinic, url) as ledger:
        import_stream(ledger, folder)
        assert ledger.replay(Selection()).outcomes == {"same": expected.commands}
        requests = {
            record.position: record.form["request_id"] for record in ledger.records(selection=Selection(types="medication.request"))
        }

    for version, code, wanted in (("2030-02-01", BOTH[0], expected.after_death), ("2030-01-01", BOTH[1], expected.without_reason)):
        data = refused(url, version)

        assert wanted, "there is something to find"
        assert (data["noise"]["different"], data["uncovered"]) == (0, 0)
        assert data["outcomes"] == {"newly_rejected": len(wanted), "same": len(requests) - len(wanted)}
        (group,) = data["groups"]
        assert group["signature"] == [f"newly_rejected {code}"]
        assert {requests[position] for position in group["positions"]} == wanted


def test_each_draft_refuses_exactly_what_the_files_say(part: Path, sqlite_url: str) -> None:
    check_over(part, sqlite_url)


@pytest.mark.skipif(not os.environ.get("ENSUE_FULL_STREAM"), reason="Takes minutes; set ENSUE_FULL_STREAM=1 to run it.")
@pytest.mark.timeout(1_800)
def test_so_it_is_over_the_whole_stream(sqlite_url: str) -> None:
    check_over(FOLDER, sqlite_url)
