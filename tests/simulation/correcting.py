"""A bank whose history is to be corrected, and what must hold of it afterwards, whatever happened meanwhile."""

from __future__ import annotations

import ensue
from ensue import Ledger, Record, Selection
from ensue.core.canonical import Json
from ensue.core.correction import CORRECTION
from ensue.core.wanted import Wanted
from ensue.core.world import World
from tests.laws.retold import FIRST, SECOND, Deposit, Open, bank
from tests.simulation.worker import TAG_KEYS

READ = ("Account", "Item", "Rate")
"""The models that some event reads."""
ALL_NEW = Wanted(selection=Selection(), version=SECOND)
"""The whole history by the rules of July."""


def open_bank(url: str) -> Ledger:
    """The bank at *url*."""
    return ensue.open(bank, url, tag_keys=TAG_KEYS)


def live(ledger: Ledger) -> None:
    """Accounts a, b and c; 10 and 10 paid into a, and 7 into b, by the rules of January."""
    for event in (
        *(Open(name=None, account=name) for name in "abc"),
        *(Deposit(amount=amount, account=name) for amount, name in ((10, "a"), (10, "a"), (7, "b"))),
    ):
        ledger.submit(event, actor="desk", version=FIRST)


def deposits(ledger: Ledger) -> list[Record]:
    """What was paid in."""
    return [record for record in ledger.records() if record.type == "deposit"]


def corrections(ledger: Ledger) -> list[Record]:
    """What was corrected."""
    return [record for record in ledger.records() if record.type == CORRECTION]


def rows(world: World) -> dict[tuple[str, str], Json]:
    """Every row of a world that some event reads."""
    return {(model, id): world.row(model, id) for model in READ for id in world.answer((model, (), ()))}


def assert_sound(ledger: Ledger) -> None:
    """Everything verifies and replays, no effect is there twice, and the rows are those of the history as its corrections say."""
    retold, _ = ledger._correcting._tell(Wanted())
    assert rows(retold.recorded) == rows(retold.base)
    assert ledger.verify().faults == ()
    records = list(ledger.records())
    assert {ledger.replay(record).outcome for record in records} == {"same"}
    effects = [(record.corrects or record.id, kind, key) for record in records for kind, key, *_ in record.document["effects"]]
    assert len(effects) == len(set(effects))
