"""
Brought up: what was recorded of a row, in the newest shape of its model.

A row was recorded in the shape that its table had then, which the record's logic names. Where the model has a newer one
since, the row is brought up by the same `up` that brings an old step's writes up; a column that came without a new
shape has its default. Of a row that only a view showed, what was shown is brought up and nothing made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ensue.core.canonical import Json
from ensue.core.data import fields_of, trusted
from ensue.core.model import Model, may_have_changed, shape_name
from ensue.core.shapes import line_of, row_brought_up, row_in_shape, some_row_of
from ensue.errors import EnsueError, StepError, UnknownShape

Row = dict[str, Json]
Rest = Callable[[str, str], Row | None]
"""What else is known of a row, by model and id: all of it, in the newest shape, as it stood before the event."""
Shapes = Callable[[], Mapping[str, str] | None]
"""Which shape each table had when something was recorded, by name of the model; asked only where a model has had several."""


class Missing(EnsueError):
    """An input of a decision that nothing recorded can tell: `what` names it."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


def nobody(model: str, id: str) -> Row | None:  # noqa: ARG001  # whatever is asked
    """Nobody knows more of a row than the record says."""
    return None


def brought_up(latest: type[Model], columns: Mapping[str, Json], shapes: Shapes = lambda: None) -> Row:
    """
    A whole row as it was recorded, in the newest shape of its model.

    Raises:
        UnknownShape: no shape of the model has these columns.
        StepError: an `up` raised.
    """
    shape = shape_of(latest, columns, shapes)
    fields = fields_of(shape).by_name
    whole = {name: columns[name] if name in columns else one.codec.encode(one.default) for name, one in fields.items()}
    return whole if shape is latest else row_brought_up(some_row_of(shape, whole), None)


def some_brought_up(latest: type[Model], columns: Mapping[str, Json], shapes: Shapes = lambda: None, rest: Rest = nobody) -> Row:
    """
    As `brought_up`, of some columns of a row: what follows from these alone.

    Raises:
        Missing: an `up` reads another column, and *rest* does not know the row.
    """
    shape = shape_of(latest, columns, shapes, whole=False)
    if shape is latest:
        return dict(columns)
    try:
        return row_brought_up(some_row_of(shape, columns), None)
    except StepError as error:
        if not isinstance(error.__cause__, AttributeError):
            raise
        whole = rest(latest.__ensue__.name, str(columns["id"]))
        if whole is None:
            raise Missing(f"{latest.__ensue__.name}/{columns['id']} beyond {', '.join(columns)}, which a view showed,") from error
        shown = some_row_of(shape, columns)
        return row_brought_up(trusted(shape, {**row_in_shape(shape, whole).__dict__, **shown.__dict__}), whole)


def operations_brought_up(
    model_of: Callable[[str], type[Model] | None],
    document: Mapping[str, Any],
    shapes: Shapes,
    rest: Rest = nobody,
    *,
    unknown: bool = False,
) -> list[Any]:
    """
    The operations of a recorded *document*; of a model that *model_of* does not know as they stand.

    With *unknown* an operation that cannot be brought up, because a view showed too little, has the kind "unknown" instead of raising.

    Raises:
        Missing: a view showed too little of a row to bring a change of it up, and *rest* does not know it either.
    """
    operations: list[Any] = document["operations"]
    for one in operations:
        if _may_be_older(model_of, one):
            break
    else:
        return operations
    standing: dict[tuple[str, str], Any] = {}
    for _, model, id, columns in document["state"]:
        standing[model, id] = {**standing.get((model, id), {}), **columns}
    risen = []
    for one in operations:
        try:
            risen.append(_risen(model_of, one, standing, shapes, rest) if _may_be_older(model_of, one) else one)
        except Missing:
            if not unknown:
                raise
            risen.append(["unknown", one[1], one[2], None, None, one[5]])
    return risen


def _may_be_older(model_of: Callable[[str], type[Model] | None], operation: list[Any]) -> bool:
    """Whether an operation may be about another shape, or about fewer columns, than the model has now."""
    kind, name, _, before, after, _ = operation
    model = None if kind in ("cancel", "erase") else model_of(name)
    if model is None:
        return False
    return may_have_changed(model) or (kind in ("insert", "delete") and len(after or before) != len(fields_of(model).names))


def _risen(
    model_of: Callable[[str], type[Model] | None],
    operation: list[Any],
    standing: dict[tuple[str, str], Any],
    shapes: Shapes,
    rest: Rest,
) -> list[Any]:
    """One operation brought up; *standing* is what is known of each row, in the shape of the record, and moves along."""
    kind, name, id, before, after, step = operation
    latest = model_of(name)
    assert latest is not None, "it has shapes"
    if kind in ("insert", "delete"):
        standing[name, id] = after
        whole = brought_up(latest, after or before, shapes)
        return [kind, name, id, *((None, whole) if kind == "insert" else (whole, None)), step]
    some_before = {**(standing.get((name, id)) or {}), **before}
    standing[name, id] = some_after = {**some_before, **after}
    was, now = (some_brought_up(latest, {"id": id, **columns}, shapes, rest) for columns in (some_before, some_after))
    changed = [column for column in now if now[column] != was[column]]
    return [kind, name, id, {column: was[column] for column in changed}, {column: now[column] for column in changed}, step]


# ---- which shape -----------------------------------------------------------------------------------------------------
def shape_of(latest: type[Model], columns: Mapping[str, Json], shapes: Shapes, *, whole: bool = True) -> type[Model]:
    """
    The shape that recorded *columns* have: the one that was said, else the newest that they fit. *whole*: all that must be given is there.

    Raises:
        UnknownShape: none fits; a guess would give values another meaning.
    """
    line: list[type[Model]] = line_of(latest)
    said = (shapes() or {}).get(latest.__ensue__.name)
    candidates = line if said is None else shapes_said(line, said)
    for shape in reversed(candidates):
        fields = fields_of(shape).by_name
        if columns.keys() <= fields.keys() and not (whole and any(one.required and one.name not in columns for one in fields.values())):
            return shape
    raise UnknownShape(
        f"A row of {latest.__ensue__.name} was recorded in the shape {said or 'with the columns ' + ', '.join(columns)}, which is none of "
        f"{', '.join(map(shape_name, line))} as they are declared now; keep every shape that rows were recorded in."
    )


def shapes_said(line: list[type[Model]], said: str) -> list[type[Model]]:
    """The shape of the *line* that is *said*, if any: by its date (the first may have none), since a class may be called otherwise now."""
    name, _, date = said.partition("@")
    dated = [one for one in line if str(one.__ensue__.version or "") == date]
    return dated or [one for one in line if one.__name__ == name]
