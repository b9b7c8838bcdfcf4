"""Reading: which names a syntax tree and the code made of it read, and under which of them something global stands."""

from __future__ import annotations

import ast
import dis
from collections.abc import Iterator
from copy import copy
from types import CodeType, FunctionType
from typing import Any

GLOBAL_READS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"}


def without_registration(node: ast.AST) -> ast.AST:
    """A step without its `@app.step(…, since=…)`: type, date and rejections have entries of their own."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node
    kept = [one for one in node.decorator_list if not _registers(one)]
    if len(kept) == len(node.decorator_list):
        return node
    bare = copy(node)  # the tree of the file stays as it is
    bare.decorator_list = kept
    return bare


def _registers(decorator: ast.AST) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr == "step"
        and any(one.arg == "since" for one in decorator.keywords)
    )


def evaluated_outside(node: ast.AST) -> list[ast.expr]:
    """The parts of a function's statement that run where it is defined: decorators and defaults."""
    arguments = getattr(node, "args", None)
    defaults = [] if arguments is None else [*arguments.defaults, *(one for one in arguments.kw_defaults if one is not None)]
    return [one for one in getattr(node, "decorator_list", ()) if not _registers(one)] + defaults


def _below(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of *node* that run: all but annotations and the registration of a step."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_params"):
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST) and not (name == "decorator_list" and _registers(one)):
                yield one


def chains(node: ast.AST) -> Iterator[tuple[str, ...]]:
    """Every name that is read, with the attributes asked of it: `helpers.fees.RATE` is one chain."""
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            yield (node.id,)
        return
    if isinstance(node, ast.Attribute):
        attributes: list[str] = []
        base: ast.AST = node
        while isinstance(base, ast.Attribute):
            attributes.insert(0, base.attr)
            base = base.value
        if isinstance(base, ast.Name):
            yield (base.id, *attributes)
            return
    for one in _below(node):
        yield from chains(one)


def loads(node: ast.AST) -> set[str]:
    """The first names of the chains that *node* reads."""
    return {chain[0] for chain in chains(node)}


def global_reads(code: CodeType) -> set[str]:
    """The global names that *code*, or a function inside it, reads. Only the compiler knows which names are global."""
    names = {one.argval for one in dis.get_instructions(code) if one.opname in GLOBAL_READS}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= global_reads(constant)
    return names


def cells(function: FunctionType) -> dict[str, Any]:
    """The values of enclosing functions that *function* reads."""
    closed: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            closed[name] = cell.cell_contents
        except ValueError:  # not filled yet, or never
            continue
    return closed


def attributes_in(node: ast.AST) -> set[str]:
    """The names that are asked of something in *node*, whatever it is."""
    return {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
