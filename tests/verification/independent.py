"""
An independent verifier: reads a SQLite ledger with nothing but the standard library and the written byte formats.

Not one line of ensue is used, so that both would have to be wrong in the same way. It says at which position the first
bad record stands, or -1 for what is wrong with the whole, and stops there; the format is that of version 1:

    header       J1; event hash = SHA-256("ensue/1\n" + SHA-256(header) + nonce as 8 bytes), below 2^(256-cost)
    prev         the hash before it in each chain; of the first SHA-256("ensue/1 genesis\n" + J1([uid, subject]))
    payload      lines "+ name value"; salt = b64url(HMAC-SHA256(seed, "salt\n" + name)[:16])
                 d = SHA-256(b64url(J1([salt, name, value]))); root = the tree hash of RFC 6962 over the d
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def find_first_fault(path: Path, tables: Mapping[str, str]) -> tuple[int, str] | None:
    """
    The first thing that is wrong with the ledger in the file at *path*, and its position; *tables* are the business tables by model.

    Business columns must hold texts and integers; records whose leaves were erased are not known here.
    """
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return next(_faults(connection, tables), None)
    finally:
        connection.close()


def _faults(connection: sqlite3.Connection, tables: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    [(uid, counter)] = connection.execute("SELECT uid, position FROM ensue_ledger").fetchall()
    logic = {
        digest
        for digest, document in connection.execute("SELECT hash, document FROM ensue_logic")
        if hashlib.sha256(document).digest() == digest
    }
    ends: dict[str, tuple[int, str, bytes]] = {}
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    position = -1
    for position, (place, subject, seq, log_hash) in enumerate(
        connection.execute("SELECT position, subject, seq, hash FROM ensue_log ORDER BY position")
    ):
        if place != position:
            yield position, f"position {place}"
        event = connection.execute(
            "SELECT id, type, version, actor, at, header, nonce, hash FROM ensue_event WHERE subject = ? AND seq = ?", (subject, seq)
        ).fetchone()
        payload = connection.execute(
            "SELECT bytes, seed, request FROM ensue_payload WHERE subject = ? AND seq = ?", (subject, seq)
        ).fetchone()
        if event is None or payload is None:
            yield position, "no such event"
        *copied, header_bytes, nonce, hash = event
        number = int.from_bytes(computed := event_hash(header_bytes, nonce))
        if not computed == hash == log_hash:
            yield position, "hash"
        try:
            header = json.loads(header_bytes)
        except ValueError:
            yield position, "header"
        if j1(header) != header_bytes or header["v"] != 1 or header["alg"] != "sha256":
            yield position, "header"
        if number >= 2 ** (256 - header["cost"]):
            yield position, "cost"
        if copied != [header[name] for name in ("id", "type", "version", "actor", "at")] or (subject, seq) != (
            header["links"][0]["subject"],
            header["links"][0]["seq"],
        ):
            yield position, "columns"
        if header["ledger"] != uid or unbase64url(header["logic"]) not in logic:
            yield position, "ledger or logic"
        for link in header["links"]:
            genesis = hashlib.sha256(b"ensue/1 genesis\n" + j1([uid, link["subject"]])).digest()
            before = ends.get(link["subject"], (0, "", genesis))
            if (link["seq"], unbase64url(link["prev"])) != (before[0] + 1, before[2]) or header["at"] < before[1]:
                yield position, "chain"
            ends[link["subject"]] = (link["seq"], header["at"], hash)
        stored = connection.execute(
            "SELECT subject, seq FROM ensue_link WHERE event_subject = ? AND event_seq = ?", (subject, seq)
        ).fetchall()
        if sorted(stored) != sorted((link["subject"], link["seq"]) for link in header["links"][1:]):
            yield position, "links"
        data, seed, request = payload
        try:
            leaves, root = read_payload(data, seed)
        except ValueError:
            yield position, "payload"
        if {"n": len(leaves), "root": base64url(root)} != header["payload"] or (
            None if request is None else base64url(request)
        ) != header.get("request"):
            yield position, "payload"
        for kind, model, id, _, after, _ in whole(leaves["operations"], leaves):
            if kind == "insert":
                rows[model, id] = after
            elif kind == "delete":
                del rows[model, id]
            elif kind in ("update", "increase"):
                rows[model, id].update(after)
    if counter != position + 1:
        yield position + 1, "counter"
    if ends != {subject: (seq, at, hash) for subject, seq, at, hash in connection.execute("SELECT subject, seq, at, hash FROM ensue_head")}:
        yield -1, "heads"
    connection.row_factory = sqlite3.Row
    found = {(model, row["id"]): dict(row) for model, table in tables.items() for row in connection.execute(f"SELECT * FROM {table}")}
    if found != rows:
        yield -1, "rows"


def event_hash(header: bytes, nonce: int) -> bytes:
    """The hash of an event."""
    return hashlib.sha256(b"ensue/1\n" + hashlib.sha256(header).digest() + nonce.to_bytes(8, "big")).digest()


def read_payload(data: bytes, seed: bytes) -> tuple[dict[str, Any], bytes]:
    """The leaves by name, and the root over them."""
    leaves: dict[str, Any] = {}
    digests: list[bytes] = []
    if not data.endswith(b"\n"):
        raise ValueError("a payload ends with a newline")
    for line in data[:-1].split(b"\n"):
        mark, name, value = line.decode().split(" ", 2)
        if mark != "+" or name in leaves or j1(json.loads(value)) != value.encode():
            raise ValueError(line)
        leaves[name] = json.loads(value)
        salt = base64url(hmac.new(seed, b"salt\n" + name.encode(), hashlib.sha256).digest()[:16])
        digests.append(hashlib.sha256(base64url(j1([salt, name, leaves[name]])).encode()).digest())
    return leaves, tree_hash(digests)


def tree_hash(entries: list[bytes]) -> bytes:
    """RFC 6962 §2.1, as it is written there."""
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return hashlib.sha256(b"\x01" + tree_hash(entries[:split]) + tree_hash(entries[split:])).digest()


def whole(value: Any, leaves: dict[str, Any]) -> Any:
    """*value* with each `{"_leaf": name}` replaced by that leaf."""
    if isinstance(value, list):
        return [whole(item, leaves) for item in value]
    if isinstance(value, dict):
        return (
            whole(leaves[value["_leaf"]], leaves)
            if value.keys() == {"_leaf"}
            else {key: whole(item, leaves) for key, item in value.items()}
        )
    return value


def j1(value: Any) -> bytes:
    """Canonical JSON for values whose keys are ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unbase64url(text: str) -> bytes:
    """The bytes of a digest in text."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
