"""
Pipe: messages between a process and one that it started, over the child's standard input and output.

A message is its length in 8 bytes and a pickle: both ends are this release, and one has started the other.
"""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import Any, BinaryIO, Final

LENGTH: Final = 8


class Ended(Exception):
    """The other end is gone; whoever asked knows what that means."""


class Pipe:
    """One end."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def send(self, message: Any) -> None:
        """Send *message*. Raises Ended."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        try:
            self._outgoing.write(len(data).to_bytes(LENGTH, "big") + data)
            self._outgoing.flush()
        except (OSError, ValueError) as error:  # a closed file is a ValueError
            raise Ended(str(error)) from error

    def receive(self) -> Any:
        """The next message. Raises Ended."""
        try:
            size = self._incoming.read(LENGTH)
            if len(size) < LENGTH:
                raise Ended("the other end closed")
            data = self._incoming.read(length := int.from_bytes(size, "big"))
        except (OSError, ValueError) as error:
            raise Ended(str(error)) from error
        if len(data) < length:
            raise Ended("the other end closed within a message")
        return pickle.loads(data)

    def close(self) -> None:
        """Close both directions; never raises."""
        for stream in (self._outgoing, self._incoming):
            with suppress(OSError):
                stream.close()
