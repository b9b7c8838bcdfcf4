"""What is committed reads well anywhere: no machine's addresses, nothing undocumented, no dead link, no drifting list."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import tomllib
from pathlib import Path

import ensue
from ensue import errors
from tests.source_tree import ROOT, SOURCE, python_files, repository_files

# Registries are configured where an installer runs; a path of one machine is wrong on every other.
MACHINE_BOUND = {
    "a registry's host": re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)", re.IGNORECASE),
    "a registry's option": re.compile(r"^\s*(?:--(?:extra-)?index-url|--find-links|--trusted-host)\b", re.MULTILINE),
    "a path in someone's home": re.compile(r"(?<![\w.}/-])/(?:home|root|Users)/\w"),
    "the path of this checkout": re.compile(re.escape(str(ROOT)) + r"\b"),
}


# Exceptions that never leave the package: raised below, caught by the caller who knows what they mean.
CAUGHT_INSIDE = {
    "core/codec.py: NestedProblems": "gathered into one InvalidForm with the paths of all",
    "core/codec.py: UnsupportedType": "becomes a DefinitionError where class and field are known",
    "runtime/ranges/pipe.py: Ended": "becomes WorkerFailed at the parent; a child ends with it",
    "source/values.py: NoText": "the value's expression then counts instead",
    "testing/samples.py: NoSample": "check_shapes then asks for examples",
    "storage/evidence.py: Unreadable": "becomes a fault of the report, or Unavailable where the connection broke",
}


def read_texts() -> dict[str, str]:
    own = Path(__file__).resolve()
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8", errors="replace") for path in repository_files() if path != own}


def test_no_file_names_a_registry_or_a_machine() -> None:
    found = [
        f"{path}: {what}: {match.group()!r}"
        for path, text in read_texts().items()
        for what, pattern in MACHINE_BOUND.items()
        for match in pattern.finditer(text)
    ]

    assert not found, "\n".join(found)


def test_no_lock_file_of_one_installer_is_kept() -> None:
    assert [path for path in repository_files() if path.name == "uv.lock"] == []


def test_links_between_pages_lead_somewhere() -> None:
    pages = [path for path in repository_files() if path.suffix == ".md"]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]

    assert not dead, "\n".join(dead)


def test_every_decision_has_a_number_of_its_own_which_its_title_repeats() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    numbers = [page.name[:4] for page in pages]

    assert sorted(set(numbers)) == numbers
    assert [page.read_text(encoding="utf-8")[:7] for page in pages] == [f"# {number} " for number in numbers]


def test_every_direct_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *(one for group in project["dependency-groups"].values() for one in group),
    ]
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "requirements/dev.txt").read_text(encoding="utf-8"), re.MULTILINE)

    names = {re.split(r"[\[<>=~! ;]", one, maxsplit=1)[0].lower() for one in wanted}

    assert names <= set(pinned), f"run `make requirements`: {sorted(names - set(pinned))} not pinned"


def test_every_file_says_what_lives_in_it() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for folder in ("src", "tests", "benchmarks")
        for path in python_files(ROOT / folder)
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) and path.stat().st_size
    ]

    assert not silent, "\n".join(silent)


def test_the_public_names_are_listed_in_order_and_documented() -> None:
    undocumented = [
        name
        for name in ensue.__all__
        if (inspect.isclass(value := getattr(ensue, name)) or inspect.isroutine(value)) and not (value.__doc__ or "").strip()
    ]

    assert list(ensue.__all__) == sorted(ensue.__all__), "sort __all__"
    assert not undocumented, undocumented


def read_drawn_tree() -> dict[str, str]:
    """Each exception in the drawing on top of errors.py, with the one above it."""
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        if match := re.match(r"    (?P<branches>(?:[ │├└─]{4})*)(?P<name>[A-Z]\w+)(?:\s{2,}|$)", line):
            depth = len(match["branches"]) // 4
            above[depth:] = [match["name"]]
            if depth:
                drawn[match["name"]] = above[depth - 1]
    return drawn


def test_the_drawn_tree_of_exceptions_is_the_real_one() -> None:
    real = {
        value.__name__: value.__mro__[1].__name__
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, Exception) and value is not errors.EnsueError
    }

    assert read_drawn_tree() == real


def test_every_exception_of_the_package_grows_from_the_one_root() -> None:
    builtin = {name for name, value in vars(builtins).items() if inspect.isclass(value) and issubclass(value, BaseException)}
    rootless = {
        f"{path.relative_to(SOURCE)}: {node.name}"
        for path in python_files(SOURCE)
        if SOURCE / "demo" not in path.parents  # an application, whose errors are its own
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.bases and ast.unparse(node.bases[0]) in builtin
    }

    assert rootless == {"errors.py: EnsueError"} | CAUGHT_INSIDE.keys()
