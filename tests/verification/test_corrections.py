"""Corrections are evidence like every event: what is altered of one is found at its record, and whoever reads it gets a typed error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ensue
from ensue import Ledger, Record, Selection
from ensue.core.correction import CORRECTION
from ensue.errors import EnsueError, FormatError
from tests.laws.retold import FIRST, SECOND, THIRD, AddItem, Deposit, Open, Rename, Transfer, bank
from tests.postgresql_server import database_of_its_own
from tests.verification.conftest import TAG_KEYS, Told
from tests.verification.tampering import Tampering, altered
from tests.verification.test_columns import KINDS
from tests.verification.test_flipped_bytes import PLACES

OF_RECORDS = [column for column in KINDS if column.partition(".")[0] not in ("ensue_ledger", "ensue_head", "ensue_logic")]


@pytest.fixture(scope="module")
def corrected_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A bank whose whole history was corrected, and of which an event was undone."""
    yield from _corrected(f"sqlite:///{tmp_path_factory.mktemp('corrected') / 'ledger.db'}")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def corrected(request: pytest.FixtureRequest) -> Iterator[Told]:
    """The same on each kind of database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("corrected_file")
    else:
        with database_of_its_own(request.getfixturevalue("postgresql_url")) as url:
            yield from _corrected(url)


def _corrected(url: str) -> Iterator[Told]:
    with ensue.open(bank, url, tag_keys=TAG_KEYS) as ledger:
        for event in (
            Open(name="ada", account="a"),
            Open(name="bo", account="b"),
            *(Deposit(amount=10, account="a") for _ in range(2)),
            Transfer(amount=4, source="a", target="b"),
            AddItem(label="x", account="a"),
            Rename(name="", account="b"),
        ):
            ledger.submit(event, actor="desk", version=FIRST)
        ledger.correct(ledger.correction_plan(Selection(), version=SECOND), actor="chief", reason="The rules of July.")
        ledger.correct(ledger.undo_plan(ledger.timeline("Account/a")[3]), actor="chief", reason="Not meant.")
        with closing(Tampering(url)) as tampering:
            yield Told(ledger, tampering)
        assert ledger.verify().is_clean, "a test has left something behind"


def corrections(ledger: Ledger) -> list[Record]:
    return [record for record in ledger.records() if record.type == CORRECTION]


def of_corrections(told: Told, table: str) -> list[dict[str, object]]:
    """The rows of a framework table that belong to corrections."""
    places = {(one.subject, one.seq, one.position) for one in corrections(told.ledger)}
    return [row for row in told.tampering.rows(table) if told.tampering.place(table, row) in places]


@pytest.mark.parametrize("column", OF_RECORDS)
def test_an_altered_column_is_found_at_the_correction(corrected: Told, column: str) -> None:
    table, _, name = column.partition(".")
    row = of_corrections(corrected, table)[-1]

    with corrected.tampering.changing() as connection:
        corrected.tampering.set(connection, table, row, **{name: altered(row[name], corrected.tampering.table(table).c[name])})
        first = corrected.ledger.verify().faults[0]

    place = corrected.tampering.place(table, row)
    assert place is not None
    assert (first.kind, first.position) == (KINDS[column], place[2])
    assert (first.subject, first.seq) == place[:2] or table == "ensue_log"


ASKING: dict[str, Callable[[Ledger, Record], object]] = {
    "replay": lambda ledger, record: ledger.replay(record),
    "compare": lambda ledger, _: ledger.compare(Selection(), version=THIRD),
    "plan": lambda ledger, _: ledger.correction_plan(Selection(), version=THIRD),
    "undo": lambda ledger, record: ledger.undo_plan(str(record.corrects)),
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(PLACES), at=st.floats(0, 1, exclude_max=True), row_at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255)
)
def test_a_flipped_byte_is_found_at_the_correction_and_nobody_trips_over_it(
    corrected_file: Told, place: tuple[str, str], at: float, row_at: float, flip: int
) -> None:
    corrected, (table, column) = corrected_file, place
    rows = of_corrections(corrected, table)
    row = rows[int(row_at * len(rows))]
    data = row[column]
    assert isinstance(data, bytes)
    number = int(at * len(data))

    with corrected.tampering.changing() as connection:
        corrected.tampering.set(connection, table, row, **{column: data[:number] + bytes([data[number] ^ flip]) + data[number + 1 :]})
        first = corrected.ledger.verify().faults[0]
        untyped = [error for error in map(outcome, ASKING.values(), [corrected] * len(ASKING)) if error is not None]

    assert (first.subject, first.seq, first.position) == corrected.tampering.place(table, row)
    assert untyped == []


def outcome(ask: Callable[[Ledger, Record], object], told: Told) -> str | None:
    """What is no answer and no error of ensue."""
    try:
        ask(told.ledger, corrections(told.ledger)[-1])
    except EnsueError:
        return None
    except Exception as error:  # noqa: BLE001  # that is the question
        return repr(error)
    return None


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (b'"worth":1},"apply"', b'"worth":2},"apply"', "differs"),  # what is to be done
        (b'["update","Account"', b'["updaze","Account"', FormatError),  # what was done
        (b'"kept":[]', b'"kepd":[]', "raised"),
        (b'"changes":[[', b'"changes":[7,[', "raised"),
    ],
)
def test_a_correction_whose_content_was_altered_does_not_replay(
    corrected: Told, was: bytes, now: bytes, said: str | type[EnsueError]
) -> None:
    row = next(row for row in of_corrections(corrected, "ensue_payload") if was in bytes(row["bytes"]))  # type: ignore[call-overload]  # they are bytes
    record = next(one for one in corrections(corrected.ledger) if (one.subject, one.seq) == (row["subject"], row["seq"]))

    with corrected.tampering.changing() as connection:
        corrected.tampering.set(connection, "ensue_payload", row, bytes=bytes(row["bytes"]).replace(was, now))  # type: ignore[call-overload]  # likewise
        stored = corrected.ledger.record(record.id)

        if isinstance(said, str):
            assert corrected.ledger.replay(stored).outcome == said
        else:
            with pytest.raises(said, match="ensue verify"):
                corrected.ledger.replay(stored)
