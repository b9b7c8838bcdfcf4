"""Work shared by several processes, from a ledger or from files, on Dask or not: always the result of one process, and never a hang."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ensue
from ensue import App, Comparison, ConfigurationError, Ledger, RequestError, Selection, WorkerFailed
from ensue.runtime.ranges import child, source
from ensue.runtime.ranges.messages import Hello
from tests.ledger.pharmacy import DEARER, POINTS, pharmacy, sell_to

CUSTOMERS = tuple(f"c{number}" for number in range(12))


@pytest.fixture
def ledger(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(source, "RECORDS_MIN", 10)
    monkeypatch.setattr(source, "BLOCK", 5)
    with ensue.open(pharmacy, sqlite_url, tag_keys={"k": bytes(32)}) as opened:
        sell_to(opened, *CUSTOMERS, each=5)
        yield opened


def as_told(comparison: Comparison) -> dict[str, object]:
    """All that a comparison says but how long it took, and what needs today's tables."""
    data = comparison.as_json()
    for one in (data, *data["groups"], *(sample for group in data["groups"] for sample in group["samples"])):
        one.pop("forecast")
    return {name: value for name, value in data.items() if name != "seconds"}


def test_two_processes_find_what_one_finds(ledger: Ledger) -> None:
    told: list[tuple[int, int]] = []

    shared = ledger.compare(Selection(), version=POINTS, jobs=2, progress=lambda done, total: told.append((done, total)))

    assert shared == ledger.compare(Selection(), version=POINTS)
    assert shared.records == 72
    assert told[-1] == (72, 72)


@pytest.mark.parametrize("name", ["events.jsonl", "events.jsonl.gz", "events.parquet"])
def test_a_file_gives_what_the_ledger_gives(ledger: Ledger, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    ledger.export(path, format="parquet" if name.endswith("parquet") else "jsonl")
    expected = as_told(ledger.compare(Selection(types="sale.buy"), version=POINTS))

    found = ensue.compare_files(pharmacy, path, version=POINTS, selection=Selection(types="sale.buy"))

    assert as_told(found) == expected
    assert ensue.replay_files(pharmacy, path).outcomes == {"same": 72}


@pytest.mark.parametrize("format", ["jsonl", "cloudevents", "parquet"])
def test_files_tell_what_was_corrected_since(ledger: Ledger, tmp_path: Path, format: str) -> None:
    record = next(ledger.records(after=0, limit=1))
    before = ledger.compare(Selection(), version=POINTS).different
    ledger.correct(ledger.compare(record, version=POINTS), actor="desk", reason="Points were promised.")
    ledger.export(tmp_path / "events", format=format)

    found = ensue.compare_files(pharmacy, tmp_path / "events", version=POINTS)

    assert as_told(found) == as_told(ledger.compare(Selection(), version=POINTS))
    assert found.different == before - 1


def test_processes_share_the_blocks_of_a_file(ledger: Ledger, tmp_path: Path) -> None:
    ledger.export(tmp_path / "events.jsonl")

    shared = ensue.compare_files(pharmacy, tmp_path / "events.jsonl", version=POINTS, jobs=2)

    assert as_told(shared) == as_told(ledger.compare(Selection(), version=POINTS))


def test_a_folder_of_partitions_gives_the_same_on_dask(ledger: Ledger, tmp_path: Path) -> None:
    import dask

    folder = tmp_path / "events"
    ledger.export(folder, format="parquet", partitions=3)
    expected = as_told(ledger.compare(Selection(), version=POINTS))

    with dask.config.set(scheduler="synchronous"):
        on_dask = ensue.compare_files(pharmacy, folder, version=POINTS, dask=True)
    in_processes = ensue.replay_files(pharmacy, folder, dask=True)

    assert as_told(on_dask) == as_told(ensue.compare_files(pharmacy, folder, version=POINTS)) == expected
    assert in_processes.outcomes == {"same": 72}


def test_files_that_do_not_begin_at_the_beginning_cannot_tell_the_past(ledger: Ledger, tmp_path: Path) -> None:
    ledger.export(tmp_path / "late.jsonl", selection=Selection(first=10))

    comparison = ensue.compare_files(pharmacy, tmp_path / "late.jsonl", version=POINTS)

    assert comparison.outcomes["unreplayable"] == sum(group.count for group in comparison.groups) > 0
    assert "which the file does not hold" in comparison.groups[0].samples[0].content["missing"]


def test_a_worker_that_is_killed_is_an_error_and_no_hang(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ask: Callable[..., object] = child.Child.ask

    def kill_first(self: child.Child, message: object, **heard: Callable[..., object]) -> object:
        if not isinstance(message, Hello):
            os.kill(self._process.pid, signal.SIGKILL)
        return ask(self, message, **heard)

    monkeypatch.setattr(child.Child, "ask", kill_first)

    with pytest.raises(WorkerFailed, match="killed by signal 9"):
        ledger.replay(Selection(), jobs=2)


def test_no_process_is_started_for_a_part_that_is_alone(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", None)

    assert ledger.replay(Selection(last=3), jobs=2).outcomes == {"same": 4}


def test_a_worker_that_cannot_open_the_ledger_says_why(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source.DatabasePlace, "__reduce__", lambda self: (source.FilesPlace, (Path("nowhere.jsonl"),)))

    with pytest.raises(WorkerFailed, match="There is no file nowhere"):
        ledger.replay(Selection(), jobs=2)


def test_an_application_that_no_module_has_cannot_be_shared(tmp_path: Path) -> None:
    app = App("nowhere")

    with pytest.raises(ConfigurationError, match="no module has 'nowhere'"):
        child.address_of(app)


def test_what_cannot_be_shared_is_refused(ledger: Ledger) -> None:
    with pytest.raises(RequestError, match="1 to 256"):
        ledger.replay(Selection(), jobs=0)
    with pytest.raises(RequestError, match="one by one"):
        ledger.replay(list(ledger.records(limit=2)), jobs=2)
    with ensue.open(pharmacy, "sqlite://") as memory, pytest.raises(RequestError, match="in memory"):
        memory.compare(Selection(), version=DEARER, jobs=2)
