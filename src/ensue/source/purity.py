"""
Purity: what in one function is not as a step must be, read from its syntax tree.

A name is held against what it means, not against how it is spelt. What depends on types (is this a set?) is found as far
as annotations and constants tell.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final, NamedTuple

from ensue.core.rejection import Rejection, Rejections
from ensue.errors import Rejected
from ensue.source import rules
from ensue.source.dates import asks_for_the_version, lets_a_date_decide
from ensue.source.hints import Hints, shows_place
from ensue.source.names import MUTATORS, Meaning, Names, base_name, is_changed
from ensue.source.outside import NEEDS, find_rule, names_of, rule_of
from ensue.source.rules import Rule

UNORDERED: Final = frozenset({"all", "any", "bool", "frozenset", "len", "max", "min", "set", "sorted", "sum"})
"""Functions whose answer is the same in whatever order the values come, as long as no key= makes some of them equal."""
ORDERED: Final = frozenset({"enumerate", "filter", "iter", "list", "map", "repr", "reversed", "str", "tuple", "zip", "format"})
ORDERED_METHODS: Final = frozenset({"extend", "fromkeys", "join"})
TEXTS: Final = frozenset({"format", "repr", "str"})
CONTAINERS: Final = (list, dict, set, bytearray)
LOCALE_DIRECTIVE: Final = re.compile(r"%[-#_0]?[aAbBcpxX]")
SHOWN_CHARACTERS_MAX: Final = 60


class Spot(NamedTuple):
    """One thing found: the rule, the words of the source it is about, their line, and the lines of the whole statement."""

    rule: Rule
    what: str
    line: int
    lines: range


def impurities(node: ast.AST, module: str, function: Any = None, closed: Mapping[str, Any] | None = None) -> list[Spot]:
    """
    Everything in *node* that is not pure, by line.

    *node* is a function, a class or an expression of *module*; of a function, *function* is the object, and *closed*
    what it reads of the functions around it.
    """
    names = Names(node, module, closed or {})
    reader = _Reader(names, Hints(node, names, function))
    reader.visit(node)
    found: dict[tuple[str, int], Spot] = {}
    for spot in reader.found:
        found.setdefault((spot.rule.code, spot.line), spot)
    return sorted(found.values(), key=lambda spot: spot.line)


class _Reader(ast.NodeVisitor):
    """Goes through a tree once."""

    def __init__(self, names: Names, hints: Hints) -> None:
        self.found: list[Spot] = []
        self._names = names
        self._hints = hints
        self._order_is_free: set[ast.AST] = set()
        self._lines = range(0)

    def visit(self, node: ast.AST) -> None:
        """Every node, knowing the statement it stands in; of one with a body, only its head."""
        around = self._lines
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            self._lines = range(node.lineno, body[0].lineno if body else (node.end_lineno or node.lineno) + 1)
        super().visit(node)
        self._lines = around

    def _add(self, rule: Rule, node: Any, what: str | None = None) -> None:
        text = " ".join((what or ast.unparse(node)).split())
        shown = text if len(text) <= SHOWN_CHARACTERS_MAX else text[: SHOWN_CHARACTERS_MAX - 1] + "…"
        lines = self._lines if node.lineno in self._lines else range(node.lineno, (node.end_lineno or node.lineno) + 1)
        self.found.append(Spot(rule, shown, node.lineno, lines))

    # -- what is used
    def visit_Name(self, node: ast.Name) -> None:  # the names that ast.NodeVisitor looks for
        self._reference(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._reference(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._assigned(node)
        self.generic_visit(node)

    def _reference(self, node: ast.Name | ast.Attribute) -> None:
        self._assigned(node)
        meaning = self._names.find(node)
        if meaning is None:
            self.generic_visit(node)
        elif isinstance(node.ctx, ast.Load) and (rule := _rule_against(meaning) or _may_change(meaning)) is not None:
            self._add(rule, node)

    def _assigned(self, node: ast.Name | ast.Attribute | ast.Subscript) -> None:
        """`OBJECT.attribute = …` and `TABLE[key] = …` reach out of the function where the base does."""
        if isinstance(node.ctx, ast.Load) or isinstance(node, ast.Name):
            return
        name = base_name(node)
        if name is not None and self._names.find(ast.Name(name)) is not None:
            self._add(rules.WRITTEN, node, name)

    def visit_Global(self, node: ast.Global) -> None:
        self._add(rules.GLOBAL, node)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        if set(node.names) & self._names.closed.keys():
            self._add(rules.GLOBAL, node)

    # -- what is not looked at: annotations
    def visit_arg(self, node: ast.arg) -> None:
        pass

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        for one in (node.target, node.value):
            if one is not None:
                self.visit(one)

    # -- functions
    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._add(rules.WAITING, node, f"async def {node.name}")
        self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for one in (*node.decorator_list, node.args, *node.body):
            self.visit(one)

    def visit_arguments(self, node: ast.arguments) -> None:
        for default in (*node.defaults, *filter(None, node.kw_defaults)):
            if self._is_container(default):
                self._add(rules.DEFAULT, default)
            self.visit(default)

    def _is_container(self, node: ast.expr) -> bool:
        hint = self._hints.of(node)
        return isinstance(hint, type) and issubclass(hint, CONTAINERS)

    def visit_Await(self, node: ast.Await) -> None:
        self._add(rules.WAITING, node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self._add(rules.WAITING, node, f"async for … in {ast.unparse(node.iter)}")

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        self._add(rules.WAITING, node, "async with")

    # -- calls
    def visit_Call(self, node: ast.Call) -> None:
        meaning = self._names.find(node.func)
        if meaning is not None:
            self._called(node, meaning)
        elif isinstance(node.func, ast.Attribute):
            self._method(node, node.func)
        self.generic_visit(node)

    def _called(self, node: ast.Call, meaning: Meaning) -> None:
        for name in {meaning.path, *(".".join((one, *meaning.rest)) for one in names_of(meaning.value))} & NEEDS.keys():
            wanted, rule = NEEDS[name]
            if len(node.args) + len(node.keywords) < wanted and not any(isinstance(one, ast.Starred) for one in node.args):
                self._add(rule, node)
        if isinstance(node.func, ast.Attribute):
            self._method(node, node.func)
        elif meaning.module == "builtins":
            self._builtin(node, meaning.name)
        if meaning.module in ("itertools", "functools"):
            self._in_order(node.args)
        if meaning.path == "builtins.setattr" and node.args and self._names.find(node.args[0]) is not None:
            self._add(rules.WRITTEN, node.args[0])

    def _builtin(self, node: ast.Call, name: str) -> None:
        if name in UNORDERED:
            has_key = any(one.arg == "key" for one in node.keywords)
            for one in node.args[:1]:
                if has_key and self._comes_from_a_set(one):
                    self._add(rules.TIES, node)
                self._order_is_free.add(one)
        elif name in ORDERED:
            self._in_order(node.args)
        if name in TEXTS and node.args:
            self._written_out(node.args[0])
            self._format(node, node.args[1:])

    def _method(self, node: ast.Call, function: ast.Attribute) -> None:
        """What a method does is known by its name alone."""
        owner, name = function.value, function.attr
        if name == "astimezone" and not node.args and not node.keywords:
            self._add(rules.ZONE, node)
        if name in ("strftime", "strptime"):
            self._format(node, node.args)
        if name in ORDERED_METHODS:
            self._in_order(node.args)
        if name == "pop" and not node.args and self._hints.is_set(owner):
            self._add(rules.ORDER, node)
        if name == "format" and self._hints.of(owner) is str:
            for one in (*node.args, *(keyword.value for keyword in node.keywords)):
                self._written_out(one)
        if name in MUTATORS and isinstance(_reached(self._names.find(owner)), CONTAINERS):
            self._add(rules.WRITTEN, owner)

    # -- the order of sets
    def _in_order(self, nodes: Iterable[ast.expr]) -> None:
        for one in nodes:
            if self._hints.is_set(one):
                self._add(rules.ORDER, one)

    def _comes_from_a_set(self, node: ast.expr) -> bool:
        if isinstance(node, ast.GeneratorExp | ast.ListComp):
            return any(self._hints.is_set(one.iter) for one in node.generators)
        return self._hints.is_set(node)

    def visit_For(self, node: ast.For) -> None:
        self._in_order([node.iter])
        self.generic_visit(node)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node)

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.DictComp) -> None:
        if node not in self._order_is_free:
            self._in_order(one.iter for one in node.generators)
        self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> None:
        for one in node.elts:
            self.visit(one.value if isinstance(one, ast.Starred) else one)

    def visit_Starred(self, node: ast.Starred) -> None:
        self._in_order([node.value])
        self.generic_visit(node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        self._in_order([node.value])
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(one, ast.Tuple | ast.List) for one in node.targets):
            self._in_order([node.value])
        self.generic_visit(node)

    # -- texts
    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        self._written_out(node.value)
        if isinstance(node.format_spec, ast.JoinedStr):
            self._format(node, node.format_spec.values)
        self.generic_visit(node)

    def _written_out(self, node: ast.expr) -> None:
        """A value that becomes text."""
        self._in_order([node])
        meaning = self._names.find(node)
        if shows_place(self._hints.of(node)) or (meaning is not None and isinstance(meaning.value, FunctionType) and not meaning.rest):
            self._add(rules.REPR, node)

    def _format(self, node: ast.expr, texts: Iterable[ast.expr]) -> None:
        for one in texts:
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and (LOCALE_DIRECTIVE.search(one.value) or one.value == "n"):
                self._add(rules.LOCALE, node, one.value)

    # -- numbers
    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, float | complex):
            self._add(rules.FLOAT, node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Div) and self._hints.is_whole(node.left) and self._hints.is_whole(node.right):
            self._add(rules.FLOAT, node)
        if isinstance(node.op, ast.Mod) and self._hints.of(node.left) is str:
            for one in node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]:
                self._written_out(one)
        self.generic_visit(node)

    # -- versions
    def visit_Compare(self, node: ast.Compare) -> None:
        if asks_for_the_version(node, self._names, self._hints):
            self._add(rules.VERSION, node)
        elif lets_a_date_decide(node, self._names, self._hints):
            self._add(rules.DATED, node)
        self.generic_visit(node)

    # -- what is swallowed
    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        raises = any(isinstance(one, ast.Raise) for statement in node.body for one in ast.walk(statement))
        if not raises and (node.type is None or self._is_wide(node.type)):
            self._add(rules.SWALLOW, node, "except" if node.type is None else f"except {ast.unparse(node.type)}")
        self.generic_visit(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        call = node.context_expr
        if isinstance(call, ast.Call) and (meaning := self._names.find(call.func)) is not None and meaning.path == "contextlib.suppress":
            for one in call.args:
                if self._is_wide(one):
                    self._add(rules.SWALLOW, call)
        self.generic_visit(node)

    def _is_wide(self, node: ast.expr) -> bool:
        """Whether an exception class, or one of several, takes in every rejection."""
        if isinstance(node, ast.Tuple):
            return any(self._is_wide(one) for one in node.elts)
        meaning = self._names.find(node)
        kind = None if meaning is None else meaning.value
        return isinstance(kind, type) and (issubclass(Rejected, kind) or kind in (Rejection, Rejections))


def _rule_against(meaning: Meaning) -> Rule | None:
    """The rule against using an object at all."""
    if isinstance(meaning.value, random.Random):  # one of the program, so that every run goes on where another stopped
        return rules.RANDOM
    if isinstance(meaning.value, float) and meaning.module != "math":  # found where it is written
        return None
    verdict = find_rule(meaning.path)
    return verdict.rule if verdict is not None else rule_of(meaning.value, meaning.rest)


def _may_change(meaning: Meaning) -> Rule | None:
    """The rule against reading a variable of the program that is no constant."""
    value = meaning.value
    if not meaning.name or isinstance(value, type | FunctionType | MethodType | ModuleType):
        return None
    if isinstance(value, Iterator):
        return rules.WRITTEN
    if meaning.module != "builtins" and is_changed(meaning.module, meaning.name):
        return rules.CHANGES
    return rules.MUTABLE if isinstance(value, CONTAINERS) and not meaning.name.isupper() else None


def _reached(meaning: Meaning | None) -> Any:
    """The object that a chain of attributes leads to, through classes; None for any other."""
    if meaning is None:
        return None
    value = meaning.value
    for name in meaning.rest:
        value = vars(value).get(name) if isinstance(value, type) else None
    return value
