"""
Database: an address, opened. Where a ledger's tables live, whether they are of this release, and connections to them.

A ledger is a set of tables of its own: a file on SQLite, a schema on PostgreSQL.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, delete, event, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool, StaticPool

from ensue.core.app import App
from ensue.core.table_keys import TableKeys
from ensue.errors import ConfigurationError, NotMigrated, Unavailable
from ensue.storage import tables
from ensue.storage.image import keep_image, put_image
from ensue.storage.logics import Logics
from ensue.storage.migrate import RELEASE, begin_ledger, create_schema, create_tables, present_release
from ensue.storage.model_tables import check_declared, describe_tables, prepare_own_tables
from ensue.storage.session import Lost, ModelTable, Session
from ensue.storage.sqlite import CACHED_STATEMENTS, SqliteSession, configure
from ensue.storage.tables import table_of

LEDGER_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")
READERS_MAX: Final = 8
LOCK_TIMEOUT_SECONDS: Final = 30.0
CONNECT_TIMEOUT_SECONDS: Final = 10
GONE_SQLITE: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
    )
)
"""Primary result codes of SQLite that say that the file cannot be used."""


class Storage:
    """One ledger's database: its engine for reading, its sessions for writing, and how each model stands in it."""

    def __init__(self, app: App, url: str | URL, *, name: str | None = None) -> None:
        self.app = app
        self.url, self._lock_timeout_seconds = _without_timeout(_address(url, name))
        self.name = name
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.is_memory = self.is_sqlite and self.url.database in (None, "", ":memory:")
        app.check()
        check_declared(app.models())
        self.engine = self._engine()
        self._memory_lock = threading.RLock()
        self._lookers: deque[Session] = deque()
        self._held: list[Any] = []
        self.models: dict[str, ModelTable] = {}
        """How each model stands here, once the tables are seen to."""
        self.keys = TableKeys(app, {})
        """The keys of the tables that others declared, as they are here."""
        self.logics = Logics(app, None if self.is_memory else self.reader)
        self.uid = ""

    # -- opening
    def _engine(self) -> Engine:
        if not self.is_sqlite:
            try:
                patience = {} if "connect_timeout" in self.url.query else {"connect_timeout": CONNECT_TIMEOUT_SECONDS}
                engine = create_engine(
                    self.url,
                    poolclass=QueuePool,
                    pool_size=READERS_MAX,
                    pool_pre_ping=True,
                    connect_args=patience,
                    isolation_level="AUTOCOMMIT",
                )
            except ModuleNotFoundError as error:
                raise ConfigurationError(
                    f"PostgreSQL needs the driver {error.name}, which is not installed; install ensue[postgresql]."
                ) from None
            _on_connect_postgresql(engine, self.name, self._lock_timeout_seconds)
            return engine
        if self.is_memory:
            engine = create_engine(
                "sqlite://",
                poolclass=StaticPool,
                connect_args={"check_same_thread": False, "cached_statements": CACHED_STATEMENTS},
                isolation_level="AUTOCOMMIT",
            )
        else:
            arguments = {"timeout": self._lock_timeout_seconds, "check_same_thread": False, "cached_statements": CACHED_STATEMENTS}
            engine = create_engine(
                self.url, poolclass=QueuePool, pool_size=READERS_MAX, connect_args=arguments, isolation_level="AUTOCOMMIT"
            )
        memory = self.is_memory
        event.listen(engine, "connect", lambda connection, _: configure(connection, memory=memory))
        return engine

    def prepare(self, *, create: bool, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """
        See that the tables are those of this release; make them where there are none and *create* is true.

        *random_bytes* gives a new ledger its identity.

        Raises:
            NotMigrated: the tables are absent, older or newer, or a model's table lacks columns.
            DefinitionError: a table that a model names has no column for one of its fields.
            Unavailable: the database cannot be reached.
        """
        path = str(self.url.database)
        if not create and self.is_sqlite and not self.is_memory and not path.startswith("file:") and not Path(path).exists():
            # SQLite would make an empty file of the mere question.
            raise NotMigrated(f"There is no file {path}; run `ensue db migrate`.")
        try:
            with self.reader() as connection:
                self._describe(connection)
                if create and self.is_memory and self._prepare_memory(connection, random_bytes):
                    return
                release = present_release(connection)
                if release is None and create:
                    if self.name is not None and not self.is_sqlite:
                        create_schema(connection, self.name)
                    release = create_tables(connection, random_bytes)
                if release is None:
                    raise NotMigrated("There are no ledger tables here yet; run `ensue db migrate`.")
                if release != RELEASE:
                    raise NotMigrated(
                        f"The ledger's tables are of release {release}, this program is of {RELEASE}; "
                        "run `ensue db migrate` with the newer of both."
                    )
                prepare_own_tables(connection, self.app.models(), create=create)
                self.uid = str(connection.execute(select(tables.ledger.c.uid)).scalar_one())
                if self.is_memory:
                    keep_image(self.app, connection.connection.driver_connection)
        except DBAPIError as error:
            raise Unavailable(f"{self.url.render_as_string(hide_password=True)} cannot be opened: {error.orig}.") from error

    def _describe(self, connection: Connection) -> None:
        """Learn how the tables of others are here, and so how every model stands."""
        described = describe_tables(connection, self.app.models())
        self.keys = TableKeys(self.app, described)
        for model in self.app.models():
            info = model.__ensue__
            table = described[info.name] if isinstance(info.table, str) else table_of(model)
            self.models[info.name] = ModelTable(model, table, self.engine.dialect)

    def _prepare_memory(self, connection: Connection, random_bytes: Callable[[int], bytes]) -> bool:
        """Copy the tables that an earlier ledger of the application made, and give the copy an identity of its own."""
        if not put_image(self.app, connection.connection.driver_connection):
            return False
        connection.execute(delete(tables.ledger))
        begin_ledger(connection, random_bytes)
        self.uid = str(connection.execute(select(tables.ledger.c.uid)).scalar_one())
        return True

    # -- connecting
    def session(self) -> Session:
        """A new writing connection. Raises Unavailable."""
        driver_errors: Any = self.engine.dialect.loaded_dbapi
        try:
            raw = self.engine.raw_connection()
            driver: Any = raw.driver_connection
            if self.is_memory:
                self._held.append(raw)  # all share one connection, which the pool must not reset behind a writer's back
            else:
                raw.detach()
        except (DBAPIError, PoolTimeoutError, driver_errors.Error) as error:  # SQLAlchemy hands the driver's own through here
            raise Unavailable(f"{self._shown} cannot be reached: {_reason(error)}; nothing was saved.") from error
        if not isinstance(driver, sqlite3.Connection):
            driver.autocommit = True
        return self._session_over(driver)

    def looking(self, connection: Connection) -> Session:
        """A session that only looks, over a connection that `reader` or `snapshot` gave."""
        return self._session_over(connection.connection.driver_connection)

    def _session_over(self, driver: Any) -> Session:
        if isinstance(driver, sqlite3.Connection):
            return SqliteSession(driver, self.models)
        from ensue.storage.postgresql import PostgresqlSession  # its driver is an extra that users of SQLite do not install

        return PostgresqlSession(driver, self.models)

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """A connection for reading. An in-memory database has one connection, so readers and the writer take turns. Raises Unavailable."""
        with self._memory_lock if self.is_memory else nullcontext():
            try:
                with self._connected() as connection:
                    yield connection
            except DBAPIError as error:  # by a statement, or by giving the connection back
                if is_gone(error):
                    raise Unavailable(f"{self._shown} cannot be read: {_reason(error)}.") from error
                raise
            except Lost as lost:  # by a session that only looks: no writer's connection broke
                raise Unavailable(f"{self._shown} cannot be read: {lost}") from lost

    def _connected(self) -> Connection:
        try:
            return self.engine.connect()
        except (DBAPIError, PoolTimeoutError) as error:
            raise Unavailable(f"{self._shown} cannot be opened: {_reason(error)}.") from error

    @property
    def _shown(self) -> str:
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Held while a batch is in a transaction; it keeps readers of an in-memory database out."""
        if self.is_memory:
            with self._memory_lock:
                yield
        else:
            yield

    @contextmanager
    def looker(self) -> Iterator[Session]:
        """A session that only looks, from a few that are kept open: asking is as quick as two round trips allow."""
        try:
            session = self._lookers.pop()
        except IndexError:
            session = self.session()
        with self.writing():
            try:
                yield session
            except Lost as lost:
                session.close()
                while self._lookers:  # they were connected to the same server: who asks again gets a new one
                    self._lookers.pop().close()
                raise Unavailable(f"{lost} Ask again.") from lost
            except Unavailable:
                session.close()
                raise
            except BaseException:
                session.rollback()
                self._keep(session)
                raise
            session.rollback()
        self._keep(session)

    def _keep(self, session: Session) -> None:
        if len(self._lookers) < READERS_MAX:
            self._lookers.append(session)
        else:
            session.close()

    def snapshot(self) -> Any:
        """A connection whose reads all see one moment (a context manager)."""
        return _snapshot(self)

    def close(self) -> None:
        """Close every connection."""
        while self._lookers:
            self._lookers.pop().close()
        self.engine.dispose()


def is_gone(error: DBAPIError) -> bool:
    """Whether the database itself cannot be used, as against a statement that it refuses."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return error.connection_invalidated or (code is not None and code & 0xFF in GONE_SQLITE)


def _reason(error: Exception) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error).strip()


@contextmanager
def _snapshot(storage: Storage) -> Iterator[Connection]:
    with storage.reader() as connection:
        if storage.is_sqlite:
            connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("BEGIN" if storage.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield connection
        finally:
            if not connection.invalidated:  # else its transaction went with it
                connection.exec_driver_sql("ROLLBACK")
                if storage.is_sqlite:  # the pool lends the connection to the writer too
                    connection.exec_driver_sql("PRAGMA query_only=OFF")


def _address(url: str | URL, name: str | None) -> URL:
    """The URL of one ledger. A folder on SQLite has one file a ledger; on PostgreSQL each is a schema."""
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigurationError(
            f"{url!r} is no database address: {error}. Use sqlite:///clinic.db or postgresql://user@host/clinic."
        ) from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigurationError(f"{parsed.get_backend_name()} is not supported; ensue keeps ledgers in SQLite or PostgreSQL.")
    if name is not None and not LEDGER_NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r} cannot name a ledger; use small letters, digits and underscores, beginning with a letter.")
    if name is not None and parsed.get_backend_name() == "sqlite" and parsed.database:
        folder = Path(parsed.database)
        folder.mkdir(parents=True, exist_ok=True)
        parsed = parsed.set(database=str(folder / f"{name}.db"))
    return parsed


def _without_timeout(url: URL) -> tuple[URL, float]:
    """The seconds that `?timeout=` in an address gives to locks which others hold; no driver of PostgreSQL knows it."""
    text = url.query.get("timeout", str(LOCK_TIMEOUT_SECONDS))
    try:
        seconds = float(str(text))
    except ValueError:
        seconds = -1
    if not 0 < seconds < 86_400:
        raise ConfigurationError(
            f"timeout={text}: expected the seconds to wait for a lock that others hold, more than 0 and less than a day."
        )
    return url.difference_update_query(["timeout"]), seconds


def _on_connect_postgresql(engine: Engine, schema: str | None, lock_timeout_seconds: float) -> None:
    """Every connection finds its own schema alone, speaks UTC, waits only so long for a lock and never idles in a transaction."""

    def configure_connection(connection: Any, _: Any) -> None:
        autocommit, connection.autocommit = connection.autocommit, True
        settings = [
            "SET TIME ZONE 'UTC'",
            f"SET lock_timeout = '{lock_timeout_seconds * 1000:.0f}ms'",
            "SET idle_in_transaction_session_timeout = '60s'",
            "SET synchronous_commit = on",
        ]
        if schema is not None:
            settings.append(f'SET search_path TO "{schema}"')
        connection.execute("; ".join(settings))
        connection.autocommit = autocommit

    event.listen(engine, "connect", configure_connection)
