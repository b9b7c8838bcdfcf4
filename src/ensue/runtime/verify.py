"""
Verify: does everything stored follow from itself? Chain, links, stamps, payloads, copied columns, and the rows.

The records are walked once, in the ledger's order. For the rows a fingerprint of each is folded along, so memory grows
with a few bytes a row; the live tables are then read once and compared.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from ensue.core.canonical import Json, base64url, canonical_trusted
from ensue.core.data import fields_of
from ensue.core.model import newest, subjects_of_row
from ensue.errors import Fault, FormatError
from ensue.log.chain import event_hash, genesis, is_valid
from ensue.log.header import Header, parse_header
from ensue.log.payload import join, open_payload, payload_root
from ensue.runtime.recording import WHOLE_ROW
from ensue.storage import read
from ensue.storage.database import Storage

PAGE: Final = 1_000
FAULTS_MAX: Final = 100


@dataclass(frozen=True)
class Report:
    """What verification saw: how much, what is wrong (first the earliest record), and what others changed in tables they write too."""

    records: int
    chains: int
    rows: int
    faults: tuple[Fault, ...]
    outside: tuple[Fault, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong; changes from outside are no fault."""
        return not self.faults


def verify(storage: Storage, progress: Callable[[int, int], None] | None = None) -> Report:
    """Check all that a ledger holds, as of one moment."""
    with storage.snapshot() as connection:
        return _Verification(storage, connection).run(progress)


@dataclass
class _Chain:
    seq: int
    hash: bytes
    at: str


@dataclass
class _Verification:
    storage: Storage
    connection: Connection
    faults: list[Fault] = field(default_factory=list)
    outside: list[Fault] = field(default_factory=list)
    chains: dict[str, _Chain] = field(default_factory=dict)
    ids: set[bytes] = field(default_factory=set)

    def run(self, progress: Callable[[int, int], None] | None) -> Report:
        """Walk the log, then compare the ends of the chains and the rows."""
        total = read.size(self.connection)
        self.logic = read.logic_documents(self.connection)
        self.fold = _Fold(self.storage)
        for digest, document in self.logic.items():
            if hashlib.sha256(document).digest() != digest:
                self._fault("logic", f"The logic {base64url(digest)} is not the one its hash names.")
        after, expected, links, events = -1, 0, 0, 0
        while page := read.walk(self.connection, after, PAGE):
            first, last = page[0]["position"], page[-1]["position"]
            stored_links = read.links_between(self.connection, first, last)
            operations = read.operations_between(self.connection, first, last)
            effects = read.effects_between(self.connection, first, last)
            for entry in page:
                if entry["position"] != expected:
                    self._fault("gap", f"Expected position {expected}, found {entry['position']}: records are missing from the log.", entry)
                    expected = entry["position"]
                expected += 1
                place = (entry["subject"], entry["seq"])
                links += len(stored_links.get(place, ()))
                events += 1
                self._record(entry, stored_links.get(place, set()), operations.get(place, []), effects.get(place, []))
            after = last
            if progress is not None:
                progress(events, total)
        self._ends(total, expected, links)
        rows = self._rows()
        return Report(events, len(self.chains), rows, tuple(self.faults), tuple(self.outside))

    def _fault(self, kind: str, message: str, entry: Mapping[str, Any] | None = None, **details: Any) -> None:
        if len(self.faults) < FAULTS_MAX:
            where = entry or {}
            self.faults.append(Fault(kind, message, where.get("subject"), where.get("seq"), where.get("position"), details or None))

    # -- one record
    def _record(self, entry: dict[str, Any], links: set[tuple[str, int]], operations: list[tuple[Any, ...]], effects: list[tuple[Any, ...]]) -> None:
        name = f"Record {entry['position']} ({entry['subject']} {entry['seq']})"
        if entry["header"] is None:
            self._fault("missing", f"{name}: the log has it, but there is no such event.", entry)
            self._pass(entry)
            return
        hash = event_hash(bytes(entry["header"]), entry["nonce"]) if 0 <= entry["nonce"] < 2**64 else b""
        if hash != bytes(entry["hash"]):
            self._fault("hash", f"{name}: its header and nonce hash to {base64url(hash)}, but {base64url(bytes(entry['hash']))} is stored: the header was altered.", entry)
        if bytes(entry["log_hash"]) != bytes(entry["hash"]):
            self._fault("log", f"{name}: the log has the hash {base64url(bytes(entry['log_hash']))}, the event {base64url(bytes(entry['hash']))}.", entry)
        try:
            header = parse_header(bytes(entry["header"]))
        except FormatError as error:
            self._fault("header", f"{name}: {error}", entry)
            self._pass(entry)
            return
        if not is_valid(hash, header.cost):
            self._fault("cost", f"{name}: its hash does not pay the {header.cost} bits its header names.", entry)
        self._copied(name, entry, header)
        self._links(name, entry, header, links)
        self._payload(name, entry, header, operations, effects)

    def _pass(self, entry: dict[str, Any]) -> None:
        """Go on behind a record that cannot be read, so that one fault is told once."""
        self.chains[entry["subject"]] = _Chain(entry["seq"], bytes(entry["log_hash"]), entry["at"] or "")

    def _copied(self, name: str, entry: dict[str, Any], header: Header) -> None:
        own = header.links[0]
        for column, source in (
            ("subject", own.subject), ("seq", own.seq), ("id", header.id), ("type", header.type),
            ("version", header.version), ("actor", header.actor), ("at", header.at),
        ):  # fmt: skip
            if entry[column] != source:
                self._fault("column", f"{name}: the column {column} has {entry[column]!r}, its header {source!r}.", entry)
        if header.ledger != self.storage.uid:
            self._fault("ledger", f"{name}: belongs to the ledger {header.ledger}, this one is {self.storage.uid}.", entry)
        if header.logic not in self.logic:
            self._fault("logic", f"{name}: the logic {base64url(header.logic)} that decided it is not stored.", entry)
        id = hashlib.blake2b(header.id.encode(), digest_size=16).digest()
        if id in self.ids:
            self._fault("repeated", f"{name}: another record has the id {header.id} too.", entry)
        self.ids.add(id)

    def _links(self, name: str, entry: dict[str, Any], header: Header, stored: set[tuple[str, int]]) -> None:
        hash = bytes(entry["hash"])
        for link in header.links:
            chain = self.chains.get(link.subject)
            expected = (1, genesis(self.storage.uid, link.subject)) if chain is None else (chain.seq + 1, chain.hash)
            if link.seq != expected[0]:
                self._fault("sequence", f"{name}: is {link.seq} in the chain of {link.subject}, expected {expected[0]}: records are missing or doubled.", entry)
            elif link.prev != expected[1]:
                self._fault("chain", f"{name}: does not follow record {expected[0] - 1} of {link.subject}: expected previous hash {base64url(expected[1])}, found {base64url(link.prev)}.", entry)
            if chain is not None and header.at < chain.at:
                self._fault("time", f"{name}: is dated {header.at}, before the record it follows in {link.subject} ({chain.at}).", entry)
            self.chains[link.subject] = _Chain(link.seq, hash, header.at)
        if stored != {(link.subject, link.seq) for link in header.links[1:]}:
            self._fault("link", f"{name}: its header links {sorted((link.subject, link.seq) for link in header.links[1:])}, the table has {sorted(stored)}.", entry)

    def _payload(self, name: str, entry: dict[str, Any], header: Header, operations: list[tuple[Any, ...]], effects: list[tuple[Any, ...]]) -> None:
        if entry["bytes"] is None:
            self._fault("payload", f"{name}: its payload is missing.", entry)
            return
        data, seed = bytes(entry["bytes"]), None if entry["seed"] is None else bytes(entry["seed"])
        try:
            found = payload_root(data, seed)
            document = join(open_payload(data))
        except FormatError as error:
            self._fault("payload", f"{name}: {error}", entry)
            return
        if found != (header.payload_n, header.payload_root):
            self._fault("payload", f"{name}: its payload has {found[0]} leaves and the root {base64url(found[1])}, its header says {header.payload_n} and {base64url(header.payload_root)}: the payload was altered.", entry)
            return
        request = None if entry["request"] is None else base64url(bytes(entry["request"]))
        if seed is not None and request != header.request:
            self._fault("column", f"{name}: the request digest {request} is not the header's {header.request}.", entry)
        self._compare_operations(name, entry, header, document, operations)
        for n, event_id, kind, key, not_before in effects:
            recorded: Any = document["effects"][n] if n < len(document["effects"]) else None  # type: ignore[arg-type,index]  # a list, by the payload's format
            if recorded is None or [event_id, kind, key, not_before] != [header.id, recorded[0], recorded[1], recorded[2].get("not_before", header.at)]:
                self._fault("effect", f"{name}: the stored effect {n} ({kind}, {key}) is not the recorded one.", entry)
        self.fold.take(document["operations"])

    def _compare_operations(self, name: str, entry: dict[str, Any], header: Header, document: Mapping[str, Any], stored: list[tuple[Any, ...]]) -> None:
        expected = [_copied_operation(one) for one in document["operations"]]
        subjects = {link.subject for link in header.links}
        expected += [("read", *one) for one in self._foreign(document["state"], subjects)]
        if [one for one in stored if one[0] != "read"] != [one for one in expected if one[0] != "read"] or not {one[:3] for one in stored} >= {one[:3] for one in expected}:
            self._fault("operation", f"{name}: the stored operations are not the recorded ones: expected {expected}, found {stored}.", entry)

    def _foreign(self, state: list[Any], subjects: set[str]) -> list[tuple[str, str, str]]:
        found = []
        for _, model_name, id, columns in state:
            table = self.storage.models.get(model_name)
            if table is None or not table.model.__ensue__.parents:
                continue
            if all(column in columns for column in table.model.__ensue__.parent_columns) and not set(subjects_of_row(newest(table.model), id, columns)) <= subjects:
                found.append((model_name, id, " ".join(columns)))
        return found

    # -- the ends
    def _ends(self, total: int, expected: int, links: int) -> None:
        if total != expected:
            self._fault("counter", f"The ledger's counter is {total}, but its log ends before {expected}: records are missing at the end.")
        stored = {subject: (seq, at, bytes(hash)) for subject, seq, at, hash in read.heads(self.connection)}
        for subject, chain in self.chains.items():
            head = stored.pop(subject, None)
            if head != (chain.seq, chain.at, chain.hash):
                self._fault("head", f"The head of {subject} is {head and head[0]}, but its chain ends with {chain.seq}: the end was cut or altered.", {"subject": subject, "seq": chain.seq})
        for subject in stored:
            self._fault("head", f"There is a head of {subject}, but no chain: its records are missing.", {"subject": subject})
        counts = read.counts(self.connection)
        for table, count in (("ensue_event", expected), ("ensue_payload", expected), ("ensue_link", links)):
            if counts[table] != count and not self.faults:
                self._fault("count", f"{table} has {counts[table]} rows, the log accounts for {count}.")

    # -- the rows
    def _rows(self) -> int:
        seen = 0
        for name, table in self.storage.models.items():
            found = self.fold.rows.get(name, {})
            there = set()
            for row in read.rows_of(self.connection, table):
                seen += 1
                id = str(row["id"])
                there.add(id)
                if id not in found:
                    if not table.external:
                        self._fault("row", f"{name}/{id}: the table has this row, but no event inserted it.", {"subject": None})
                elif self.fold.fingerprint(name, row) != found[id]:
                    self._differs(table.external, name, id, f"{name}/{id}: the row is not what its events made it{self._which(name, id, row)}.")
            for id in found.keys() - there:
                self._differs(table.external, name, id, f"{name}/{id}: its events made this row, but the table has it no more.")
        return seen

    def _differs(self, external: bool, name: str, id: str, message: str) -> None:
        if not external:
            last = read.records_of_row(self.connection, name, id)[-1]
            self._fault("row", message, {"subject": last.subject, "seq": last.seq, "position": last.position})
        elif len(self.outside) < FAULTS_MAX:
            self.outside.append(Fault("changed outside", message))

    def _which(self, name: str, id: str, row: Mapping[str, Json]) -> str:
        """The columns that differ, found by folding this row's events alone."""
        made: dict[str, Json] = {}
        for stored in read.records_of_row(self.connection, name, id):
            try:
                document: Any = join(open_payload(bytes(stored.payload)))
            except FormatError:
                return ""
            for kind, model, row_id, _, after, _ in document["operations"]:
                if (model, row_id) == (name, id) and kind in ("insert", "update", "increase"):
                    made.update(after)
        columns = [column for column, value in row.items() if column in made and made[column] != value]
        return f" in {', '.join(columns)}" if columns else ""


def _copied_operation(recorded: list[Any]) -> tuple[str, str, str, str]:
    kind, model, id, _, after, _ = recorded
    columns = " ".join(sorted(after)) if kind in ("update", "increase") else WHOLE_ROW if kind in ("insert", "delete") else ""
    return kind, model, id if id is not None else "", columns


class _Fold:
    """
    A fingerprint of every row, folded over all operations: the exclusive or of a keyed hash of each column's value.

    The key is drawn for each run, so that nobody can prepare a change that leaves a fingerprint as it was.
    """

    def __init__(self, storage: Storage) -> None:
        self._key = secrets.token_bytes(32)
        self.rows: dict[str, dict[str, int]] = {name: {} for name in storage.models}
        self._external = {name for name, table in storage.models.items() if table.external}
        self._defaults: dict[str, dict[str, Json]] = {}
        self._columns: dict[str, frozenset[str]] = {}
        for name, table in storage.models.items():
            fields = fields_of(table.model)
            self._columns[name] = frozenset(fields.names)
            self._defaults[name] = {one.name: one.codec.encode(one.default) for one in fields.by_name.values() if not one.required}

    def fingerprint(self, model: str, row: Mapping[str, Json]) -> int:
        """The fingerprint of a whole row."""
        result = 0
        for column, value in row.items():
            if column in self._columns[model]:
                result ^= int.from_bytes(hashlib.blake2b(canonical_trusted([model, column, value]), digest_size=16, key=self._key).digest())
        return result

    def take(self, operations: Any) -> None:
        """Fold one event's operations in."""
        for kind, model, id, before, after, _ in operations:
            rows = self.rows.get(model)
            if rows is None or kind in ("cancel", "erase"):
                continue
            if kind == "insert":
                rows[id] = self.fingerprint(model, {**self._defaults[model], **after})
            elif kind == "delete":
                rows.pop(id, None)
            elif id in rows:
                rows[id] ^= self.fingerprint(model, before) ^ self.fingerprint(model, after)
