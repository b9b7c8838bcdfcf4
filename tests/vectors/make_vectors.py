"""
Test vectors of the byte formats, version 1: computed from the words of the format alone, with the standard library and rfc8785.

Nothing of ensue is imported, and each line is written for plainness: recursion as in RFC 6962, HMAC from `hmac`, UUIDs from
`uuid`. `python tests/vectors/make_vectors.py` writes the files beside it; once a version is released they never change.
`verify_vectors.mjs` computes them a third time, in JavaScript.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from pathlib import Path
from typing import Any

import rfc8785

Vectors = list[dict[str, Any]]

UID = "5b0d2f0c-7a50-8f5e-9c1b-0123456789ab"
EVENT = "0f2e9f5e-3c2a-8d11-a9b7-1c2d3e4f5a6b"
SEED = bytes(range(32))

# One value for each branch of J1, and characters that serialisers are known to get wrong.
CANONICAL_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**53 - 1,
    -(2**53 - 1),
    "",
    "plain",
    'quote " backslash \\ slash /',
    "".join(map(chr, range(1, 0x20))),
    "\x7f\x80\u2028\u2029\ufeff\ufffd\ufffe\uffff",
    "e\u0301 is not \u00e9; \u200b stays",
    "\U0001f600 \U0010ffff",
    [],
    {},
    [[], [{}], None],
    {"b": 1, "a": 2, "B": 3, "A": 4, "_": 5, "a1": 6, "aa": 7, "a_": 8},
    {"nested": {"z": [1, {"y": "x"}], "a": {"_leaf": "form/note"}}},
]

LEAVES: list[tuple[str, Any]] = [
    ("form", {"dose_mg": 500, "drug": "834060", "note": {"_leaf": "form/note"}, "patient_id": "p-17"}),
    ("state", [["patient", "Patient", "p-17", {"name": {"_leaf": "state/patient/name"}, "phone": None}]]),
    ("operations", [["insert", "Prescription", "r-1", None, {"dose_mg": 500, "weight": "70.50"}, "write_prescription"]]),
    ("effects", [["push.send", "write_prescription", {"text": "Über \U0001f48a", "to": {"_leaf": "effects/0/to"}}, "write_prescription"]]),
    ("form/note", 'quotes " and a\nnewline'),
    ("state/patient/name", "Ada \u200bLovelace"),
    ("effects/0/to", "+31 6"),
    ("state/allergies/3/note", {"deep": [1, 2, {"er": True}]}),
    ("state/allergies/10/note", False),
]


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def b64url(data: bytes) -> str:
    """RFC 4648 §5 without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def uuid8(sixteen: bytes) -> str:
    """RFC 9562 §5.8: the sixteen bytes, with version 8 and variant 10 written over them."""
    number = int.from_bytes(sixteen, "big")
    number = number & ~(0xF << 76) | 8 << 76
    number = number & ~(0b11 << 62) | 0b10 << 62
    return str(uuid.UUID(int=number))


def tree_hash(entries: list[bytes]) -> bytes:
    """RFC 6962 §2.1, as recursive as it stands there."""
    if not entries:
        return sha256(b"")
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0])
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + tree_hash(entries[:k]) + tree_hash(entries[k:]))


def leaf_salt(name: str) -> str:
    """The salt of one leaf under SEED."""
    return b64url(hmac.new(SEED, b"salt\n" + name.encode(), "sha256").digest()[:16])


def leaf_digest(name: str, value: Any) -> bytes:
    """The digest d of one leaf under SEED."""
    return sha256(b64url(rfc8785.dumps([leaf_salt(name), name, value])).encode("ascii"))


def canonical_vectors() -> Vectors:
    """J1: the same value from loose JSON and as canonical bytes."""
    return [
        {"json": json.dumps(value, indent=1, ensure_ascii=True), "canonical_hex": rfc8785.dumps(value).hex()} for value in CANONICAL_VALUES
    ]


def identity_vectors() -> Vectors:
    """Event ids, row ids, random numbers, and ids made of given bytes."""
    texts = [("dr-ada", "form-81"), ("", ""), ("dr-\U0001f600", 'quote " \\ \n é'), ("a", "\x01\x1f\x7f")]
    vectors: Vectors = []
    for actor, key in texts:
        event = uuid8(sha256(b"ensue/1 id\n" + rfc8785.dumps([UID, actor, key]))[:16])
        row = uuid8(sha256(b"ensue/1 row\n" + rfc8785.dumps([event, key]))[:16])
        number = int.from_bytes(sha256(b"ensue/1 random\n" + rfc8785.dumps([event, key]))[:16], "big")
        vectors.append({"uid": UID, "actor": actor, "key": key, "event_id": event, "label": key, "row_id": row, "random": str(number)})
    return vectors


def uuid_vectors() -> Vectors:
    """The version and variant bits over every kind of given byte."""
    return [{"bytes_hex": bytes([byte] * 16).hex(), "id": uuid8(bytes([byte] * 16))} for byte in (0x00, 0x3F, 0x80, 0xC5, 0xFF)]


def payload_vectors() -> Vectors:
    """The first 1 to 9 leaves sealed; and the same after an erasure, where each second leaf apart from the first four is gone."""
    vectors: Vectors = []
    for count in range(1, len(LEAVES) + 1):
        leaves = LEAVES[:count]
        digests = [leaf_digest(name, value) for name, value in leaves]
        stored = b"".join(b"+ " + name.encode() + b" " + rfc8785.dumps(value) + b"\n" for name, value in leaves)
        erased = b"".join(
            b"- " + b64url(digests[at]).encode() + b"\n"
            if at >= 4 and at % 2 == 0
            else b"= " + name.encode() + b" " + leaf_salt(name).encode() + b" " + rfc8785.dumps(value) + b"\n"
            for at, (name, value) in enumerate(leaves)
        )
        vectors.append(
            {
                "seed_hex": SEED.hex(),
                "leaves": [[name, value] for name, value in leaves],
                "salts": [leaf_salt(name) for name, _ in leaves],
                "digests": [b64url(digest) for digest in digests],
                "root": b64url(tree_hash(digests)),
                "stored": stored.decode(),
                "stored_after_erasure": erased.decode(),
            }
        )
    return vectors


def tree_vectors() -> Vectors:
    """RFC 6962 tree hashes over 0 to 17 entries of growing length."""
    entries = [bytes(range(size)) for size in range(17)]
    return [{"entries_hex": [entry.hex() for entry in entries[:n]], "root_hex": tree_hash(entries[:n]).hex()} for n in range(18)]


def request_vectors() -> Vectors:
    """Request digests, with and without a version asked for."""
    form: dict[str, Any] = {"drug": "834060", "dose_mg": 500, "note": "é\n"}
    return [
        {
            "seed_hex": SEED.hex(),
            "actor": actor,
            "type": "medication.request",
            "version": version,
            "form": form,
            "digest": b64url(hmac.new(SEED, b"request\n" + rfc8785.dumps([actor, "medication.request", version, form]), "sha256").digest()),
        }
        for actor, version in (("dr-ada", None), ("dr-ada", "2018-07-30"), ("dr-grace", "2018-08-01.2"))
    ]


def chain_vectors() -> Vectors:
    """Three events of one subject, the second also of another, each header's prev the hash before it; costs 1, 4 and 12."""

    def genesis(subject: str) -> bytes:
        return sha256(b"ensue/1 genesis\n" + rfc8785.dumps([UID, subject]))

    heads = {"Patient/p-17": (0, genesis("Patient/p-17")), "Ward/é": (0, genesis("Ward/é"))}
    plans: list[tuple[list[str], int, dict[str, Any]]] = [
        (["Patient/p-17"], 1, {}),
        (["Patient/p-17", "Ward/é"], 4, {"requested": "2018-07-30", "occurred": "2018-07-29", "behalf": "dr-grace", "purpose": "care"}),
        (["Patient/p-17"], 12, {"cause": EVENT, "corrects": EVENT, "erases": [EVENT], "request": "req-1"}),
    ]
    vectors: Vectors = []
    for number, (subjects, cost, extra) in enumerate(plans, 1):
        links: list[dict[str, Any]] = [
            {"subject": subject, "seq": heads[subject][0] + 1, "prev": b64url(heads[subject][1])} for subject in subjects
        ]
        fields: dict[str, Any] = {
            "id": uuid8(bytes([number] * 16)),
            "type": "medication.request",
            "version": "2018-07-30",
            "ledger": UID,
            "links": links,
            "actor": "dr-ada",
            "at": f"2018-07-30T12:00:0{number}.000000Z",
            "cost": cost,
            "logic": b64url(sha256(b"logic")),
            "payload": {"n": 3 + number, "root": b64url(sha256(bytes([number])))},
        }
        header = rfc8785.dumps({"v": 1, "alg": "sha256", **fields, **extra})
        nonce = 0
        while True:
            event_hash = sha256(b"ensue/1\n" + sha256(header) + nonce.to_bytes(8, "big"))
            if int.from_bytes(event_hash, "big") < 2 ** (256 - cost):
                break
            nonce += 1
        vectors.append(
            {
                "uid": UID,
                "genesis": [[subject, b64url(genesis(subject))] for subject in subjects],
                "fields": fields,
                "extra": extra,
                "header": header.decode(),
                "nonce": nonce,
                "hash": b64url(event_hash),
            }
        )
        heads.update({link["subject"]: (link["seq"], event_hash) for link in links})
    return vectors


def make_vectors() -> dict[str, str]:
    """Return every file of vectors: its name and its text."""
    files = {
        "canonical.json": canonical_vectors(),
        "identity.json": identity_vectors(),
        "uuid.json": uuid_vectors(),
        "payload.json": payload_vectors(),
        "tree.json": tree_vectors(),
        "request.json": request_vectors(),
        "chain.json": chain_vectors(),
    }
    return {name: json.dumps(vectors, indent=1, ensure_ascii=True) + "\n" for name, vectors in files.items()}


if __name__ == "__main__":
    for name, text in make_vectors().items():
        Path(__file__).with_name(name).write_text(text, encoding="ascii")
