"""
What a generated stream is made of: decisions from a seed, and tables and timeline as they fill.

The same seed gives the same bytes on every machine and release of Python: of the random module only `Random.random`
is used, whose sequence is promised not to change, and ids are UUIDs of version 5 (RFC 9562).
"""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import TypeVar
from uuid import UUID, uuid5

from ensue.demo.catalogue import Measure
from ensue.demo.forms import moment_of
from ensue.demo.stream import TABLES, TIMELINE_COLUMNS

T = TypeVar("T")

NAMESPACE = UUID("5f0c4b1e-6f0e-5d0a-9c55-0e2d8a1c7b42")

COLUMNS = {
    "patients": "patient_id mrn source family given prefix suffix maiden_name gender birth_date deceased_at"
    " marital_status race ethnicity language birth_place address_line city state postal_code country phone"
    " multiple_birth",
    "encounters": "encounter_id patient_id class_code type_code type_display start end reason_code reason_display"
    " provider_org_id practitioner_id discharge_disposition",
    "conditions": "condition_id patient_id encounter_id code display clinical_status verification_status onset_at abated_at recorded_at",
    "allergies": "allergy_id patient_id code display type category criticality clinical_status verification_status recorded_at",
    "medication_requests": "request_id patient_id encounter_id rxnorm_code display status intent authored_at requester_id"
    " reason_condition_id dose_value frequency period period_unit as_needed repeats_allowed quantity"
    " supply_value supply_unit instructions",
    "lab_orders": "order_id patient_id encounter_id code display status effective_at issued_at result_count",
    "observations": "observation_id patient_id encounter_id order_id parent_id category code display effective_at"
    " issued_at value_type value unit",
    "procedures": "procedure_id patient_id encounter_id code display status start end reason_condition_id",
    "immunizations": "immunization_id patient_id encounter_id cvx_code display status occurred_at",
    "careplans": "careplan_id patient_id encounter_id code display status start end addresses_condition_ids activity_codes",
}

ORDER_AT_ONE_INSTANT = (
    ("patient.register",),
    ("encounter.start",),
    ("allergy.record",),
    ("condition.record",),
    ("medication.request",),
    ("lab.order",),
    ("lab.result",),
    ("observation.record",),
    ("procedure.record", "immunization.record"),
    ("careplan.start",),
    ("condition.resolve",),
    ("careplan.end",),
    ("encounter.end",),
    ("patient.record_death",),
)
RANK = {command: rank for rank, commands in enumerate(ORDER_AT_ONE_INSTANT) for command in commands}


class Chance:
    """Decisions from a seed, by `Random.random` alone."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed).random

    def below(self, limit: int) -> int:
        """A whole number from 0 up to, but not including, *limit*."""
        return int(self.random() * limit)

    def between(self, low: int, high: int) -> int:
        """A whole number from *low* to *high*, both included."""
        return low + self.below(high - low + 1)

    def one_of(self, choices: Sequence[T]) -> T:
        """One of *choices*."""
        return choices[self.below(len(choices))]

    def measured(self, measure: Measure) -> str:
        """A value of *measure*, written with all its digits."""
        if not measure.digits:
            return str(self.between(measure.low, measure.high))
        fraction = "".join(str(self.below(10)) for _ in range(measure.digits))
        return f"{self.between(measure.low, measure.high - 1)}.{fraction}"


class Tables:
    """The tables and the timeline as they fill."""

    def __init__(self, seed: int) -> None:
        self.chance = Chance(seed)
        self.seed = seed
        self.rows: dict[str, list[dict[str, str]]] = {table: [] for table in TABLES}
        self.timeline: list[tuple[datetime, str, int, int, dict[str, str]]] = []

    def row(self, table: str, patient_id: str, **fields: str) -> dict[str, str]:
        """A new row of *table* with an id of its own; what is not given is empty."""
        columns = COLUMNS[table].split()
        row_id = str(uuid5(NAMESPACE, f"{self.seed}/{table}/{len(self.rows[table])}"))
        made = dict.fromkeys(columns, "") | {"patient_id": patient_id, columns[0]: row_id} | fields
        self.rows[table].append(made)
        return made

    def enter(self, command: str, table: str, row: dict[str, str], held_at: str, known_at: str = "") -> None:
        """*command* enters *row*, which held at *held_at*, when it was both true and known: the later of the two stamps."""
        recorded_at = max(held_at, known_at or held_at, key=moment_of)
        line = {
            "recorded_at": recorded_at,
            "effective_at": held_at,
            "command": command,
            "table": table,
            "row_id": next(iter(row.values())),
            "patient_id": row["patient_id"],
        }
        self.timeline.append((moment_of(recorded_at), row["patient_id"], RANK[command], len(self.timeline), line))

    def files(self) -> dict[str, bytes]:
        """File name to content, unpacked."""
        in_order = sorted(self.timeline, key=lambda entry: entry[:4])
        timeline = [{"seq": str(place), **line} for place, (*_, line) in enumerate(in_order, start=1)]
        tables = {f"{table}.csv.gz": as_csv(COLUMNS[table].split(), rows) for table, rows in self.rows.items()}
        return {**tables, "timeline.csv.gz": as_csv(TIMELINE_COLUMNS, timeline)}


def stamp(moment: datetime) -> str:
    """A moment as the stream writes it, with its offset and to the second."""
    return moment.isoformat(timespec="seconds")


def day(moment: datetime) -> str:
    """The day of a moment, where the time does not matter or is not known."""
    return moment.date().isoformat()


def as_csv(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    """Rows as the stream writes them: comma, double quote, LF, UTF-8, header line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
