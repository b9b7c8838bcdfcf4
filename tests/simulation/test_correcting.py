"""Corrections under faults: killed at any point, and racing with whatever else writes. All of a plan stands, or nothing of it."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from subprocess import PIPE
from threading import Thread

import pytest

import ensue
from ensue import Event, Ledger, Record, Selection
from ensue.cli.program import run
from ensue.core.wanted import Wanted
from tests.laws.retold import FIRST, SECOND, Account, AddItem, Deposit, SetRate, Visit
from tests.laws.test_correct_laws import tables
from tests.simulation.conftest import environment
from tests.simulation.correcting import assert_sound, corrections, deposits, live, open_bank
from tests.simulation.faults import AMID_FINISH, Watch
from tests.simulation.worker import TAG_KEYS


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with open_bank(url) as opened:
        live(opened)
        yield opened


# ---- killed --------------------------------------------------------------------------------------------------------
DYING = """
import os, sys
import tests.laws.retold, ensue.cli.correct, ensue.runtime.correct, ensue.storage.postgresql
from ensue.cli.program import run
from tests.simulation.faults import die_at
for point in sys.stdin:
    child = os.fork()
    if child == 0:
        die_at(point.strip())
        os._exit(run(sys.argv[1:]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""A command, as often as it is told a point at which to be killed; what it needs is imported once."""


@pytest.fixture
def tag_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of every command."""
    monkeypatch.setenv("ENSUE_TAG_KEYS", "k1:" + base64.urlsafe_b64encode(TAG_KEYS["k1"]).decode().rstrip("="))


@pytest.fixture
def killing() -> Iterator[Callable[[tuple[str, ...]], Callable[[str], int]]]:
    """A command to be killed at one point after the other; each time its exit code."""
    with ExitStack() as ending:

        def start(command: tuple[str, ...]) -> Callable[[str], int]:
            line = [sys.executable, "-c", DYING, *command]
            dying = ending.enter_context(subprocess.Popen(line, stdin=PIPE, stdout=PIPE, text=True, bufsize=1, env=environment()))

            def die(point: str) -> int:
                assert dying.stdin is not None
                assert dying.stdout is not None
                dying.stdin.write(f"{point}\n")
                return int(dying.stdout.readline())

            return die

        yield start


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system has no fork.")
@pytest.mark.usefixtures("tag_keys")
def test_a_correction_killed_at_any_point_stands_whole_or_not_at_all_and_is_applied_again(
    ledger: Ledger, url: str, killing: Callable[[tuple[str, ...]], Callable[[str], int]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, where = str(tmp_path / "plan.json"), ("--app", "tests.laws.retold:bank", "--database", url)
    apply = ("correct", "apply", file, "--actor", "chief", "--reason", "r", "--json", *where)
    assert run(("correct", "plan", "--version", SECOND, "--out", file, *where)) == 0
    planned = len(json.loads(Path(file).read_text(encoding="utf-8"))["corrections"])
    before = tables(ledger)

    die = killing(apply)
    for point in ("after open", AMID_FINISH):
        assert die(point) == -signal.SIGKILL
        assert (corrections(ledger), tables(ledger)) == ([], before)
        assert ledger.verify().is_clean
    assert die("after finish") == -signal.SIGKILL
    done = tables(ledger)
    assert len(corrections(ledger)) == planned
    assert_sound(ledger)
    capfd.readouterr()
    assert run(apply) == 0

    assert json.loads(capfd.readouterr().out)["data"]["records"] == []
    assert (len(corrections(ledger)), tables(ledger)) == (planned, done)
    assert ledger.get(Account, "a").balance == 3 + 10 + 11 + 1


# ---- overtaken -----------------------------------------------------------------------------------------------------
def submit(ledger: Ledger, event: Event, version: str = FIRST) -> Record:
    return ledger.submit(event, actor="desk", version=version)


def rule(ledger: Ledger, version: str | None, actor: str, reason: str = "r") -> list[Record]:
    """The second deposit under another version, or undone."""
    return ledger.correct(ledger.correction_plan({deposits(ledger)[1].id: version}), actor=actor, reason=reason)


Slip = Callable[[Ledger], object]
MOVING: dict[str, Slip] = {
    "reads what is corrected": lambda other: submit(other, AddItem(label="z", account="a"), SECOND),
    "is of the selection": lambda other: submit(other, Deposit(amount=3, account="b")),
    "corrects the same otherwise": lambda other: rule(other, None, "another"),
    "corrects what that one read": lambda other: other.correct(
        other.correction_plan({deposits(other)[0].id: SECOND}), actor="chief", reason="r"
    ),
}


@pytest.fixture
def overtaken(ledger: Ledger, url: str) -> Iterator[tuple[Ledger, Callable[..., None]]]:
    """The bank once more, and how to let something come just before its next batches: a slip for each."""
    with open_bank(url) as correcting:
        watch = Watch(correcting)

        def overtake(*slips: Slip) -> None:
            def slip() -> None:
                overtake(*slips[1:])
                slips[0](ledger)

            if slips:
                watch.once_at("before open", slip)

        yield correcting, overtake


def nothing_to_it(other: Ledger) -> None:
    submit(other, SetRate(percent=1, place="r"))


@pytest.mark.parametrize("slips_before", [(), (nothing_to_it,)], ids=["before it is looked again", "while it is looked again"])
@pytest.mark.parametrize("slip", MOVING)
def test_a_plan_overtaken_by_what_moves_it_is_refused_whole(
    overtaken: tuple[Ledger, Callable[..., None]], slip: str, slips_before: tuple[Slip, ...]
) -> None:
    ledger, overtake = overtaken
    wanted = Wanted(selection=Selection(types=["deposit"], first=4), version=SECOND)
    plan = ledger.correction_plan(wanted)
    overtake(*slips_before, MOVING[slip])

    with pytest.raises(ensue.PlanMoved, match="no longer holds"):
        ledger.correct(plan, actor="chief", reason="r")

    assert not any(one.form["plan"] == plan.id for one in corrections(ledger))
    assert_sound(ledger)
    ledger.correct(ledger.correction_plan(wanted), actor="chief", reason="r")
    assert not ledger.correction_plan(wanted)
    assert_sound(ledger)


def test_a_plan_overtaken_by_what_it_is_not_about_is_performed(overtaken: tuple[Ledger, Callable[..., None]]) -> None:
    ledger, overtake = overtaken
    plan = ledger.correction_plan({deposits(ledger)[1].id: SECOND})
    overtake(nothing_to_it, lambda other: submit(other, Visit(account="a")), nothing_to_it)

    (record,) = ledger.correct(plan, actor="chief", reason="r")

    assert record.form["plan"] == plan.id
    assert ledger.get(Account, "a") == Account(id="a", balance=10 + 10 + 1, visits=1)
    assert_sound(ledger)


@pytest.mark.parametrize(("actor", "reason"), [("another", "r"), ("chief", "because")])
def test_a_plan_that_somebody_performs_meanwhile_is_performed_once(
    overtaken: tuple[Ledger, Callable[..., None]], actor: str, reason: str
) -> None:
    ledger, overtake = overtaken
    plan = ledger.correction_plan({deposits(ledger)[1].id: SECOND})
    overtake(lambda other: rule(other, SECOND, actor, reason))

    (record,) = ledger.correct(plan, actor="chief", reason="r")

    assert (record.actor, record.repeated) == (actor, True)
    assert [one.id for one in corrections(ledger)] == [record.id]
    assert ledger.get(Account, "a").balance == 10 + 10 + 1
    assert_sound(ledger)


def test_a_plan_performed_and_taken_back_can_be_performed_again(ledger: Ledger) -> None:
    plan = ledger.correction_plan({deposits(ledger)[1].id: SECOND})
    first = ledger.correct(plan, actor="chief", reason="r")
    rule(ledger, FIRST, "chief")

    again = ledger.correct(plan, actor="chief", reason="r")

    assert first != again
    assert ledger.get(Account, "a").balance == 10 + 10 + 1
    assert_sound(ledger)


def test_corrections_and_events_that_race_leave_one_history(ledger: Ledger, url: str) -> None:
    """Two submit, two correct, each by connections of its own, until the events are there."""
    refused: Counter[str] = Counter()

    def submit_some(seed: int) -> None:
        chance = Random(seed)
        with open_bank(url) as own:
            for number in range(60):
                name = chance.choice("ab")
                submit(own, chance.choice([Deposit(amount=number, account=name), Visit(account=name), AddItem(label="z", account=name)]))

    def change(seed: int) -> None:
        chance = Random(seed)
        done = 0
        with open_bank(url) as own:
            while done < 3 or any(one.is_alive() for one in living):
                chosen = chance.choice(deposits(own)[-12:])
                try:
                    plan = own.correction_plan({chosen.id: chance.choice([FIRST, SECOND, None])})
                    done += bool(own.correct(plan, actor="chief", reason=str(seed)))
                except ensue.PlanMoved:
                    refused["moved"] += 1
                except Exception as error:  # noqa: BLE001  # whatever else it is, it is too much
                    refused[repr(error)] += 1

    living = [Thread(target=submit_some, args=(seed,)) for seed in (1, 2)]
    changing = [Thread(target=change, args=(seed,)) for seed in (3, 4)]
    for one in (*living, *changing):
        one.start()
    for one in (*living, *changing):
        one.join(60)

    assert refused.keys() <= {"moved"}
    assert_sound(ledger)
