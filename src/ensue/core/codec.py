"""
One codec per field type: how a Python value becomes a J1 value, and comes back.

Equality, dropped updates, tags, differences and verification compare what `encode` gives, so the law is:
`decode(encode(x))` has the bytes of `x`. `read` is the door: it takes a J1 value from outside and refuses
whatever is not exactly of the type. `decode` trusts what a codec wrote.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType

from ensue.core.canonical import Json, base64url, canonical_trusted, check_text, from_base64url
from ensue.errors import CanonicalError, FormatError

INTEGER_MAX = 2**53 - 1
DECIMAL_DIGITS_MAX = 1_000
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?")
DECIMAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


@dataclass(frozen=True)
class Purpose:
    """Why a field is kept, as `Annotated[T, Purpose("contact")]`: its values can be erased alone, and are masked for who lacks the purpose."""

    name: str


_T = TypeVar("_T")
Sensitive = Annotated[_T, Purpose("sensitive")]
"""A field whose values say something about a person: `Sensitive[str]`."""


def same(value: Any) -> Any:
    """The identity: the Python value is the J1 value."""
    return value


@dataclass(frozen=True)
class Codec:
    """
    How values of one field type are written and read.

    `kind` names the column type the storage floor uses. `read` raises ValueError with a sentence.
    `check` refuses Python values that have no J1 form and that the type system lets through (a lone surrogate, 2^53).
    `plain` codecs are identities and are skipped on the hot path. `split` moves the parts that have a purpose into leaves.
    """

    kind: str
    encode: Callable[[Any], Json] = same
    decode: Callable[[Any], Any] = same
    read: Callable[[Any], Any] = same
    describe: Json = None
    purpose: str | None = None
    optional: bool = False
    split: Callable[[Json, str, list[tuple[str, Json]]], Json] | None = None
    check: Callable[[Any], None] | None = None
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", self.encode is same and self.decode is same)


class UnsupportedType(Exception):
    """No codec for this annotation; the message is the remedy. The class that declares the field makes a DefinitionError of it."""


def codec_for(annotation: Any) -> Codec:
    """
    The codec for a field's annotation.

    Raises:
        UnsupportedType: float, naive datetimes, mutable containers, unions and whatever has no byte format.
    """
    return _build(annotation, scale=None, purpose=None)


def _build(annotation: Any, *, scale: int | None, purpose: str | None) -> Codec:
    if isinstance(annotation, TypeAliasType):
        return _build(annotation.__value__, scale=scale, purpose=purpose)
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        for mark in metadata:
            scale = _scale_of(mark, scale)
            purpose = mark.name if isinstance(mark, Purpose) else purpose
        return _build(inner, scale=scale, purpose=purpose)
    if origin in (Union, types.UnionType):
        return _optional(annotation, scale, purpose)
    codec = _nested(annotation, origin, scale) if origin is not None else _simple(annotation, scale)
    return codec if purpose is None else _marked(codec, purpose)


def _scale_of(mark: Any, scale: int | None) -> int | None:
    for item in mark.metadata if isinstance(mark, FieldInfo) else (mark,):
        found = getattr(item, "decimal_places", None)
        if found is not None:
            return int(found)
    return scale


def _marked(codec: Codec, purpose: str) -> Codec:
    return replace(codec, purpose=purpose, split=None)


def _optional(annotation: Any, scale: int | None, purpose: str | None) -> Codec:
    members = [member for member in get_args(annotation) if member is not type(None)]
    if len(members) != 1 or len(members) == len(get_args(annotation)):
        raise UnsupportedType("a union of several types has no column; declare one type, or one type and None")
    inner = _build(members[0], scale=scale, purpose=purpose)
    encode, decode, read, split, check = inner.encode, inner.decode, inner.read, inner.split, inner.check
    return Codec(
        inner.kind,
        same if inner.plain else lambda value: None if value is None else encode(value),
        same if inner.plain else lambda value: None if value is None else decode(value),
        lambda value: None if value is None else read(value),
        {"optional": inner.describe},
        inner.purpose,
        True,
        None if split is None else lambda value, path, leaves: None if value is None else split(value, path, leaves),
        None if check is None else lambda value: None if value is None else check(value),
    )


# ---- single values -------------------------------------------------------------------------------------------------
def _wrong(expected: str, value: Any) -> ValueError:
    shown = "null" if value is None else f"{type(value).__name__} {value!r}"
    return ValueError(f"expected {expected}, found {shown[:80]}")


def _read_text(value: Any) -> str:
    if type(value) is not str:
        raise _wrong("a string", value)
    check_text(value)
    return value


def _read_integer(value: Any) -> int:
    if type(value) is not int:
        raise _wrong("an integer", value)
    check_integer(value)
    return value


def check_integer(value: int) -> None:
    """Raises CanonicalError for an integer that J1 cannot hold."""
    if not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise CanonicalError(f"expected an integer within ±(2^53−1), found {value}; keep larger numbers as text")


def _read_boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise _wrong("true or false", value)
    return value


def decimal_text(value: Decimal, scale: int | None = None) -> str:
    """*value* without exponent or negative zero, with exactly *scale* places, else without trailing zeros."""
    if not value.is_finite():
        raise CanonicalError(f"expected a finite decimal, found {value}")
    if abs(value.adjusted()) > DECIMAL_DIGITS_MAX or len(value.as_tuple().digits) > DECIMAL_DIGITS_MAX:
        raise CanonicalError(f"expected a decimal of at most {DECIMAL_DIGITS_MAX} digits, found one of {len(value.as_tuple().digits)}")
    text = format(value, "f")
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if scale is not None:
        if len(fraction) > scale:
            raise CanonicalError(f"expected at most {scale} decimal places, found {text}")
        fraction = fraction.ljust(scale, "0")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    digits = digits.lstrip("0") or "0"
    if sign and digits == "0" and not fraction.strip("0"):
        sign = ""
    return f"{sign}{digits}.{fraction}" if fraction else sign + digits


def _decimal(scale: int | None) -> Codec:
    def read(value: Any) -> Decimal:
        if type(value) is not str or not DECIMAL.fullmatch(value):
            raise _wrong('a decimal in a string, such as "12.50"', value)
        try:
            return Decimal(decimal_text(Decimal(value), scale))
        except InvalidOperation as error:  # pragma: no cover - the pattern leaves nothing that Decimal refuses
            raise _wrong("a decimal", value) from error

    return Codec("decimal", lambda value: decimal_text(value, scale), Decimal, read, {"decimal": scale})


def instant_text(value: datetime) -> str:
    """*value* in UTC as `YYYY-MM-DDTHH:MM:SS.ffffffZ`. Raises CanonicalError for a time without a zone."""
    if value.tzinfo is not UTC:
        if value.utcoffset() is None:
            raise CanonicalError(f"expected a time with a zone, found {value.isoformat()}; add tzinfo=UTC or the zone it was meant in")
        try:
            value = value.astimezone(UTC)
        except OverflowError as error:
            raise CanonicalError(f"{value.isoformat()} has no UTC form between the years 1 and 9999") from error
    return value.isoformat(timespec="microseconds")[:-6] + "Z"


def _read_instant(value: Any) -> datetime:
    if type(value) is not str or not (found := INSTANT.fullmatch(value)):
        raise _wrong('an instant with its offset, such as "2018-07-30T09:00:00Z"', value)
    if found[1] and len(found[1]) > 7:
        raise ValueError(f"expected at most microseconds, found {value}; round it where it is made")
    try:
        return datetime.fromisoformat(instant_text(datetime.fromisoformat(value.upper())))
    except CanonicalError:
        raise
    except ValueError as error:
        raise ValueError(f"{value} is no instant: {error}") from None


def _read_date(value: Any) -> date:
    if type(value) is not str or not DAY.fullmatch(value):
        raise _wrong('a date, such as "2018-07-30"', value)
    return date.fromisoformat(value)


def _encode_time(value: time) -> str:
    if value.tzinfo is not None:
        raise CanonicalError(f"expected a time of day without a zone, found {value.isoformat()}")
    return value.isoformat(timespec="microseconds")


def _read_time(value: Any) -> time:
    if type(value) is not str or not TIME.fullmatch(value):
        raise _wrong('a time of day, such as "09:30"', value)
    return time.fromisoformat(value)


def _read_uuid(value: Any) -> UUID:
    if type(value) is not str or len(value) != 36:
        raise _wrong("a UUID", value)
    return UUID(value)


def _read_bytes(value: Any) -> bytes:
    if type(value) is not str:
        raise _wrong("bytes in base64url without padding", value)
    try:
        return from_base64url(value)
    except FormatError as error:
        raise ValueError(str(error)) from None


def _encode_date(value: date) -> str:
    return value.isoformat()


SIMPLE: dict[Any, Codec] = {
    str: Codec("text", read=_read_text, describe="text", check=check_text),
    int: Codec("integer", read=_read_integer, describe="integer", check=check_integer),
    bool: Codec("boolean", read=_read_boolean, describe="boolean"),
    datetime: Codec("instant", instant_text, datetime.fromisoformat, _read_instant, "instant"),
    date: Codec("date", _encode_date, date.fromisoformat, _read_date, "date"),
    time: Codec("time", _encode_time, time.fromisoformat, _read_time, "time"),
    UUID: Codec("uuid", str, UUID, _read_uuid, "uuid"),
    bytes: Codec("bytes", base64url, from_base64url, _read_bytes, "bytes"),
}
REMEDIES: dict[Any, str] = {
    float: "a float has no exact bytes; use Decimal",
    list: "a list can be changed; use tuple[T, ...]",
    dict: "a dict can be changed; declare a class that derives from Value",
    set: "a set can be changed; use frozenset[T]",
    Any: "anything has no column; name the type",
}


def _simple(annotation: Any, scale: int | None) -> Codec:
    if annotation is Decimal:
        return _decimal(scale)
    if annotation in SIMPLE:
        return SIMPLE[annotation]
    if isinstance(annotation, type):
        if issubclass(annotation, Enum):
            return _choice("enum", {member.value: member for member in annotation}, encode=lambda member: member.value)
        nested: Callable[[], Codec] | None = getattr(annotation, "__ensue_codec__", None)
        if nested is not None:
            return nested()
    if getattr(annotation, "__name__", "") == "NaiveDatetime":
        raise UnsupportedType("a time without a zone is not a moment; use datetime, with a zone")
    raise UnsupportedType(REMEDIES.get(annotation, f"{getattr(annotation, '__name__', annotation)} has no byte format; derive it from Value, or keep it as text"))


def _choice(kind: str, values: dict[Any, Any], encode: Callable[[Any], Json]) -> Codec:
    if not values or not all(type(value) in (str, int) for value in values) or len({type(value) for value in values}) != 1:
        raise UnsupportedType(f"an {kind} needs values that are all strings or all integers")

    def read(value: Any) -> Any:
        if type(value) not in (str, int) or value not in values:
            raise _wrong("one of " + ", ".join(repr(choice) for choice in values), value)
        return values[value]

    text = type(next(iter(values))) is str
    return Codec("text" if text else "integer", encode, values.__getitem__, read, {kind: list(values)})


# ---- nested values -------------------------------------------------------------------------------------------------
def _nested(annotation: Any, origin: Any, scale: int | None) -> Codec:
    arguments = get_args(annotation)
    if origin is Literal:
        codec = _choice("literal", {value: value for value in arguments}, encode=same)
        return Codec(codec.kind, same, same, codec.read, codec.describe)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _sequence(_build(arguments[0], scale=scale, purpose=None), tuple, ordered=True)
    if origin is frozenset:
        return _sequence(_build(arguments[0], scale=scale, purpose=None), frozenset, ordered=False)
    if origin is tuple:
        raise UnsupportedType("a tuple of fixed places has no names; use tuple[T, ...] or a class that derives from Value")
    raise UnsupportedType(REMEDIES.get(origin, f"{annotation} has no byte format; derive it from Value"))


def _sequence(item: Codec, build: Callable[[Any], Any], *, ordered: bool) -> Codec:
    encode_item, decode_item, read_item = item.encode, item.decode, item.read

    def encode(values: Any) -> Json:
        items = [encode_item(value) for value in values]
        return items if ordered else sorted(items, key=canonical_trusted)

    def read(value: Any) -> Any:
        if type(value) is not list:
            raise _wrong("a list", value)
        items = []
        for place, one in enumerate(value):
            try:
                items.append(read_item(one))
            except NestedProblems as nested:
                raise NestedProblems([(f"{place}.{path}", message) for path, message in nested.problems]) from None
            except ValueError as error:
                raise NestedProblems([(str(place), str(error))]) from None
        return build(items)

    split = None
    if item.purpose is not None or item.split is not None:

        def split(values: Json, path: str, leaves: list[tuple[str, Json]]) -> Json:
            assert isinstance(values, list)
            return [split_leaf(item, value, f"{path}/{place}", leaves) for place, value in enumerate(values)]

    check = None
    if (check_item := item.check) is not None:

        def check(values: Any) -> None:
            for value in values:
                check_item(value)

    name = "tuple" if ordered else "frozenset"
    return Codec("json", encode, lambda values: build(decode_item(value) for value in values), read, {name: item.describe}, split=split, check=check)


class NestedProblems(ValueError):
    """Several things wrong inside one nested value: (path below it, sentence)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{path}: {message}" for path, message in problems))


def split_leaf(codec: Codec, value: Json, path: str, leaves: list[tuple[str, Json]]) -> Json:
    """*value* with every non-null part that has a purpose moved into *leaves*, named by its path, and a placeholder left behind."""
    if value is None:
        return None
    if codec.purpose is not None:
        leaves.append((path, value))
        return {"_leaf": path}
    return value if codec.split is None else codec.split(value, path, leaves)
