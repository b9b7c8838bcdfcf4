"""Several processes on one ledger, and processes that are killed: no position is lost or given twice, no key spent twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

import ensue
from ensue.errors import Closed
from tests.forking import Forking
from tests.ledger import ward
from tests.simulation.conftest import environment, open_ward
from tests.simulation.faults import POINTS
from tests.source_tree import ROOT

COUNT = 200


def start_worker(url: str, actor: str, first: int = 0, count: int = COUNT) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.simulation.worker", url, actor, str(first), str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def promised(output: str) -> dict[str, int]:
    """Position by key, of what a worker was told; a line cut off by its end is none."""
    whole = output[: output.rfind("\n") + 1]
    return {key: int(position) for key, _, position in (line.partition(" ") for line in whole.splitlines())}


def test_two_processes_on_one_ledger_share_one_order(ledger: ensue.Ledger, url: str) -> None:
    workers = [start_worker(url, actor) for actor in ("ada", "ben")]

    outputs = [worker.communicate(timeout=100)[0] for worker in workers]

    assert [worker.returncode for worker in workers] == [0, 0]
    positions = [position for output in outputs for position in promised(output).values()]
    assert sorted(positions) == list(range(3, 3 + 2 * COUNT))
    assert sum(ledger.get(ward.Patient, f"p-{number}").visits for number in range(3)) == 2 * COUNT
    assert ledger.verify().is_clean


def test_two_processes_with_one_actor_and_the_same_keys_do_everything_once(ledger: ensue.Ledger, url: str) -> None:
    workers = [start_worker(url, "ada") for _ in range(2)]

    one, other = (promised(worker.communicate(timeout=100)[0]) for worker in workers)

    assert one == other
    assert sorted(one.values()) == list(range(3, 3 + COUNT))
    assert ledger.verify().is_clean


def test_a_process_killed_at_any_moment_and_started_again_does_everything_once(ledger: ensue.Ledger, url: str) -> None:
    moments = random.Random(7)
    told: dict[str, int] = {}
    done = False
    for _ in range(3):
        worker = start_worker(url, "ada", count=2_000)
        assert worker.stdout is not None
        first = worker.stdout.readline()  # it is under way
        time.sleep(moments.uniform(0, 0.4))
        worker.send_signal(signal.SIGKILL)
        output = first + worker.communicate()[0]
        done = done or worker.returncode == 0
        for key, position in promised(output).items():
            assert told.setdefault(key, position) == position, "a key has one record for ever"

    stored = [record.position for record in ledger.records()]
    assert len(told) > 50
    assert stored == list(range(len(stored)))
    assert set(told.values()) <= set(stored)
    assert sum(ledger.get(ward.Patient, f"p-{number}").visits for number in range(3)) == len(stored) - 3
    assert ledger.verify().is_clean


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_a_point_of_the_commit_leaves_all_or_nothing(url: str, point: str, forking: Forking) -> None:
    program = """
import os, signal, sys
from tests.ledger import ward
from tests.simulation.conftest import open_watched_ward
ledger, watch = open_watched_ward(sys.argv[1])
watch.once_at(sys.argv[2], lambda: os.kill(os.getpid(), signal.SIGKILL))
ledger.submit(ward.Meet(one="p-0", other="p-1", third="p-2"), actor="ada", key="form-1")
"""
    killed = forking.run("-c", program, url, point, cwd=ROOT, env=environment())

    with open_ward(url) as ledger:
        stood = len(list(ledger.records()))
        record = ledger.submit(ward.Meet(one="p-0", other="p-1", third="p-2"), actor="ada", key="form-1")

        assert killed.returncode == -signal.SIGKILL
        assert stood == (4 if point == "after finish" else 3)
        assert (record.position, record.repeated) == (3, point == "after finish")
        assert [ledger.get(ward.Patient, f"p-{number}").visits for number in range(3)] == [1, 1, 1]
        assert ledger.verify().is_clean


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system has no fork.")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_ledger_that_came_along_in_a_fork_says_so(sqlite_url: str) -> None:
    with open_ward(sqlite_url) as ledger:
        child = os.fork()
        if child == 0:
            try:
                ledger.submit(ward.CountVisits(visits=1, patient="p-0"), actor="clerk")
            except Closed:
                os._exit(42)
            os._exit(1)

        _, status = os.waitpid(child, 0)

        assert os.waitstatus_to_exitcode(status) == 42
        assert ledger.submit(ward.CountVisits(visits=1, patient="p-0"), actor="clerk").position == 3
