"""The payload: sealed, opened, joined, and recomputed from its bytes alone."""

from __future__ import annotations

import pytest

from ensue.core.canonical import Json, base64url
from ensue.errors import FormatError
from ensue.log.payload import ERASED, Leaf, join, open_payload, payload_root, request_digest, seal, tree_root

SEED = bytes(range(32))

LEAVES: list[Leaf] = [
    ("form", {"drug": "834060", "note": {"_leaf": "form/note"}}),
    ("state", [["patient", "Patient", "p-17", {"name": {"_leaf": "state/0/name"}, "phone": None}]]),
    ("operations", []),
    ("effects", []),
    ("form/note", "with food\n"),
    ("state/0/name", "Ada"),
]


def test_what_was_sealed_is_opened_by_name_and_in_order() -> None:
    sealed = seal(LEAVES, SEED)

    assert list(open_payload(sealed.data).items()) == LEAVES
    assert payload_root(sealed.data, SEED) == (6, sealed.root)
    assert sealed.leaf_count == 6


def test_join_puts_each_leaf_back_in_its_place() -> None:
    joined = join(open_payload(seal(LEAVES, SEED).data))

    assert joined == {
        "form": {"drug": "834060", "note": "with food\n"},
        "state": [["patient", "Patient", "p-17", {"name": "Ada", "phone": None}]],
        "operations": [],
        "effects": [],
    }


def test_join_marks_what_is_gone() -> None:
    leaves = open_payload(seal(LEAVES, SEED).data)
    del leaves["state/0/name"]

    state = join(leaves)["state"]

    assert state == [["patient", "Patient", "p-17", {"name": ERASED, "phone": None}]]


def test_a_leaf_inside_a_leaf_is_put_back_too() -> None:
    leaves: dict[str, Json] = {"form": {"_leaf": "form/a"}, "form/a": [{"_leaf": "form/a/0"}], "form/a/0": 1}

    assert join(leaves) == {"form": [1]}


@pytest.mark.parametrize(
    "leaves",
    [
        {"form": [{"_leaf": "form/a"}, {"_leaf": "form/a"}], "form/a": 1},
        {"form": {"_leaf": "form/a"}, "form/a": {"_leaf": "form/a"}},
    ],
)
def test_a_leaf_with_two_places_is_refused(leaves: dict[str, Json]) -> None:
    with pytest.raises(FormatError, match="names the leaf form/a in two places"):
        join(leaves)


def test_the_same_value_under_another_seed_or_name_has_another_root() -> None:
    roots = {seal([(name, True)], seed).root for name in ("a", "b") for seed in (SEED, bytes(32))}

    assert len(roots) == 4


@pytest.mark.parametrize("name", ["", "two words", "a/", "/a", "a//b", "a\n", "é", "a-b"])
def test_a_name_that_could_not_be_read_back_is_not_written(name: str) -> None:
    with pytest.raises(ValueError, match="segments of letters, digits and _ joined by /"):
        seal([(name, 1)], SEED)


def test_a_payload_has_a_leaf_and_a_seed_of_32_bytes() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        seal([], SEED)
    with pytest.raises(ValueError, match="A seed has 32 bytes, found 31"):
        seal(LEAVES, SEED[1:])


ROOTLESS = base64url(bytes(32))


@pytest.mark.parametrize(
    ("data", "seed", "message"),
    [
        (b"", SEED, "found 0 and then 0 bytes"),
        (b"+ form 1", SEED, "found 0 and then 8 bytes"),
        (b"+ form 1\n+ state", SEED, "found 1 and then 7 bytes"),
        (b"+ form 1\n\n", SEED, "line 2 is none of"),
        (b"+ form\n", SEED, "line 1 is none of"),
        (b"+ form \n", SEED, "line 1 is none of"),
        (b"+  form 1\n", SEED, "line 1 is none of"),
        (b"* form 1\n", SEED, "line 1 is none of"),
        (b"+ form/ 1\n", SEED, "line 1 is none of"),
        (b"+ form 1\r\n", SEED, "the value of form is not canonical JSON"),
        (b"+ form 1 \n", SEED, "the value of form is not canonical JSON"),
        (b'+ form {"b":1,"a":1}\n', SEED, "the value of form is not canonical JSON"),
        (b"+ form nul\n", SEED, "the value of form is not canonical JSON"),
        (b"+ form 1\n+ form 2\n", SEED, "line 2: the leaf form stands there a second time"),
        (b"+ form 1\n", None, "line 1 begins with '\\+', which does not belong to an event without a seed"),
        (f"- {ROOTLESS}\n".encode(), SEED, "line 1 begins with '-', which does not belong to an event that still has its seed"),
        (f"= form {'A' * 22} 1\n".encode(), SEED, "line 1 begins with '='"),
        (f"= form {'A' * 21} 1\n".encode(), None, "line 1 is none of"),
        (f"= form {'A' * 22}\n".encode(), None, "line 1 is none of"),
        (f"- {ROOTLESS}A\n".encode(), None, "line 1 is none of"),
        (f"- {ROOTLESS[:-1]}B\n".encode(), None, "Not base64url"),
    ],
)
def test_a_malformed_line_is_named(data: bytes, seed: bytes | None, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        payload_root(data, seed)


def test_a_malformed_value_is_a_format_error_when_opened() -> None:
    with pytest.raises(FormatError, match="Stored JSON cannot be read"):
        open_payload(b"+ form {\n")


def test_a_request_digest_depends_on_every_part_of_the_request() -> None:
    base = request_digest(SEED, "dr-ada", "a.b", None, {"x": 1})
    others = [
        request_digest(bytes(32), "dr-ada", "a.b", None, {"x": 1}),
        request_digest(SEED, "dr-grace", "a.b", None, {"x": 1}),
        request_digest(SEED, "dr-ada", "a.c", None, {"x": 1}),
        request_digest(SEED, "dr-ada", "a.b", "2024-01-01", {"x": 1}),
        request_digest(SEED, "dr-ada", "a.b", None, {"x": 2}),
    ]

    assert len({base, *others}) == 6
    assert request_digest(SEED, "dr-ada", "a.b", None, {"x": 1}) == base


def test_a_leaf_and_a_node_of_the_same_bytes_have_different_hashes() -> None:
    left, right = tree_root([b"left"]), tree_root([b"right"])

    assert tree_root([left + right]) != tree_root([b"left", b"right"])
