"""Laws of the log: nothing stored can change by one byte without being seen, and an erasure changes no root."""

from __future__ import annotations

import contextlib
import hmac
from hashlib import sha256
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from ensue.core.canonical import INTEGER_MAX, Json, base64url
from ensue.errors import FormatError
from ensue.log.chain import event_hash, is_valid, stamp
from ensue.log.header import Link, build_header, parse_header
from ensue.log.payload import Leaf, open_payload, payload_root, seal

SEED = bytes(range(32))
COST = 4

values: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-INTEGER_MAX, INTEGER_MAX)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "_c", "D1"]), inner, max_size=3),
    max_leaves=8,
)
names = st.lists(st.from_regex(r"[a-z0-9_]{1,6}", fullmatch=True), min_size=1, max_size=3).map("/".join)
leaf_lists = st.lists(st.tuples(names, values), min_size=1, max_size=9, unique_by=lambda leaf: leaf[0])


HEADER = build_header(
    id="01010101-0101-8101-8101-010101010101",
    type="medication.request",
    version="2018-07-30",
    ledger="the-uid",
    links=[Link("Patient/p-17", 3, SEED), Link("Ward/2", 1, bytes(32))],
    actor="dr-ada",
    at="2018-07-30T12:00:00.000000Z",
    cost=COST,
    logic=SEED,
    payload_n=5,
    payload_root=SEED,
    extra={"occurred": "2018-07-29"},
)


def with_byte_changed(data: bytes, at: int, change: int) -> bytes:
    return data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]


def erased(stored: bytes, gone: set[int]) -> bytes:
    """Give the payload an erasure leaves behind, made with the standard library from the words of the format."""
    lines = []
    for at, line in enumerate(stored.split(b"\n")[:-1]):
        _, name, value = line.split(b" ", 2)
        salt = base64url(hmac.digest(SEED, b"salt\n" + name, "sha256")[:16]).encode()
        digest = sha256(base64url(b'["%b","%b",%b]' % (salt, name, value)).encode()).digest()
        lines.append(b"- " + base64url(digest).encode() if at in gone else b"= %b %b %b" % (name, salt, value))
    return b"".join(line + b"\n" for line in lines)


def is_seen(data: bytes, seed: bytes | None, expected: tuple[int, bytes]) -> bool:
    try:
        return payload_root(data, seed) != expected
    except FormatError:
        return True


@given(leaf_lists)
def test_what_was_sealed_is_opened_and_commits_to_the_same_root(leaves: list[Leaf]) -> None:
    sealed = seal(leaves, SEED)

    assert list(open_payload(sealed.data).items()) == leaves
    assert payload_root(sealed.data, SEED) == (sealed.leaf_count, sealed.root) == (len(leaves), sealed.root)


@given(leaf_lists, st.sets(st.integers(0, 8)))
def test_an_erasure_changes_no_root_and_no_leaf_that_is_left(leaves: list[Leaf], gone: set[int]) -> None:
    sealed = seal(leaves, SEED)

    left = erased(sealed.data, gone)

    assert payload_root(left, None) == (sealed.leaf_count, sealed.root)
    assert list(open_payload(left).items()) == [leaf for at, leaf in enumerate(leaves) if at not in gone]


@given(leaf_lists, st.sets(st.integers(0, 8)), st.data())
def test_one_byte_changed_in_a_payload_is_seen(leaves: list[Leaf], gone: set[int], data: st.DataObject) -> None:
    sealed = seal(leaves, SEED)
    seed, stored = data.draw(st.sampled_from([(SEED, sealed.data), (None, erased(sealed.data, gone))]))
    at = data.draw(st.integers(0, len(stored) - 1))
    change = data.draw(st.integers(1, 255))

    assert is_seen(with_byte_changed(stored, at, change), seed, (sealed.leaf_count, sealed.root))


def test_every_change_of_every_byte_of_one_payload_is_seen() -> None:
    sealed = seal([("form", {"a": "é"}), ("state", []), ("form/b", True)], SEED)
    kept = erased(sealed.data, {1})

    for seed, stored in ((SEED, sealed.data), (None, kept)):
        for at, change in product(range(len(stored)), range(1, 256)):
            assert is_seen(with_byte_changed(stored, at, change), seed, (3, sealed.root)), (stored, at, change)


@given(leaf_lists.filter(lambda leaves: len(leaves) > 1), st.data())
def test_a_payload_whose_lines_were_dropped_repeated_or_moved_is_seen(leaves: list[Leaf], data: st.DataObject) -> None:
    sealed = seal(leaves, SEED)
    lines = [line + b"\n" for line in sealed.data.split(b"\n")[:-1]]
    others = data.draw(st.lists(st.sampled_from(lines), max_size=len(lines) + 1).filter(lambda drawn: drawn != lines))

    assert is_seen(b"".join(others), SEED, (sealed.leaf_count, sealed.root))


@given(st.integers(0, len(HEADER) - 1), st.integers(1, 255))
def test_one_byte_changed_in_a_header_changes_its_hash_and_is_never_read_as_the_same(at: int, change: int) -> None:
    nonce, expected = stamp(HEADER, COST)

    other = with_byte_changed(HEADER, at, change)

    assert event_hash(other, nonce) != expected
    with contextlib.suppress(FormatError):
        assert parse_header(other) != parse_header(HEADER)


@given(st.binary(max_size=200), st.integers(1, 8))
def test_a_stamp_is_valid_and_another_nonce_gives_another_hash(header: bytes, cost: int) -> None:
    nonce, found = stamp(header, cost)

    assert is_valid(found, cost)
    assert event_hash(header, nonce) == found != event_hash(header, nonce + 1)


@given(st.binary(max_size=120))
def test_any_bytes_are_a_payload_or_a_header_or_a_format_error(data: bytes) -> None:
    for read in (parse_header, open_payload, lambda stored: payload_root(stored, SEED), lambda stored: payload_root(stored, None)):
        with contextlib.suppress(FormatError):
            read(data)
