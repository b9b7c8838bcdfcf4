"""
Field types: which annotations a field may have, and the codec of each.

An annotation is taken apart from outside in: `Annotated` gives the purpose and the scale, `| None` makes it optional,
tuples and frozensets hold items, and at the bottom stands a type with a codec of its own.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import NaiveDatetime
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType

from ensue.core.canonical import Json, canonical_trusted
from ensue.core.codec import SIMPLE, Codec, NestedProblems, UnsupportedType, choice, decimal, problems_below, same, wrong
from ensue.errors import FieldProblem

REMEDIES: dict[Any, str] = {
    float: "a float has no exact bytes; use Decimal",
    list: "a list can be changed; use tuple[T, ...]",
    dict: "a dict can be changed; declare a class that derives from Value",
    tuple: "a tuple says what is in it; use tuple[T, ...]",
    set: "a set can be changed; use frozenset[T]",
    Any: "anything has no column; name the type",
    NaiveDatetime: "a time without a zone is no moment; use datetime, which must have one",
}


@dataclass(frozen=True)
class Purpose:
    """
    Why a field is kept, as `Annotated[T, Purpose("contact")]`.

    Its values can be erased alone, and are masked for who lacks the purpose.
    """

    name: str


_T = TypeVar("_T")
Sensitive = Annotated[_T, Purpose("sensitive")]
"""A field whose values say something about a person: `Sensitive[str]`."""


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


def _simple(annotation: Any, scale: int | None) -> Codec:
    if annotation is Decimal:
        return decimal(scale)
    if annotation in SIMPLE:
        return SIMPLE[annotation]
    if isinstance(annotation, type):
        if issubclass(annotation, Enum):
            return choice("enum", {member.value: member for member in annotation}, encode=lambda member: member.value)
        nested: Callable[[], Codec] | None = getattr(annotation, "__ensue_codec__", None)
        if nested is not None:
            return nested()
    name = getattr(annotation, "__name__", annotation)
    raise UnsupportedType(REMEDIES.get(annotation, f"{name} has no byte format; derive it from Value, or keep it as text"))


def _nested(annotation: Any, origin: Any, scale: int | None) -> Codec:
    arguments = get_args(annotation)
    if origin is Literal:
        codec = choice("literal", {value: value for value in arguments}, encode=same)
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
            raise wrong("a list", value)
        items = []
        problems: list[FieldProblem] = []
        for place, one in enumerate(value):
            try:
                items.append(read_item(one))
            except ValueError as error:
                problems += problems_below(str(place), error)
        if problems:
            raise NestedProblems(problems)
        built = build(items)
        if len(built) != len(value):
            raise ValueError(f"expected values that differ, found {len(value) - len(built)} twice")
        return built

    def decode(values: Any) -> Any:
        return build(decode_item(value) for value in values)

    def split(values: Json, path: str, leaves: list[tuple[str, Json]]) -> Json:
        assert isinstance(values, list)
        return [split_leaf(item, value, f"{path}/{place}", leaves) for place, value in enumerate(values)]

    def check(values: Any) -> None:
        assert check_item is not None
        for value in values:
            check_item(value)

    check_item = item.check
    splits = item.purpose is not None or item.split is not None
    described: Json = {"tuple" if ordered else "frozenset": item.describe}
    return Codec("json", encode, decode, read, described, split=split if splits else None, check=check if check_item is not None else None)


def split_leaf(codec: Codec, value: Json, path: str, leaves: list[tuple[str, Json]]) -> Json:
    """*value* with every non-null part that has a purpose moved into *leaves*, named by its path, and a placeholder left behind."""
    if value is None:
        return None
    if codec.purpose is not None:
        leaves.append((path, value))
        return {"_leaf": path}
    return value if codec.split is None else codec.split(value, path, leaves)
