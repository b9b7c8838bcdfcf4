"""
Verify: does everything stored follow from itself? Chain, links, stamps, payloads, copied columns, and the rows.

The records are walked once, in the ledger's order, and nothing is kept a record: operations and rows are summed by
keyed fingerprints. Only where sums differ are they looked at one by one. What is stored may be anything, of any type:
whatever is found becomes a fault, and nothing is raised for it.

    gap unlogged missing repeated      records are not where the log and the counter say, or stand twice
    hash log header cost column        a record is not what its hash covers
    sequence chain time link head      a record does not follow the one before it in a chain, or a chain's end was cut
    ledger logic counter               identity, rules and size of the ledger
    payload operation effect           what follows from the header
    row                                a business row is not what its events made it
    unreadable                         the database itself cannot be read on
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ensue.core.brought_up import Rest
from ensue.core.canonical import base64url
from ensue.core.correction import CORRECTION
from ensue.errors import Fault, Unavailable
from ensue.log.chain import event_hash, genesis, is_valid
from ensue.log.header import Header, parse_header
from ensue.runtime.content import UNREADABLE, Content, read_content, rows_settled
from ensue.runtime.fold import MODULUS, Difference, Fingerprints, Fold, RowFold, Writer
from ensue.runtime.report import FAULTS_MAX, Faults, Report
from ensue.storage import evidence
from ensue.storage.database import Storage
from ensue.storage.evidence import ByPlace, Entry
from ensue.storage.session import ModelTable

if TYPE_CHECKING:
    from sqlalchemy import Connection

PAGE: Final = 250
NONCE_MAX: Final = 2**64 - 1
EFFECT_STATES: Final = ("pending",)


def verify(storage: Storage, progress: Callable[[int, int], None] | None = None) -> Report:
    """
    Check all that a ledger holds, as of one moment.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with storage.snapshot() as connection:
        verification = _Verification(storage, connection)
        try:
            with evidence.reading():
                return verification.run(progress)
        except evidence.Unreadable as error:
            if not error.undecodable:
                return verification.cut_short(error)
        with evidence.any_text(connection):
            verification = _Verification(storage, connection)
            try:
                with evidence.reading():
                    return verification.run(progress)
            except evidence.Unreadable as error:
                return verification.cut_short(error)


class _End(NamedTuple):
    """The end of a chain as far as it was walked."""

    seq: int
    hash: bytes
    at: str


@dataclass
class _Verification:
    storage: Storage
    connection: Connection
    faults: Faults = field(default_factory=Faults)
    outside: list[Fault] = field(default_factory=list)
    chains: dict[str, _End] = field(default_factory=dict)
    records: int = 0
    rows: int = 0

    def run(self, progress: Callable[[int, int], None] | None) -> Report:
        """Walk the log, then compare the ends of the chains, the sums and the rows."""
        self.uid, total = self._ledger()
        self._read_logic()
        self.fingerprints = Fingerprints()
        self.sum_of_operations, changed = self._sum_operations()
        self.possible_reads: set[int] = set()
        settled = rows_settled(evidence.payloads_of_type(self.connection, CORRECTION))
        self.fold = Fold(self.storage.models, self.fingerprints, changed, settled)
        self.belonging = dict.fromkeys(evidence.BELONGING, 0)
        expected = 0
        for entry, links, effects in self._walk():
            if entry.position != expected:
                self.faults.add(
                    "gap", f"Expected position {expected}, found {entry.position}: records are missing from the log.", position=expected
                )
            expected = entry.position + 1
            self.records += 1
            self._record(entry, links, effects)
            if progress is not None and self.records % PAGE == 0:
                progress(self.records, total or 0)
        if progress is not None:
            progress(self.records, total or 0)
        self._check_ends(total, expected)
        self._check_sums()
        return self._report()

    def cut_short(self, error: evidence.Unreadable) -> Report:
        """The report as far as it came; the database could not be read further."""
        if error.lost:
            raise Unavailable(f"The connection broke while the ledger was verified ({error}); verify again.") from error
        message = f"The database cannot be read behind position {self.records - 1}: {error}. Restore it from a backup."
        self.faults.add("unreadable", message, position=self.records)
        return self._report()

    def _report(self) -> Report:
        return Report(self.records, len(self.chains), self.rows, self.faults.first_to_last(), tuple(self.outside))

    def _wrong(self, entry: Entry, kind: str, message: str) -> None:
        """Something is wrong with one record."""
        self.faults.add(kind, f"Record {entry.position} ({entry.subject} {entry.seq}): {message}", entry.subject, entry.seq, entry.position)

    # -- before the walk
    def _ledger(self) -> tuple[str, int | None]:
        rows = evidence.ledger_rows(self.connection)
        if len(rows) != 1 or not isinstance(rows[0][0], str) or not rows[0][0].isascii() or not isinstance(rows[0][1], int):
            self.faults.add(
                "counter", f"The table ensue_ledger has {len(rows)} rows, {rows!r:.200}; there is one, with the ledger's identity and size."
            )
            return self.storage.uid, None
        return rows[0][0], rows[0][1]

    def _read_logic(self) -> None:
        """Which rules are stored; an altered document is told at the first record it decided."""
        self.logic_unseen: set[Any] = set()
        self.logic_altered: set[Any] = set()
        for digest, document in evidence.logic_rows(self.connection):
            same = isinstance(digest, bytes) and isinstance(document, bytes) and hashlib.sha256(document).digest() == digest
            (self.logic_unseen if same else self.logic_altered).add(digest)
        self.logic = frozenset(self.logic_unseen)
        self.logic_told: set[bytes] = set()

    def _sum_operations(self) -> tuple[int, set[tuple[str, str]]]:
        """The sum over the stored operations, and the rows that some event changed."""
        total, changed = 0, set()
        for subject, seq, n, kind, model, row_id, columns in evidence.operations(self.connection):
            if kind in ("update", "increase"):
                changed.add((model, row_id))
            total += self._of_operation(subject, seq, (n, kind, model, row_id, columns))
        return total, changed

    def _of_operation(self, subject: Any, seq: Any, operation: tuple[Any, ...]) -> int:
        try:
            return self.fingerprints.of([subject, seq, *operation])
        except UNREADABLE:
            return 1  # nothing that ensue wrote: the sums will differ

    def _walk(self) -> Iterator[tuple[Entry, list[tuple[Any, ...]], list[tuple[Any, ...]]]]:
        """Every entry of the log in order, with its stored links and effects."""
        after = evidence.BEFORE_ALL
        while page := evidence.walk(self.connection, after, PAGE):
            after = page[-1].position
            links: ByPlace = evidence.links_between(self.connection, page[0].position, after)
            effects: ByPlace = evidence.effects_between(self.connection, page[0].position, after)
            for entry in page:
                place = (entry.subject, entry.seq)
                yield entry, links.get(place, []), effects.get(place, [])

    # -- one record
    def _record(self, entry: Entry, links: list[tuple[Any, ...]], effects: list[tuple[Any, ...]]) -> None:
        self.belonging["ensue_link"] += len(links)
        self.belonging["ensue_effect"] += len(effects)
        self.belonging["ensue_payload"] += entry.payload is not None
        self.belonging["ensue_event"] += entry.header is not None
        if entry.header is None:
            self._wrong(entry, "missing", "the log has it, but there is no such event.")
            self._go_on(entry, links, entry.log_hash)
            return
        hash = self._check_hash(entry)
        try:
            header = parse_header(entry.header)
        except UNREADABLE as error:
            self._wrong(entry, "header", f"{error}")
            self._go_on(entry, links, hash)
            return
        if not is_valid(hash, header.cost):
            self._wrong(entry, "cost", f"its hash does not pay the {header.cost} bits its header names.")
        self._check_columns(entry, header)
        self._check_links(entry, header, links, hash)
        content = self._content(entry, header)
        if content is not None:
            self._check_effects(entry, content.stored_effects, effects)
            for operation in content.stored_operations:
                self.sum_of_operations -= self._of_operation(entry.subject, entry.seq, operation)
            self.possible_reads.update(self._of_operation(entry.subject, entry.seq, one) for one in content.possible_reads)
            self.fold.take(content.operations, Writer(entry.subject, entry.seq, entry.position))

    def _check_hash(self, entry: Entry) -> bytes:
        """The hash to go on with: of three that should be one, the computed one or else the one that the log has."""
        computed = b""
        if isinstance(entry.header, bytes) and isinstance(entry.nonce, int) and 0 <= entry.nonce <= NONCE_MAX:
            computed = event_hash(entry.header, entry.nonce)
        if computed != entry.hash:
            message = f"its header and nonce hash to {_shown(computed)}, but {_shown(entry.hash)} is stored: one of them was altered."
            self._wrong(entry, "hash", message)
        if entry.log_hash != entry.hash:
            message = f"the log has the hash {_shown(entry.log_hash)}, the event {_shown(entry.hash)}: one of them was altered."
            self._wrong(entry, "log", message)
        believed = computed if computed in (entry.hash, entry.log_hash) else entry.log_hash
        return believed if isinstance(believed, bytes) else b""

    def _go_on(self, entry: Entry, links: list[tuple[Any, ...]], hash: Any) -> None:
        """Go on behind a record that cannot be read as if it were as it should, so that one fault is told once."""
        for subject, seq in [(entry.subject, entry.seq), *links]:
            if isinstance(subject, str) and isinstance(seq, int) and isinstance(hash, bytes):
                self.chains[subject] = _End(seq, hash, entry.at if isinstance(entry.at, str) else "")

    def _check_columns(self, entry: Entry, header: Header) -> None:
        own = header.links[0]
        for column, found, source in (
            ("subject", entry.subject, own.subject),
            ("seq", entry.seq, own.seq),
            ("id", entry.id, header.id),
            ("type", entry.type, header.type),
            ("version", entry.version, header.version),
            ("actor", entry.actor, header.actor),
            ("at", entry.at, header.at),
        ):
            if found != source:
                self._wrong(entry, "column", f"the column {column} has {found!r:.200}, its header {source!r}.")
        if header.ledger != self.uid:
            self._wrong(entry, "ledger", f"belongs to the ledger {header.ledger}, this one is {self.uid}.")
        self.logic_unseen.discard(header.logic)
        if header.logic not in self.logic and header.logic not in self.logic_told:
            self.logic_told.add(header.logic)
            what = "was altered: it does not have the hash that names it" if header.logic in self.logic_altered else "is not stored"
            self._wrong(entry, "logic", f"the logic {base64url(header.logic)} that decided it {what}.")

    def _check_links(self, entry: Entry, header: Header, stored: list[tuple[Any, ...]], hash: bytes) -> None:
        for link in header.links:
            before = self.chains.get(link.subject)
            seq, prev = (1, genesis(self.uid, link.subject)) if before is None else (before.seq + 1, before.hash)
            if link.seq != seq:
                self._wrong(
                    entry, "sequence", f"is {link.seq} in the chain of {link.subject}, expected {seq}: records are missing or doubled."
                )
            elif link.prev != prev:
                expected, found = base64url(prev), base64url(link.prev)
                self._wrong(
                    entry, "chain", f"does not follow {seq - 1} of {link.subject}: expected previous hash {expected}, found {found}."
                )
            if before is not None and header.at < before.at:
                self._wrong(entry, "time", f"is dated {header.at}, before the record it follows in {link.subject} ({before.at}).")
            self.chains[link.subject] = _End(link.seq, hash, header.at)
        further = [(link.subject, link.seq) for link in header.links[1:]]
        if (stored or further) and sorted(stored, key=repr) != sorted(further, key=repr):
            self._wrong(entry, "link", f"its header links {sorted(further)}, the table has {sorted(stored, key=repr)}.")

    def _content(self, entry: Entry, header: Header) -> Content | None:
        """What the payload says, once it is known to be what the header commits to; None with a fault."""
        if entry.payload is None:
            self._wrong(entry, "payload", "its payload is missing.")
            return None
        request = None if entry.request is None else _shown(entry.request)
        if entry.seed is not None and request != header.request:
            self._wrong(entry, "column", f"the request digest {request} is not the header's {header.request}.")
        try:
            return read_content(entry.payload, entry.seed, header, self.storage, self._known(self.fold.by_row))
        except UNREADABLE as error:
            self._wrong(entry, "payload", f"{error}")
            return None

    def _known(self, folds: Mapping[str, RowFold]) -> Rest:
        """What these *folds* know of a row."""
        return lambda model, id: folds[model].known(id) if model in folds else None

    def _check_effects(self, entry: Entry, recorded: list[tuple[Any, ...]], stored: list[tuple[Any, ...]]) -> None:
        found = {one[0]: one for one in stored}
        for one in recorded:
            there = found.pop(one[0], None)
            if there is None or there[:5] != one:
                has = "is missing" if there is None else f"has {there[:5]!r:.300}"
                self._wrong(entry, "effect", f"the stored effect {one[0]} {has}, the recorded one is {one!r:.300}.")
            elif there[5] not in EFFECT_STATES:
                self._wrong(
                    entry, "effect", f"the stored effect {one[0]} is in the state {there[5]!r:.60}; there are {', '.join(EFFECT_STATES)}."
                )
        for n in found:
            self._wrong(entry, "effect", f"there is a stored effect {n!r}, but the record has {len(recorded)}.")

    # -- the ends
    def _check_ends(self, total: int | None, expected: int) -> None:
        if total is not None and total != expected:
            message = f"The ledger's counter is {total}, but its log ends before {expected}: records are missing at the end."
            self.faults.add("counter", message, position=expected)
        self._check_heads()
        for table, count in evidence.count_belonging(self.connection).items():
            if count != self.belonging[table]:
                for subject, seq in evidence.unlogged(self.connection, table, FAULTS_MAX):
                    message = f"{table} has a row for record {seq} of {subject}, which the log does not have."
                    self.faults.add("unlogged", message, subject, seq)
        for subject, seq, id in evidence.repeated_ids(self.connection):
            self.faults.add("repeated", f"Record {seq} of {subject}: another record has the id {id} too.", subject=subject, seq=seq)
        for digest in [*self.logic_unseen, *(self.logic_altered - self.logic_told)]:
            self.faults.add("logic", f"The logic {_shown(digest)} decided no record.")

    def _check_heads(self) -> None:
        unmet = set(self.chains)
        for subject, seq, at, hash in evidence.heads(self.connection):
            end = self.chains.get(subject)
            unmet.discard(subject)
            if end is None:
                self.faults.add("head", f"There is a head of {subject}, but no chain: its records are missing.", subject=subject)
            elif (seq, hash, at) != end:
                head, chain = f"{seq} of {at}, {_shown(hash)}", f"{end.seq} of {end.at}, {_shown(end.hash)}"
                message = f"The head of {subject} is {head}; its chain ends with {chain}: the end was altered."
                self.faults.add("head", message, subject, end.seq)
        for subject in sorted(unmet):
            self.faults.add("head", f"The chain of {subject} has no head: it was deleted.", subject=subject, seq=self.chains[subject].seq)

    # -- the sums
    def _check_sums(self) -> None:
        """Compare the sums; where they differ, walk again and find what differs."""
        self.rows, differing = self.fold.compare(self._rows_of)
        operations_differ = (self.sum_of_operations - self._sum_of_possible_reads()) % MODULUS != 0
        folds = {name: RowFold(self.storage.models[name]) for name in differing}
        if operations_differ or folds:
            self._look_closer(folds)
        for name, fold in folds.items():
            found = fold.compare(self._rows_of(self.storage.models[name]))
            for difference in found:
                self.faults.add("row", difference.message, *(difference.writer or ()))
            if not found and not self.faults and name not in self.fold.unsure:
                self.faults.add("row", f"{name}: the table is not what the events made of it.")
        for name, fold in self.fold.external.items():
            self.outside += map(_outside, fold.compare(self._rows_of(self.storage.models[name]))[:FAULTS_MAX])

    def _rows_of(self, table: ModelTable) -> Iterator[tuple[Any, ...]]:
        return evidence.rows(self.connection, table)

    def _sum_of_possible_reads(self) -> int:
        if not self.possible_reads:
            return 0
        stored = evidence.operations(self.connection)
        sums = (self._of_operation(subject, seq, tuple(operation)) for subject, seq, *operation in stored if operation[1] == "read")
        return sum(one for one in sums if one in self.possible_reads)

    def _look_closer(self, folds: dict[str, RowFold]) -> None:
        """The second pass: which records have other operations stored than recorded, and what each row of *folds* should be."""
        stored: dict[tuple[Any, Any], int] = {}
        for subject, seq, *operation in evidence.operations(self.connection):
            one = self._of_operation(subject, seq, tuple(operation))
            if one not in self.possible_reads:
                stored[subject, seq] = stored.get((subject, seq), 0) + one
        unread = set(stored)
        known = self._known(folds)
        for entry, _, _ in self._walk():
            try:
                header = parse_header(entry.header)
                content = read_content(entry.payload, entry.seed, header, self.storage, known)
            except UNREADABLE:
                stored.pop((entry.subject, entry.seq), None)
                continue  # told in the first pass
            unread.discard((entry.subject, entry.seq))
            for kind, model, id, before, after, _ in content.operations:
                if model in folds:
                    folds[model].take(kind, id, before, after, Writer(entry.subject, entry.seq, entry.position))
            expected = sum(self._of_operation(entry.subject, entry.seq, one) for one in content.stored_operations)
            if stored.pop((entry.subject, entry.seq), 0) != expected:
                self._wrong(entry, "operation", f"the stored operations are not the recorded ones, {content.stored_operations!r:.600}.")
        for subject, seq in stored:
            message = f"There are stored operations of record {seq} of {subject}, which the log does not have."
            self.faults.add("operation", message, subject, seq)
        for subject, seq, _, kind, model, row_id, _ in evidence.operations(self.connection) if unread else ():
            if (subject, seq) in unread and kind != "read" and model in folds:
                folds[model].forget(row_id)


def _shown(value: Any) -> str:
    """A digest as text; whatever stands in its place as Python writes it."""
    return base64url(value) if isinstance(value, bytes) else f"{value!r:.100}"


def _outside(difference: Difference) -> Fault:
    return Fault("changed outside", difference.message)
