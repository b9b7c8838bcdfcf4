"""Laws of canonical JSON and base64url, tried on values nobody thought of."""

from __future__ import annotations

import contextlib
import json
import string

import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ensue.core.canonical import (
    INTEGER_MAX,
    Json,
    base64url,
    canonical,
    canonical_trusted,
    from_base64url,
    is_canonical,
    parse,
    parse_trusted,
)
from ensue.errors import FormatError, InvalidJson

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
keys = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12).filter(lambda key: not key[0].isdigit())
scalars = st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | texts
values: st.SearchStrategy[Json] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5), max_leaves=20
)


@given(values)
@example("".join(map(chr, range(1, 0x2100))))
@example("\U0001f600\U0010ffff\ue000\uffff")
def test_canonical_bytes_are_those_of_the_reference_implementation(value: Json) -> None:
    expected = rfc8785.dumps(value)

    assert canonical(value) == expected
    assert canonical_trusted(value) == expected
    assert is_canonical(expected)


@given(values)
def test_what_is_written_is_read_back(value: Json) -> None:
    data = canonical(value)

    assert parse(data) == value
    assert parse_trusted(data) == value
    assert canonical(parse(data)) == data


@given(values, st.integers(0, 4), st.booleans())
def test_every_spelling_of_a_value_is_read_as_that_value(value: Json, indent: int, ascii_only: bool) -> None:
    assert canonical(parse(json.dumps(value, indent=indent, ensure_ascii=ascii_only))) == canonical(value)


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b'{"a":-0}')
def test_any_bytes_are_a_value_of_the_profile_or_invalid_json(data: bytes) -> None:
    with contextlib.suppress(InvalidJson):
        value = parse(data)
        assert parse(canonical(value)) == value


@given(st.binary())
def test_base64url_is_read_back(data: bytes) -> None:
    assert from_base64url(base64url(data)) == data


@given(st.text(string.ascii_letters + string.digits + "-_+/= \n", max_size=12))
def test_bytes_have_one_spelling_in_base64url(text: str) -> None:
    with contextlib.suppress(FormatError):
        assert base64url(from_base64url(text)) == text
