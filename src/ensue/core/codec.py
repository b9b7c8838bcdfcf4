"""
Codec: how a Python value of one type becomes a J1 value, and comes back. Here are those of single values.

Equality, dropped updates, tags, differences and verification compare what `encode` gives, so the law is:
`decode(encode(x))` has the bytes of `x`. `read` is the door: it takes a J1 value from outside and refuses
whatever is not exactly of the type. `decode` trusts what a codec wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime

from ensue.core.canonical import INTEGER_MAX, Json, base64url, check_text, from_base64url
from ensue.errors import CanonicalError, FieldProblem, FormatError

DECIMAL_DIGITS_MAX = 1_000
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):\d\d:\d\d(?P<fraction>\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
TIME = re.compile(r"([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)
DECIMAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?", re.ASCII)
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def same(value: Any) -> Any:
    """The identity: the Python value is the J1 value."""
    return value


@dataclass(frozen=True)
class Codec:
    """
    How values of one field type are written and read.

    `kind` names the column type the storage floor uses. `read` raises ValueError with a sentence.
    `check` refuses Python values that have no J1 form and that the type system lets through (a lone surrogate, 2^53).
    `plain` codecs are identities and are skipped on the hot path. `normal` is a quicker decode(encode(x)).
    `split` moves the parts that have a purpose into leaves.
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
    normal: Callable[[Any], Any] | None = None
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", self.encode is same and self.decode is same)

    def normalise(self, value: Any) -> Any:
        """A checked Python value in the one form that it will have when it is read back."""
        return self.decode(self.encode(value)) if self.normal is None else self.normal(value)


class UnsupportedType(Exception):
    """No codec for this annotation; the message is the remedy. The class that declares the field makes a DefinitionError of it."""


# ---- single values -------------------------------------------------------------------------------------------------
def wrong(expected: str, value: Any) -> ValueError:
    """The error of a `read`: what was expected, and what was found."""
    shown = "null" if value is None else f"{type(value).__name__} {value!r}"
    return ValueError(f"expected {expected}, found {shown[:80]}")


def _read_text(value: Any) -> str:
    if type(value) is not str:
        raise wrong("a string", value)
    check_text(value)
    return value


def _read_integer(value: Any) -> int:
    if type(value) is not int:
        raise wrong("an integer", value)
    check_integer(value)
    return value


def check_integer(value: int) -> None:
    """Raises CanonicalError for an integer that J1 cannot hold."""
    if not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise CanonicalError(f"expected an integer within ±(2^53−1), found {value}; keep larger numbers as text")


def _read_boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise wrong("true or false", value)
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


_EXACT = Context(prec=4 * DECIMAL_DIGITS_MAX, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])


def add(value: Any, amount: Any) -> Any:
    """The sum of two integers or decimals, never rounded, whatever decimal context the caller is in."""
    return _EXACT.add(value, amount) if isinstance(value, Decimal) else value + amount


def subtract(value: Any, amount: Any) -> Any:
    """The difference of two integers or decimals, never rounded."""
    return _EXACT.subtract(value, amount) if isinstance(value, Decimal) else value - amount


def decimal(scale: int | None) -> Codec:
    """The codec of decimals with exactly *scale* places, or of any number of them."""

    def read(value: Any) -> Decimal:
        if type(value) is not str or not DECIMAL.fullmatch(value):
            raise wrong('a decimal in a string, such as "12.50"', value)
        return Decimal(decimal_text(Decimal(value), scale))

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
    return _utc_text(value)


@lru_cache(maxsize=256)  # one moment is written many times: by a whole batch, and by each row that says when
def _utc_text(value: datetime) -> str:
    return value.isoformat(timespec="microseconds")[:-6] + "Z"


def _normal_instant(value: datetime) -> datetime:
    return value if value.tzinfo is UTC else datetime.fromisoformat(instant_text(value))


def _read_instant(value: Any) -> datetime:
    if type(value) is not str or not (found := INSTANT.fullmatch(value)):
        raise wrong('an instant with its offset, such as "2018-07-30T09:00:00Z"', value)
    if found["fraction"] and len(found["fraction"]) > 7:
        raise ValueError(f"expected at most microseconds, found {value}; round it where it is made")
    try:
        return datetime.fromisoformat(instant_text(datetime.fromisoformat(value.upper())))
    except CanonicalError:
        raise
    except ValueError as error:
        raise ValueError(f"{value} is no instant: {error}") from None


def _read_date(value: Any) -> date:
    if type(value) is not str or not DAY.fullmatch(value):
        raise wrong('a date, such as "2018-07-30"', value)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value} is no date: {error}") from None


def _encode_time(value: time) -> str:
    if value.tzinfo is not None:
        raise CanonicalError(f"expected a time of day without a zone, found {value.isoformat()}")
    return value.isoformat(timespec="microseconds")


def _read_time(value: Any) -> time:
    if type(value) is not str or not TIME.fullmatch(value):
        raise wrong('a time of day, such as "09:30"', value)
    try:
        return time.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value} is no time of day: {error}") from None


def _read_uuid(value: Any) -> UUID:
    if type(value) is not str or not UUID_TEXT.fullmatch(value):
        raise wrong("a UUID of 36 characters", value)
    return UUID(value)


def _read_bytes(value: Any) -> bytes:
    if type(value) is not str:
        raise wrong("bytes in base64url without padding", value)
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
    datetime: Codec("instant", instant_text, datetime.fromisoformat, _read_instant, "instant", normal=_normal_instant),
    AwareDatetime: Codec("instant", instant_text, datetime.fromisoformat, _read_instant, "instant", normal=_normal_instant),
    date: Codec("date", _encode_date, date.fromisoformat, _read_date, "date", normal=same),
    time: Codec("time", _encode_time, time.fromisoformat, _read_time, "time"),
    UUID: Codec("uuid", str, UUID, _read_uuid, "uuid", normal=same),
    bytes: Codec("bytes", base64url, from_base64url, _read_bytes, "bytes", normal=same),
}


def choice(kind: str, values: dict[Any, Any], encode: Callable[[Any], Json]) -> Codec:
    """The codec of an enum or Literal: *values* by what stands for them in J1, all texts or all integers."""
    if not values or not all(type(value) in (str, int) for value in values) or len({type(value) for value in values}) != 1:
        raise UnsupportedType(f"an {kind} needs values that are all strings or all integers")

    def read(value: Any) -> Any:
        if type(value) not in (str, int) or value not in values:
            raise wrong("one of " + ", ".join(repr(choice) for choice in values), value)
        return values[value]

    text = type(next(iter(values))) is str
    return Codec("text" if text else "integer", encode, values.__getitem__, read, {kind: list(values)})


class NestedProblems(ValueError):
    """Several things wrong inside one nested value; the paths begin below it."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))


def problems_below(path: str, error: ValueError) -> list[FieldProblem]:
    """What a codec's `read` refused, with paths that begin at *path*."""
    if isinstance(error, NestedProblems):
        return [FieldProblem(f"{path}.{problem.path}", problem.code, problem.message) for problem in error.problems]
    return [FieldProblem(path, "type", str(error))]
