"""What a ledger's tables must hold once a stream has gone through it, worked out from the files alone."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from ensue import Ledger, Model
from ensue.demo.models import (
    Allergy,
    CarePlan,
    Condition,
    Encounter,
    Immunization,
    LabOrder,
    LabResult,
    MedicationRequest,
    Observation,
    Patient,
    Procedure,
)
from ensue.demo.rows import Row
from ensue.demo.stream import Stream

MODELS: dict[str, type[Model]] = {
    "patient.register": Patient,
    "encounter.start": Encounter,
    "allergy.record": Allergy,
    "condition.record": Condition,
    "medication.request": MedicationRequest,
    "lab.order": LabOrder,
    "lab.result": LabResult,
    "observation.record": Observation,
    "procedure.record": Procedure,
    "immunization.record": Immunization,
    "careplan.start": CarePlan,
}
ENDS: dict[str, type[Model]] = {
    "patient.record_death": Patient,
    "encounter.end": Encounter,
    "condition.resolve": Condition,
    "careplan.end": CarePlan,
}
NOT_YET: dict[type[Model], dict[str, str | None]] = {
    Patient: {"deceased_at": None},
    Encounter: {"end": None, "discharge_disposition": None},
    Condition: {"abated_at": None, "clinical_status": "active"},
    CarePlan: {"end": None, "status": "active"},
}
"""What a row holds before its end has been entered."""

Rows = dict[type[Model], dict[str, dict[str, str | None]]]


def expected_rows(folder: Path, limit: int | None = None) -> Rows:
    """The rows by model and id after the first *limit* lines: every column of the files, as it stands there."""
    rows: Rows = {model: {} for model in MODELS.values()}
    with Stream(folder) as stream:
        for place, line in enumerate(stream):
            if place == limit:
                break
            if line.command in ENDS:
                rows[ENDS[line.command]][line.row_id] = with_id(line.row)
                continue
            model = MODELS[line.command]
            for row in (line.row, *line.parts):
                found = with_id(row) | NOT_YET.get(model, {})
                rows[model][str(found["id"])] = found
    for row in rows[Observation].values():
        del row["order_id"]  # empty: what has an order is a LabResult
    for row in rows[LabResult].values():
        del row["parent_id"]  # empty: only observations have parts
    return rows


def with_id(row: Row) -> dict[str, str | None]:
    """The row with its first column called `id`."""
    _, *columns = row
    return {"id": next(iter(row.values())), **{column: row[column] for column in columns}}


def stored_rows(ledger: Ledger) -> Rows:
    """The same, as it stands in the tables."""
    with ledger.read() as connection:
        return {model: {row["id"]: dict(row) for row in connection.execute(select(model.table)).mappings()} for model in MODELS.values()}
