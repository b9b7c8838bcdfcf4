"""Content: what a record's payload says, read from bytes that its header commits to, and what must stand in the tables for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple, cast

from ensue.core.app import App
from ensue.core.brought_up import Rest, nobody, operations_brought_up
from ensue.core.canonical import base64url
from ensue.core.correction import CORRECTION
from ensue.core.correction_settled import settled_rows, with_settled
from ensue.core.model import may_have_changed, newest, subjects_of_row
from ensue.errors import EnsueError, FormatError
from ensue.log.header import Header
from ensue.log.payload import join, read_payload
from ensue.runtime.recording import columns_of_operation
from ensue.storage.database import Storage
from ensue.storage.session import ModelTable

UNREADABLE: Final = (EnsueError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What code of ours may raise over a value that others put into the database, of any type and shape."""

# What stands before and after in each kind of operation on a row.
_SIDES: Final[Mapping[str, tuple[type, type]]] = {
    "insert": (type(None), dict),
    "update": (dict, dict),
    "increase": (dict, dict),
    "delete": (dict, type(None)),
}


class Content(NamedTuple):
    """What a payload says, and the rows that `ensue_operation` and `ensue_effect` must have for it."""

    operations: list[list[Any]]
    """
    As recorded: `[kind, model, id, before, after, step]`, their columns in the newest shapes of the models. Of a correction also what it
    took of rows as it was, as operations that no step decided and that say nothing of before.
    """
    stored_operations: list[tuple[Any, ...]]
    """n, kind, model, row id, columns."""
    possible_reads: list[tuple[Any, ...]]
    """The same, of rows of which the record does not say whether they belong to another subject: such a read may stand in the table."""
    stored_effects: list[tuple[Any, ...]]
    """n, event id, kind, key, not_before."""


def read_content(data: Any, seed: Any, header: Header, storage: Storage, rest: Rest = nobody) -> Content:
    """
    Read a stored payload. *rest* says what is known of a row, where a view showed a part of it or a correction took it as it was.

    Raises:
        UNREADABLE: it is not what the header commits to, or not of the form that ensue writes.
    """
    count, root, leaves = read_payload(data, seed)
    if (count, root) != (header.payload_n, header.payload_root):
        raise FormatError(
            f"Its payload has {count} leaves and the root {base64url(root)}, its header says {header.payload_n} and "
            f"{base64url(header.payload_root)}: the payload, or its seed, was altered."
        )
    models, state = storage.models, cast(list[Any], leaves["state"])
    effects: Any = leaves["effects"]
    operations: Any = join({name: value for name, value in leaves.items() if name == "operations" or name.startswith("operations/")})[
        "operations"
    ]
    stored: list[tuple[Any, ...]] = []
    for n, (kind, model, id, before, after, _) in enumerate(operations):
        sides = _SIDES.get(kind)
        if sides is not None and not (type(model) is str and type(id) is str and type(before) is sides[0] and type(after) is sides[1]):
            raise FormatError(f"Its payload has a wrong {kind} at operations/{n}.")
        stored.append((n, kind, model, "" if id is None else id, columns_of_operation(kind, after)))
    possible: list[tuple[Any, ...]] = []
    subjects = {link.subject for link in header.links}
    for n, (_, model, id, columns) in enumerate(state, len(operations)):
        foreign = _is_foreign(models.get(model), id, columns, subjects)
        if foreign is not False:
            (possible if foreign is None else stored).append((n, "read", model, id, " ".join(sorted(columns))))
    stored_effects = [(n, header.id, kind, key, body.get("not_before", header.at)) for n, (kind, key, body, _) in enumerate(effects)]
    risen = _brought_up(operations, leaves, header, storage, rest)
    if header.type == CORRECTION:
        shapes = storage.logics.table_shapes(header.type, header.version, header.logic)
        risen = with_settled(_Correction(header.id, storage.app, join(leaves), shapes), risen, rest)
    return Content(risen, stored, possible, stored_effects)


class _Correction(NamedTuple):
    """What stands for the record of a correction."""

    id: str
    app: App
    document: Mapping[str, Any]
    table_shapes: Mapping[str, str] | None


def rows_settled(payloads: Iterable[tuple[Any, Any]]) -> set[tuple[str, str]]:
    """The rows of which some correction, of these payloads and their seeds, took something as it was. What cannot be read tells nothing."""
    found: set[tuple[str, str]] = set()
    for data, seed in payloads:
        with suppress(*UNREADABLE):
            found |= settled_rows(join(read_payload(data, seed)[2]))
    return found


def _brought_up(operations: list[Any], leaves: Mapping[str, Any], header: Header, storage: Storage, rest: Rest) -> list[list[Any]]:
    """The operations in the newest shapes of their models; the state is put together only where there are older ones."""
    models = storage.models
    touched = [models[model].model for kind, model, *_ in operations if kind in _SIDES and model in models]
    if not any(map(may_have_changed, touched)):
        return operations
    state = join({name: value for name, value in leaves.items() if name == "state" or name.startswith("state/")})["state"]
    shapes = partial(storage.logics.table_shapes, header.type, header.version, header.logic)
    document = {"operations": operations, "state": state}
    return operations_brought_up(lambda name: models[name].model if name in models else None, document, shapes, rest, unknown=True)


def _is_foreign(table: ModelTable | None, id: str, columns: Mapping[str, Any], subjects: set[str]) -> bool | None:
    """Whether a row in the state belongs to a subject that the event does not link; None where what is recorded does not say."""
    if table is None:
        return None
    model = newest(table.model)
    info = model.__ensue__
    if any(column not in columns for column in info.parent_columns):
        return None
    belongs = subjects_of_row(model, id, dict(columns))
    if not belongs:
        return None if any(subject.startswith("system/") for subject in subjects) else True
    return not subjects.issuperset(belongs)
