"""Export: records as files, and read back without a database; what is broken is named by file and line."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet  # type: ignore[import-untyped]  # it has no types
import pytest

import ensue
from ensue import App, BrokenExport, ConfigurationError, Ledger, Record, Request, RequestError, Selection
from ensue.core.canonical import canonical
from ensue.runtime.export import parquet
from ensue.runtime.export.reading import files_of
from tests.ledger.ward import (
    AddAllergy,
    CountVisits,
    Discharge,
    Hire,
    Register,
    RemoveAllergy,
    See,
    SetPhone,
    SetPhoneByView,
    StockDrug,
    SwapEmails,
    ward,
)

FORMATS = ["jsonl", "cloudevents", "parquet"]
LINES = ["jsonl", "cloudevents"]


@pytest.fixture
def told(ledger: Ledger) -> Ledger:
    """A ledger in which everything has happened that a record can hold."""
    occurred = datetime(2024, 2, 29, 12, 30, 0, 1, UTC)
    ledger.submit(Register(name="Ada", phone="1", email="a@x", patient="p/1"), actor="desk", key="k", version="2024-01-01")
    ledger.submit(Register(name="Žofie\n\x01", email="z@x", patient="p2"), actor="de\x1fsk", occurred=occurred, purpose="a\nnote\ufffe")
    ledger.submit(Hire(name="Dr. No", doctor="d1"), actor="chief", behalf="board", cause="letter")
    ledger.submit(AddAllergy(code="nuts", patient="p/1", allergy="a1"), actor="nurse")
    ledger.submit(SetPhoneByView(phone="2", patient="p/1"), actor="desk")
    ledger.submit(SetPhone(phone="3", patient="p2"), actor="desk")
    ledger.submit(See(reason="cough", patient="p/1", doctor="d1"), actor="nurse")
    ledger.submit(CountVisits(visits=3, patient="p2"), actor="nurse")
    ledger.submit(SwapEmails(one="p/1", other="p2"), actor="desk")
    ledger.submit(StockDrug(name="aspirin", drug="x1"), actor="pharmacy")
    ledger.submit(RemoveAllergy(patient="p/1", allergy="a1"), actor="nurse")
    ledger.submit(Discharge(patient="p2"), actor="desk")
    return ledger


def whole(record: Record) -> tuple[Any, ...]:
    """Everything a record says."""
    said = (record.type, record.version, record.requested, record.actor, record.at, record.occurred, record.cause, record.behalf)
    decided = (canonical(dict(record.document)), record.event, record.event.id, record.event.at, record.plan, record.plan.steps)
    return (record.id, record.hash, record.logic_hash, record.place, record.purpose, record.corrects, *said, *decided)


# ---- read back -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("format", FORMATS)
def test_records_read_back_are_those_of_the_ledger(told: Ledger, tmp_path: Path, format: str) -> None:
    count = told.export(tmp_path / "events", format=format)

    found = list(ensue.records_from(tmp_path / "events", ward))

    assert count == len(found) == 12
    assert list(map(whole, found)) == list(map(whole, told.records()))
    assert [record.plan.operations for record in found] == [record.plan.operations for record in told.records()]
    assert [record.plan.effects for record in found] == [record.plan.effects for record in told.records()]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("partitions", [1, 3, 16])
def test_partitions_share_the_subjects_out_and_are_read_in_order(told: Ledger, tmp_path: Path, format: str, partitions: int) -> None:
    told.export(str(tmp_path / "events"), format=format, partitions=partitions)

    parts = [list(ensue.records_from(part, ward)) for part in files_of(tmp_path / "events")]

    assert len(list((tmp_path / "events").iterdir())) == partitions
    assert all([record.position for record in part] == sorted(record.position for record in part) for part in parts)
    subjects = [{record.subject for record in part} for part in parts]
    assert sum(map(len, subjects)) == len(set().union(*subjects)) == 4
    assert list(ensue.records_from(tmp_path / "events", ward)) == list(told.records())


@pytest.mark.parametrize("format", LINES)
def test_lines_are_compressed_where_the_path_says_so(told: Ledger, tmp_path: Path, format: str) -> None:
    told.export(tmp_path / "events.jsonl.gz", format=format)
    stream = io.BytesIO()
    told.export(stream, format=format)

    assert gzip.decompress((tmp_path / "events.jsonl.gz").read_bytes()) == stream.getvalue()
    assert list(ensue.records_from(tmp_path / "events.jsonl.gz", ward)) == list(told.records())


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_ledger_is_exported_too(ledger: Ledger, tmp_path: Path, format: str) -> None:
    assert ledger.export(tmp_path / "events", format=format, partitions=2) == 0

    assert list(ensue.records_from(tmp_path / "events", ward)) == []


def test_a_selection_is_exported_alone_and_the_look_is_on_record(told: Ledger, tmp_path: Path) -> None:
    told.export(tmp_path / "events", selection=Selection(subject="Doctor/d1"), actor="auditor", purpose="yearly")

    assert [record.type for record in ensue.records_from(tmp_path / "events", ward)] == ["doctor.hire", "visit.see"]
    [read] = [one for one in told.reads("Doctor/d1") if one["actor"] == "auditor"]
    assert (read["action"], read["purpose"]) == ("records", "yearly")


def test_progress_is_told_in_positions_up_to_the_last(told: Ledger) -> None:
    progress: list[tuple[int, int]] = []

    told.export(
        io.BytesIO(), selection=Selection(first=2, types=["visit.see"]), progress=lambda done, total: progress.append((done, total))
    )

    assert progress[-1] == (10, 10)

    told.export(io.BytesIO(), selection=Selection(first=99), progress=lambda done, total: progress.append((done, total)))

    assert progress[-1] == (0, 0)


# ---- the formats ---------------------------------------------------------------------------------------------------
def test_a_line_is_canonical_and_the_first_says_whose_it_is(told: Ledger) -> None:
    stream = io.BytesIO()
    told.export(stream)

    head, *lines = stream.getvalue().splitlines()

    assert json.loads(head) == {"ensue_export": 1, "app": "ward", "ledger": told.uid}
    assert all(canonical(json.loads(line)) == line for line in lines)
    assert json.loads(lines[0])["form"] == {"name": "Ada", "phone": "1", "email": "a@x", "patient_id": "p/1"}


def test_cloudevents_keep_the_rules_of_attributes(told: Ledger) -> None:
    stream = io.BytesIO()
    told.export(stream, format="cloudevents")

    events = [json.loads(line) for line in stream.getvalue().splitlines()]

    record = next(told.records())
    assert {name: events[0][name] for name in ("specversion", "id", "source", "type", "subject", "time", "sequence")} == {
        "specversion": "1.0",
        "id": record.id,
        "source": f"urn:ensue:{told.uid}",
        "type": "patient.register",
        "subject": "Patient/p/1",
        "time": record.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "sequence": "0000000000000000",
    }
    for event in events:
        assert all(name.isascii() and name.isalnum() and name == name.lower() and len(name) <= 20 for name in event)
        assert all(type(value) is str and value and value.isprintable() for name, value in event.items() if name != "data")
    assert "actor" not in events[1]
    assert (events[1]["data"]["actor"], events[1]["data"]["purpose"]) == ("de\x1fsk", "a\nnote\ufffe")


def test_parquet_has_a_column_for_each_scalar(told: Ledger, tmp_path: Path) -> None:
    told.export(tmp_path / "events.parquet", format="parquet")

    table = pyarrow.parquet.read_table(tmp_path / "events.parquet")

    assert table["position"].to_pylist() == list(range(12))
    assert table["at"].to_pylist() == [record.at for record in told.records()]
    assert table["occurred"].to_pylist()[:2] == [None, datetime(2024, 2, 29, 12, 30, 0, 1, UTC)]
    assert json.loads(table["form"][0].as_py())["name"] == "Ada"


# ---- what cannot be ------------------------------------------------------------------------------------------------
def test_an_unknown_format_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="jsonl, cloudevents, parquet"):
        ledger.export(tmp_path / "events", format="csv")


def test_parquet_without_its_library_says_what_to_install(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(parquet, "import_module", absent)

    with pytest.raises(ConfigurationError, match=r"install ensue\[parquet\]"):
        ledger.export(tmp_path / "events", format="parquet")
    assert list(tmp_path.glob("events*")) == []


def test_what_goes_wrong_on_the_way_leaves_nothing_behind(told: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "events").write_text("the earlier export")

    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("ensue.runtime.export.jsonl.JsonLinesWriter.write", fail)
    for partitions in (None, 2):
        with pytest.raises(ZeroDivisionError):
            told.export(tmp_path / ("parts" if partitions else "events"), partitions=partitions)

    assert (tmp_path / "events").read_text() == "the earlier export"
    assert not (tmp_path / "parts").exists()
    assert list(tmp_path.glob("*.part")) == []


def test_a_folder_that_holds_something_is_not_written_over(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "other.txt").touch()

    with pytest.raises(RequestError, match="is there already"):
        ledger.export(tmp_path, partitions=2)


@pytest.mark.parametrize("said", [{"format": "parquet"}, {"partitions": 2}])
def test_a_stream_takes_lines_alone(ledger: Ledger, said: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="path"):
        ledger.export(io.BytesIO(), **said)


def test_a_place_that_cannot_be_written_is_named(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        ledger.export(tmp_path / "nowhere" / "events")


def test_a_file_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="There is no file"):
        ensue.records_from(tmp_path / "events", ward)


def _cut(line: str) -> str:
    return line[:-9]


def _without_actor(line: str) -> str:
    return line.replace('"actor"', '"factor"')


def _with_a_number_for_a_text(line: str) -> str:
    return line.replace('"patient.phone"', "7")


def _without_a_step(line: str) -> str:
    return line.replace(',"set_phone"]', "]")


def _with_another_hash(line: str) -> str:
    return line.replace('"hash":"', '"hash":"=')


def _with_no_such_day(line: str) -> str:
    return line.replace("T", "X", 1) if '"at":"' not in line else line.replace('"at":"2', '"at":"X')


def _with_something_unknown(line: str) -> str:
    return '{"beyond":1,' + line[1:]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_cut, "expected one JSON object, found b'"),
        (lambda _: "", "expected one JSON object, found an empty"),
        (lambda _: "[]", "expected a record as a JSON object"),
        (_without_actor, "expected actor as a text, found none"),
        (_with_a_number_for_a_text, "expected type as a text, found 7"),
        (_without_a_step, "expected each entry of operations as a list of 6 values"),
        (_with_another_hash, "Not base64url"),
        (_with_no_such_day, "expected at as an instant"),
        (_with_something_unknown, "found beyond in it; read the file with the release that wrote it"),
    ],
)
def test_a_broken_line_is_named(told: Ledger, tmp_path: Path, spoil: Callable[[str], str], expected: str) -> None:
    file = tmp_path / "events"
    told.export(file)
    lines = file.read_text().split("\n")
    assert '"patient.phone"' in lines[6]
    lines[6] = spoil(lines[6])
    file.write_text("\n".join(lines))

    with pytest.raises(BrokenExport) as raised:
        list(ensue.records_from(file, ward))

    assert (raised.value.file, raised.value.line) == (str(file), 7)
    assert expected in raised.value.expected
    assert str(raised.value).startswith(f"{file}, line 7: ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "found an empty file"),
        (b"hello\n", "expected one JSON object"),
        (b'{"ensue_export":2,"app":"ward","ledger":"0"}\n', "expected format 1, found 2"),
        (b'{"ensue_export":1,"app":"shop","ledger":"0"}\n', "expected events of the application 'ward', found those of 'shop'"),
        (b'{"specversion":"0.3"}\n', "expected an event of CloudEvents 1.0"),
        (b'{"specversion":"1.0","source":"/other","dataschema":"x"}\n', "expected an event of ensue"),
        (b'{"specversion":"1.0","source":"urn:ensue:0","dataschema":"urn:ensue:record:2","app":"ward"}\n', "expected format 1, found 2"),
        (gzip.compress(b'{"ensue_export":1,"app":"ward","ledger":"0"}\n', mtime=0)[:-3], "expected a whole gzip file"),
        (b"PAR1 and no more", "expected a Parquet file"),
    ],
)
def test_a_file_of_something_else_is_told_by_what_was_expected(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "events").write_bytes(content)

    with pytest.raises(BrokenExport) as raised:
        list(ensue.records_from(tmp_path / "events", ward))

    assert expected in raised.value.expected


def test_a_parquet_file_of_somebody_else_is_refused(told: Ledger, tmp_path: Path) -> None:
    told.export(tmp_path / "events", format="parquet")
    table = pyarrow.parquet.read_table(tmp_path / "events")
    pyarrow.parquet.write_table(table.drop_columns(["hash"]), tmp_path / "less")
    pyarrow.parquet.write_table(table.replace_schema_metadata({}), tmp_path / "headless")

    for name, expected in (("less", "for hash"), ("headless", "expected the head of an export")):
        with pytest.raises(BrokenExport, match=expected):
            list(ensue.records_from(tmp_path / name, ward))


def test_another_application_cannot_read_it(told: Ledger, tmp_path: Path) -> None:
    for format in FORMATS:
        told.export(tmp_path / format, format=format)
        with pytest.raises(BrokenExport, match="expected events of the application 'other'"):
            list(ensue.records_from(tmp_path / format, App("other")))


def test_what_comes_later_is_no_part_of_an_export_that_has_begun(told: Ledger, tmp_path: Path) -> None:
    def tell(done: int, total: int) -> None:
        told.submit_all([Request(SetPhone(phone=str(done), patient="p/1"))], actor="desk")

    assert told.export(tmp_path / "events", progress=tell) == 12
