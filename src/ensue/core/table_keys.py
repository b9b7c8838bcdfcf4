"""
Table keys: which columns of a table that others declared are under one key, and which refer to rows of other models.

Read from the table as it was declared and as the ledger's own database describes it: a rule that nobody declared to us is
kept to all the same, and in another database it may be another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ensue.core.app import App
from ensue.core.data import fields_of
from ensue.core.model import Model

Group = tuple[str, ...]
"""Fields of a model, in the order of a key's columns."""


class Reference(NamedTuple):
    """A foreign key between two models: these *columns* hold the values of the *parent_columns* of a row of *parent*."""

    columns: Group
    parent: str
    parent_columns: Group


class TableKeys:
    """The keys of the tables that others declared, in one ledger. *described* are these tables by model, as its database has them."""

    def __init__(self, app: App, described: Mapping[str, Any]) -> None:
        self._app = app
        self._described = described

    def groups(self, model: type[Model]) -> set[Group]:
        """The groups of columns under one key of the table that *model* was declared over; none where the table is our own."""
        groups: set[Group] = set()
        for table in self._tables(model):
            held = [index.columns for index in table.indexes if index.unique]
            held += [one.columns for one in table.constraints if type(one).__name__ != "CheckConstraint"]
            by_column = _fields_by_column(model)
            groups |= {tuple(by_column[column.name] for column in group if column.name in by_column) for group in held}
        return groups

    def has_foreign_keys(self, model: type[Model]) -> bool:
        """Whether rows of *model* must stand in some order with rows of other tables."""
        return any(table.foreign_key_constraints for table in self._tables(model))

    def references(self) -> dict[str, set[Reference]]:
        """By model: how its rows point to rows of other models, in tables that others declared."""
        found: dict[str, set[Reference]] = {}
        models = self._app.models()
        for model in models:
            info = model.__ensue__
            tables = self._tables(model)
            own = found.setdefault(info.name, set())
            if tables:
                own |= {Reference((column,), parent, ("id",)) for column, parent in info.parent_columns.items()}
            for table in tables:
                own |= {one for key in table.foreign_key_constraints for parent in models for one in self._reference(model, key, parent)}
        return found

    def _reference(self, model: type[Model], key: Any, parent: type[Model]) -> Iterator[Reference]:
        """What a foreign key of the table of *model* says, where it leads to the table of *parent*."""
        places = [element.target_fullname.rpartition(".") for element in key.elements]  # schema.table.column
        schema, _, plain = places[0][0].rpartition(".")
        if not any(table.name == plain and (not schema or table.schema in (None, schema)) for table in self._tables(parent)):
            return
        fields, parent_fields = _fields_by_column(model), _fields_by_column(parent)
        columns = [fields.get(element.parent.name) for element in key.elements]
        parent_columns = [parent_fields.get(column) for _, _, column in places]
        if None not in columns and None not in parent_columns:
            yield Reference(tuple(filter(None, columns)), parent.__ensue__.name, tuple(filter(None, parent_columns)))

    def _tables(self, model: type[Model]) -> list[Any]:
        """The table that *model* was declared over: as declared, unless by its name alone, and as the database describes it."""
        info = model.__ensue__
        both = (info.table, self._described.get(info.name))
        return [table for table in both if table is not None and not isinstance(table, str)]


def _fields_by_column(model: type[Model]) -> dict[str, str]:
    return {one.column: one.name for one in fields_of(model).by_name.values()}
