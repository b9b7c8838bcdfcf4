"""
Annotations, resolved: the types a class or a step was declared with, wherever it was declared.

A class defined inside a function, or under `from __future__ import annotations`, has its annotations as text that
names things of the enclosing function. The frames of the definition are looked at once; a name that does not exist
yet (a class further down) is looked up again when the field is first needed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, get_type_hints


class Namespace:
    """What the names in the annotations of a class or function mean: the local variables around its definition."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._frames: list[FrameType] | None = _frames_of(module)

    def hints(self, owner: Any, own: dict[str, Any]) -> dict[str, Any]:
        """
        The annotations of *owner*, `Annotated` kept; *own* adds names, such as the class itself.

        Raises:
            NameError: a name is not defined, or not defined yet.
        """
        names: dict[str, Any] = {}
        for frame in reversed(self._frames or ()):
            names.update(frame.f_locals)
        hints = get_type_hints(owner, localns={**names, **own}, include_extras=True)
        self._frames = None  # frames keep every local variable alive; they are needed only until the names are known
        return hints


def _frames_of(module: str) -> list[FrameType]:
    """The frames of *module* that are running just now, innermost first, without the module's own."""
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        inside = frame.f_globals.get("__name__") == module
        if inside and frame.f_code.co_name != "<module>":
            frames.append(frame)
        elif frames and not inside:
            break
        frame = frame.f_back
    return frames


def hints_of_function(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of *function*, resolved where it is being declared. Raises NameError as `Namespace.hints`."""
    return Namespace(function.__module__).hints(function, {})
