"""
Canonical JSON "J1": one value, one sequence of bytes; and base64url, one text for bytes.

J1 is RFC 8785 restricted to null, bool, string, integer within ±(2^53-1), list and object, at most 64 deep.
Keys are `[A-Za-z_][A-Za-z0-9_]*`; duplicate keys, lone surrogates and NUL are refused. With ASCII keys the
order of code points is the RFC's order of UTF-16 units, and without floats there is no number to format: so a
fast library with sorted keys writes the RFC's own bytes (tests/laws/test_canonical_laws.py holds it to that).
"""

from __future__ import annotations

import json
from binascii import a2b_base64, b2a_base64
from collections import Counter
from typing import Any, Final, TypeAlias, cast

import orjson

from ensue.errors import CanonicalError, FormatError, InvalidJson, TooLarge

Json: TypeAlias = bool | int | str | list["Json"] | dict[str, "Json"] | None
"""A value of J1. Floats are left out on purpose: decimals are text."""

INTEGER_MAX: Final = 2**53 - 1
"""The largest integer that every JSON reader takes exactly (RFC 8259 §6)."""

DEPTH_MAX: Final = 64
"""How many lists and objects may stand inside one another."""

_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_TO_BASE64URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_BASE64URL: Final = bytes.maketrans(b"-_", b"+/")


# Writing


def canonical(value: Json) -> bytes:
    """
    Check that *value* lies inside J1 and return its canonical bytes.

    Raises:
        CanonicalError: A float, a big integer, a wrong key or type, a lone surrogate, a NUL, too deep;
            the message has the JSON path.
    """
    _check(value)
    return canonical_trusted(value)


def canonical_trusted(value: Json) -> bytes:
    """
    Return the canonical bytes of *value*, which our own codecs produced: the profile is not checked again.

    Raises:
        CanonicalError: No JSON could be written at all (a foreign type, a lone surrogate, an integer beyond 2^53-1).
    """
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        raise CanonicalError(
            f"The value cannot be written as canonical JSON: {error}. Check it with canonical() to learn where."
        ) from error


def is_canonical(data: bytes) -> bool:
    """Say whether *data* is JSON in canonical form: no spaces, keys sorted and single, every text and integer written one way."""
    try:
        return orjson.dumps(orjson.loads(data), option=_OPTIONS) == data
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return False


def check_text(text: str) -> None:
    """
    Check that *text* may stand in J1: any text but NUL and lone surrogates.

    Raises:
        CanonicalError: With the place of the character and what to do.
    """
    if text.isascii() and "\0" not in text:  # nearly every text
        return
    flaw = _find_text_flaw(text)
    if flaw:
        raise CanonicalError(f"The text has {flaw}.")


# Reading


def parse(data: bytes | str, *, bytes_max: int = 1_048_576) -> Json:
    """
    Read JSON that someone sent, strictly: nothing outside J1 passes, whatever its order of keys and spaces.

    Args:
        data: The text, as UTF-8 without a byte order mark, or decoded.
        bytes_max: The largest size read, in bytes of UTF-8.

    Raises:
        TooLarge: *data* is longer than *bytes_max*.
        InvalidJson: Says what was found, where (path, or line and column) and what to do.
    """
    if _size_bytes(data) > bytes_max:
        raise TooLarge(f"The JSON is larger than the limit of {bytes_max} bytes; send less at once.")
    try:
        value = cast(Json, _DECODER.decode(data if isinstance(data, str) else data.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise InvalidJson(
            f"The JSON is not UTF-8 at byte {error.start}: {error.reason}. Encode the text as UTF-8 (RFC 8259 §8.1)."
        ) from None
    except json.JSONDecodeError as error:
        found = "a byte order mark" if error.doc.startswith("\ufeff") else error.msg
        raise InvalidJson(f"Not JSON at line {error.lineno} column {error.colno}: {found}. Send one JSON value (RFC 8259).") from None
    except RecursionError:
        raise InvalidJson(f"In the JSON: found {_TOO_DEEP}.") from None
    try:
        _check(value)
    except CanonicalError as error:
        raise InvalidJson(str(error)) from None
    return value


def _size_bytes(data: bytes | str) -> int:
    if isinstance(data, bytes) or data.isascii():
        return len(data)
    return len(data.encode("utf-8", "surrogatepass"))  # lone surrogates are named later, with their place


def parse_trusted(data: bytes) -> Json:
    """
    Read JSON that ensue itself wrote; the profile is not checked again.

    Raises:
        FormatError: *data* is not JSON.
    """
    try:
        value: Json = orjson.loads(data)
        return value
    except orjson.JSONDecodeError as error:
        raise FormatError(f"Stored JSON cannot be read: {error}. It is not what was written; run `ensue verify`.") from None


# base64url (RFC 4648 §5), without padding


def base64url(data: bytes) -> str:
    """Write *data* as base64url without padding."""
    return base64url_bytes(data).decode("ascii")


def base64url_bytes(data: bytes) -> bytes:
    """Write *data* as base64url without padding, in ASCII bytes to be hashed or stored."""
    return b2a_base64(data).translate(_TO_BASE64URL, b"=\n")


def from_base64url(text: str) -> bytes:
    """
    Read base64url as strictly as it is written: no padding, no other alphabet, and no set bits after the last byte.

    Raises:
        FormatError: *text* is not what `base64url` writes for any bytes.
    """
    try:
        data = a2b_base64(text.encode("ascii").translate(_FROM_BASE64URL) + b"=" * (-len(text) % 4))
    except ValueError:  # also UnicodeEncodeError and binascii.Error
        data = b""
    # One spelling for each value: whatever a lenient decoder let pass does not come back the same.
    if base64url(data) != text:
        raise FormatError(f"Not base64url without padding (RFC 4648 §5): {text[:80]!r}. Expected only A-Z a-z 0-9 - _ in canonical form.")
    return data


# The profile

_TOO_DEEP: Final = f"more than {DEPTH_MAX} lists and objects inside one another; send it flatter"


class _Wrong:
    """What the decoder puts in place of something JSON allows and J1 does not, so that the check can name its path."""

    def __init__(self, flaw: str) -> None:
        self.flaw = flaw


def _number(literal: str) -> _Wrong:
    return _Wrong(f"the number {literal[:40]}; only integers are allowed, send a decimal as a string")


def _integer(literal: str) -> int | _Wrong:
    if literal == "-0":
        return _Wrong("the number -0; send 0")
    if len(literal) > 17:  # longer than -(2^53-1): not even read, since reading digits takes quadratic time
        return _Wrong(f"the integer {literal[:40]}, beyond ±(2^53-1); send it as a string")
    return int(literal)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object] | _Wrong:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
    return _Wrong(f"the key {key!r:.80} more than once in one object; send each key once")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_int=_integer, parse_constant=_number)


def _check(value: object) -> None:
    """Raise CanonicalError where *value* leaves J1."""
    path: list[str] = []
    flaw = _find_flaw(value, path, DEPTH_MAX)
    if flaw:
        raise CanonicalError(f"At ${''.join(reversed(path))}: found {flaw}.")


def _find_flaw(value: Any, path: list[str], depth_left: int) -> str | None:  # Any: whatever a caller or the decoder put there
    # The path is put together on the way back from a flaw, last segment first, so that good values never pay for it.
    kind = type(value)
    if kind is str:
        return _find_text_flaw(value)
    if value is None or kind is bool:
        return None
    if kind is int:
        return None if -INTEGER_MAX <= value <= INTEGER_MAX else _big_integer(value)
    if kind is not dict and kind is not list:
        return _foreign(value)
    if depth_left == 0:
        return _TOO_DEEP
    if kind is list:
        for index, item in enumerate(value):
            flaw = _find_flaw(item, path, depth_left - 1)
            if flaw:
                path.append(f"[{index}]")
                return flaw
        return None
    for key, item in value.items():
        if type(key) is not str or not (key.isascii() and key.isidentifier()):  # an ASCII identifier is exactly a key of J1
            return f"the key {key!r:.80}; a key is letters, digits and _, and does not start with a digit: rename it"
        flaw = _find_flaw(item, path, depth_left - 1)
        if flaw:
            path.append(f".{key}")
            return flaw
    return None


def _find_text_flaw(text: str) -> str | None:
    if "\0" in text:
        index = text.index("\0")
        return f"a NUL character at index {index}; remove it, or send bytes as base64url"
    if text.isascii():
        return None
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"the lone surrogate U+{ord(text[error.start]):04X} at index {error.start}; send whole characters"
    return None


def _big_integer(number: int) -> str:
    shown = f"the integer {number}" if number.bit_length() <= 128 else f"an integer of {number.bit_length()} bits"
    return f"{shown}, beyond ±(2^53-1); send it as a string"


def _foreign(value: object) -> str:
    if isinstance(value, _Wrong):
        return value.flaw
    if isinstance(value, float):
        return f"the float {value!r}; send a decimal as a string"
    return f"a value of type {type(value).__name__}; expected None, bool, int, str, list or dict"
