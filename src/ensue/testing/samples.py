"""
Samples: events and rows with values that find mistakes, the same in every run.

Made from the schema of a class: first the simple values and the odd ones (empty texts, one word where two are usual,
the limits of numbers, the last day of February), then any. No library is needed for it, so that every application can
run `check_shapes` where it tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

from ensue.core.canonical import INTEGER_MAX, base64url
from ensue.core.data import Data, fields_of
from ensue.core.event import Event, read_event, whole_form
from ensue.core.model import Model
from ensue.core.schema import PREFIX, Schema, form_schema, row_schema
from ensue.errors import EnsueError

D = TypeVar("D", bound=Data)

TEXTS: Final = (
    "a",
    "",
    "Plato",
    "Ada Lovelace",
    "Gaius Julius Caesar",
    " a ",
    "a  b",
    "0",
    "null",
    "a,b;c/d",
    "é",
    "e\u0301",
    "日本語",
    "A",
    "\n",
)
DATES: Final = ("2018-07-30", "1970-01-01", "2000-02-29", "1900-12-31", "9999-12-31")
TIMES: Final = ("09:30:00.000000", "00:00:00.000000", "23:59:59.999999")
DECIMALS: Final = ("0", "1", "-1", "0.5", "12.50", "-0.001", "99999999999999999999.99")
INTEGERS: Final = (0, 1, 2, -1, 10, 99, 1_000_000, INTEGER_MAX, -INTEGER_MAX)
BYTES: Final = (b"a", b"", b"\x00\xff")
LENGTHS: Final = (0, 1, 2, 5)
TRIES_PER_FIELD: Final = 60


class NoSample(Exception):
    """No value of a field was found by trying; whoever asks says how to give one."""


def samples_of(cls: type[D], count: int, random: Random) -> list[D]:
    """
    Up to *count* events or rows of a class: the simplest, then mixed.

    Raises:
        NoSample: a field takes no value that was tried.
    """
    values = {name: _field_values(cls, name, schema, random) for name, schema in _properties(cls).items()}
    wires = ({name: found[0] if number == 0 else random.choice(found) for name, found in values.items()} for number in range(count))
    return [_made(cls, wire) for wire in wires]


def simpler(sample: D, is_wrong: Callable[[D], object], random: Random) -> D:
    """A sample that is still wrong, with as many of the simplest values as can be."""
    cls, wire = type(sample), _wire_of(sample)
    for name, schema in _properties(cls).items():
        for value in _field_values(cls, name, schema, random, [wire.get(name)]):
            if value == wire.get(name):
                break
            try:
                other = _made(cls, {**wire, name: value})
            except EnsueError:
                continue
            if is_wrong(other):
                wire, sample = {**wire, name: value}, other
                break
    return sample


def _properties(cls: type[Any]) -> Mapping[str, Schema]:
    properties: Mapping[str, Schema] = (form_schema(cls) if issubclass(cls, Event) else row_schema(cls))["properties"]
    return properties


def _made(cls: type[Any], wire: Mapping[str, Any]) -> Any:
    if issubclass(cls, Event):
        return read_event(cls, wire)
    fields = fields_of(cls)
    return cls(**{name: fields.by_name[name].codec.read(value) for name, value in wire.items()})


def _wire_of(sample: Any) -> dict[str, Any]:
    return whole_form(sample) if isinstance(sample, Event) else fields_of(type(sample)).encode(sample.__dict__)


def _field_values(cls: type[Any], name: str, schema: Schema, random: Random, known: Iterable[Any] = ()) -> list[Any]:
    """Values that the field takes, the simplest first; *known* ones where none was found."""
    if f"{PREFIX}state" in schema or (name == "id" and issubclass(cls, Model)):
        return [f"{name.removesuffix('_id')}-1", f"{name.removesuffix('_id')}-2"]
    fields = fields_of(cls)
    taken: list[Any] = []
    for value in values_of(schema, random):
        try:
            fields.validate_some({name: fields.by_name[name].codec.read(value)})
        except (EnsueError, ValueError):
            continue
        if value not in taken:
            taken.append(value)
    if not taken and not known:
        raise NoSample(f"{cls.__name__}.{name}")
    return taken or list(known)


# ---- values of a schema, as J1 -------------------------------------------------------------------------------------
def values_of(schema: Schema, random: Random) -> Iterator[Any]:
    """Values that may fit a schema, the simple ones first; limits that are patterns or code are for others to check."""
    kind = schema["type"]
    if isinstance(kind, list):
        yield from values_of({**schema, "type": kind[0]}, random)
        yield None
        return
    if "enum" in schema:
        yield from (one for one in schema["enum"] if one is not None)
    elif kind == "array":
        yield from _lists(schema, random)
    elif kind == "object":
        yield from _objects(schema, random)
    elif kind == "boolean":
        yield from (False, True)
    elif kind == "integer":
        yield from _integers(schema, random)
    else:
        yield from _texts(schema, random)


def _integers(schema: Schema, random: Random) -> Iterator[int]:
    step = schema.get("multipleOf", 1)
    limits = [schema[word] for word in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum") if word in schema]
    near = [limit + beside for limit in limits for beside in (0, 1, -1)]
    low, high = min([*limits, -1_000]), max([*limits, 1_000])
    for value in (*near, *INTEGERS, *(random.randint(low, high) for _ in range(TRIES_PER_FIELD // 3))):
        yield value // step * step


def _texts(schema: Schema, random: Random) -> Iterator[str]:
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
    named = schema.get("format") or ("bytes" if "contentEncoding" in schema else "text")
    if named == "date":
        yield from DATES
    elif named == "date-time":
        yield from (f"{day}T{time}Z" for day in DATES for time in TIMES)
    elif named == "local-time":
        yield from TIMES
    elif named == "uuid":
        yield from (str(UUID(int=number)) for number in (1, 0, random.getrandbits(128)))
    elif named == "bytes":
        yield from (base64url(one) for one in (*BYTES, random.randbytes(20)))
    elif named == "decimal":
        yield from _decimals(schema, random)
    else:
        for text in (*TEXTS, *(_any_text(random) for _ in range(TRIES_PER_FIELD // 2))):
            fitted = text + "x" * (shortest - len(text))
            yield fitted[:longest]
        yield "x" * (longest if longest is not None else 300)


def _any_text(random: Random) -> str:
    alphabet = random.choice(("abc ", "ABCabc", "0123456789", "a-_.@ ", "äöü ß", "\u2028\u00a0x"))
    return "".join(random.choice(alphabet) for _ in range(random.choice((1, 3, 4, 8, 10, 20))))


def _decimals(schema: Schema, random: Random) -> Iterator[str]:
    limits = [
        schema[f"{PREFIX}{word}"] for word in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum") if f"{PREFIX}{word}" in schema
    ]
    places = schema.get(f"{PREFIX}decimal_places", 2)
    yield from limits
    yield from DECIMALS
    for _ in range(TRIES_PER_FIELD // 3):
        whole = random.choice((random.randint(0, 9), random.randint(0, 10_000)))
        yield f"{whole}.{random.randint(0, 10**places - 1):0{places}}" if places else str(whole)


def _lists(schema: Schema, random: Random) -> Iterator[list[Any]]:
    items = list(values_of(schema["items"], random))
    shortest, longest = schema.get("minItems", 0), schema.get("maxItems", max(LENGTHS))
    for length in dict.fromkeys((shortest, *LENGTHS, longest)):
        for _ in range(4):
            values = [random.choice(items) for _ in range(length)]
            yield [one for place, one in enumerate(values) if one not in values[:place]] if schema.get("uniqueItems") else values


def _objects(schema: Schema, random: Random) -> Iterator[dict[str, Any]]:
    parts = {name: list(values_of(one, random)) for name, one in schema["properties"].items()}
    yield {name: values[0] for name, values in parts.items()}
    for _ in range(TRIES_PER_FIELD):
        yield {name: random.choice(values) for name, values in parts.items()}
