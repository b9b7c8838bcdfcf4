"""
Hints: what type an expression has, as far as annotations, constants and displays say it.

Only what the static check asks about needs to be known: sets, floats and integers, and classes without a text of their
own. Whatever cannot be told is None, and nothing is held against it.
"""

from __future__ import annotations

import ast
import collections.abc
import typing
from decimal import Decimal
from types import FunctionType, MethodType, ModuleType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from ensue.core.data import Data, fields_of
from ensue.core.event import Event
from ensue.core.model import Model
from ensue.source.names import Names

SETS: Final = (set, frozenset, collections.abc.Set)
SET_OPERATORS: Final = (ast.BitOr, ast.BitAnd, ast.BitXor, ast.Sub)
SET_METHODS: Final = frozenset({"union", "intersection", "difference", "symmetric_difference"})
WHOLE_OPERATORS: Final = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
DISPLAYS: Final = {
    ast.Set: set,
    ast.SetComp: set,
    ast.List: list,
    ast.ListComp: list,
    ast.Dict: dict,
    ast.DictComp: dict,
    ast.Tuple: tuple,
    ast.JoinedStr: str,
    ast.Lambda: FunctionType,
    ast.Compare: bool,
}


class Hints:
    """The types of expressions in one function, *node*, whose names mean what *names* says."""

    def __init__(self, node: ast.AST, names: Names, function: Any) -> None:
        self._names = names
        self._annotated = _annotations(function)
        self._assigned: dict[str, list[ast.expr]] = {}
        self._items: dict[str, list[ast.expr]] = {}
        self._asked: set[str] = set()
        for one in ast.walk(node):
            match one:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.NamedExpr(target=ast.Name(id=name), value=value):
                    self._assigned.setdefault(name, []).append(value)
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    self._annotated.setdefault(name, self._annotation(annotation))
                case ast.For(target=ast.Name(id=name), iter=value) | ast.comprehension(target=ast.Name(id=name), iter=value):
                    self._items.setdefault(name, []).append(value)

    def is_set(self, node: ast.expr) -> bool:
        """Whether it is a set, or may be one."""
        return any(_is_a(one, SETS) for one in _members(self.of(node)))

    def is_whole(self, node: ast.expr) -> bool:
        """Whether it is an integer for certain."""
        return self.of(node) is int

    def of(self, node: ast.expr) -> Any:
        """The type, or an annotation that says it; None where it cannot be told."""
        match node:
            case ast.Constant(value=value):
                return type(value)
            case ast.Name(id=name) if name in self._names.own:
                return self._variable(name)
            case ast.Name() | ast.Attribute() if (meaning := self._names.find(node)) is not None:
                return None if meaning.rest else type(meaning.value)
            case ast.Attribute(value=owner, attr=name):
                return _field(self.of(owner), name)
            case ast.BinOp(left=left, op=operator, right=right):
                return self._result(left, operator, right)
            case ast.IfExp(body=body, orelse=other):
                return self.of(body) or self.of(other)
            case ast.Call():
                return self._called(node)
        return DISPLAYS.get(type(node))

    def _variable(self, name: str) -> Any:
        if name in self._annotated:
            return self._annotated[name]
        if name in self._asked:  # x = x | y
            return None
        self._asked.add(name)
        try:
            found = [self.of(one) for one in self._assigned.get(name, ())] + [_item(self.of(one)) for one in self._items.get(name, ())]
        finally:
            self._asked.discard(name)
        return next((one for one in found if one is not None), None)

    def _result(self, left: ast.expr, operator: ast.operator, right: ast.expr) -> Any:
        if isinstance(operator, SET_OPERATORS) and (self.is_set(left) or self.is_set(right) or _is_keys(left) or _is_keys(right)):
            return set
        both = {self.of(left), self.of(right)} if not isinstance(operator, ast.Div) else set()
        return int if both == {int} and isinstance(operator, WHOLE_OPERATORS) else None

    def _called(self, node: ast.Call) -> Any:
        meaning = self._names.find(node.func)
        if meaning is None or meaning.rest:
            is_set = isinstance(node.func, ast.Attribute) and node.func.attr in SET_METHODS and self.is_set(node.func.value)
            return set if is_set else None
        if meaning.value is len:
            return int
        return meaning.value if isinstance(meaning.value, type) else _annotations(meaning.value).get("return")

    def _annotation(self, node: ast.expr) -> Any:
        """The class that an annotation in a function's body names."""
        meaning = self._names.find(node.value if isinstance(node, ast.Subscript) else node)
        return meaning.value if meaning is not None and not meaning.rest else None


def _annotations(function: Any) -> dict[str, Any]:
    """The annotations of a function, resolved; none of them where one cannot be."""
    if not isinstance(function, FunctionType | MethodType):
        return {}
    try:
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001  # an annotation is an expression like any other, and a hint is all that is lost
        return {}


def _members(hint: Any) -> list[Any]:
    """What a type may be."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        return [member for one in get_args(hint) for member in _members(one)]
    return [hint]


def _is_a(hint: Any, classes: tuple[Any, ...]) -> bool:
    kind = get_origin(hint) or hint
    return isinstance(kind, type) and issubclass(kind, classes)


def _is_keys(node: ast.expr) -> bool:
    """`a.keys()` and `a.items()` give sets once they are combined."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")


def _item(hint: Any) -> Any:
    """What going through a value of this type gives."""
    arguments = get_args(hint)
    return arguments[0] if arguments and _is_a(hint, (collections.abc.Iterable,)) else None


def _field(hint: Any, name: str) -> Any:
    """The type of a field of an event, row, effect or value."""
    for kind in _members(hint):
        if not (isinstance(kind, type) and issubclass(kind, Data)):
            continue
        state = kind.__ensue__.state.get(name) if issubclass(kind, Event) and kind is not Event else None
        if state is not None:
            return {"new": str, "related": tuple[state.model, ...]}.get(state.kind, state.model)  # type: ignore[name-defined]  # made at run time
        if kind not in (Data, Event, Model) and name in (known := fields_of(kind).by_name):
            return known[name].annotation
    return None


def shows_place(hint: Any) -> bool:
    """Whether the text of such a value is Python's own, which names a place in memory."""
    if not isinstance(hint, type) or hint in (type(None), Decimal) or issubclass(hint, Data | BaseException | type):
        return False
    if issubclass(hint, FunctionType | MethodType):
        return True
    return not issubclass(hint, ModuleType) and hint.__repr__ is object.__repr__ and hint.__str__ is object.__str__
