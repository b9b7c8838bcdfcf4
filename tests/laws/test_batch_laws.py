"""The law of batches: a batch of n has the outcome of n batches of one, whatever the n are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, make_url

import ensue
from ensue import App, Event, Record, Request
from ensue.core.canonical import canonical
from tests.laws.servers import PARAMS, place_for_ledgers
from tests.ledger.batches import in_one_batch
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.lives import requests, shop_before, shop_events, ward_before, ward_events
from tests.ledger.shop import metadata, shop
from tests.ledger.ward import ward

UID = "0123456789abcdef0123456789abcdef"
NOON = datetime(2024, 8, 1, 12, tzinfo=UTC)
FRAMEWORK = {
    "ensue_head": "subject, seq, at",
    "ensue_link": "subject, seq, event_subject, event_seq",
    "ensue_log": "position, subject, seq",
    "ensue_operation": "subject, seq, n, kind, model, row_id, columns",
    "ensue_effect": "subject, seq, n, event_id, kind, key, not_before, state",
    "ensue_attempt": "actor, type, version, key, subject, outcome, reasons, form",
}
"""What the tables of two ledgers have in common, when the same has happened in both."""


class Twins(NamedTuple):
    """Two ledgers of one application with one identity: the same keys give the same ids."""

    batched: ensue.Ledger
    single: ensue.Ledger


@pytest.fixture(scope="module", params=PARAMS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where ledgers can be made."""
    yield from place_for_ledgers(request, tmp_path_factory)


def twins(app: App, server: str, name: str) -> Iterator[Twins]:
    """Two ledgers on *server*, emptied before each example."""
    with ExitStack() as stack:
        yield Twins(*(stack.enter_context(_made(app, server, f"{name}_{kind}")) for kind in ("batched", "single")))


def _made(app: App, server: str, name: str) -> ensue.Ledger:
    if app is shop:
        _make_shop_tables(server, name)
    database = ensue.Database(app, server, clock=lambda: NOON, tag_keys=TAG_KEYS)
    with database.ledger(name) as ledger, ledger._storage.engine.connect() as connection:
        connection.exec_driver_sql(f"UPDATE ensue_ledger SET uid = '{UID}'")
    return database.ledger(name)


def _make_shop_tables(server: str, name: str) -> None:
    """The tables that the shop finds: in the file, or in the schema, where the ledger will be."""
    url = make_url(server)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url.set(database=str(Path(str(url.database)) / f"{name}.db")))
    else:
        engine = create_engine(url, connect_args={"options": f"-csearch_path={name}"})
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    metadata.create_all(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def wards(server: str) -> Iterator[Twins]:
    """Two ledgers of the ward."""
    yield from twins(ward, server, "law_ward")


@pytest.fixture(scope="module")
def shops(server: str) -> Iterator[Twins]:
    """Two ledgers of the shop."""
    yield from twins(shop, server, "law_shop")


def business_tables(ledger: ensue.Ledger) -> list[str]:
    """The tables of the application, those that point to others first."""
    return sorted((model.table.name for model in ledger.app.models()), key=lambda name: (name != "shop_orders", name))


def empty(ledger: ensue.Ledger) -> None:
    """As if nothing had ever happened."""
    with ledger._storage.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        for table in [*business_tables(ledger), *FRAMEWORK, "ensue_event", "ensue_payload", "ensue_read", "ensue_logic"]:
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.exec_driver_sql("UPDATE ensue_ledger SET position = 0")
        connection.exec_driver_sql("COMMIT")
    ledger._around.logics_stored.clear()


def outcome_of(answer: ensue.Answer[Record]) -> Any:
    """What can be compared of an outcome."""
    error = answer.exception()
    if error is not None:
        return type(error).__name__, str(error)
    record = answer.result()
    return record.id, record.place, record.at, record.version, record.repeated, canonical(dict(record.document))


def standing(ledger: ensue.Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """All that stands in the tables, sorted."""
    tables = {**FRAMEWORK, **dict.fromkeys(business_tables(ledger), "*")}
    with ledger.read() as connection:
        return {
            table: sorted((tuple(row) for row in connection.exec_driver_sql(f"SELECT {columns} FROM {table}")), key=repr)
            for table, columns in tables.items()
        }


def begin(ledgers: Twins, before: Sequence[Request]) -> None:
    """Both anew, with the same past."""
    for ledger in ledgers:
        empty(ledger)
        for request in before:
            _submit(ledger, request).result()


def hold(ledgers: Twins, before: Sequence[Request], asked: list[Request]) -> None:
    """Ask both, one in a batch and one by one, and compare."""
    begin(ledgers, before)

    with in_one_batch(ledgers.batched):
        waiting = [_submit(ledgers.batched, request) for request in asked]
    batched = [outcome_of(answer) for answer in waiting]
    single = [outcome_of(_submit(ledgers.single, request)) for request in asked]

    assert batched == single
    assert standing(ledgers.batched) == standing(ledgers.single)
    for ledger in ledgers:
        assert ledger.verify().faults == ()


def _submit(ledger: ensue.Ledger, request: Request) -> ensue.Answer[Record]:
    event: Event = request.event
    return ledger.submit_soon(event, actor="desk", key=request.key, expect=request.expect)


@given(asked=requests(ward_events, uid=UID))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_batch_has_the_outcome_of_its_events_one_by_one(wards: Twins, asked: list[Request]) -> None:
    hold(wards, ward_before, asked)


@given(asked=requests(shop_events, uid=UID).filter(lambda asked: all(one.expect is None for one in asked)))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_a_batch_over_others_tables_has_the_outcome_of_its_events_one_by_one(shops: Twins, asked: list[Request]) -> None:
    hold(shops, shop_before, asked)


@given(asked=requests(ward_events, uid=UID, size_max=8))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_whole_request_is_its_events_one_by_one_or_nothing(wards: Twins, asked: list[Request]) -> None:
    begin(wards, ward_before)

    single = [outcome_of(_submit(wards.single, request)) for request in asked]
    refused = [outcome for outcome in single if len(outcome) == 2]
    try:
        whole: Any = [record.place for record in wards.batched.submit_all(asked, actor="desk", together=True) if isinstance(record, Record)]
    except ensue.EnsueError as error:
        whole = type(error).__name__, str(error)

    if refused:
        assert whole == refused[0]
        assert sum(1 for _ in wards.batched.records()) == len(ward_before)
    else:
        assert whole == [place for _, place, *_ in single]
        assert standing(wards.batched) == standing(wards.single)
    assert wards.batched.verify().faults == ()


@given(asked=st.lists(ward_events, min_size=1, max_size=10))
@settings(max_examples=15)
def test_a_batch_taken_again_answers_the_same_and_adds_nothing(wards: Twins, asked: list[Event]) -> None:
    begin(wards, ward_before)
    keyed = [Request(event, key=str(n)) for n, event in enumerate(asked)]
    with in_one_batch(wards.batched):
        first = [_submit(wards.batched, request) for request in keyed]
    records = [answer.result() for answer in first if answer.exception() is None]
    before = standing(wards.batched)["ensue_log"]

    with in_one_batch(wards.batched):
        again = [_submit(wards.batched, request) for request, answer in zip(keyed, first, strict=True) if answer.exception() is None]

    assert [answer.result() for answer in again] == records
    assert all(answer.result().repeated for answer in again)
    assert [canonical(dict(answer.result().document)) for answer in again] == [canonical(dict(record.document)) for record in records]
    assert standing(wards.batched)["ensue_log"] == before
