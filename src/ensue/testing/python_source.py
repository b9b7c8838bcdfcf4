"""Python source: values as the expressions that make them, laid out in lines, and the imports that these need."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from ensue.core.canonical import canonical_trusted
from ensue.core.data import Data, fields_of
from ensue.core.fields import DataField
from ensue.errors import RequestError

WIDTH: Final = 100
"""Columns of a line."""
INDENT: Final = 4
TEXT_MIN: Final = 24
"""Columns that each piece of a long text gets, however deep it stands."""


@dataclass(frozen=True)
class Call:
    """A call, or a display such as a tuple: what stands before the bracket, and the items, some with a name."""

    head: str
    items: tuple[tuple[str, Node], ...]
    brackets: str = "()"


@dataclass(frozen=True)
class Text:
    """A text, which is written in pieces where it is longer than its line."""

    text: str


Node = str | Text | Call
"""Source that is not broken, or what may be."""


def quoted(text: str) -> str:
    """A text as source, in double quotes where that needs no escape."""
    source = repr(text)
    return source if source[0] == '"' or '"' in text else '"' + source[1:-1].replace("\\'", "'") + '"'


def laid_out(node: Node, indent: int = 0, taken: int = 0) -> str:
    """*node* in lines that begin *indent* columns in; in its first, *taken* columns more are taken."""
    flat = _flat(node)
    if isinstance(node, str) or indent + taken + len(flat) <= WIDTH or flat in ('""', "()"):
        return flat
    pad = " " * (indent + INDENT)
    if isinstance(node, Text):
        size = max(TEXT_MIN, WIDTH - indent - INDENT - 3)
        pieces = [node.text[at : at + size] for at in range(0, len(node.text), size)]
        return "\n".join(("(", *(pad + quoted(piece) for piece in pieces), " " * indent + ")"))
    lines = [
        pad + (f"{name}=" if name else "") + laid_out(item, indent + INDENT, len(name) + 2 if name else 1) + ","
        for name, item in node.items
    ]
    return "\n".join((node.head + node.brackets[0], *lines, " " * indent + node.brackets[1]))


def _flat(node: Node) -> str:
    if not isinstance(node, Call):
        return quoted(node.text) if isinstance(node, Text) else node
    items = ", ".join((f"{name}=" if name else "") + _flat(item) for name, item in node.items)
    comma = "," if node.brackets == "()" and not node.head and len(node.items) == 1 else ""
    return node.head + node.brackets[0] + items + comma + node.brackets[1]


@dataclass
class Source:
    """Writes values, and keeps what must be imported for them."""

    _names: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What each name stands for: module, and the name there."""

    def name(self, module: str, name: str) -> str:
        """What *name* of *module* is called here: the same, unless another thing is called so already."""
        called, number = name, 1
        while self._names.setdefault(called, (module, name)) != (module, name):
            number += 1
            called = f"{name}_{number}"
        return called

    def of_class(self, cls: type) -> str:
        """A class, imported. Raises RequestError where it cannot be, since a function made it."""
        outer, _, inner = cls.__qualname__.partition(".")
        if "<locals>" in cls.__qualname__:
            raise RequestError(f"{cls.__qualname__} is made by a function of {cls.__module__}, so no other file can import it.")
        return self.name(cls.__module__, outer) + (f".{inner}" if inner else "")

    def value(self, value: Any) -> Node:
        """The expression that makes *value*, of any type that a field may have."""
        match value:
            case Data():
                return self.made(value)
            case Enum():
                return f"{self.of_class(type(value))}.{value.name}"
            case str():
                return Text(value)
            case None | bool() | int() | bytes():
                return repr(value)
            case Decimal():
                return f'{self.name("decimal", "Decimal")}("{value}")'
            case UUID():
                return f'{self.name("uuid", "UUID")}("{value}")'
            case datetime():
                return self._moment(value)
            case date():
                return f"{self.name('datetime', 'date')}({value.year}, {value.month}, {value.day})"
            case time():
                return f"{self.name('datetime', 'time')}({_numbers(value.hour, value.minute, value.second, value.microsecond, least=2)})"
            case tuple():
                return Call("", tuple(("", self.value(one)) for one in value))
            case frozenset():
                ordered = sorted(value, key=repr)
                return (
                    Call("frozenset", (("", Call("", tuple(("", self.value(one)) for one in ordered), "{}")),))
                    if ordered
                    else "frozenset()"
                )
        raise RequestError(f"A {type(value).__name__} has no source: {value!r:.60}.")

    def made(self, data: Data) -> Call:
        """The call that makes a row, a value or an effect: what is as its default is left out."""
        fields = fields_of(type(data)).by_name
        values = [(one, data.__dict__[name]) for name, one in fields.items()]
        said = [(one.name, value) for one, value in values if one.required or not _same(one, value)]
        return Call(self.of_class(type(data)), tuple((name, self.value(value)) for name, value in said))

    def _moment(self, value: datetime) -> str:
        utc = value.astimezone(UTC)
        numbers = _numbers(utc.hour, utc.minute, utc.second, utc.microsecond, least=2)
        zone = self.name("datetime", "UTC")
        return f"{self.name('datetime', 'datetime')}({utc.year}, {utc.month}, {utc.day}, {numbers}, tzinfo={zone})"

    def imports(self) -> str:
        """The import lines: those of the standard library, then a blank line, then all others."""
        modules: dict[str, list[str]] = defaultdict(list)
        for called, (module, name) in self._names.items():
            modules[module].append(name if called == name else f"{name} as {called}")
        standard = sorted(modules.keys() & {"datetime", "decimal", "uuid"})
        groups = (standard, sorted(modules.keys() - set(standard)))
        return "\n\n".join("\n".join(_import(module, sorted(modules[module])) for module in group) for group in groups if group)


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= WIDTH else laid_out(Call(f"from {module} import ", tuple(("", name) for name in names)))


def _same(field: DataField, value: Any) -> bool:
    """Whether *value* is the field's default, in every byte."""
    encode = field.codec.encode
    return canonical_trusted(encode(value)) == canonical_trusted(encode(field.default))


def _numbers(*numbers: int, least: int) -> str:
    """Numbers of a time, without the zeros at the end that need not be said."""
    shown = list(numbers)
    while len(shown) > least and not shown[-1]:
        shown.pop()
    return ", ".join(map(str, shown))
