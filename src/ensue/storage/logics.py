"""Logics: what a ledger keeps of the steps and shapes that decided its events. Read once: what a hash names never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from ensue.core.app import App
from ensue.core.logic import table_shapes_of
from ensue.core.version import Version
from ensue.errors import EnsueError
from ensue.storage.evidence import logic_rows

Shapes = Mapping[str, str]


class Logics:
    """
    The logics of one ledger.

    Args:
        app: the application; what it declares today is known without a look.
        reader: a connection for reading; None where no other process can have written, so that there is nothing more to find.
    """

    def __init__(self, app: App, reader: Callable[[], AbstractContextManager[Connection]] | None) -> None:
        self._app = app
        self._reader = reader
        self._shapes: dict[bytes, Shapes | None] = {}

    def table_shapes(self, type_: str, version: str, digest: bytes) -> Shapes | None:
        """The shape that each table had for an event which the logic *digest* decided; None where the ledger does not tell."""
        if digest not in self._shapes:
            self._shapes[digest] = self._declared(type_, version, digest)
            if self._shapes[digest] is None and self._reader is not None:
                self._read()
        return self._shapes[digest]

    def _declared(self, type_: str, version: str, digest: bytes) -> Shapes | None:
        try:
            logic = self._app.logic(type_, Version.parse(version))
        except EnsueError:  # the application has it no more
            return None
        return table_shapes_of(logic.document) if logic.digest == digest else None

    def _read(self) -> None:
        """All that are stored; an altered one tells nothing, and `verify` says so."""
        assert self._reader is not None, "the caller has looked"
        with self._reader() as connection:
            for digest, document in logic_rows(connection):
                if hashlib.sha256(document).digest() == digest:
                    self._shapes[bytes(digest)] = table_shapes_of(bytes(document))
