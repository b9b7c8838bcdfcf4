"""The catalog of a ledger counts what happened: records, operations, effects, rejections and causes, by type and version."""

from __future__ import annotations

from contextlib import suppress

import ensue
from ensue import Rejected
from ensue.core.catalog import SeenCount
from tests.ledger.ward import AddAllergy, CountVisits, Register, SetEmail, ward


def test_everything_that_happened_is_counted_by_type_and_version(ledger: ensue.Ledger) -> None:
    first = ledger.submit(Register(name="Ada", patient="p1"), actor="desk", version="2024-01-01")
    second = ledger.submit(Register(name="Bea", patient="p2"), actor="desk", cause=first.id)
    ledger.submit(AddAllergy(code="nuts", patient="p1"), actor="desk", cause=first.id)
    ledger.submit(CountVisits(visits=2, patient="p1"), actor="desk", version="2024-01-01")
    for _ in range(3):
        with suppress(Rejected):
            ledger.submit(AddAllergy(code="nuts", patient="p1"), actor="desk")
    with suppress(Rejected):
        ledger.submit(SetEmail(email="a@b", patient="ghost"), actor="desk")

    seen = ledger.catalog().seen

    assert seen is not None
    newest = str(ward.line()[-1])
    assert [(one.type, one.version, one.count) for one in seen.events] == [
        ("allergy.add", newest, 1),
        ("patient.count", "2024-01-01", 1),
        ("patient.register", "2024-01-01", 1),
        ("patient.register", newest, 1),
    ]
    registered = seen.events[-1]
    assert registered.first == registered.last
    assert second.at.isoformat()[:19] == registered.first[:19]
    assert SeenCount("patient.register", newest, "insert Patient", 1) in seen.operations
    assert sum(one.count for one in seen.operations) == 4
    assert SeenCount("allergy.add", newest, "allergy.known", 3) in seen.rejections
    assert SeenCount("patient.email", newest, "not_found", 1) in seen.rejections
    assert list(seen.causes) == [
        SeenCount("allergy.add", newest, "patient.register", 1),
        SeenCount("patient.register", newest, "patient.register", 1),
    ]


def test_an_effect_is_counted_and_a_row_that_is_only_read_is_no_operation(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", phone="555", patient="p1"), actor="desk")
    before = ledger.catalog().seen
    assert before is not None

    effects = sum(one.count for one in before.effects)
    assert effects == len(next(ledger.records()).plan.effects)
    assert all(not one.name.startswith("read ") for one in before.operations)


def test_a_text_that_looks_like_a_cause_is_none(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk", purpose='say "cause":1')

    seen = ledger.catalog().seen

    assert seen is not None
    assert seen.causes == ()


def test_a_cause_that_is_no_record_of_the_ledger_counts_for_nothing(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", patient="p1"), actor="desk", cause="elsewhere")

    seen = ledger.catalog().seen

    assert seen is not None
    assert seen.causes == ()


def test_what_is_seen_was_declared(ledger: ensue.Ledger) -> None:
    ledger.submit(Register(name="Ada", phone="555", patient="p1"), actor="desk")
    ledger.submit(AddAllergy(code="nuts", patient="p1"), actor="desk")

    catalog = ledger.catalog()

    assert catalog.seen is not None
    for one in catalog.seen.operations:
        assert one.name in {cause.name for cause in catalog.entry(one.type, one.version).operations}
    for one in catalog.seen.effects:
        assert one.name in {cause.name for cause in catalog.entry(one.type, one.version).effects}
