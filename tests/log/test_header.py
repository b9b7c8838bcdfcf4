"""The header: what was built is what is read, and nothing else is read."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from ensue.core.canonical import Json, base64url, canonical
from ensue.errors import FormatError
from ensue.log.header import Header, Link, build_header, parse_header

DIGEST = bytes(range(32))


def build(**extra: Json) -> bytes:
    return build_header(
        id="01010101-0101-8101-8101-010101010101",
        type="medication.request",
        version="2018-07-30",
        ledger="the-uid",
        links=[Link("Patient/p-17", 3, DIGEST), Link("Ward/2", 1, bytes(32))],
        actor="dr-ada",
        at="2018-07-30T12:00:00.000000Z",
        cost=4,
        logic=DIGEST,
        payload_n=5,
        payload_root=DIGEST,
        extra=extra,
    )


def changed(**members: Any) -> bytes:
    return canonical(json.loads(build()) | members)


def without(key: str) -> bytes:
    return canonical({name: value for name, value in json.loads(build()).items() if name != key})


def test_a_header_is_read_as_it_was_built() -> None:
    header = parse_header(build(requested="2018-07-30", cause="e-1", erases=["e-2"], behalf="dr-grace", occurred="2018-07", purpose="care"))

    assert header == Header(
        id="01010101-0101-8101-8101-010101010101",
        type="medication.request",
        version="2018-07-30",
        ledger="the-uid",
        links=(Link("Patient/p-17", 3, DIGEST), Link("Ward/2", 1, bytes(32))),
        actor="dr-ada",
        at="2018-07-30T12:00:00.000000Z",
        cost=4,
        logic=DIGEST,
        payload_n=5,
        payload_root=DIGEST,
        requested="2018-07-30",
        cause="e-1",
        erases=["e-2"],
        behalf="dr-grace",
        occurred="2018-07",
        purpose="care",
    )
    with pytest.raises(FrozenInstanceError):
        header.cost = 1  # type: ignore[misc]  # that it cannot be is the test


def test_what_is_not_set_is_not_written() -> None:
    assert build(cause=None) == build()
    assert b"cause" not in build()


def test_a_key_outside_the_format_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="no optional key cost, weather; expected behalf, cause"):
        build(weather="fine", cost=1)


def test_unknown_keys_are_kept_unless_they_are_critical() -> None:
    assert parse_header(changed(weather="fine")).unknown == {"weather": "fine"}
    assert parse_header(changed(crit=["cause"])).unknown == {}
    with pytest.raises(FormatError, match="crit demands weather, which this release does not know; use a newer one"):
        parse_header(changed(weather="fine", crit=["weather"]))


@pytest.mark.parametrize("key", sorted(json.loads(build())))
def test_each_required_key_is_required(key: str) -> None:
    with pytest.raises(FormatError, match=key):
        parse_header(without(key))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"v": 2}, "its format v is 2, this release reads 1"),
        ({"v": True}, "its format v is True"),
        ({"alg": "sha3"}, "its algorithm is 'sha3', this release knows sha256"),
        ({"id": 1}, "id is not a text"),
        ({"actor": ""}, "actor is not a text"),
        ({"at": None}, "at is not a text"),
        ({"cost": 0}, "cost is not an integer from 1"),
        ({"cost": True}, "cost is not an integer from 1"),
        ({"cost": 21}, "cost is 21, not 1 to 20"),
        ({"logic": base64url(bytes(31))}, "logic has 31 bytes, a digest has 32"),
        ({"logic": base64url(bytes(32)) + "="}, "Not base64url"),
        ({"payload": {"n": 1}}, "payload is not"),
        ({"payload": {"n": "1", "root": base64url(DIGEST)}}, "n is not an integer"),
        ({"links": []}, "at least one link"),
        ({"links": {}}, "at least one link"),
        ({"links": [{"subject": "a", "seq": 1}]}, "a link is not"),
        ({"links": [{"subject": "a", "seq": 0, "prev": base64url(DIGEST)}]}, "seq is not an integer from 1"),
        ({"links": [{"subject": "a", "seq": 1, "prev": base64url(DIGEST)}] * 2}, "a subject is linked twice"),
        ({"requested": None}, "requested is not a text"),
        ({"occurred": 5}, "occurred is not a text"),
        ({"crit": "weather"}, "crit is not a list of names"),
        ({"crit": [1]}, "crit is not a list of names"),
    ],
)
def test_a_wrong_member_is_named(members: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_header(changed(**members))


@pytest.mark.parametrize("data", [b"", b"{", build() + b"\n", build().replace(b",", b", ", 1), b'{"v":1,"v":1}'])
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="it is not canonical JSON"):
        parse_header(data)


def test_another_value_than_an_object_is_refused() -> None:
    with pytest.raises(FormatError, match="it is not an object"):
        parse_header(b"[]")
