"""JSON lines: the head, then a record a line, each as canonical JSON. Read and written as text of any program."""

from __future__ import annotations

from typing import BinaryIO

from ensue.core.canonical import canonical_trusted
from ensue.core.exchange import members_of
from ensue.core.record import Record
from ensue.runtime.export.head import Head


class JsonLinesWriter:
    """Writes to a stream of bytes; closing the stream is its owner's."""

    def __init__(self, stream: BinaryIO, head: Head) -> None:
        self._stream = stream
        stream.write(canonical_trusted(head.members()) + b"\n")

    def write(self, record: Record) -> None:
        """Add a line."""
        self._stream.write(canonical_trusted(members_of(record)) + b"\n")

    def close(self) -> None:
        """Nothing is left to be written."""
