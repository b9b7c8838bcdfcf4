"""Whoever decides again, corrects, rebuilds or tells a history over a record that somebody altered gets an answer or a typed error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ensue
from ensue import Ledger, Record, Selection
from ensue.errors import EnsueError
from tests.ledger.desk import NEW, OLD, Arrive, Lodge, Praise, desk
from tests.verification.conftest import TAG_KEYS, Told
from tests.verification.tampering import Tampering, altered_payloads


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    url = f"sqlite:///{tmp_path_factory.mktemp('told') / 'ledger.db'}"
    with ensue.open(desk, url, tag_keys=TAG_KEYS) as ledger:
        for event in (Arrive(name="Ada", guest="g"), Lodge(room="7", guest="g", stay="s"), Praise(guest="g")):
            ledger.submit(event, actor="desk", version=OLD)
        ledger.submit(Lodge(room="8", guest="g", stay="t"), actor="desk", version=OLD)
        yield Told(ledger, Tampering(url))
        assert ledger.verify().is_clean, "a test has left something behind"


ASKING: dict[str, Callable[[Ledger, Record, Path], object]] = {
    "replay": lambda ledger, record, _: ledger.replay(record),
    "replay many": lambda ledger, *_: ledger.replay(Selection()),
    "compare": lambda ledger, record, _: ledger.compare(record, version=NEW),
    "compare many": lambda ledger, *_: ledger.compare(Selection(), version=NEW),
    "plan": lambda ledger, *_: ledger.correction_plan(Selection(), version=NEW),
    "rebuild": lambda ledger, _, folder: ledger.rebuild(f"sqlite:///{folder / 'again.db'}"),
    "history": lambda ledger, *_: ledger.history("Guest/g"),
}


@pytest.mark.parametrize("asked", ASKING)
@pytest.mark.parametrize("position", range(3))
def test_an_altered_record_is_a_typed_error_and_no_fault_of_ours(told: Told, tmp_path: Path, position: int, asked: str) -> None:
    tampered = list(told.ledger.records())[position]
    row = next(one for one in told.tampering.rows("ensue_payload") if (one["subject"], one["seq"]) == tampered.place[:2])
    wrong: dict[str, bytes] = {}

    with told.tampering.engine.connect() as connection:
        for data in altered_payloads(row["bytes"], ("form", "state", "operations", "effects")):
            told.tampering.set(connection, "ensue_payload", row, bytes=data)
            found = what_went_wrong(told.ledger, asked, tmp_path)
            if found is not None:
                wrong.setdefault(found, data)
        told.tampering.set(connection, "ensue_payload", row, bytes=row["bytes"])

    assert wrong == {}


def what_went_wrong(ledger: Ledger, asked: str, folder: Path) -> str | None:
    """What is neither an answer nor an error of ensue."""
    (praise,) = ledger.records(selection=Selection(types=("praise",)))
    try:
        ASKING[asked](ledger, praise, folder)
    except EnsueError:
        return None
    except Exception as error:  # noqa: BLE001  # that is the question
        return repr(error)
    return None


def test_the_record_that_is_at_fault_is_named_with_what_to_do(told: Told) -> None:
    tampered = next(told.ledger.records())
    row = next(one for one in told.tampering.rows("ensue_payload") if (one["subject"], one["seq"]) == tampered.place[:2])
    said = rf"arrive {tampered.id} at position 0 cannot be read: operations/0 is not of the form .*`ensue verify`"

    with told.tampering.engine.connect() as connection:
        told.tampering.set(connection, "ensue_payload", row, bytes=row["bytes"].replace(b'["insert",', b'["insert",7,'))
        for ask in (told.ledger.replay, lambda what: told.ledger.compare(what, version=NEW)):
            with pytest.raises(ensue.errors.FormatError, match=said):
                ask(Selection())
        with pytest.raises(ensue.errors.FormatError, match=said):
            told.ledger.correction_plan(Selection(), version=NEW)
        told.tampering.set(connection, "ensue_payload", row, bytes=row["bytes"])
