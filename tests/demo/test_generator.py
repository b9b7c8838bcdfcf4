"""The generator: the same seed, the same stream; what the package ships is what it makes; and it has what makes a stream interesting."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

from ensue.demo import shipped_stream
from ensue.demo.forms import EVENTS, moment_of
from ensue.demo.generator import write_stream
from ensue.demo.stream import Line, Stream


def read_folder(folder: Path) -> dict[str, bytes]:
    """The unpacked content of every file: how gzip packs it may differ from one zlib to the next."""
    return {path.name: gzip.decompress(path.read_bytes()) for path in folder.iterdir()}


def read_lines(folder: Path) -> list[Line]:
    with Stream(folder) as stream:
        return list(stream)


def test_the_shipped_stream_is_what_the_generator_makes(tmp_path: Path) -> None:
    write_stream(tmp_path)

    assert read_folder(tmp_path) == read_folder(shipped_stream())


def test_the_same_seed_gives_the_same_files_byte_for_byte(tmp_path: Path) -> None:
    write_stream(tmp_path / "one", seed=7, patients=3)
    write_stream(tmp_path / "two", seed=7, patients=3)

    assert all((tmp_path / "two" / path.name).read_bytes() == path.read_bytes() for path in (tmp_path / "one").iterdir())


def test_another_seed_gives_another_stream(tmp_path: Path) -> None:
    write_stream(tmp_path, seed=7)

    assert read_folder(tmp_path)["timeline.csv.gz"] != read_folder(shipped_stream())["timeline.csv.gz"]


def test_the_shipped_stream_has_every_command_of_the_clinic() -> None:
    commands = Counter(line.command for line in read_lines(shipped_stream()))

    assert commands.keys() == EVENTS.keys()
    assert commands.total() > 500


def test_the_timeline_is_in_the_order_in_which_the_clinic_entered_the_facts() -> None:
    lines = read_lines(shipped_stream())

    entered = [moment_of(line.recorded_at) for line in lines]

    assert entered == sorted(entered)
    assert [line.seq for line in lines] == [str(place) for place in range(1, len(lines) + 1)]


def test_the_shipped_stream_has_what_real_ones_are_full_of() -> None:
    lines = read_lines(shipped_stream())
    values = [value or "" for line in lines for value in line.row.values()]

    assert any(moment_of(line.effective_at) < moment_of(line.recorded_at) for line in lines), "entered late"
    assert any(len(line.effective_at) == 10 for line in lines), "dates without a time"
    assert any(line.effective_at.endswith("-05:00") for line in lines), "other offsets"
    assert any("\u200b" in value for value in values), "zero-width spaces"
    assert any(value.startswith(" ") for value in values), "leading spaces"
    assert any(len(value) >= 16 and value.replace(".", "", 1).isdigit() for value in values), "numbers of many digits"
    assert any(not value.isascii() for line in lines if line.command == "patient.register" for value in [line.row["family"] or ""]), (
        "accents"
    )
    assert any(line.row["phone"] is None for line in lines if line.command == "patient.register"), "nobody to notify"
