"""The law of the lock: every token of published code counts, one at a time, and no comment or docstring does."""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
from collections.abc import Iterator

from ensue.core.version import Version
from ensue.source.check import check
from ensue.source.inventory import inventory
from ensue.source.publish import publish
from tests.source.conftest import Project
from tests.source.shop import HELPERS, RULES

OTHERS = {"*": "+", "<": "<=", ">": ">="}
PUBLISHED = {"fee", "up", "write_order", "write_noted_order", "tell"}


def bodies(text: str) -> set[int]:
    """The lines of the bodies of published functions."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef) and node.name in PUBLISHED]
    return {line for node in found for line in range(node.body[0].lineno, (node.end_lineno or 0) + 1)}


def edits(text: str) -> Iterator[tuple[str, bool]]:
    """*text* with one token of a published body changed, and whether that decides anything."""
    lines = text.splitlines(keepends=True)
    within = bodies(text)
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.start[0] in within and (changed := changed_token(token)) is not None:
            row, column = token.start
            line = lines[row - 1]
            edited = line[:column] + changed + line[column + len(token.string) :]
            told = token.type == tokenize.COMMENT or (token.type == tokenize.STRING and before in ("", "\n"))
            yield "".join([*lines[: row - 1], edited, *lines[row:]]), not told
        before = token.string.strip(" ") if token.type != tokenize.DEDENT else before


def changed_token(token: tokenize.TokenInfo) -> str | None:
    """Another token of the same kind."""
    if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
        return f"{token.string}_"
    if token.type == tokenize.NUMBER:
        return f"{token.string}7"
    if token.type == tokenize.STRING:
        quote = 3 if token.string.endswith('"""') else 1
        return f"{token.string[:-quote]}?{token.string[-quote:]}"
    if token.type == tokenize.COMMENT:
        return f"{token.string} indeed"
    return OTHERS.get(token.string)


def test_every_token_of_published_code_counts_and_no_other(project: Project) -> None:
    lock, _ = publish(None, inventory(project(helpers=HELPERS, rules=RULES).app).lock, Version.parse("2025-03-01"))
    tried = {True: 0, False: 0}

    for name, text in (("helpers", HELPERS), ("rules", RULES)):
        for edited, decides in edits(text):
            files = {"helpers": HELPERS, "rules": RULES, name: edited}
            kinds = {one.kind for one in check(lock, inventory(project(**files).app))}
            assert kinds == ({"edited"} if decides else set()), f"{name}:\n{edited}"
            tried[decides] += 1

    assert tried[True] >= 60, tried
    assert tried[False] >= 4, tried
