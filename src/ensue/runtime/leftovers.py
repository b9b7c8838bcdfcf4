"""
Leftovers: what a step leaves in variables that outlive it, and another run would find.

Looked at are the variables that its functions name: of their modules, of the functions around them, default values, and
attributes of functions and plain classes. Values are compared by identity, one level deep, so that looking costs little.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Final

from ensue.core.data import Data
from ensue.core.step import StepFunction
from ensue.source.files import file_of, is_of_project

CONTAINERS: Final = (list, dict, set, deque, bytearray)
ITEMS_MAX: Final = 1_000
"""A larger container is known by its size alone."""
ABSENT: Final = object()


class Leftovers:
    """What the variables that a step names held before it ran."""

    def __init__(self, function: StepFunction, home: str) -> None:
        self._home = home
        self._seen: set[CodeType] = set()
        self._kept: dict[str, tuple[Callable[[], Any], Any]] = {}
        if isinstance(function, FunctionType):
            self.note(function.__code__, function.__globals__)
            self._note_function(function.__name__, function)
            for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                self._keep(name, partial(_contents, cell))

    def note(self, code: CodeType, names: Mapping[str, Any]) -> None:
        """A function is about to run for the first time: keep what the variables it *names* hold."""
        if code in self._seen:
            return
        self._seen.add(code)
        module = names.get("__name__", "")
        for name in code.co_names:
            value = names.get(name, ABSENT)
            if value is ABSENT or isinstance(value, ModuleType | BuiltinFunctionType):
                continue
            if not isinstance(value, FunctionType | type):
                self._keep(f"{module}.{name}", partial(names.get, name, ABSENT))
            elif not _is_of_project(value.__module__, self._home):
                continue
            elif isinstance(value, FunctionType):
                self._note_function(f"{module}.{name}", value)
            elif not issubclass(value, Data):
                self._keep(f"{module}.{name}", partial(_class_image, value))

    def _note_function(self, name: str, function: FunctionType) -> None:
        values = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        for value in values:
            if isinstance(value, CONTAINERS):
                self._keep(f"a default of {name}", partial(_itself, value))
        self._keep(f"{name}.__dict__", partial(vars, function))

    def _keep(self, name: str, look: Callable[[], Any]) -> None:
        self._kept.setdefault(name, (look, _image(look())))

    def changed(self) -> str | None:
        """The first variable that no longer holds what it did."""
        return next((name for name, (look, before) in self._kept.items() if not _same(before, _image(look()))), None)


def _image(value: Any) -> Any:
    """What a value holds now, in objects that can be compared one by one."""
    if isinstance(value, CONTAINERS):
        if len(value) > ITEMS_MAX:
            return ("many", value, len(value))
        return ("some", value, *(value if not isinstance(value, dict) else [one for item in value.items() for one in item]))
    if type(value).__module__ == "itertools":  # a counter says where it stands
        return ("text", repr(value))
    return value


def _same(before: Any, now: Any) -> bool:
    if isinstance(before, tuple | list) and isinstance(now, tuple | list) and before is not now:
        return len(before) == len(now) and all(map(_same, before, now))
    return before is now or (isinstance(before, str | int) and type(before) is type(now) and before == now)


@lru_cache(maxsize=4096)
def _is_of_project(module: str, home: str) -> bool:
    return is_of_project(file_of(module), module, home)


def _itself(value: Any) -> Any:
    return value


def _class_image(cls: type[Any]) -> list[Any]:
    """What stands in a class itself, but for what Python and its caches put there."""
    return [_image(value) for name, value in vars(cls).items() if not name.startswith(("__", "_abc"))]


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return ABSENT
