"""
CloudEvents: a record a line, as an event of CloudEvents 1.0 in its JSON format, for whatever else reads such events.

    specversion id source type subject time     the attributes of the specification (§3.1); source is urn:ensue: and the ledger's uid
    datacontenttype dataschema                  application/json, urn:ensue:record:1
    sequence                                    the position with leading zeros, an extension that is documented beside it
    app actor version hash logic                extensions of our own, and where set: requested cause corrects occurred behalf purpose
    data                                        form, state, operations, effects, seq, links, tables

There is no line for a head, since each line stands for itself. A text with characters that an attribute may not have
(§3.1.1: controls and noncharacters) is in data instead.
"""

from __future__ import annotations

import re
from typing import Any, BinaryIO, Final

from ensue.core.app import App
from ensue.core.canonical import Json, canonical_trusted
from ensue.core.exchange import members_of
from ensue.core.record import Record
from ensue.errors import FormatError
from ensue.runtime.export.head import FORMAT, Head, head_from

SPECIFICATION: Final = "1.0"
SOURCE: Final = "urn:ensue:"
SCHEMA: Final = "urn:ensue:record:"
POSITION_DIGITS: Final = 16
"""Those of 2^53, so that the order of texts is that of positions."""
ATTRIBUTES: Final = {
    **{name: name for name in ("id", "type", "subject", "actor", "version", "hash", "logic")},
    **{name: name for name in ("requested", "cause", "corrects", "occurred", "behalf", "purpose")},
    "at": "time",
}
"""What of a record is an attribute, and its name."""
FIXED: Final = frozenset(("specversion", "source", "datacontenttype", "dataschema", "sequence", "app", "data"))
_LAST_TWO: Final = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
FORBIDDEN: Final = re.compile(f"[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef{_LAST_TWO}]")


class CloudEventsWriter:
    """Writes to a stream of bytes; closing the stream is its owner's."""

    def __init__(self, stream: BinaryIO, head: Head) -> None:
        self._stream = stream
        self._fixed: dict[str, Json] = {
            "specversion": SPECIFICATION,
            "source": SOURCE + head.ledger,
            "datacontenttype": "application/json",
            "dataschema": f"{SCHEMA}{FORMAT}",
            "app": head.app,
        }

    def write(self, record: Record) -> None:
        """Add a line."""
        data = members_of(record)
        fitting = [name for name in data if name in ATTRIBUTES and not FORBIDDEN.search(str(data[name]))]
        attributes = {ATTRIBUTES[name]: data.pop(name) for name in fitting}
        sequence = str(data.pop("position")).zfill(POSITION_DIGITS)
        self._stream.write(canonical_trusted({**self._fixed, **attributes, "sequence": sequence, "data": data}) + b"\n")

    def close(self) -> None:
        """Nothing is left to be written."""


def members_from(line: Any, app: App) -> dict[str, Any]:
    """The members of the record that a line holds. Raises FormatError."""
    if type(line) is not dict or line.get("specversion") != SPECIFICATION:
        raise FormatError(f"expected an event of CloudEvents {SPECIFICATION}, found {line!r:.60}")
    source, schema, sequence, data = (line.get(name) for name in ("source", "dataschema", "sequence", "data"))
    if type(source) is not str or not source.startswith(SOURCE) or type(schema) is not str or not schema.startswith(SCHEMA):
        expected = f"an event of ensue, with source {SOURCE}… and dataschema {SCHEMA}…"
        raise FormatError(f"expected {expected}, found {source!r:.60} and {schema!r:.60}")
    number = schema.removeprefix(SCHEMA)
    head_from({"ensue_export": int(number) if number.isdecimal() else number, "app": line.get("app"), "ledger": source}, app)
    if type(sequence) is not str or not sequence.isdecimal() or type(data) is not dict:
        raise FormatError(f"expected sequence as digits and data as an object, found {sequence!r:.30} and {data!r:.60}")
    attributes = {name: line[attribute] for name, attribute in ATTRIBUTES.items() if attribute in line}
    unknown = {name: line[name] for name in line if name not in FIXED and name not in ATTRIBUTES.values()}
    return {**unknown, **attributes, **data, "position": int(sequence)}
