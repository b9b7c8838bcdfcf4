"""Canonical JSON: what passes, and what each refusal says."""

from __future__ import annotations

import enum
import re
from decimal import Decimal
from typing import Any

import pytest

from ensue.core.canonical import (
    DEPTH_MAX,
    INTEGER_MAX,
    base64url,
    base64url_bytes,
    canonical,
    canonical_trusted,
    check_text,
    from_base64url,
    is_canonical,
    parse,
    parse_trusted,
)
from ensue.errors import CanonicalError, FormatError, InvalidJson, TooLarge


class Colour(enum.StrEnum):
    RED = "red"


def by_its_start(value: Any) -> str | None:
    """Name a case in a word: some of these values are long on purpose."""
    return repr(value[:20]) if isinstance(value, str | bytes) else "value"


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def test_keys_are_sorted_and_nothing_is_spaced() -> None:
    assert canonical({"b": [1, True, None], "B": "x", "_": {}, "a": "é"}) == '{"B":"x","_":{},"a":"é","b":[1,true,null]}'.encode()


def test_text_is_kept_as_it_came() -> None:
    decomposed = "e\u0301 \u200b  "

    assert parse(canonical(decomposed)) == decomposed


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"dose": [1, 2.5]}, r"At \$\.dose\[1\]: found the float 2\.5; send a decimal as a string"),
        (float("nan"), r"At \$: found the float nan"),
        ({"n": INTEGER_MAX + 1}, r"At \$\.n: found the integer 9007199254740992, beyond ±\(2\^53-1\); send it as a string"),
        (-INTEGER_MAX - 1, r"the integer -9007199254740992"),
        (10**5000, r"an integer of 16610 bits"),
        ({"a": {"two words": 1}}, r"At \$\.a: found the key 'two words'; a key is letters, digits and _"),
        ({"1a": 1}, r"the key '1a'"),
        ({"": 1}, r"the key ''"),
        ({"é": 1}, r"the key 'é'"),
        ({1: 1}, r"the key 1"),
        (["ok", "a\ud800"], r"At \$\[1\]: found the lone surrogate U\+D800 at index 1; send whole characters"),
        ({"t": "ab\0"}, r"At \$\.t: found a NUL character at index 2; remove it"),
        ({"t": "é\0"}, r"a NUL character at index 1"),
        ((1, 2), r"a value of type tuple; expected None, bool, int, str, list or dict"),
        (b"bytes", r"a value of type bytes"),
        (Decimal("1.0"), r"a value of type Decimal"),
        ({"colour": Colour.RED}, r"At \$\.colour: found a value of type Colour"),
        (nested(DEPTH_MAX + 1), r"found more than 64 lists and objects inside one another; send it flatter"),
    ],
    ids=by_its_start,
)
def test_a_value_outside_the_profile_is_refused_with_its_path(value: Any, message: str) -> None:
    with pytest.raises(CanonicalError, match=message):
        canonical(value)


def test_the_limits_themselves_pass() -> None:
    value = [INTEGER_MAX, -INTEGER_MAX, nested(DEPTH_MAX - 1)]

    assert parse(canonical(value)) == value


@pytest.mark.parametrize("value", ["\ud800", INTEGER_MAX + 1, {1: 2}, {"a": {1, 2}}])
def test_what_no_json_can_hold_is_refused_even_when_trusted(value: Any) -> None:
    with pytest.raises(CanonicalError, match="cannot be written as canonical JSON"):
        canonical_trusted(value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('{"a":1,"a":2}', r"At \$: found the key 'a' more than once in one object; send each key once"),
        ('{"x":[{"b":1,"a":1,"\\u0061":1}]}', r"At \$\.x\[0\]: found the key 'a' more than once"),
        ('{"t":"\\ud800"}', r"At \$\.t: found the lone surrogate U\+D800 at index 0"),
        ('"\\udc00\\ud800"', r"the lone surrogate U\+DC00 at index 0"),
        ('"a\ud800"', r"the lone surrogate U\+D800 at index 1"),
        (b'"\xed\xa0\x80"', r"not UTF-8 at byte 1: invalid continuation byte\. Encode the text as UTF-8"),
        (b'{"a":"\xff"}', r"not UTF-8 at byte 6"),
        (b'"\xc0\x80"', r"not UTF-8 at byte 1"),
        ('["\\u0000"]', r"At \$\[0\]: found a NUL character at index 0; remove it"),
        ('"a\0"', r"line 1 column 3: Invalid control character"),
        ('{"a":1.0}', r"At \$\.a: found the number 1\.0; only integers are allowed, send a decimal as a string"),
        ("1e2", r"the number 1e2"),
        ("-0", r"the number -0; send 0"),
        ("-0.0", r"the number -0\.0"),
        ('{"a":NaN}', r"At \$\.a: found the number NaN"),
        ("[-Infinity]", r"the number -Infinity"),
        ("[9007199254740992]", r"At \$\[0\]: found the integer 9007199254740992, beyond ±\(2\^53-1\); send it as a string"),
        ("-9007199254740992", r"the integer -9007199254740992"),
        ("9" * 100_000, r"the integer 9{40}, beyond"),
        ('{"a":{"b c":1}}', r"At \$\.a: found the key 'b c'; .*rename it"),
        ("[" * 65 + "]" * 65, r"found more than 64 lists and objects inside one another; send it flatter"),
        ("[" * 500_000, r"found more than 64 lists and objects inside one another"),
        ('{"a":' * 100_000, r"found more than 64 lists and objects inside one another"),
        ("", r"Not JSON at line 1 column 1: Expecting value\. Send one JSON value"),
        ("[1,]", r"Not JSON at line 1 column"),
        ("{} {}", r"line 1 column 4: Extra data"),
        ("01", r"line 1 column 2: Extra data"),
        ('{\n"a" 1}', r"line 2 column 5: Expecting ':' delimiter"),
        ("'a'", r"Expecting value"),
        ("\u00a01", r"Expecting value"),
        (b"\xef\xbb\xbf{}", r"line 1 column 1: a byte order mark"),
        ('{"a":1}'.encode("utf-16"), r"not UTF-8 at byte 0"),
    ],
    ids=by_its_start,
)
def test_what_was_sent_wrongly_is_refused_with_place_and_remedy(data: str | bytes, message: str) -> None:
    with pytest.raises(InvalidJson, match=message):
        parse(data)


def test_order_of_keys_spaces_and_escapes_are_free_when_parsing() -> None:
    assert parse(' {"b" : "\\u00e9\\ud83d\\ude00\\/" ,\r\n\t"a":[ ] } ') == {"a": [], "b": "é😀/"}
    assert parse('"é"'.encode()) == parse('"é"') == "é"


@pytest.mark.parametrize("data", [b'"1234567"', '"1234567"', '"ééé1"', '"é\ud8001é"'])
def test_more_bytes_than_the_limit_are_not_even_read(data: str | bytes) -> None:
    with pytest.raises(TooLarge, match="larger than the limit of 8 bytes"):
        parse(data, bytes_max=8)


@pytest.mark.parametrize("data", [b'"123456"', '"123456"', '"ééé"'])
def test_the_limit_counts_bytes_of_utf8(data: str | bytes) -> None:
    assert parse(data, bytes_max=8) in ("123456", "ééé")


def test_trusted_bytes_that_are_no_json_are_a_format_error() -> None:
    assert parse_trusted(b'{"a":[1]}') == {"a": [1]}
    with pytest.raises(FormatError, match=r"Stored JSON cannot be read: .*run `ensue verify`"):
        parse_trusted(b'{"a":')


def test_only_one_spelling_of_a_value_is_canonical() -> None:
    assert is_canonical(b'{"a":1,"b":"\xc3\xa9"}')
    for spelling in (b'{"b":"\xc3\xa9","a":1}', b'{"a":1, "b":2}', b'{"a":1,"a":1}', b'"\\u00e9"', b"-0", b"1e2", b"", b"9007199254740992"):
        assert not is_canonical(spelling), spelling


def test_check_text_names_the_character_and_its_place() -> None:
    check_text("plain")
    check_text("é😀")
    with pytest.raises(CanonicalError, match="The text has a NUL character at index 1"):
        check_text("a\0")
    with pytest.raises(CanonicalError, match=re.escape("The text has the lone surrogate U+DFFF at index 2")):
        check_text("é \udfff")


def test_base64url_has_no_padding_and_its_own_alphabet() -> None:
    assert base64url(b"\xfb\xff\xfe") == "-__-"
    assert base64url_bytes(b"a") == b"YQ"
    assert from_base64url("") == b""


@pytest.mark.parametrize("text", ["YQ==", "YQ=", "Y", "YR", "+/+/", "Y Q", "YQ\n", "YWI=", "é", "YWJj\u200b", "Y\0Q"])
def test_base64url_is_read_as_strictly_as_it_is_written(text: str) -> None:
    with pytest.raises(FormatError, match="Not base64url without padding"):
        from_base64url(text)
