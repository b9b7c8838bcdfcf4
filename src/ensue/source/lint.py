"""
Lint: the static check that steps are pure, `ensue lint`.

It reads every step, every `up` and `down`, and all of the project that they reach, and runs nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any, Final, NamedTuple

from ensue.core.app import App
from ensue.core.shapes import line_of
from ensue.errors import SourceMissing
from ensue.source import rules
from ensue.source.allowance import Allowance, allowances_in
from ensue.source.purity import Spot, impurities
from ensue.source.reach import Reached, is_schema, reach
from ensue.source.rules import Rule

IN_VALUES: Final = frozenset(
    {
        "clock",
        "database",
        "environment",
        "files",
        "float",
        "hash",
        "identity",
        "interpreter",
        "locale",
        "network",
        "order",
        "random",
        "zone",
    }
)
"""What counts in the expression of a constant: it runs once, where a module is imported, but may give each process another value."""


@dataclass(frozen=True)
class Finding:
    """
    One thing that a step, or what it reaches, must not do.

    `code` is the rule, `message` and `remedy` are for people; `where` is the function or constant it stands in, and
    `reached_from` the steps and conversions that lead there.
    """

    code: str
    message: str
    remedy: str
    file: str
    line: int
    where: str
    reached_from: tuple[str, ...]

    def __str__(self) -> str:
        first, *others = self.reached_from
        more = f" and {len(others)} more" if others else ""
        return f"{self.file}:{self.line}: {self.code}: {self.message}; {self.remedy} ({first}{more})"


@dataclass(frozen=True)
class Linted:
    """What the check saw: how many steps and conversions, how many parts of the project they reach, and what it found."""

    roots: int
    parts: int
    findings: tuple[Finding, ...]


class Root(NamedTuple):
    """Something that must be pure by itself: a step, or an up or down."""

    name: str
    function: Callable[..., Any]


def lint(app: App) -> Linted:
    """Check everything that decides in *app*. Findings come by file and line."""
    check = _Check()
    roots = list(roots_of(app))
    for root in roots:
        check.take(root)
    return Linted(len(roots), check.parts, check.findings())


def lint_function(function: Callable[..., Any]) -> tuple[Finding, ...]:
    """Check one step, or any function, with what it reaches."""
    check = _Check()
    check.take(Root(f"step {function.__name__}", function))
    return check.findings()


def roots_of(app: App) -> Iterator[Root]:
    """Every step of every version, then every up and down of the shapes of events and models."""
    for type_ in app.types():
        yield from (Root(f"step {step.name}", step.function) for step in app.steps(type_))
    shapes = [shape for type_ in app.types() for shape in app.shapes(type_)]
    for shape in (*shapes, *(shape for model in app.models() for shape in line_of(model))):
        for name in ("up", "down"):
            function = getattr(vars(shape).get(name), "__func__", vars(shape).get(name))
            if isinstance(function, FunctionType):
                yield Root(f"{shape.__name__}.{name}", function)


class _Check:
    """What was found so far; a helper that many steps share is read once."""

    def __init__(self) -> None:
        self._findings: dict[tuple[str, int, str], Finding] = {}
        self._read: dict[tuple[str, str, int], list[Finding]] = {}

    @property
    def parts(self) -> int:
        """How many functions, classes and values were read."""
        return len(self._read)

    def findings(self) -> tuple[Finding, ...]:
        """By file and line."""
        return tuple(sorted(self._findings.values(), key=lambda one: (one.file, one.line, one.code)))

    def take(self, root: Root) -> None:
        """Read a root and what it reaches."""
        try:
            parts = reach(root.function)
        except SourceMissing as missing:
            code = root.function.__code__
            self._note(root, [_finding(rules.UNREADABLE, str(missing), code.co_filename, code.co_firstlineno, root.function.__qualname__)])
            return
        for part in parts:
            place = (part.file, part.name, part.line)
            if place not in self._read:
                self._read[place] = list(_read(part))
            self._note(root, self._read[place])

    def _note(self, root: Root, findings: Iterable[Finding]) -> None:
        for one in findings:
            known = self._findings.get((one.file, one.line, one.code), one)
            self._findings[one.file, one.line, one.code] = replace(known, reached_from=(*known.reached_from, root.name))


def _read(part: Reached) -> Iterator[Finding]:
    """What is wrong with one part of the project."""
    if (part.kind == "class" and is_schema(part.object)) or not hasattr(part.node, "lineno"):
        return  # the functions written in a schema are parts of their own
    function = part.object if part.kind == "function" else None
    spots = impurities(part.node, _module_of(part), function, _closed(function))
    if part.kind not in ("function", "class"):
        spots = [one for one in spots if one.rule.code in IN_VALUES and one.rule is not rules.ZONE_FILE]
    first, last = part.line, getattr(part.node, "end_lineno", part.line)
    allowed = allowances_in(part.file, first, last)
    for spot in spots:
        comment = next((one for one in allowed if one.is_of(spot)), None)
        if comment is None:
            yield _of_spot(part, spot, spot.rule.remedy)
        elif not comment.counts:
            yield _of_spot(part, spot, f"{spot.rule.remedy}. The comment that allows it must say why: … because …")
    yield from (_of_comment(part, one) for one in allowed if not any(one.is_of(spot) for spot in spots))


def _of_spot(part: Reached, spot: Spot, remedy: str) -> Finding:
    found = _finding(spot.rule, f"{spot.what} {spot.rule.found}", part.file, spot.line, part.name)
    return replace(found, remedy=remedy)


def _of_comment(part: Reached, comment: Allowance) -> Finding:
    what = f"the comment for {', '.join(sorted(comment.codes))}" if comment.codes else "a comment"
    return _finding(rules.ALLOW, f"{what} {rules.ALLOW.found}", part.file, comment.line, part.name)


def _finding(rule: Rule, message: str, file: str, line: int, where: str) -> Finding:
    return Finding(rule.code, message, rule.remedy, file, line, where, ())


def _module_of(part: Reached) -> str:
    """The module whose names the part reads."""
    if part.kind == "function":
        name = part.object.__globals__.get("__name__", part.object.__module__)
        assert isinstance(name, str)
        return name
    if part.kind == "class":
        module: str = part.object.__module__
        return module
    return part.name.rpartition(".")[0]


def _closed(function: FunctionType | None) -> dict[str, Any]:
    """The variables of enclosing functions that are filled."""
    found: dict[str, Any] = {}
    if function is None:
        return found
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    return found
