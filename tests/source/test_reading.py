"""What a function reads by a global name, and what a constant's text is: the same under every Python."""

from __future__ import annotations

import ast
import json

import pytest

from ensue.source import reading, values
from ensue.source.reading import chains, global_reads
from tests.source.pythons import RELEASES, run_by

SOURCE = '''
def reads(event, default=DEFAULT):
    """A docstring."""
    global counted
    local: Annotated = first
    rows = [second(row) for row in event.rows if row > third.limit for other in fourth]
    more = {key: fifth for key in rows} | {sixth for _ in rows}
    lazy = (seventh for rows in rows)
    def inner(x: Hint = eighth) -> Hint:
        class Inner(Ninth):
            y = tenth
            local = eleventh
        return lambda twelfth: twelfth + thirteenth + local
    try:
        assert inner, fourteenth
    except fifteenth as error:
        del error
    match event:
        case Sixteenth(kind=seventeenth.KIND):
            counted = f"{eighteenth!r:>{nineteenth}}"
    if (walrus := twentieth):
        return walrus, __name__
'''
EXPECTED = sorted(
    [
        *("first", "second", "third.limit", "fourth", "fifth", "sixth", "seventh", "eighth", "Ninth", "tenth", "eleventh", "thirteenth"),
        *("fourteenth", "fifteenth", "Sixteenth", "seventeenth.KIND", "eighteenth", "nineteenth", "twentieth", "__name__"),
    ]
)

# Run alone by each interpreter: the files of the two rooms, and what they are asked.
READS = """
import ast, json, runpy, sys
reading = runpy.run_path(sys.argv[1])
tree = ast.parse(sys.argv[2])
code = next(one for one in compile(tree, "<sample>", "exec").co_consts if hasattr(one, "co_code"))
known = reading["global_reads"](code)
print(json.dumps(sorted({".".join(one) for one in reading["chains"](tree.body[0]) if one[0] in known})))
"""
TEXTS = """
import json, re, runpy, sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from uuid import UUID
Kind, Level, Word = Enum("Kind", "A B"), IntEnum("Level", "LOW HIGH"), StrEnum("Word", "ONE TWO")
given = [1.1, 1e300, 0.1 + 0.2, Decimal("1.10"), date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), timedelta(1, 2, 3), Kind.A, Level.HIGH,
         Word.TWO, {"b", "a", "c", 1, None}, {"x": (1, [True])}, re.compile("a+", re.I), UUID(int=1),
         "é\\u2028\\x00", b"\\xff", 10**5000, range(3), [lambda: one for one in range(2)], (lambda: [lambda: two for two in range(2)])()]
text_of = runpy.run_path(sys.argv[1])["text_of"]
print(json.dumps([text_of(one, lambda cls: False)[0] for one in given]))
"""


def test_only_what_is_global_is_taken_for_it() -> None:
    tree = ast.parse(SOURCE)
    code = next(one for one in compile(tree, "<sample>", "exec").co_consts if hasattr(one, "co_code"))
    known = global_reads(code)

    assert sorted({".".join(one) for one in chains(tree.body[0]) if one[0] in known}) == EXPECTED


@pytest.mark.parametrize("release", RELEASES)
def test_every_python_reads_the_same_names(release: str) -> None:
    assert json.loads(run_by(release, "-c", READS, reading.__file__, SOURCE)) == EXPECTED


@pytest.mark.parametrize("release", RELEASES)
def test_every_python_gives_a_constant_the_same_text(release: str) -> None:
    here = run_by("3.11", "-c", TEXTS, values.__file__)

    assert json.loads(run_by(release, "-c", TEXTS, values.__file__)) == json.loads(here)
