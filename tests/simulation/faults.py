"""Faults: what is needed to let real ones happen at a chosen moment. Nothing here pretends; it only says when."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from sqlalchemy import event, make_url

import ensue
from ensue.core.facts import Facts, Needs
from ensue.storage.database import Storage
from ensue.storage.session import Opened, Session, Writes

POINTS = ("before open", "after open", "before finish", "after finish")
"""The moments of a batch at which something may happen."""
AMID_FINISH = "amid finish"
"""One more: some rows are written and others are not."""


class Watched:
    """A writing connection that calls *happen* with the name of each point as it passes; all else is the real session's."""

    def __init__(self, session: Session, happen: Callable[[str], None]) -> None:
        self._session = session
        self._happen = happen
        write_rows = session._write_rows  # type: ignore[attr-defined]  # both kinds of session have it

        def write_and_happen(*rows: Any) -> None:
            write_rows(*rows)
            happen(AMID_FINISH)

        session._write_rows = write_and_happen  # type: ignore[attr-defined]  # likewise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def open(self, subjects: Sequence[str], event_ids: Sequence[str], needs: Needs, facts: Facts) -> Opened:
        self._happen("before open")
        opened = self._session.open(subjects, event_ids, needs, facts)
        self._happen("after open")
        return opened

    def finish(self, writes: Writes) -> int:
        self._happen("before finish")
        first = self._session.finish(writes)
        self._happen("after finish")
        return first


class Watch:
    """Watches the writing connections of a ledger that was just opened."""

    def __init__(self, ledger: ensue.Ledger) -> None:
        self._storage = ledger._storage
        self._make_session = ledger._storage.session
        self._point: str | None = None
        self._fault: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self.passed: list[str] = []
        self._storage.session = self._session  # type: ignore[method-assign]  # a test watches

    def once_at(self, point: str, fault: Callable[[], None]) -> None:
        """Let *fault* happen the next time a batch passes *point*; the points passed are told from now on."""
        self.passed.clear()
        self._point, self._fault = point, fault

    def _session(self) -> Session:
        return cast(Session, Watched(self._make_session(), self._happen))

    def _happen(self, reached: str) -> None:
        with self._lock:  # PostgreSQL has two lanes, and the fault is for the first
            self.passed.append(reached)
            happens = reached == self._point
            if happens:
                self._point = None
        if happens:
            self._fault()


def die_at(point: str) -> None:
    """Let this process be killed when a batch of any ledger that it opens passes *point*."""
    make_session = Storage.session

    def happen(reached: str) -> None:
        if reached == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched_session(self: Storage) -> Session:
        return cast(Session, Watched(make_session(self), happen))

    Storage.session = watched_session  # type: ignore[method-assign]  # a test watches


def on_connect(ledger: ensue.Ledger, statement: str) -> None:
    """Every connection that the ledger makes from now on begins with *statement*."""
    event.listen(ledger._storage.engine, "connect", lambda connection, _: connection.execute(statement))
    ledger._storage.engine.dispose()


class Proxy:
    """A socket between ensue and a PostgreSQL server that can lose a request, or its answer."""

    def __init__(self, server_url: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ensue-"))
        address = make_url(server_url)
        self._server = f"{address.query['host']}/.s.PGSQL.5432"
        self.url = address.set(query={"host": str(self._folder)}).render_as_string(hide_password=False)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self._folder / ".s.PGSQL.5432"))
        self._listening.listen()
        self._lose: str | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, what: str) -> None:
        """Lose the next "request", or the "answer" to it, and break that connection."""
        self._lose = what

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            threading.Thread(target=self._requests, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answers, args=(client, server), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        while data := _receive(client):
            if self._lose == "request":
                self._lose = None
                break
            if self._lose == "answer":
                self._lose = "answer on its way"
            try:
                server.sendall(data)
            except OSError:  # the other direction has ended meanwhile
                break
        _shut(client, server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        while data := _receive(server):
            if self._lose == "answer on its way":
                while b"COMMIT\x00" not in data and (more := _receive(server)):
                    data += more
                self._lose = None
                break
            try:
                client.sendall(data)
            except OSError:
                break
        _shut(client, server)


def _receive(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 20)
    except OSError:
        return b""


def _shut(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):  # the other direction was first
            end.shutdown(socket.SHUT_RDWR)
        end.close()
