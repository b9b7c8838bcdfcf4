"""
Annotations, resolved: the types a class or a step was declared with, wherever it was declared.

A class defined inside a function, or under `from __future__ import annotations`, has its annotations as text that
names things of the enclosing function. The frames of the definition are looked at once; a name that does not exist
yet (a class further down) is looked up again when the field is first needed.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, get_type_hints


class Namespace:
    """What the names in the annotations of a class or function mean: made while *owner* is being declared."""

    def __init__(self, owner: type[Any] | Callable[..., Any]) -> None:
        self._owner = owner
        self._frames = _frames_around(owner)

    def hints(self) -> dict[str, Any]:
        """
        The annotations of the owner itself, not of its bases; `Annotated` is kept.

        Raises:
            NameError: a name is not defined, or not defined yet.
        """
        names: dict[str, Any] = {}
        for frame in reversed(self._frames):
            names.update(frame.f_locals)
        owner: Any = self._owner
        if isinstance(owner, type):
            names[owner.__name__] = owner
            # A class without bases, since those may have been declared among other names.
            owner = type(owner.__name__, (), {"__annotations__": inspect.get_annotations(owner), "__module__": owner.__module__})
        hints = get_type_hints(owner, localns=names, include_extras=True)
        self._frames = []  # frames keep every local variable alive; they are needed only until the names are known
        return hints


def _frames_around(owner: type[Any] | Callable[..., Any]) -> list[FrameType]:
    """The frames of the functions and classes in whose bodies *owner* stands, innermost first. A caller's variables do not count."""
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_globals.get("__name__") == owner.__module__ and owner.__qualname__.startswith(frame.f_code.co_qualname + "."):
            frames.append(frame)
        frame = frame.f_back
    return frames
