"""Worker: the program of a child process. It imports an application, then answers one message after another until nobody asks."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ensue.core.app import App
from ensue.core.brought_up import Missing, some_brought_up
from ensue.core.data import fields_of
from ensue.core.diff import Side
from ensue.core.exchange import record_from
from ensue.core.facts import Facts, Query, Row
from ensue.core.model import Model, shape_name
from ensue.core.one_shape import shapes_of, side_brought_up
from ensue.core.replay import decide_by_facts, side_of
from ensue.core.version import Version
from ensue.errors import EnsueError, UnknownEventType, UnknownShape, VersionError
from ensue.runtime.ranges.calling import called
from ensue.runtime.ranges.messages import FAILED_ASKING, Answered, Asked, Call, Decide, Do, Failed, Greeting, Hello, Passed
from ensue.runtime.ranges.pipe import Ended, Pipe


class AskedPast:
    """The past, told by the parent, who has the records."""

    def __init__(self, pipe: Pipe, app: App, shapes: Mapping[str, str]) -> None:
        self._pipe = pipe
        self._app = app
        self._shapes = shapes

    def row(self, model: str, id: str) -> Row | None:
        """The row as it stood."""
        found: Row | None = self._ask(("row", model, id))
        return None if found is None else row_here(self._app.model(model), found, self._shapes)

    def rows(self, query: Query) -> Mapping[str, Row]:
        """The rows that equalled."""
        found: Mapping[str, Row] = self._ask(("rows", query))
        return {id: row_here(self._app.model(query[0]), row, self._shapes) for id, row in found.items()}

    def _ask(self, question: tuple[Any, ...]) -> Any:
        self._pipe.send(Asked(question))
        kind, value = self._pipe.receive()
        if kind == FAILED_ASKING:
            raise Missing(value)
        return value


class Worker:
    """A child's side: the application it has imported, and the sources that it has open."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._sources: dict[Any, Any] = {}
        self._jobs: list[Any] = []
        self._app: App | None = None

    def answer(self, message: Any) -> Any:
        """What comes of one message."""
        if isinstance(message, Hello):
            self._app = imported(message)
            return Greeting(self._app.expectations(), shapes_of(self._app))
        if isinstance(message, Call):
            return called(message)
        assert self._app is not None, "a child is greeted first"
        if isinstance(message, Decide):
            return self._decide(self._app, message)
        return self._do(self._app, message)

    def _decide(self, app: App, message: Decide) -> tuple[Side, Side | None]:
        past = AskedPast(self._pipe, app, message.shapes)
        base = None if message.base is None else side_brought_up(app, message.base, message.shapes, message.rows, past.row)
        return self._side(app, message, past), base

    def _side(self, app: App, message: Decide, past: AskedPast) -> Side:
        record = record_from(app, message.members)
        version = Version.parse(message.version)
        try:
            return side_of(decide_by_facts(record, version, facts_of(app, message), past))._replace(facts=None)
        except (VersionError, UnknownEventType, UnknownShape, Missing) as error:
            return Side(missing=str(error))

    def _do(self, app: App, message: Do) -> Any:
        from ensue.runtime.ranges.job import do_part  # needs a database library, which other code alone does not

        if message.place not in self._sources:
            self._sources[message.place] = message.place.open(app)
        job = next((known for known in self._jobs if known == message.job), None)
        if job is None:
            job = message.job
            self._jobs.append(job)
        return do_part(job, self._sources[message.place], message.part, self._tell)

    def _tell(self, count: int) -> None:
        self._pipe.send(Passed(count))

    def close(self) -> None:
        """Close what was opened."""
        for job in self._jobs:
            job.close()
        for source in self._sources.values():
            source.close()


def facts_of(app: App, message: Decide) -> Facts:
    """What the parent says the record knew; whole rows are brought up where this checkout has newer shapes."""
    facts = Facts()
    models = {model.__ensue__.name: model for model in app.models()}
    for model, id, row in message.rows:
        if (latest := models.get(model)) is None:  # nothing here can ask for it
            continue
        facts.learn(model, (id,), {} if row is None else {id: row_here(latest, row, message.shapes)})
    for query, ids in message.answers:
        if query[0] not in models:
            continue
        facts.learn_answer(query, {id: row for id in ids if (row := facts.row(query[0], id)) is not None})
    return facts


def row_here(latest: type[Model], row: Row, shapes: Mapping[str, str]) -> Row:
    """A row that came in one of these *shapes*, in the newest of this checkout. Raises UnknownShape where this one has no such shape."""
    if shapes.get(latest.__ensue__.name) == shape_name(latest):  # of columns that came without a new shape, those that it knows
        return {name: value for name, value in row.items() if name in fields_of(latest).by_name}
    return some_brought_up(latest, row, lambda: shapes)


def imported(hello: Hello) -> App:
    """The application. Raises ImportError, AttributeError, and whatever its own code raises."""
    paths = [] if hello.code is None else [str(hello.code), *(str(one) for one in (hello.code / "src",) if one.is_dir())]
    sys.path[:] = [*paths, *hello.path]
    module_name, _, name = hello.app.partition(":")
    module = import_module(module_name) if hello.code is None else _from_checkout(module_name, hello.code)
    app = getattr(module, name)
    if not isinstance(app, App):
        raise ImportError(f"{hello.app} is a {type(app).__name__} and no App.")
    for other in hello.modules:
        try:
            import_module(other)
        except ModuleNotFoundError as error:
            if hello.code is None or error.name is None or not f"{other}.".startswith(f"{error.name}."):
                raise
    if hello.code is None and app.types() != hello.types:
        raise ImportError(f"{hello.app} has other event types in a process of its own: declare them in modules, not in a function.")
    app.check()
    return app


def _from_checkout(module_name: str, code: Path) -> Any:
    """The module, which must be of that checkout. Raises ImportError."""
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise ImportError(f"there is no module {module_name} in {code}; code= takes another checkout of the application") from None
    found = Path(str(module.__file__)).resolve()
    if not found.is_relative_to(code):
        raise ImportError(f"{module_name} was found at {found}, not in {code}; code= takes another checkout of the application")
    return module


def main() -> None:
    """Answer until the parent closes its end."""
    own = os.dup(1)
    os.dup2(2, 1)  # what the application prints must not come between messages
    pipe = Pipe(sys.stdin.buffer, os.fdopen(own, "wb"))
    worker = Worker(pipe)
    try:
        while True:
            message = pipe.receive()
            try:
                pipe.send(Answered(worker.answer(message)))
            except Ended:
                raise
            except EnsueError as error:
                pipe.send(Failed(str(error)))
            except Exception as error:  # noqa: BLE001  # whatever it is, the parent must hear of it
                pipe.send(Failed(f"A worker process failed: {type(error).__name__}: {error}"))
    except (Ended, KeyboardInterrupt):
        pass  # nobody asks any more
    finally:
        worker.close()


if __name__ == "__main__":
    main()
