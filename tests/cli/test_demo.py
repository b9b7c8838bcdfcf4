"""The demo: what `make demo` shows, again without adding anything; and the import of any folder of the stream's form."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ensue.demo import shipped_stream
from tests.cli.conftest import Run

SHIPPED = str(shipped_stream())
TOTAL = 675


def test_the_demo_imports_tells_one_story_and_verifies(started_program: Run, tmp_path: Path) -> None:
    first, again = started_program("demo"), started_program("demo")

    assert (first.code, again.code) == (0, 0)
    assert f"\n{TOTAL} events went into sqlite:///build/demo.db (" in first.stdout
    assert f"\nNothing was added: all {TOTAL} events of the stream were in sqlite:///build/demo.db already" in again.stdout
    for told in (first.stdout, again.stdout):
        assert f"✓ Verified: {TOTAL} records in 12 chains" in told
        assert "+ MedicationRequest" in told
        assert "+ LabTask" in told
        assert "~ Encounter" in told
        assert "» push.send" in told
    assert first.stderr == again.stderr == ""
    assert (tmp_path / "build" / "demo.db").exists()


def test_what_the_demo_says_to_try_works_as_it_stands(program: Run, after_demo: Path) -> None:
    told = program("demo").stdout
    commands = [line.split("ensue.cli ")[1].split() for line in told.splitlines() if "ensue.cli " in line]

    tried = [program(*command, env={"ENSUE_APP": "ensue.demo:clinic", "ENSUE_DATABASE": "sqlite:///build/demo.db"}) for command in commands]

    named = [command[0] for command in commands]
    assert named == ["show", "history", "preview", "timeline", "show", "replay", "compare", "catalog", "verify"]
    assert [(one.code, one.stderr) for one in tried] == [(0, "")] * len(commands)


def test_the_demo_for_programs_has_import_story_and_verification(run: Run, sqlite_url: str) -> None:
    data = run("demo", "--database", sqlite_url, "--json").data

    assert (data["import"]["accepted"], data["import"]["repeated"], data["import"]["rejected"]) == (TOTAL, 0, {})
    assert {event["subject"] for event in data["timeline"]} == {data["subject"]}
    assert data["verification"]["clean"] is True


def test_an_import_counts_what_became_of_the_lines(program: Run, sqlite_url: str) -> None:
    limited = program("demo", "import", SHIPPED, "--database", sqlite_url, "--limit", "100", "--json")
    whole = program("demo", "import", SHIPPED, "--database", sqlite_url, "--json")
    again = program("demo", "import", SHIPPED, "--database", sqlite_url, "--json")

    counts = [(one.data["accepted"], one.data["repeated"], one.data["rejected"]) for one in (limited, whole, again)]
    assert counts == [(100, 0, {}), (TOTAL - 100, 100, {}), (0, TOTAL, {})]
    assert all(one.data["events_per_second"] > 0 for one in (limited, whole, again))
    assert all(one.stderr == "" for one in (limited, whole, again))


def test_an_import_tells_people_what_was_refused(run: Run, sqlite_url: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "stream"))
    run("demo", "import", str(folder), "--database", sqlite_url)
    clash = folder / "allergies.csv.gz"
    clash.write_bytes(changed(clash.read_bytes()))

    told, data = (
        run("demo", "import", str(folder), "--database", sqlite_url),
        run("demo", "import", str(folder), "--database", sqlite_url, "--json").data,
    )

    refused = data["rejected"]["conflict"]
    assert refused > 0
    assert told.code == 0
    assert f"{refused} line{'s' * (refused != 1)} refused:" in told.stdout
    assert "conflict" in told.stdout
    assert data["examples"][0]["command"] == "allergy.record"


def changed(packed: bytes) -> bytes:
    import gzip

    text = gzip.decompress(packed)
    assert b"Allergy to mould" in text
    return gzip.compress(text.replace(b"Allergy to mould", b"Allergy to mold"))


@pytest.mark.parametrize("prepare", ["absent", "empty", "damaged"])
def test_a_folder_that_is_no_stream_is_explained(run: Run, sqlite_url: str, tmp_path: Path, prepare: str) -> None:
    folder = tmp_path / "stream"
    if prepare != "absent":
        folder.mkdir()
    if prepare == "damaged":
        (folder / "timeline.csv.gz").write_bytes(b"\x1f\x8bdamaged")

    refused = run("demo", "import", str(folder), "--database", sqlite_url, "--json")

    assert (refused.code, refused.error["code"]) == (2, "request")
    assert "timeline.csv.gz" in refused.error["message"]


def test_a_place_where_no_folder_can_be_made_is_explained(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    refused = run("demo", "--database", f"sqlite:///{tmp_path}/file/demo.db", "--json")

    assert (refused.code, refused.error["code"]) == (2, "request")
    assert "Choose another place with --database" in refused.error["message"]


def test_a_limit_below_one_is_a_slip(run: Run, sqlite_url: str) -> None:
    refused = run("demo", "import", SHIPPED, "--database", sqlite_url, "--limit", "0", "--json")

    assert (refused.code, refused.error["code"]) == (2, "usage")
