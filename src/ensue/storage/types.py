"""
Types: how field types stand in columns, on both databases. The law: `load(store(x))` has the bytes of `x`.

SQLite keeps decimals, instants and UUIDs as text, since its own numbers lose digits; PostgreSQL uses its own types.
Each column has a `ColumnCodec` from J1 values to what the driver takes, and back, used on the hot path; the
SQLAlchemy types below say the same for ordinary queries over `Model.table`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, Dialect, Numeric, Text, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine

from ensue.core.canonical import Json, base64url, canonical_trusted, from_base64url, parse_trusted
from ensue.core.codec import Codec, decimal_text, instant_text, same


class DecimalText(TypeDecorator[Decimal]):
    """A decimal with all its digits: NUMERIC on PostgreSQL, text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """NUMERIC where it keeps every digit."""
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """The driver's form."""
        return value if value is None or dialect.name == "postgresql" else decimal_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """The Python form."""
        return None if value is None else Decimal(value)


class InstantText(TypeDecorator[datetime]):
    """A moment in UTC: TIMESTAMP WITH TIME ZONE on PostgreSQL, J1 text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """A time stamp with its zone where there is one."""
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The driver's form."""
        return value if value is None or dialect.name == "postgresql" else instant_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The Python form, in UTC."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


class UuidText(TypeDecorator[UUID]):
    """A UUID: the type on PostgreSQL, its text with hyphens on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The database's own type where there is one."""
        return dialect.type_descriptor(Uuid() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        """The driver's form."""
        return value if value is None or dialect.name == "postgresql" else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        """The Python form."""
        return UUID(value) if isinstance(value, str) else value


class JsonText(TypeDecorator[Any]):
    """Nested values as J1 text: the exact bytes, which a JSON column would not keep."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """The driver's form."""
        return None if value is None else canonical_trusted(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """J1 values."""
        return None if value is None else parse_trusted(value.encode())


@dataclass(frozen=True)
class ColumnCodec:
    """From a J1 value to what the driver takes, and back; `cast` is the column's type in PostgreSQL's words."""

    store: Callable[[Any], Any]
    load: Callable[[Any], Any]
    cast: str

    @property
    def plain(self) -> bool:
        """Whether nothing is to be done on the way in."""
        return self.store is same


def _or_none(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


def _load_instant(value: Any) -> str:
    return instant_text(value if value.tzinfo is not None else value.replace(tzinfo=UTC))


def _load_time(value: time) -> str:
    return value.isoformat(timespec="microseconds")


_json_store, _json_load = _or_none(lambda value: canonical_trusted(value).decode()), _or_none(lambda value: parse_trusted(value.encode()))
_bytes_store, _bytes_load = _or_none(from_base64url), _or_none(lambda value: base64url(bytes(value)))

SQLITE: dict[str, ColumnCodec] = {
    "text": ColumnCodec(same, same, "text"),
    "integer": ColumnCodec(same, same, "bigint"),
    "boolean": ColumnCodec(same, _or_none(bool), "boolean"),
    "decimal": ColumnCodec(same, same, "numeric"),
    "instant": ColumnCodec(same, same, "timestamptz"),
    "date": ColumnCodec(same, same, "date"),
    "time": ColumnCodec(same, same, "time"),
    "uuid": ColumnCodec(same, same, "uuid"),
    "bytes": ColumnCodec(_bytes_store, _bytes_load, "bytea"),
    "json": ColumnCodec(_json_store, _json_load, "text"),
}
POSTGRESQL: dict[str, ColumnCodec] = {
    **SQLITE,
    "boolean": ColumnCodec(same, same, "boolean"),
    "instant": ColumnCodec(same, _or_none(_load_instant), "timestamptz"),
    "date": ColumnCodec(same, _or_none(date.isoformat), "date"),
    "time": ColumnCodec(same, _or_none(_load_time), "time"),
    "uuid": ColumnCodec(same, _or_none(str), "uuid"),
}


def column_codec(codec: Codec, dialect: Dialect, foreign: Column[Any] | None) -> ColumnCodec:
    """How *codec*'s J1 values stand in a column made from it, or in a *foreign* column that others declared."""
    if foreign is not None:
        return _foreign_codec(codec, dialect, foreign)
    if dialect.name == "postgresql" and codec.kind == "decimal":
        scale = codec.describe.get("decimal") if isinstance(codec.describe, dict) else None
        places = scale if isinstance(scale, int) else None
        return ColumnCodec(same, _or_none(lambda value: decimal_text(value, places)), "numeric")
    return (POSTGRESQL if dialect.name == "postgresql" else SQLITE)[codec.kind]


def _foreign_codec(codec: Codec, dialect: Dialect, column: Column[Any]) -> ColumnCodec:
    """Through the column's own SQLAlchemy type; a time stamp without a zone is read as UTC."""
    implementation = column.type.dialect_impl(dialect)
    bind: Any = implementation.bind_processor(dialect) or same
    result: Any = implementation.result_processor(dialect, None) or same
    naive = isinstance(column.type, DateTime) and not column.type.timezone

    def store(value: Json) -> Any:
        python = None if value is None else codec.decode(value)
        return bind(python.astimezone(UTC).replace(tzinfo=None) if naive and python is not None else python)

    def load(value: Any) -> Json:
        python = result(value)
        if python is None:
            return None
        if isinstance(python, datetime) and python.tzinfo is None:
            python = python.replace(tzinfo=UTC)
        if codec.kind == "decimal" and not isinstance(python, Decimal):
            python = Decimal(str(python))
        if codec.kind == "uuid" and isinstance(python, str):
            python = UUID(python)
        return codec.encode(
            codec.read(python)
            if codec.kind in ("text", "date", "time") and isinstance(python, str) and codec.decode is not same
            else python
        )

    declared = column.type.compile(dialect)
    # without lengths and scales: an explicit cast to VARCHAR(5) would cut silently, where the insert itself refuses
    cast = "text" if "CHAR" in declared.upper() else declared.partition("(")[0]
    return ColumnCodec(store, load, cast)


__all__ = ["ColumnCodec", "DecimalText", "InstantText", "JsonText", "UuidText", "column_codec"]
