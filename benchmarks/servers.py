"""Where the benchmarks store things: a directory on a real disk, and databases of a durable PostgreSQL server of our own."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.postgresql_server import PostgresqlServer, find_wheel_binaries

# What "durable" means here; asked of the running server, since a benchmark without fsync measures something else.
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@contextmanager
def disk() -> Iterator[Path]:
    """
    Give a temporary directory on a real disk.

    Raises:
        RuntimeError: The temporary directory of this machine is in memory, where fsync costs nothing.
    """
    with tempfile.TemporaryDirectory(prefix="ensue-bench-") as directory:
        said = subprocess.run(["df", "-P", directory], capture_output=True, text=True, check=True, timeout=10).stdout
        device = said.splitlines()[-1].split()[0]
        if device in {"tmpfs", "ramfs"}:
            raise RuntimeError(f"{directory} is on {device}, where fsync is free; expected a disk. Set TMPDIR to a directory on one.")
        yield Path(directory)


@contextmanager
def postgres() -> Iterator[str]:
    """
    Run a PostgreSQL server, reached over its Unix socket alone, and give the address of its first database.

    Raises:
        RuntimeError: The server does not wait for the disk.
    """
    with PostgresqlServer(find_wheel_binaries()) as server:
        with psycopg.connect(libpq_url(server.url)) as connection:
            found = {name: connection.execute(f"SHOW {name}".encode()).fetchone() for name in _DURABLE}
        if found != {name: (wanted,) for name, wanted in _DURABLE.items()}:
            raise RuntimeError(f"The benchmark server runs with {found}; expected {_DURABLE}. Start it with its default settings.")
        yield server.url


def libpq_url(url: str) -> str:
    """Return *url* without SQLAlchemy's name of a driver, as psycopg itself reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def database_bytes(url: str) -> int:
    """Return how many bytes the PostgreSQL database at *url* takes on disk."""
    with psycopg.connect(libpq_url(url)) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None, "an aggregate without GROUP BY has one row"
    return int(row[0])
