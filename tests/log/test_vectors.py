"""Byte for byte: ensue against the committed vectors, which were computed without it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ensue.core.canonical import base64url, canonical, canonical_trusted, from_base64url, parse
from ensue.core.identity import event_id, random_event_id, random_number, row_id
from ensue.log.chain import event_hash, genesis, is_valid, stamp
from ensue.log.header import Link, build_header, parse_header
from ensue.log.payload import open_payload, payload_root, request_digest, seal, tree_root
from tests.vectors.make_vectors import make_vectors

FOLDER = Path(__file__).parents[1] / "vectors"


def vectors(name: str) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text(encoding="ascii"))
    assert read, f"{name}.json holds no vectors"
    return read


def test_the_committed_vectors_are_what_their_script_computes() -> None:
    computed = make_vectors()

    assert {path.name for path in FOLDER.glob("*.json")} == computed.keys()
    for name, text in computed.items():
        assert (FOLDER / name).read_text(encoding="ascii") == text, name


def test_another_language_computes_the_same_vectors() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the vectors were not computed in JavaScript")

    result = subprocess.run([node, str(FOLDER / "verify_vectors.mjs")], capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr
    assert int(result.stdout.split()[0]) > 100


@pytest.mark.parametrize("vector", vectors("canonical"))
def test_canonical_bytes(vector: dict[str, Any]) -> None:
    expected = bytes.fromhex(vector["canonical_hex"])

    assert canonical(parse(vector["json"])) == expected
    assert canonical_trusted(parse(expected)) == expected


@pytest.mark.parametrize("vector", vectors("identity"))
def test_derived_ids(vector: dict[str, Any]) -> None:
    assert event_id(vector["uid"], vector["actor"], vector["key"]) == vector["event_id"]
    assert row_id(vector["event_id"], vector["label"]) == vector["row_id"]
    assert random_number(vector["event_id"], vector["label"]) == int(vector["random"])


@pytest.mark.parametrize("vector", vectors("uuid"))
def test_ids_of_given_bytes(vector: dict[str, Any]) -> None:
    assert random_event_id(bytes.fromhex(vector["bytes_hex"])) == vector["id"]


@pytest.mark.parametrize("vector", vectors("payload"), ids=lambda vector: f"{len(vector['leaves'])} leaves")
def test_payload_bytes_and_root(vector: dict[str, Any]) -> None:
    seed = bytes.fromhex(vector["seed_hex"])
    leaves = [(name, value) for name, value in vector["leaves"]]
    root = from_base64url(vector["root"])

    assert seal(leaves, seed) == (vector["stored"].encode(), root, len(leaves))
    assert payload_root(vector["stored"].encode(), seed) == (len(leaves), root)
    assert list(open_payload(vector["stored"].encode()).items()) == leaves


@pytest.mark.parametrize("vector", vectors("payload"), ids=lambda vector: f"{len(vector['leaves'])} leaves")
def test_after_an_erasure_the_root_is_the_same_and_the_rest_can_be_read(vector: dict[str, Any]) -> None:
    stored = vector["stored_after_erasure"].encode()

    assert payload_root(stored, None) == (len(vector["leaves"]), from_base64url(vector["root"]))
    assert list(open_payload(stored).items()) == [(name, value) for at, (name, value) in enumerate(vector["leaves"]) if at < 4 or at % 2]


@pytest.mark.parametrize("vector", vectors("tree"), ids=lambda vector: f"{len(vector['entries_hex'])} entries")
def test_tree_root(vector: dict[str, Any]) -> None:
    assert tree_root([bytes.fromhex(entry) for entry in vector["entries_hex"]]).hex() == vector["root_hex"]


@pytest.mark.parametrize("vector", vectors("request"))
def test_request_digest(vector: dict[str, Any]) -> None:
    digest = request_digest(bytes.fromhex(vector["seed_hex"]), vector["actor"], vector["type"], vector["version"], vector["form"])

    assert base64url(digest) == vector["digest"]


@pytest.mark.parametrize("vector", vectors("chain"), ids=lambda vector: f"cost {vector['fields']['cost']}")
def test_header_nonce_hash_and_genesis(vector: dict[str, Any]) -> None:
    fields = vector["fields"]
    links = [Link(link["subject"], link["seq"], from_base64url(link["prev"])) for link in fields["links"]]
    payload_n, root = fields["payload"]["n"], from_base64url(fields["payload"]["root"])
    logic = from_base64url(fields["logic"])
    plain = {key: fields[key] for key in ("id", "type", "version", "ledger", "actor", "at", "cost")}

    header = build_header(**plain, links=links, logic=logic, payload_n=payload_n, payload_root=root, extra=vector["extra"])

    assert header == vector["header"].encode()
    assert stamp(header, fields["cost"]) == (vector["nonce"], from_base64url(vector["hash"]))
    assert base64url(event_hash(header, vector["nonce"])) == vector["hash"]
    assert is_valid(from_base64url(vector["hash"]), fields["cost"])
    assert [[subject, base64url(genesis(vector["uid"], subject))] for subject, _ in vector["genesis"]] == vector["genesis"]
    assert parse_header(header).links == tuple(links)
