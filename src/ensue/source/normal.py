r"""
Normal: a syntax tree without what does not decide, and its hash; the same on every Python from 3.11.

Left out are positions and comments (no tree has them), docstrings and other lone constants, `pass`, type comments, and
the annotations of functions: what a step may cause is its contract, which is kept resolved, so that an alias or an
import written another way is no edit. In a class annotations stay, since dataclasses are made of them. What only newer
Pythons write down is left out while it is empty, and text pieces of an f-string are joined, since Python 3.12 cuts them
elsewhere. A name, a number or a word changed anywhere else gives another hash.

    SHA-256("ensue source/1\n" ‖ JSON of the tree), as base64url

This file needs nothing but Python's own library, so that any interpreter can run it alone.
"""

from __future__ import annotations

import ast
import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import Any

PREFIX = b"ensue source/1\n"
LEFT_OUT = {"ctx", "kind", "type_comment", "type_ignores", "returns"}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def digest_of_node(node: ast.AST) -> str:
    """The hash of a syntax tree in its normal form."""
    return digest_of_text(normal_text(node))


def digest_of_text(text: str) -> str:
    """The hash of a text that stands for a value or a tree."""
    return urlsafe_b64encode(hashlib.sha256(PREFIX + text.encode("utf-8", "surrogatepass")).digest()).rstrip(b"=").decode()


def normal_text(node: ast.AST) -> str:
    """The normal form as JSON: `["Return", {"value": ["Name", {"id": "x"}]}]`."""
    return json.dumps(_node(node, in_function=not isinstance(node, ast.ClassDef)), separators=(",", ":"), sort_keys=True)


def _node(node: ast.AST, *, in_function: bool) -> Any:
    match node:
        case ast.Constant(value=value):
            return _constant(value)
        case ast.MatchSingleton(value=value):
            return ["MatchSingleton", _constant(value)]
        case ast.JoinedStr():
            return _joined(node, in_function=in_function)
        case ast.AnnAssign(target=target, value=ast.expr() as value) if in_function:
            node = ast.Assign([target], value)
    if isinstance(node, ast.ClassDef):
        in_function = False
    elif isinstance(node, DEFINITIONS):
        in_function = True
    fields: dict[str, Any] = {}
    for name, value in ast.iter_fields(node):
        if name in LEFT_OUT or (name == "annotation" and not isinstance(node, ast.AnnAssign)):
            continue
        # An absent part and an empty one are not written: a newer Python has more fields, and leaves them so.
        if value is not None and (made := _value(value, in_function=in_function)) != []:
            fields[name] = made
    return [type(node).__name__, fields]


def _value(value: Any, *, in_function: bool) -> Any:
    if isinstance(value, ast.AST):
        return _node(value, in_function=in_function)
    if isinstance(value, list):
        kept = (one for one in value if not _decides_nothing(one, in_function=in_function))
        return [_value(one, in_function=in_function) for one in kept]
    return value


def _decides_nothing(statement: Any, *, in_function: bool) -> bool:
    """Docstrings, other lone constants, `pass`, and annotations of local names."""
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.AnnAssign(value=None):
            return in_function
    return False


def _constant(value: Any) -> Any:
    """A literal with its type, which tells 1 from True and "a" from b"a"."""
    if isinstance(value, str):
        return ["Constant", "str", value]
    if isinstance(value, bytes):
        return ["Constant", "bytes", value.hex()]
    if type(value) is int:  # as text in base 16, which has no limit of digits
        return ["Constant", "int", hex(value)]
    return ["Constant", type(value).__name__, repr(value)]


def _joined(node: ast.JoinedStr, *, in_function: bool) -> Any:
    """An f-string whose neighbouring pieces of text are one; a text where nothing is put in."""
    parts: list[Any] = []
    for one in _pieces(node.values):
        if not isinstance(one, ast.Constant):
            parts.append(_node(one, in_function=in_function))
        elif parts and parts[-1][:2] == ["Constant", "str"]:
            parts[-1] = ["Constant", "str", parts[-1][2] + str(one.value)]
        elif one.value:
            parts.append(_constant(one.value))
    if not parts:
        return _constant("")
    return parts[0] if len(parts) == 1 and parts[0][0] == "Constant" else ["JoinedStr", {"values": parts}]


def _pieces(values: Iterable[ast.expr]) -> Iterable[ast.expr]:
    for one in values:
        if isinstance(one, ast.JoinedStr):
            yield from _pieces(one.values)
        else:
            yield one
