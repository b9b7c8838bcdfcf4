"""The law of attempts: what a version is said to have made of a refused request is what a preview under it said at that moment."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from sqlalchemy import create_engine

import ensue
from ensue import Event, Ledger, Rejected, Selection
from ensue.core.canonical import Json
from tests.ledger.lending import LOOSER, STRICT, Borrow, Borrow2, Extend, Fine, GiveBack, Join, Loan, Transfer, lending, metadata

READERS = ("a", "b", "c")
CARDS = ("1", "2", "3", "4")


def at_random(random: Random, loans: list[str]) -> Event:
    """Something that somebody may ask for; much of it is refused."""
    reader, card = random.choice(READERS), random.choice(CARDS)
    wishes: list[Event] = [Borrow(title="t", reader=reader)] * 6 + [Transfer(card=card, reader=reader)] * 2
    wishes += [Join(name=reader, card=card, reader=reader), Extend(reader=reader), GiveBack(loan=random.choice(loans))]
    return random.choice([*wishes, *([Fine(reader=reader)] if random.random() < 0.2 else [])])


def as_asked_later(event: Event) -> Event:
    """The same in the shape of the looser version."""
    return Borrow2(title=event.title, reader=event.reader.id) if isinstance(event, Borrow) else event


def live(ledger: Ledger, random: Random) -> dict[str, list[Json] | None]:
    """A life of a library; what a preview under the looser rules said of each key that was refused: the operations, None for a refusal."""
    said: dict[str, list[Json] | None] = {}
    loans = ["nowhere"]
    for number in range(80):
        event, key = at_random(random, loans), f"key-{number}"
        plan = ledger.preview(as_asked_later(event), actor="desk", key=key, version=LOOSER)
        try:
            record = ledger.submit(event, actor="desk", key=key, version=STRICT)
        except Rejected:
            said[key] = None if plan.rejections else list(plan.recorded_operations)
        else:
            loans += [row.id for row in record.plan.inserted(Loan)]
    return said


@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_of_an_attempt_is_what_a_preview_said_then(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ensue.core.group.SAMPLES_MAX", 100)
    url = f"sqlite:///{tmp_path / 'lending.db'}"
    engine = create_engine(url)
    metadata.create_all(engine)
    engine.dispose()
    with ensue.open(lending, url, tag_keys={"k": bytes(32)}) as ledger:
        said = live(ledger, Random(seed))
        with ledger.read() as connection:
            keys = {row.id: row.key for row in connection.exec_driver_sql("SELECT id, key FROM ensue_attempt")}

        found = ledger.compare(
            Selection(types=("loan.borrow", "loan.give_back", "reader.join", "reader.transfer")), version=LOOSER, attempts=True
        )

    told = found.attempts
    assert told is not None
    assert told.noise.outcomes == {"same": told.records}
    samples = [one.content for group in told.groups for one in group.samples]
    taken = {keys[one["attempt"]]: one["new"]["operations"] for one in samples}
    assert len(taken) == told.outcomes["newly_accepted"] == told.different > 3
    assert {key: operations for key, operations in said.items() if operations is not None} == taken
