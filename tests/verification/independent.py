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
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Wrong(Exception):
    """What is wrong, and at which position."""

    def __init__(self, position: int, what: str) -> None:
        self.position, self.what = position, what
        super().__init__(f"{position}: {what}")


def find_first_fault(path: Path, tables: Mapping[str, str]) -> tuple[int, str] | None:
    """
    The first thing that is wrong with the ledger in the file at *path*, and its position; *tables* are the business tables by model.

    Business columns must hold texts and integers; records whose leaves were erased are not known here.
    """
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        _check(connection, tables)
    except Wrong as wrong:
        return wrong.position, wrong.what
    finally:
        connection.close()
    return None


def _check(connection: sqlite3.Connection, tables: Mapping[str, str]) -> None:
    [(uid, counter)] = connection.execute("SELECT uid, position FROM ensue_ledger").fetchall()
    logic = {row["hash"] for row in connection.execute("SELECT * FROM ensue_logic") if sha256(row["document"]) == row["hash"]}
    ends: dict[str, tuple[int, str, bytes]] = {}
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    log = connection.execute("SELECT * FROM ensue_log ORDER BY position").fetchall()
    for position, entry in enumerate(log):
        place = (entry["subject"], entry["seq"])
        event = connection.execute("SELECT * FROM ensue_event WHERE subject = ? AND seq = ?", place).fetchone()
        payload = connection.execute("SELECT * FROM ensue_payload WHERE subject = ? AND seq = ?", place).fetchone()
        links = connection.execute("SELECT subject, seq FROM ensue_link WHERE event_subject = ? AND event_seq = ?", place).fetchall()
        expect(position, "position", entry["position"] == position)
        expect(position, "no such event", event is not None and payload is not None)
        hash = sha256(b"ensue/1\n" + sha256(event["header"]) + event["nonce"].to_bytes(8, "big"))
        expect(position, "hash", hash == event["hash"] == entry["hash"])
        header = json.loads(event["header"])
        expect(position, "header", j1(header) == event["header"] and header["v"] == 1 and header["alg"] == "sha256")
        expect(position, "cost", int.from_bytes(hash) < 2 ** (256 - header["cost"]))
        expect(position, "columns", all(event[name] == header[name] for name in ("id", "type", "version", "actor", "at")))
        expect(position, "ledger", header["ledger"] == uid)
        expect(position, "logic", unbase64url(header["logic"]) in logic)
        named = [(link["subject"], link["seq"]) for link in header["links"]]
        expect(position, "links", named[0] == place and sorted(named[1:]) == sorted(map(tuple, links)))
        for link in header["links"]:
            first = (0, "", sha256(b"ensue/1 genesis\n" + j1([uid, link["subject"]])))
            seq, at, before = ends.get(link["subject"], first)
            expect(position, "chain", link["seq"] == seq + 1 and unbase64url(link["prev"]) == before and header["at"] >= at)
            ends[link["subject"]] = (link["seq"], header["at"], hash)
        try:
            leaves, root = read_payload(payload["bytes"], payload["seed"])
        except ValueError as error:
            raise Wrong(position, "payload") from error
        expect(position, "payload", header["payload"] == {"n": len(leaves), "root": base64url(root)})
        expect(position, "request", header.get("request") == (payload["request"] and base64url(payload["request"])))
        fold(rows, whole(leaves["operations"], leaves))
    expect(len(log), "counter", counter == len(log))
    heads = {row["subject"]: (row["seq"], row["at"], row["hash"]) for row in connection.execute("SELECT * FROM ensue_head")}
    expect(-1, "heads", heads == ends)
    live = {(model, row["id"]): dict(row) for model, table in tables.items() for row in connection.execute(f"SELECT * FROM {table}")}
    expect(-1, "rows", live == rows)


def expect(position: int, what: str, holds: bool) -> None:
    """Raise Wrong where something does not hold."""
    if not holds:
        raise Wrong(position, what)


def fold(rows: dict[tuple[str, str], dict[str, Any]], operations: list[list[Any]]) -> None:
    """Do to *rows* what an event did."""
    for kind, model, id, _, after, _ in operations:
        if kind == "insert":
            rows[model, id] = after
        elif kind == "delete":
            del rows[model, id]
        elif kind in ("update", "increase"):
            rows[model, id].update(after)


def sha256(data: bytes) -> bytes:
    """The digest's bytes."""
    return hashlib.sha256(data).digest()


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
        digests.append(sha256(base64url(j1([salt, name, leaves[name]])).encode()))
    return leaves, tree_hash(digests)


def tree_hash(entries: list[bytes]) -> bytes:
    """RFC 6962 §2.1, as it is written there."""
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0])
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return sha256(b"\x01" + tree_hash(entries[:split]) + tree_hash(entries[split:]))


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
