"""
ensue: an event happens; ensue decides what follows, saves both together, and can prove it.

These are the public names; everything else may move.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ensue.core.app import App
from ensue.core.comparison import Comparison
from ensue.core.correction_plan import CorrectionPlan
from ensue.core.diff import Diff
from ensue.core.effect import Attempt, Done, Effect, GiveUp, Retry, Task
from ensue.core.event import Event
from ensue.core.field_types import Purpose, Sensitive
from ensue.core.marks import by, column, new, optional, related
from ensue.core.model import Model, View
from ensue.core.operation import Cancel, Delete, Erase, Increase, Insert, Operation, Update
from ensue.core.plan import Plan
from ensue.core.record import Record
from ensue.core.rejection import AlreadyExists, NotFound, Rejection, Rejections
from ensue.core.replay_report import ReplayReport
from ensue.core.selection import Selection
from ensue.core.shapes import lossy
from ensue.core.state import Lookup, New, Ref, Related
from ensue.core.value import Value
from ensue.errors import (
    BrokenExport,
    ClockError,
    Closed,
    ConfigurationError,
    ConflictError,
    DefinitionError,
    EnsueError,
    Erased,
    ExpectationMissing,
    FieldConflict,
    InvalidForm,
    InvalidJson,
    KeyReused,
    LedgerError,
    NotLoaded,
    NotMigrated,
    OutcomeUnknown,
    PlanBlocked,
    PlanMoved,
    Refused,
    Rejected,
    RequestError,
    StepError,
    Tampered,
    TooLarge,
    Unavailable,
    UnknownEventType,
    VersionError,
    WorkerFailed,
)
from ensue.runtime.answer import Answer
from ensue.runtime.request import Request

if TYPE_CHECKING:
    from ensue.core.catalog import Catalog
    from ensue.runtime.again import compare_files, replay_files
    from ensue.runtime.audit import AuditReport
    from ensue.runtime.export.reading import records_from
    from ensue.runtime.ledger import Ledger
    from ensue.runtime.opening import Database, open
    from ensue.runtime.reading import Change, Snapshot
    from ensue.runtime.rebuild import Rebuilt
    from ensue.runtime.report import Report
else:
    # What needs a database is imported at first use: `ensue --help`, or a module that only declares events, would
    # otherwise wait a quarter of a second for SQLAlchemy.
    _LATER = {
        "AuditReport": "ensue.runtime.audit", "Catalog": "ensue.core.catalog",
        "Change": "ensue.runtime.reading", "Database": "ensue.runtime.opening",
        "Ledger": "ensue.runtime.ledger", "Report": "ensue.runtime.report", "Snapshot": "ensue.runtime.reading",
        "open": "ensue.runtime.opening", "records_from": "ensue.runtime.export.reading",
        "Rebuilt": "ensue.runtime.rebuild", "compare_files": "ensue.runtime.again", "replay_files": "ensue.runtime.again",
    }  # fmt: skip

    class _TableLater:
        """`Patient.table` of whoever has opened no ledger yet: the storage floor puts the real one here."""

        def __get__(self, instance: object, owner: type[Model]) -> Any:
            import_module("ensue.storage.tables")
            return owner.table

    Model.table = _TableLater()

    def _catalog(app: App) -> Any:
        """Everything that is declared, as data, for people and programs. Raises DefinitionError."""
        return import_module("ensue.source.catalog.build").catalog_of(app)

    App.catalog = _catalog

    def __getattr__(name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module 'ensue' has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_LATER[name]), name)
        return value


__all__ = [
    "AlreadyExists", "Answer", "App", "Attempt", "AuditReport", "BrokenExport", "Cancel", "Catalog", "Change", "ClockError", "Closed",
    "Comparison", "ConfigurationError", "ConflictError", "CorrectionPlan", "Database", "DefinitionError", "Delete", "Diff", "Done",
    "Effect", "EnsueError", "Erase", "Erased", "Event", "ExpectationMissing", "FieldConflict", "GiveUp", "Increase", "Insert",
    "InvalidForm", "InvalidJson", "KeyReused", "Ledger", "LedgerError", "Lookup", "Model", "New", "NotFound", "NotLoaded", "NotMigrated",
    "Operation", "OutcomeUnknown", "Plan", "PlanBlocked", "PlanMoved", "Purpose", "Rebuilt", "Record", "Ref", "Refused", "Rejected",
    "Rejection", "Rejections", "Related", "ReplayReport", "Report", "Request", "RequestError", "Retry", "Selection", "Sensitive",
    "Snapshot", "StepError", "Tampered", "Task", "TooLarge", "Unavailable", "UnknownEventType", "Update", "Value", "VersionError", "View",
    "WorkerFailed", "by", "column", "compare_files", "lossy", "new", "open", "optional", "records_from", "related", "replay_files",
]  # fmt: skip
