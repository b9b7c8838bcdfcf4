"""Validators: the functions of the project that stand in the annotations of fields, and decide what a form may hold."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any, get_args

from ensue.core.data import Data, fields_of
from ensue.source.files import home_of, is_of_project


def validators_of(cls: type[Data]) -> list[FunctionType]:
    """The project's own functions that check a field of *cls*, or of values nested in it, each once, in order of the fields."""
    home = home_of(cls.__module__)
    found = (function for one in fields_of(cls).by_name.values() for function in _in_annotation(one.annotation))
    return [one for one in dict.fromkeys(found) if is_of_project(one.__code__.co_filename, one.__module__, home)]


def _in_annotation(annotation: Any) -> Iterator[FunctionType]:
    """`Annotated[str, AfterValidator(checked)]` names `checked`."""
    if isinstance(annotation, type) and issubclass(annotation, Data):
        for one in fields_of(annotation).by_name.values():
            yield from _in_annotation(one.annotation)
        return
    if hasattr(annotation, "__value__"):  # `type Name = …`
        yield from _in_annotation(annotation.__value__)
    for mark in (*getattr(annotation, "__metadata__", ()), *get_args(annotation)):
        for held in (mark, *(getattr(mark, "metadata", None) or ())):  # pydantic's Field() holds several
            function = getattr(held, "func", None)
            if isinstance(function, FunctionType):
                yield function
        yield from _in_annotation(mark)
