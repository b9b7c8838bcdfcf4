"""
Application: which app and which database a command works on, and a ledger over both.

First found, each for itself: the option; ENSUE_APP and ENSUE_DATABASE; `[tool.ensue]` in the nearest pyproject.toml
that has it, from the working directory upward:

    [tool.ensue]
    app = "clinic:app"                  # module:name; the working directory and this folder are importable
    database = "sqlite:///clinic.db"    # a file is looked for from this folder
    ledger = "north"                    # only where the database holds many
"""

from __future__ import annotations

import os
import sys
import tomllib
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ensue.errors import ConfigurationError, DefinitionError, EnsueError, NotMigrated, Unavailable

if TYPE_CHECKING:
    from ensue import App, Ledger

SQLITE = "sqlite:///"
SETTINGS = ("app", "database", "ledger")


@dataclass(frozen=True)
class Where:
    """What the options of a command said of app, database and ledger; None where they said nothing."""

    app: str | None
    database: str | None
    ledger: str | None = None


@dataclass(frozen=True)
class Project:
    """`[tool.ensue]` of a pyproject.toml, and the folder it stands in; empty where there is none."""

    settings: Mapping[str, str]
    folder: Path | None


@contextmanager
def opened(where: Where, *, create: bool = False) -> Iterator[Ledger]:
    """
    The ledger that *where* and the project name. What the application prints meanwhile goes to stderr.

    Raises:
        ConfigurationError: no app or no database is named, or one cannot be found.
        DefinitionError: the application cannot be imported, or is declared wrongly.
        NotMigrated, Unavailable: the database.
    """
    with redirect_stdout(sys.stderr):
        app, database, name = resolve(where)
        if not create:
            check_file(database, name)
        import ensue

        with ensue.open(app, database, name=name, create=create) as ledger:
            yield ledger


def resolve(where: Where) -> tuple[App, str, str | None]:
    """The application, the database's address and the ledger's name. Raises ConfigurationError, DefinitionError."""
    project = find_project(Path.cwd())
    return load_app(where.app, project), find_database(where.database, project), where.ledger or project.settings.get("ledger")


# ---- the project ---------------------------------------------------------------------------------------------------
def find_project(start: Path) -> Project:
    """The nearest `[tool.ensue]`, from *start* upward. Raises ConfigurationError for a file that cannot be read."""
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if not path.is_file():
            continue
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("ensue")
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}.") from None
        if table is not None:
            return Project(checked_settings(path, table), folder)
    return Project({}, None)


def checked_settings(path: Path, table: Any) -> dict[str, str]:
    """The settings that commands read, as texts."""
    settings = {name: table[name] for name in SETTINGS if name in table} if isinstance(table, dict) else None
    if settings is None or not all(isinstance(value, str) for value in settings.values()):
        raise ConfigurationError(f'{path}: [tool.ensue] is a table of texts, such as app = "clinic:app"; found {table!r}.')
    return settings


# ---- the app -------------------------------------------------------------------------------------------------------
def load_app(given: str | None, project: Project) -> App:
    """The application named by --app or by the project."""
    given = given or os.environ.get("ENSUE_APP")
    named = given or project.settings.get("app")
    if named is None:
        raise ConfigurationError(
            'Which application? Say --app module:name, set ENSUE_APP, or write app = "module:name" under [tool.ensue] in pyproject.toml.'
        )
    module_name, _, name = named.partition(":")
    for folder in filter(None, (None if given else project.folder, Path.cwd())):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    module = import_application(module_name, named)
    from ensue import App

    apps = sorted(name for name, value in vars(module).items() if isinstance(value, App))
    app = vars(module).get(name)
    if isinstance(app, App):
        return app
    found = (
        f"no {name!r}"
        if name and app is None
        else f"{name!r}, which is a {type(app).__name__} and no App"
        if name
        else "no name behind the module"
    )
    remedy = f"did you mean {' or '.join(f'{module_name}:{one}' for one in apps)}?" if apps else "it has no App at all."
    raise ConfigurationError(f"--app {named}: expected module:name, found {found} in {module_name}; {remedy}")


def import_application(module_name: str, named: str) -> Any:
    """The module, or an error that says which line of it went wrong."""
    if module_name.endswith(".py"):
        likely = ".".join(Path(module_name).with_suffix("").parts)
        raise ConfigurationError(
            f"--app {named}: expected module:name, found a file; did you mean {likely}:{named.partition(':')[2] or 'app'}?"
        )
    if not module_name or not all(part.isidentifier() for part in module_name.split(".")):
        raise ConfigurationError(f"--app {named}: expected module:name, such as clinic:app; {module_name!r} is no module name.")
    try:
        return import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise failed_import(module_name, error) from error
        raise ConfigurationError(
            f"--app {named}: there is no module {error.name} in {Path.cwd()} or among what is installed. Go to its folder, or install it."
        ) from None
    except EnsueError:
        raise
    except (Exception, SystemExit) as error:
        raise failed_import(module_name, error) from error


def failed_import(module_name: str, error: BaseException) -> DefinitionError:
    """What to say when the application's own code raises while it is imported: what, and in which line."""
    if isinstance(error, SyntaxError):
        place = f"{error.filename}, line {error.lineno}"
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
        place = f"{frames[-1].filename}, line {frames[-1].lineno}"
    return DefinitionError(f"{module_name} cannot be imported: {type(error).__name__}: {error} ({place}).")


# ---- the database --------------------------------------------------------------------------------------------------
def find_database(given: str | None, project: Project) -> str:
    """The database's address; a file that the project names is looked for from the project's folder."""
    url = given or os.environ.get("ENSUE_DATABASE")
    if url:
        return url
    url = project.settings.get("database")
    if url is None:
        raise ConfigurationError(
            "Which database? Say --database sqlite:///clinic.db, set ENSUE_DATABASE, "
            'or write database = "sqlite:///clinic.db" under [tool.ensue] in pyproject.toml.'
        )
    path = sqlite_path(url)
    if path is None or path.is_absolute() or project.folder is None:
        return url
    return f"{SQLITE}{project.folder / url.removeprefix(SQLITE)}"


def sqlite_path(url: str) -> Path | None:
    """The path in a plain SQLite address; None for other databases, for one in memory and for an address with options."""
    path = url.removeprefix(SQLITE)
    return Path(path) if url.startswith(SQLITE) and path not in ("", ":memory:") and "?" not in path else None


def check_folder(url: str) -> None:
    """SQLite makes a file, but no folder. Raises Unavailable."""
    path = sqlite_path(url)
    if path is not None and not path.parent.is_dir():
        raise Unavailable(f"There is no folder {path.parent} for the database. Check the address, or make the folder.")


def check_file(url: str, name: str | None) -> None:
    """SQLite makes a file of whatever is opened; a command that only asks must not. Raises NotMigrated."""
    path = sqlite_path(url)
    if path is not None and name is not None:
        path = path / f"{name}.db"
    if path is not None and not path.exists():
        raise NotMigrated(f"There is no database {path} yet. Check the address, or make it with `ensue db migrate`.")
