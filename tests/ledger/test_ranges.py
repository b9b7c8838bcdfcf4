"""Many records decided again, as they happened and under other versions: counts, groups, forecasts, and the past they were decided in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

import ensue
from ensue import Attempt, Comparison, Done, Insert, Ledger, Record, RequestError, Selection, VersionError
from ensue.core.version import Version
from ensue.runtime.ranges.job import Comparing
from ensue.runtime.ranges.source import DatabaseSource
from tests.ledger.pharmacy import DEARER, FIRST, POINTS, RENAMED, Buy, Join, Receipt, Rename, Sale, pharmacy, sell, sell_to

TABLES = ("ensue_event", "ensue_effect", "ensue_attempt", "ensue_read", "customer", "sale")
BUYS = Selection(types=("sale.buy",))


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with ensue.open(pharmacy, database_url, tag_keys={"k": bytes(32)}) as opened:
        yield opened


def counts(comparison: Comparison) -> dict[tuple[str, ...], int]:
    return {group.signature: group.count for group in comparison.groups}


def edit_step(monkeypatch: pytest.MonkeyPatch, function: Callable[[Buy], Any]) -> None:
    """The first version's step does something else today, as after an edit of its code."""
    logic = pharmacy.logic("sale.buy", Version.parse(FIRST))
    edited = replace(logic, steps=(replace(logic.steps[0], function=function),))
    for version in (logic.version, logic.version_text):
        monkeypatch.setitem(pharmacy._logic, ("sale.buy", version), edited)


def test_events_decided_again_are_the_same_and_counted(ledger: Ledger) -> None:
    sell_to(ledger, "a", "b", each=2)

    everything, some = ledger.replay(Selection()), ledger.replay(Selection(first=1, last=3, types="sale.buy"))

    assert (everything.records, everything.different, bool(everything)) == (6, 0, False)
    assert some.outcomes == {"same": 2}
    assert everything.events_per_second > 0


def test_records_one_by_one_are_replayed_as_well(ledger: Ledger) -> None:
    sell_to(ledger, "a", each=3)

    report = ledger.replay(record for record in ledger.records() if record.type == "sale.buy")

    assert (report.records, report.different) == (3, 0)


def test_a_step_that_decides_otherwise_today_is_found_with_both_values(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    sell_to(ledger, "a", each=2)

    def dearer(event: Buy) -> Iterator[Any]:
        insert, receipt = sell(event) or ()
        assert isinstance(insert, Insert)
        yield Insert(Sale(id=insert.row.id, customer_id=insert.row.customer_id, amount=Decimal(7)))
        yield receipt

    edit_step(monkeypatch, dearer)

    report = ledger.replay(Selection())

    assert report.outcomes == {"same": 1, "differs": 2}
    (changed,) = report.differing[0]["rows"]
    assert (changed["column"], changed["base"], changed["new"]) == ("amount", "1", "7")
    assert [one["position"] for one in report.differing] == [1, 2]


def test_what_a_version_would_change_is_grouped_by_kind(ledger: Ledger) -> None:
    sell_to(ledger, "a", each=5)
    sell_to(ledger, "b", each=1)

    comparison = ledger.compare(BUYS, version=POINTS)

    assert comparison.outcomes == {"differs": 4, "newly_rejected": 2}
    assert counts(comparison) == {("added Customer.points",): 4, ("newly_rejected sale.too_many",): 2}
    points = comparison.groups[0]
    assert (points.subjects, points.largest_share) == ({"Customer/a": 3, "Customer/b": 1}, 0.75)
    assert points.spreads["Customer.points"].as_json() == {
        "count": 4, "least": "1", "most": "3", "quantiles": {"5%": "1", "25%": "1", "50%": "2", "75%": "3", "95%": "3"},
    }  # fmt: skip


def test_what_only_the_new_version_reads_is_what_stood_then(ledger: Ledger) -> None:
    sell_to(ledger, "a", each=3)

    comparison = ledger.compare(Selection(first=2, types="sale.buy"), version=POINTS)

    (group,) = comparison.groups
    assert [sample.content["rows"][0]["new"] for sample in sorted(group.samples, key=lambda one: one.position)] == [2, 3]
    assert {one[0] for one in group.samples[0].content["read_beyond"]} == {"Customer", "Sale"}


def test_one_record_and_the_same_in_a_range_differ_alike(ledger: Ledger) -> None:
    sell_to(ledger, "a", "b", each=5)

    ranged = {sample.position: sample.content for group in ledger.compare(BUYS, version=DEARER).groups for sample in group.samples}

    assert ranged
    for position, content in ranged.items():
        record = next(ledger.records(after=position - 1, limit=1))
        single = ledger.compare(record, version=DEARER).as_json()
        assert {name: content[name] for name in single} == single


def test_a_failing_step_is_grouped_by_exception_and_line_alone(ledger: Ledger) -> None:
    for customer in ("a", "b"):
        sell_to(ledger, customer)
        ledger.submit(Buy(amount=Decimal(13), customer=customer), actor="desk", version=FIRST)

    comparison = ledger.compare(BUYS, version=DEARER)

    assert comparison.outcomes == {"differs": 2, "raised": 2}
    (raised,) = (group for group in comparison.groups if group.outcome == "raised")
    assert raised.count == 2
    (signature,) = raised.signature
    assert signature.startswith("raised Step sell_dearer: raised ValueError (ledger/pharmacy.py:")
    assert "thirteen" in raised.samples[0].content["raised"]


def test_a_type_that_the_version_does_not_have_cannot_be_decided(ledger: Ledger) -> None:
    sell_to(ledger, "a")
    ledger.submit(Rename(name="x", customer="a"), actor="desk", version=RENAMED)

    comparison = ledger.compare(Selection(), version=FIRST)

    assert comparison.outcomes == {"same": 2, "unreplayable": 1}
    assert "customer.rename is not in 2024-01-01" in comparison.groups[0].samples[0].content["missing"]


def test_what_was_declared_is_covered_and_the_rest_is_not(ledger: Ledger) -> None:
    sell_to(ledger, "a", each=4)

    points, dearer = ledger.compare(Selection(), version=POINTS), ledger.compare(Selection(), version=DEARER)

    assert (points.different, points.uncovered, bool(points)) == (4, 0, False)
    assert {group.uncovered for group in dearer.groups if group.outcome == "differs"} == {3}, "nobody declared that receipts go"
    assert bool(dearer)
    assert dearer.never_seen == []


def test_what_was_declared_and_never_happens_is_named(ledger: Ledger) -> None:
    sell_to(ledger, "a", each=1)

    points, renamed = ledger.compare(BUYS, version=POINTS), ledger.compare(BUYS, version=RENAMED)

    assert [one.part for one in points.never_seen] == ["newly_rejected sale.too_many"]
    assert [one.part for one in renamed.never_seen] == ["newly_rejected sale.too_many", "dropped Customer", "newly_accepted"]


def test_what_differs_under_its_own_version_is_noise_and_too_much_of_it_voids(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    sell_to(ledger, "a", each=3)
    edit_step(monkeypatch, lambda event: [] if event.amount == 2 else sell(event))

    void, borne = ledger.compare(BUYS, version=DEARER), ledger.compare(BUYS, version=DEARER, noise_max=0.5)

    assert (void.is_void, void.groups, bool(void), void.noise.different) == (True, [], True, 1)
    assert (borne.is_void, borne.records, borne.different) == (False, 3, 2), "the noise itself is left out"


def test_a_forecast_says_what_applying_would_do_today(ledger: Ledger) -> None:
    sell_to(ledger, "a", "b", each=1)

    comparison = ledger.compare(BUYS, version=DEARER)

    assert comparison.has_forecast
    assert comparison.forecast == {("rows", "apply"): 4, ("effects", "task"): 2}


def test_a_forecast_names_the_event_that_wrote_later(ledger: Ledger) -> None:
    sell_to(ledger, "a", each=1)
    record = next(ledger.records(after=0, limit=1))
    sale = record.plan.inserted(Sale)[0]
    with ledger._storage.engine.begin() as connection:  # nobody's event: changed outside
        connection.execute(text("UPDATE sale SET amount = '5' WHERE id = :id"), {"id": sale.id})

    (group,) = ledger.compare(BUYS, version=DEARER).groups

    assert group.forecast == {("rows", "foreign"): 1, ("rows", "apply"): 1, ("effects", "task"): 1}


def test_neither_version_nor_code_is_no_comparison(ledger: Ledger) -> None:
    with pytest.raises(RequestError, match="Compare with what"):
        ledger.compare(Selection())
    with pytest.raises(VersionError, match="2024-01-01 and 2024-06-01"):
        ledger.compare(Selection(), version="2024-02-02")


def test_parts_merge_to_the_whole_however_they_are_cut_and_ordered(ledger: Ledger) -> None:
    sell_to(ledger, "a", "b", "c", each=5)
    records, source = list(ledger.records()), DatabaseSource(ledger._storage)
    job = Comparing(DEARER)
    draw = Random(7)

    def compared(part: list[Record]) -> Comparison:
        comparison = job.report(pharmacy)
        job.do(source, part, comparison)
        return comparison

    whole = compared(records)
    for _ in range(5):
        cuts = sorted(draw.sample(range(1, len(records)), 3))
        parts = [compared(records[start:end]) for start, end in pairwise([0, *cuts, len(records)])]
        draw.shuffle(parts)
        first, second, third, fourth = parts
        first.merge(second)
        third.merge(fourth)
        first.merge(third)  # (1 + 2) + (3 + 4)

        assert first == whole
        assert first.as_json() == {**whole.as_json(), "seconds": first.as_json()["seconds"]}


def test_nothing_is_performed_and_nothing_written(sqlite_url: str) -> None:
    performed: list[str] = []

    @pharmacy.performer(Receipt)
    def print_receipt(effect: Receipt, attempt: Attempt) -> Done:
        performed.append(effect.text)
        return Done()

    with ensue.open(pharmacy, sqlite_url) as ledger:
        sell_to(ledger, "a", each=2)
        with ledger.read() as connection:
            before = [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() for table in TABLES]

        ledger.replay(Selection())
        ledger.compare(Selection(), version=DEARER)

        with ledger.read() as connection:
            assert [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() for table in TABLES] == before
    del pharmacy._performers["receipt.print"]
    assert performed == []


def test_what_was_corrected_is_compared_with_what_stands(ledger: Ledger) -> None:
    sell_to(ledger, "a", "b", each=2)
    corrected, undone = (next(ledger.records(after=position - 1, limit=1)) for position in (1, 4))
    ledger.correct(ledger.compare(corrected, version=POINTS), actor="desk", reason="Points were promised.")
    ledger.correct(ledger.undo_plan(undone), actor="desk", reason="It never was.")

    points, first = ledger.compare(BUYS, version=POINTS), ledger.compare(BUYS, version=FIRST)

    assert corrected.position not in {position for group in points.groups for position in group.positions}
    assert {group.signature: list(group.positions) for group in first.groups} == {("dropped Customer.points",): [corrected.position]}


def test_what_was_undone_stays_so_among_many_and_is_compared_where_it_is_named(ledger: Ledger) -> None:
    sell_to(ledger, "a", each=1)
    undone = next(ledger.records(after=0, limit=1))
    ledger.correct(ledger.undo_plan(undone), actor="desk", reason="It never was.")

    assert ledger.compare(BUYS, version=FIRST).outcomes == {"same": 1}
    assert ledger.compare(undone, version=FIRST).outcome == "newly_accepted"


def test_what_cannot_differ_is_not_decided_and_counts_as_if_it_were(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    sell_to(ledger, "a", each=2)
    ledger.submit(Join(name="B", customer="b"), actor="desk", version=POINTS)
    quick = [ledger.compare(Selection(), version=version) for version in (FIRST, POINTS, DEARER, RENAMED)]

    monkeypatch.setattr("ensue.core.deciding.UnderVersion.decides_alike", lambda self, record: False)

    assert quick == [ledger.compare(Selection(), version=version) for version in (FIRST, POINTS, DEARER, RENAMED)]
