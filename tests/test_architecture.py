"""
The floors hold: imports go down only, pure floors stay pure, each library has one home, no file swallows a second noun.

Read from the syntax trees, so imports inside functions and under TYPE_CHECKING count as well.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.source_tree import ROOT, SOURCE, python_files

# From the ground up. A module may import what stands before its own floor, and its own. `ensue` is the file with the public names.
FLOORS = (
    {"errors"},
    {"core"},
    {"log", "source"},
    {"storage"},
    {"runtime"},
    {"ensue"},
    {"server", "cli", "testing"},
    {"demo"},
    {"__main__"},  # `python -m ensue`
)

# Upward or sideways all the same, each with its reason.
ALLOWED_UPWARD: dict[tuple[str, str], str] = {
    ("cli", "testing"): "`ensue show --as-test` prints what testing writes, for tests that run without the command line",
    ("cli", "demo"): "`ensue demo` is a command of the one program; the demo itself knows nothing of how it is called",
}

# Where a library may be imported. What is missing here has no home yet: choose one.
HOMES: dict[str, set[str]] = {
    "alembic": {"storage"},
    "dask": {"runtime.ranges.on_dask"},
    "orjson": {"core.canonical"},
    "psycopg": {"storage"},
    "pyarrow": {"runtime.export.parquet"},
    "pydantic": {"core", "demo"},
    "pydantic_core": {"core"},
    "pytest": {"testing"},
    "rich": {"cli", "demo"},
    "sqlalchemy": {"storage", "demo"},
    "sqlite3": {"storage"},
    "stamina": {"storage", "runtime"},
    "structlog": {"runtime", "cli"},
    "typer": {"cli", "demo"},
    "typing_extensions": {"core"},
}

# A type may be named, never imported at run time, one floor away from its library's home.
HOMES_OF_TYPES: dict[str, set[str]] = {"sqlalchemy": {"core", "runtime", "testing"}}

PURE = {"core", "log"}
IMPURE_MODULES = {
    *("asyncio", "getpass", "glob", "http", "io", "locale", "logging", "multiprocessing", "os", "pathlib", "platform", "random", "secrets"),
    *("select", "shutil", "signal", "socket", "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib", "zoneinfo"),
}
IMPURE_NAMES = {"uuid": {"getnode", "uuid1", "uuid4", "uuid6", "uuid7"}}
IMPURE_CALLS = {"breakpoint", "input", "open", "print"}
IMPURE_METHODS = {"getnode", "now", "today", "urandom", "utcnow", "uuid1", "uuid4", "uuid6", "uuid7"}

# What could carry an effect to the outside.
TRANSPORTS = {
    *("aiohttp", "asyncio", "boto3", "email", "ftplib", "grpc", "http", "httpx", "imaplib", "kafka", "poplib", "requests", "smtplib"),
    *("socket", "socketserver", "ssl", "telnetlib", "urllib", "urllib3", "webbrowser", "websockets", "xmlrpc"),
}

STANDARD_LIBRARY = sys.stdlib_module_names
# What an application may import: so may the demo.
PUBLIC = {"ensue", "errors", "testing", "cli", "demo"}

LINES_MAX = 400
# Longer files, each with the reason why it is still one noun.
LONG_FILES: dict[str, str] = {}


@dataclass(frozen=True)
class Import:
    """One imported module, as `ensue.core.plan` or `sqlalchemy.engine`; `names` are those taken from it."""

    module: str
    names: frozenset[str]
    line: int
    typing_only: bool


@dataclass(frozen=True)
class Module:
    """One file of the package with what it imports."""

    name: str  # below ensue, such as core.plan; the file with the public names is called ensue
    path: Path
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def room(self) -> str:
        """The folder on the floor plan, or the file where it stands alone."""
        return self.name.partition(".")[0]

    def at(self, line: int) -> str:
        """The place as people and editors read it."""
        return f"{self.path.relative_to(ROOT)}:{line}"


@cache
def read_modules() -> tuple[Module, ...]:
    return tuple(read_module(path) for path in python_files(SOURCE))


def read_module(path: Path) -> Module:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "ensue"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return Module(name, path, tree, tuple(find_imports(tree)))


def find_imports(node: ast.AST, *, typing_only: bool = False) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import(names=names):
                yield from (Import(alias.name, frozenset(), child.lineno, typing_only) for alias in names)
            case ast.ImportFrom(module=module, names=names):
                yield Import(module or ".", frozenset(alias.name for alias in names), child.lineno, typing_only)
            case ast.Call(args=[ast.Constant(value=str(module)), *_]) if ast.unparse(child.func).endswith(("import_module", "__import__")):
                yield Import(module, frozenset(), child.lineno, typing_only)
            case ast.If(test=test) if ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
                for statement in child.body:
                    yield from find_imports(ast.Module([statement], []), typing_only=True)
                for statement in child.orelse:
                    yield from find_imports(ast.Module([statement], []), typing_only=typing_only)
                continue
        yield from find_imports(child, typing_only=typing_only)


def find_targets(one: Import) -> Iterator[str]:
    """Name the modules of ensue that an import reaches, as `Module.name` has them."""
    top, _, below = one.module.partition(".")
    if top != "ensue":
        return
    known = {module.name for module in read_modules()}
    deeper = {f"{below}.{name}".lstrip(".") for name in one.names} & known
    yield from deeper
    if below or one.names - {name.rpartition(".")[2] for name in deeper} or not one.names:
        yield below or "ensue"


def find_floor(room: str) -> int:
    for number, rooms in enumerate(FLOORS):
        if room in rooms:
            return number
    raise AssertionError(f"src/ensue/{room} stands on no floor. Give it one in FLOORS, and in ARCHITECTURE.md.")


def is_at_home(module: Module, homes: set[str]) -> bool:
    return any(module.name == home or module.name.startswith(f"{home}.") for home in homes)


def third_party(module: Module) -> Iterator[tuple[str, Import]]:
    for one in module.imports:
        top = one.module.partition(".")[0]
        if top in HOMES or top not in STANDARD_LIBRARY | {"ensue"}:
            yield top, one


def test_imports_go_down_only() -> None:
    upward = [
        f"{module.at(one.line)}: {module.room} imports {target}"
        for module in read_modules()
        for one in module.imports
        for target in find_targets(one)
        if (room := target.partition(".")[0]) != module.room
        and find_floor(room) >= find_floor(module.room)
        and (module.room, room) not in ALLOWED_UPWARD
    ]

    assert not upward, "\n".join(upward)


def test_no_modules_import_each_other_in_a_circle() -> None:
    below = {
        module.name: {
            target
            for one in module.imports
            if not one.typing_only
            for target in find_targets(one)
            # Importing `core.plan` runs `core/__init__.py` as well; what that file gathers is no dependency of its parts.
            if target != module.name and not module.name.startswith(f"{target}.")
        }
        for module in read_modules()
    }

    try:
        TopologicalSorter(below).prepare()
    except CycleError as error:
        pytest.fail(f"imports in a circle: {' <- '.join(error.args[1])}")


def test_the_pure_floors_read_no_clock_randomness_environment_or_disk() -> None:
    impure: list[str] = []
    for module in read_modules():
        if module.room not in PURE:
            continue
        for one in module.imports:
            top = one.module.partition(".")[0]
            if top in IMPURE_MODULES and not one.typing_only:
                impure.append(f"{module.at(one.line)}: imports {one.module}")
            impure += [f"{module.at(one.line)}: imports {top}.{name}" for name in one.names & IMPURE_NAMES.get(top, set())]
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                    impure.append(f"{module.at(node.lineno)}: calls {name}()")
                case ast.Call(func=ast.Attribute(attr=name)) if name in IMPURE_METHODS:
                    impure.append(f"{module.at(node.lineno)}: calls .{name}()")

    assert not impure, "\n".join(impure)


def test_each_library_stays_in_its_home() -> None:
    astray = [
        f"{module.at(one.line)}: {library} in {module.name}"
        for module in read_modules()
        for library, one in third_party(module)
        if not is_at_home(module, HOMES.get(library, set()) | (HOMES_OF_TYPES.get(library, set()) if one.typing_only else set()))
    ]

    assert not astray, "\n".join(astray)


def reached_by(roots: set[str]) -> set[str]:
    """Every module of ensue that some modules import, directly or not, at run time."""
    known = {module.name: module for module in read_modules()}
    found: set[str] = set()
    waiting = [name for name in known if any(name == root or name.startswith(f"{root}.") for root in roots)]
    while waiting:
        name = waiting.pop()
        if name in found or name == "ensue":  # the file with the public names gathers everything
            continue
        found.add(name)
        waiting += [target for one in known[name].imports if not one.typing_only for target in find_targets(one) if target in known]
    return found


def test_deciding_again_reaches_nothing_that_performs_an_effect_or_talks_to_the_outside() -> None:
    reached = reached_by({"core.replay", "core.deciding", "runtime.again", "runtime.hindsight", "runtime.ranges", "runtime.past"})
    talking = [
        f"{module.at(one.line)}: imports {one.module}"
        for module in read_modules()
        if module.name in reached
        for one in module.imports
        if one.module.partition(".")[0] in TRANSPORTS or (one.module == "subprocess" and module.name != "runtime.ranges.child")
    ]
    performing = [
        f"{module.at(node.lineno)}: reads .{node.attr}"
        for module in read_modules()
        if module.name in reached - {"core.app"}  # the registry itself
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"performer_of", "_performers"}
    ]

    assert {"core.decide", "runtime.ranges.worker"} <= reached
    assert not [name for name in reached if name.partition(".")[0] == "server" or "dispatch" in name or "perform" in name]
    assert not talking + performing, "\n".join(talking + performing)


def test_the_demo_is_built_on_the_public_names_alone() -> None:
    private = [
        f"{module.at(one.line)}: imports {target}"
        for module in read_modules()
        if module.room == "demo"
        for one in module.imports
        for target in find_targets(one)
        if target.partition(".")[0] not in PUBLIC
    ]

    assert not private, "\n".join(private)


def test_no_file_is_so_long_that_a_second_noun_may_have_moved_in() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("src", "tests", "benchmarks")
        for path in python_files(ROOT / folder)
    }
    too_long = {path: lines for path, lines in lengths.items() if lines > LINES_MAX}

    assert too_long.keys() == LONG_FILES.keys(), f"more than {LINES_MAX} lines: {too_long}; listed with a reason: {sorted(LONG_FILES)}"
