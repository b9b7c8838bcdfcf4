"""The normal form: nothing that decides is lost, nothing else counts, and every Python gives the same hash."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from textwrap import dedent

import pytest

from ensue.source import normal
from ensue.source.normal import digest_of_node, normal_text
from tests.source.pythons import RELEASES, run_by

SAMPLES = Path(__file__).with_name("samples.txt")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

# Run alone by each interpreter: the file of the normal form, and the file with the samples.
PROGRAM = """
import ast, json, runpy, sys
normal = runpy.run_path(sys.argv[1])
tree = ast.parse(open(sys.argv[2], encoding="utf-8").read())
print(json.dumps([sys.version_info[:2], {node.name: normal["digest_of_node"](node) for node in tree.body if hasattr(node, "name")}]))
"""

FUNCTION = '''
@checked
def fee(amount, rate=2):
    """What it costs."""
    total = amount * rate  # times
    if total > 10:
        return f"{total} high"
    return "low"
'''


def digest(source: str) -> str:
    return digest_of_node(ast.parse(dedent(source)).body[0])


@pytest.mark.parametrize("release", RELEASES)
def test_every_python_gives_the_same_hashes(release: str) -> None:
    version, digests = json.loads(run_by(release, "-c", PROGRAM, normal.__file__, str(SAMPLES)))

    tree = ast.parse(SAMPLES.read_text(encoding="utf-8"))
    assert version == [int(part) for part in release.split(".")]
    assert digests == {node.name: digest_of_node(node) for node in tree.body if isinstance(node, DEFINITIONS)}
    assert len(digests) == 8


def test_the_hash_is_this_one_for_ever() -> None:
    """Published locks hold such hashes: a change here would call every published step edited."""
    assert digest(FUNCTION) == "qIlOy-h1pnL2_G6l5lRjJ5N7Y1gJMmrmltwuwb8WYpE"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# times", "# multiplied"),
        ('"""What it costs."""', '"""Something else."""'),
        ('"""What it costs."""', "pass"),
        ('"""What it costs."""', ""),
        ("amount, rate=2", "amount: int, rate: 'Decimal' = 2"),
        ("total = amount", "total: int = amount"),
        ("rate=2):", "rate=2) -> str:"),
        ("amount * rate", "(amount  *  rate)"),
        ('"low"', "u'l' 'ow'"),
        ("2", "0x2"),
        ('f"{total} high"', "f'{total}' ' high'"),
    ],
)
def test_what_does_not_decide_does_not_count(before: str, after: str) -> None:
    assert before in FUNCTION

    assert digest(FUNCTION.replace(before, after)) == digest(FUNCTION)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("fee", "price"),
        ("amount *", "amount +"),
        ("=2", "=3"),
        ("=2", "=2.0"),
        ("=2", "='2'"),
        ("> 10", ">= 10"),
        ("> 10", "> -10"),
        ("high", "higher"),
        ("{total} high", "{total!r} high"),
        ("{total} high", "{total:>3} high"),
        ('"low"', 'b"low"'),
        ('"low"', "None"),
        ('return "low"', "return"),
        ("@checked", ""),
        ("def fee", "async def fee"),
        ("rate=2", "*, rate=2"),
        ("rate=2", "*rate"),
        ("amount, rate=2", "amount, /, rate=2"),
    ],
)
def test_every_token_that_decides_counts(before: str, after: str) -> None:
    assert before in FUNCTION

    assert digest(FUNCTION.replace(before, after)) != digest(FUNCTION)


def test_true_is_not_one_and_each_kind_of_nothing_is_its_own() -> None:
    constants = ["None", "True", "False", "1", "0", "1.0", "''", "b''", "()", "[]", "{}", "...", "0j", "'None'", "-1"]

    assert len({digest(f"def f(): return {one}") for one in constants}) == len(constants)


def test_the_fields_of_a_class_count_with_their_types() -> None:
    source = "class Line:\n    amount: int\n    note: str = 'x'\n"

    assert digest(source) != digest(source.replace("int", "Decimal"))
    assert digest(source) != digest(source.replace("    amount: int\n", ""))
    assert digest(source) == digest(source.replace("int\n", "int\n    'What it is.'\n"))


def test_the_normal_form_can_be_read() -> None:
    assert normal_text(ast.parse("x + 1", mode="eval").body) == (
        '["BinOp",{"left":["Name",{"id":"x"}],"op":["Add",{}],"right":["Constant","int","0x1"]}]'
    )
