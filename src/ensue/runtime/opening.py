"""Opening: from an application and an address to a ledger, and many ledgers at one address."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import EllipsisType
from typing import Any, Final

from ensue.core.app import App
from ensue.core.version import Version
from ensue.errors import ConfigurationError, DefinitionError
from ensue.runtime.ledger import Ledger
from ensue.runtime.randomness import RandomBytes
from ensue.runtime.tags import TagKeys
from ensue.source.lock import find_lock, read_lock
from ensue.storage.database import Storage

COST_DEFAULT: Final = 4


class Database:
    """
    A place with many ledgers, one a tenant: `Database(app, url).ledger("north")`.

    On PostgreSQL each ledger is a schema; on SQLite the address names a folder, and each ledger is a file in it.
    """

    def __init__(self, app: App, url: str, **options: Any) -> None:
        self._app = app
        self._url = url
        self._options = options

    def ledger(self, name: str) -> Ledger:
        """Open one tenant's ledger; it is made where there is none, unless `create=False` was said. Options as of `ensue.open`."""
        return open(self._app, self._url, name=name, **self._options)


def open(
    app: App,
    url: str,
    *,
    name: str | None = None,
    create: bool = True,
    clock: Callable[[], datetime] | None = None,
    tag_keys: Mapping[str, bytes] | None = None,
    cost: int = COST_DEFAULT,
    development: bool | None = None,
    account_version: str | None = None,
    lock: Path | str | EllipsisType | None = ...,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Ledger:
    """
    Open a ledger: `with ensue.open(clinic, "sqlite:///clinic.db") as ledger:`.

    Args:
        app: the application.
        url: `sqlite:///file.db`, `sqlite://` (in memory) or `postgresql://user@host/database`; with `?timeout=` the seconds to wait
            for a lock that another program holds (default 30).
        name: the ledger's name, where the address holds many.
        create: make the tables where there are none.
        clock: the time, for tests; default: the database's on PostgreSQL, the process's on SQLite.
        tag_keys: keys of the conflict tags by id, newest first; default: the variable ENSUE_TAG_KEYS, or on SQLite a file
            beside the database.
        cost: bits of work per event, 1 to 20.
        development: watch steps for impurity; default: whether ENSUE_DEVELOPMENT is set.
        account_version: the version of callers who say none.
        lock: the `versions.lock` that says which versions are published; others are drafts, which events may not use. Default: the
            one beside the module of the app's steps, or in a folder above, up to the project's; None for none: every date is open.
        random_bytes: the source of randomness, for tests; with the same bytes a new ledger has the same identity, and its
            events the same ids.

    Raises:
        DefinitionError: the application is declared wrongly.
        NotMigrated, Unavailable, ConfigurationError (the lock cannot be read, or belongs to another application).
    """
    if not 1 <= cost <= 20:
        raise ConfigurationError(f"cost={cost}: an event costs 1 to 20 bits of work.")
    if not isinstance(app, App):
        raise DefinitionError(f"open() takes an App, found {type(app).__name__}.")
    if account_version is not None:
        Version.declared(account_version, "open(account_version=)")
    published = _published(app, lock)
    storage = Storage(app, url, name=name)
    try:
        storage.prepare(create=create, random_bytes=random_bytes)
        return Ledger(
            app,
            storage,
            clock=clock,
            tag_keys=_tag_keys(storage, tag_keys),
            cost=cost,
            development=bool(os.environ.get("ENSUE_DEVELOPMENT")) if development is None else development,
            random_bytes=RandomBytes(random_bytes),
            account_version=account_version,
            published=published,
        )
    except BaseException:
        storage.close()
        raise


def _published(app: App, lock: Path | str | EllipsisType | None) -> frozenset[Version] | None:
    """The versions that are published; None where no lock says so."""
    path = find_lock(app) if lock is ... else None if lock is None else Path(lock)
    if path is None:
        return None
    found = read_lock(path)
    if found.app != app.name:
        raise ConfigurationError(f"{path} is the lock of {found.app!r}, and the application is {app.name!r}; name its own, or lock=None.")
    return found.published


def _tag_keys(storage: Storage, given: Mapping[str, bytes] | None) -> TagKeys:
    if given is not None:
        return TagKeys(given)
    if text := os.environ.get("ENSUE_TAG_KEYS"):
        return TagKeys.parse(text)
    if storage.is_memory:
        return TagKeys.random()
    return TagKeys.beside(Path(str(storage.url.database))) if storage.is_sqlite else TagKeys({})
