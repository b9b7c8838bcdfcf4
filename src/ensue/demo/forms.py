"""
From a line of the stream to the event it stands for.

Each table of the stream has a model of its own, but for the observations: those with an order are the laboratory's
results (`LabResult`, table `lab_result`), all others, with the parts of panels, are `Observation`.

The fields of the clinic's forms have the names of the stream's columns, so that a form takes what its row has under
those names. What is left to say here: which event a command is, and what a row knows only in hindsight.
"""

import inspect
from datetime import UTC, datetime
from functools import cache
from typing import Any

from ensue import Event
from ensue.demo.events.allergies import RecordAllergy
from ensue.demo.events.careplans import EndCarePlan, StartCarePlan
from ensue.demo.events.conditions import RecordCondition, ResolveCondition
from ensue.demo.events.encounters import EndEncounter, StartEncounter
from ensue.demo.events.findings import ObservationPart, RecordImmunization, RecordObservation, RecordProcedure
from ensue.demo.events.laboratory import OrderLabTest, ReceiveLabResult
from ensue.demo.events.medication import RequestMedication
from ensue.demo.events.patients import RecordDeath, RegisterPatient
from ensue.demo.rows import Row, StreamError
from ensue.demo.stream import Line

EVENTS: dict[str, type[Event]] = {
    "patient.register": RegisterPatient,
    "patient.record_death": RecordDeath,
    "encounter.start": StartEncounter,
    "encounter.end": EndEncounter,
    "allergy.record": RecordAllergy,
    "condition.record": RecordCondition,
    "condition.resolve": ResolveCondition,
    "medication.request": RequestMedication,
    "lab.order": OrderLabTest,
    "lab.result": ReceiveLabResult,
    "observation.record": RecordObservation,
    "procedure.record": RecordProcedure,
    "immunization.record": RecordImmunization,
    "careplan.start": StartCarePlan,
    "careplan.end": EndCarePlan,
}


def event_of(line: Line) -> Event:
    """
    The event that a line of the timeline stands for, in its newest shape.

    Raises:
        StreamError: The command is none of the clinic's.
        InvalidForm: The row lacks what the event must have.
    """
    shape = EVENTS.get(line.command)
    if shape is None:
        raise StreamError(f"Line {line.seq} of the timeline: expected one of the commands {', '.join(EVENTS)}; found {line.command!r}.")
    values: dict[str, Any] = {field: line.row[column] for field, column in columns_of(line.command, tuple(line.row))}
    if line.parts:
        values["parts"] = tuple(part_of(part) for part in line.parts)
    for column in hindsight(shape, line.row):
        del values[column]
    return shape(**values)


@cache
def columns_of(command: str, columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Which field of the form takes which of these columns: the one of its own name, or with `_id` after it, as on the wire."""
    fields = inspect.get_annotations(EVENTS[command])
    return tuple((field, column) for field in fields for column in (field, f"{field}_id") if column in columns)


def hindsight(shape: type[Event], row: Row) -> tuple[str, ...]:
    """
    The columns that hold what nobody knew when the fact was entered.

    A row's status is that at the end. What the source says was resolved or completed was active when it was recorded.
    """
    if shape is RecordCondition and row["abated_at"]:
        return ("clinical_status",)
    if shape is StartCarePlan and row["end"]:
        return ("status",)
    return ()


def part_of(row: Row) -> ObservationPart:
    """One part of a panel."""
    return ObservationPart(
        observation_id=row["observation_id"],
        code=row["code"] or "",
        display=row["display"],
        value_type=row["value_type"],
        value=row["value"],
        unit=row["unit"],
    )


def practitioner_of(line: Line) -> str | None:
    """Who at the clinic entered the fact, where the source says."""
    return line.row.get("requester_id") or line.row.get("practitioner_id")


def moment_of(stamp: str) -> datetime:
    """
    A stamp of the stream as an instant in UTC; a date without a time is its midnight there.

    Raises:
        StreamError: It is no stamp (ISO 8601, with or without a time).
    """
    try:
        moment = datetime.fromisoformat(stamp)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise StreamError(f"Expected a date, or a time with its offset, such as 2018-07-30T09:15:00-05:00; found {stamp!r}.") from error
