"""App: the registry. What event types there are, which steps decide them since when, and who performs their effects."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ensue.core.choice import Line, not_on
from ensue.core.correction import CORRECTION, correction_logic
from ensue.core.data import fields_of
from ensue.core.effect import Attempt, Done, Effect, GiveUp, Retry, Task, compensation_of
from ensue.core.event import Event
from ensue.core.expectation import Expecting
from ensue.core.logic import Logic, build_logic, resolve_steps
from ensue.core.model import Model, check_model, children_of, newest
from ensue.core.rejection import Rejection
from ensue.core.shapes import check_line, line_of, shape_at
from ensue.core.step import Step, StepDecorator, StepFunction, check_rejects, contract_of
from ensue.core.version import End, Version, VersionEntry
from ensue.errors import DefinitionError, UnknownEventType, VersionError

if TYPE_CHECKING:
    from ensue.core.catalog import Catalog

E = TypeVar("E", bound=Event)
F = TypeVar("F", bound=Effect)
Performer = Callable[[F, Attempt], Done | Retry | GiveUp]


class App(Expecting):
    """
    The logic of one application: `clinic = App("clinic")`.

    Args:
        name: for people and messages.
        default: the version of events whose caller, credential and account say none; else the newest.
        models: models that no event names, so that their tables are made too.
    """

    def __init__(self, name: str, *, default: str | None = None, models: Sequence[type[Model]] = ()) -> None:
        super().__init__()
        self.name = name
        self.default = Version.declared(default, f"App({name!r}, default=)") if default else None
        self._extra_models = tuple(models)
        self._steps: dict[str, list[Step]] = {}
        self._shapes: dict[str, type[Event]] = {}
        self._ended_steps: dict[StepFunction, Version] = {}
        self._ended_events: dict[str, Version] = {}
        self._whys: dict[StepFunction | str, str] = {}
        self._entries: dict[Version, VersionEntry] = {}
        self._performers: dict[str, tuple[Performer[Any], str]] = {}
        self._effects: dict[str, type[Effect]] = {Task.__ensue__.kind: Task}
        self._logic: dict[tuple[str, Version | str], Logic] = {}
        self._line: tuple[Version, ...] | None = None
        self._models: dict[str, type[Model]] | None = None
        """Known once all is declared and checked."""

    # -- declaring
    def step(
        self,
        event: type[E],
        *,
        since: str,
        rejects: Sequence[type[Rejection]] = (),
        replaces: StepFunction | None = None,
        after: StepFunction | None = None,
    ) -> StepDecorator[E]:
        """
        Register a step that decides *event* since a date.

        Args:
            event: the shape that the step reads.
            since: the version from which on it runs; not before the date of *event*'s shape.
            rejects: the reasons it may raise.
            replaces: the step whose place, and name in effect keys, it takes.
            after: the step of the same date, in another module, that it follows.

        Raises:
            DefinitionError: the contract or a date cannot be.
        """

        def register(function: Any) -> Any:
            name = function.__name__
            version = Version.declared(since, f"Step {name}")
            if version < event.__ensue__.version:
                raise DefinitionError(
                    f"Step {name}: since {version} is before {event.__ensue__.version}, when {event.__name__} begins; "
                    "register it for the shape of that date."
                )
            contract, takes_plan = contract_of(function, event)
            steps = self._steps.setdefault(event.__ensue__.type, [])
            replaced = next((one for one in steps if one.function is replaces), None) if replaces is not None else None
            steps.append(
                Step(
                    name=name,
                    origin=replaced.origin if replaced else name,
                    function=function,
                    event=event,
                    since=version,
                    contract=contract,
                    rejects=check_rejects(name, rejects),
                    replaces=replaces,
                    after=after,
                    takes_plan=takes_plan,
                    module=function.__module__,
                    order=sum(map(len, self._steps.values())),
                )
            )
            self._join(event)
            for effect in contract.effects_declared:
                self._join_effect(effect)
            return function

        return cast("StepDecorator[E]", register)

    def end_step(self, step: StepFunction, *, since: str, why: str) -> None:
        """From *since* on the step no longer runs; *why* is the changelog text."""
        where = f"end_step({step.__name__})"
        found = next((one for steps in self._steps.values() for one in steps if one.function is step), None)
        if found is None:
            raise DefinitionError(f"{where}: it is no step of {self.name}; register it before it is ended.")
        if step in self._ended_steps:
            raise DefinitionError(f"{where}: it ends on {self._ended_steps[step]} already; keep one date.")
        version = Version.declared(since, where)
        if version <= found.since:
            raise DefinitionError(f"{where}: {version} is not after {found.since}, when it begins; give a later date.")
        _check_why(where, why)
        self._ended_steps[step] = version
        self._whys[step] = why
        self._forget()

    def end_event(self, type: str, *, since: str, why: str) -> None:
        """From *since* on events of this type are no longer taken; *why* is the changelog text."""
        where = f"end_event({type!r})"
        if type not in self._shapes:
            raise DefinitionError(f"{where}: {self.name} has no event of this type; register a step of it first.")
        version = Version.declared(since, where)
        begins = self._begins(type)
        if version <= begins:
            raise DefinitionError(f"{where}: {version} is not after {begins}, when it begins; give a later date.")
        _check_why(where, why)
        self._ended_events[type] = version
        self._whys[type] = why
        self._forget()

    def version(self, date: str, text: str, *, deprecated: str | None = None, retired: str | None = None) -> None:
        """Say what a version is; *deprecated* and *retired* are the dates from which it warns, and refuses new events."""
        version = Version.declared(date, "version()")
        if not text.strip():
            raise DefinitionError(f"version({date!r}): a version says what changed; write one sentence.")
        if version in self._entries:
            raise DefinitionError(f"version({date!r}): declared twice; keep one text.")
        entry = VersionEntry(version, text, _day(deprecated, date), _day(retired, date))
        if entry.deprecated is not None and entry.retired is not None and entry.retired < entry.deprecated:
            raise DefinitionError(f"version({date!r}): it is retired before it is deprecated; give callers time to leave.")
        self._entries[version] = entry
        self._forget()

    def performer(self, effect: type[F], *, acts_as: str = "effects") -> Callable[[Performer[F]], Performer[F]]:
        """Register the function that performs *effect* after commit; events that bring its answer back have the actor *acts_as*."""

        def register(function: Performer[F]) -> Performer[F]:
            self._join_effect(effect)
            if effect.__ensue__.kind in self._performers:
                raise DefinitionError(
                    f"Performer {function.__name__}: {effect.__name__} has one already; an effect is performed by one function."
                )
            self._performers[effect.__ensue__.kind] = (function, acts_as)
            return function

        return register

    def _join(self, event: type[Event]) -> None:
        first = line_of(event)[0]
        known = self._shapes.setdefault(event.__ensue__.type, first)
        if known is not first:
            raise DefinitionError(
                f"{event.__name__}: {event.__ensue__.type!r} is the type of {known.__name__} already; "
                f"say follows={line_of(known)[-1].__name__}, or choose another type."
            )
        self._forget()

    def _join_effect(self, effect: type[Effect]) -> None:
        known = self._effects.setdefault(effect.__ensue__.kind, effect)
        if known is not effect:
            raise DefinitionError(f"{effect.__name__}: kind {known.__ensue__.kind!r} is {known.__name__}'s already; choose another kind.")

    def _forget(self) -> None:
        self._logic.clear()
        self._line = None
        self._models = None

    # -- looking up
    if TYPE_CHECKING:

        def catalog(self) -> Catalog:
            """Everything that is declared, as data, for people and programs (made on the source floor). Raises DefinitionError."""
            ...

    def check(self) -> None:
        """
        Everything that can only be checked when all is declared; called when a ledger opens.

        Raises:
            DefinitionError: the first thing that cannot be.
        """
        if self._models is not None:
            return
        models = self._find_models()
        for compensation in [made for effect in self._effects.values() if (made := compensation_of(effect)) is not None]:
            self._join_effect(compensation)
        for model in models.values():
            check_model(model)
            check_line(model)
        for type_, first in self._shapes.items():
            check_line(first)
            for version in self.line():
                if self.decides(type_, version):
                    self.logic(type_, version)
        if self.default is not None and self.line() and self.default not in self.line():
            raise DefinitionError(
                f"App({self.name!r}): default={str(self.default)!r} is no version of it; {not_on(self.line(), self.default)}"
            )
        self._models = models

    def line(self) -> tuple[Version, ...]:
        """Every version there is, oldest first: what `version()` declared and what shapes and steps begin at."""
        if self._line is None:
            dates = set(self._entries) | {one.since for steps in self._steps.values() for one in steps} | set(self._ended_steps.values())
            dates |= set(self._ended_events.values())
            dates |= {shape.__ensue__.version for first in self._shapes.values() for shape in line_of(first)}
            self._line = tuple(sorted(dates))
        return self._line

    def entries(self) -> tuple[VersionEntry, ...]:
        """What the application said of its versions, oldest first."""
        return tuple(self._entries[version] for version in sorted(self._entries))

    def entry(self, version: Version) -> VersionEntry | None:
        """What the application said of a version; None where it said nothing."""
        return self._entries.get(version)

    def ended(self, what: StepFunction | str) -> End | None:
        """Since when a step, or an event type by its name, is no longer there, and why; None where it has not ended."""
        since = self._ended_events.get(what) if isinstance(what, str) else self._ended_steps.get(what)
        return None if since is None else End(since, self._whys[what])

    def types(self) -> tuple[str, ...]:
        """The names of all event types, sorted."""
        return tuple(sorted(self._shapes))

    def effects(self) -> dict[str, type[Effect]]:
        """Effect classes by kind: the application's own, and the tasks that corrections leave to people."""
        return dict(self._effects)

    def own_effects(self) -> dict[str, type[Effect]]:
        """The effect classes that the application declares, by kind: without the tasks that corrections leave to people."""
        return {kind: effect for kind, effect in self._effects.items() if effect is not Task}

    def performer_of(self, kind: str) -> tuple[Performer[Any], str] | None:
        """The function that performs effects of *kind*, and the actor of its answers."""
        return self._performers.get(kind)

    def shapes(self, type_: str) -> list[type[Event]]:
        """The shapes of an event type, oldest first. Raises UnknownEventType."""
        return line_of(self._first(type_))

    def steps(self, type_: str) -> tuple[Step, ...]:
        """All steps that an event type ever had, as they were declared. Raises UnknownEventType."""
        self._first(type_)
        return tuple(self._steps[type_])

    def _first(self, type_: str) -> type[Event]:
        first = self._shapes.get(type_)
        if first is None:
            near = difflib.get_close_matches(type_, self._shapes, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"{self.name} has {', '.join(self.types()) or 'none yet'}."
            raise UnknownEventType(f"There is no event type {type_!r}; {hint}")
        return first

    def decides(self, type_: str, version: Version) -> bool:
        """Whether events of this type are taken at *version*."""
        ended = self._ended_events.get(type_)
        return self._begins(type_) <= version and (ended is None or version < ended)

    def _begins(self, type_: str) -> Version:
        """The date of its first step, which is not before that of its first shape."""
        return min(one.since for one in self._steps[type_])

    def logic(self, type_: str, version: Version | str) -> Logic:
        """
        The steps and shapes of an event type at a version, or at the one of this text; resolved once.

        Raises:
            UnknownEventType, VersionError (code `not_in_version`; `malformed`).
        """
        found = self._logic.get((type_, version))
        if found is None:
            found = self.logic(type_, Version.parse(version)) if isinstance(version, str) else self._resolve(type_, version)
            self._logic[type_, version] = found
        return found

    def _resolve(self, type_: str, version: Version) -> Logic:
        if type_ == CORRECTION:
            return correction_logic(version, {model.__ensue__.name: model for model in self.models()}, self._effects)
        first = self._first(type_)
        if not self.decides(type_, version):
            having = [one for one in self.line() if self.decides(type_, one)]
            until = f"to {having[-1]}" if type_ in self._ended_events else "on"
            raise VersionError(
                "not_in_version",
                f"{type_} is not in {version}; it is in {having[0]} {until}.",
                nearest=[str(having[0]), str(having[-1])],
            )
        shape = shape_at(first, version)
        assert shape is not None, "decides() has seen that the first shape is not after the version"
        return build_logic(type_, version, shape, resolve_steps(self._steps[type_], self._ended_steps, version))

    def versions(self, published: Collection[Version] | None = None) -> Line:
        """The line with what was said of its versions; *published* are those that a lock has closed, None where there is no lock."""
        return Line(self.name, self.line(), self._entries, published)

    def choose(self, *asked: str | None, today: date, published: Collection[Version] | None = None, drafts: bool = False) -> Version:
        """
        The version an event runs under: the first of *asked* that is given (call, credential, account), else the default, else the newest.

        Where versions are *published*, only those; the newest is the newest of them. With *drafts* others may be asked for too.

        Raises:
            VersionError: malformed, unknown (names the nearest two), future, before_first, draft or retired.
        """
        return self.versions(published).choose(asked, self.default, today=today, drafts=drafts)

    def known_version(self, text: str) -> Version:
        """A version of the line by its date, whatever became of it: what replay and compare ask for. Raises VersionError."""
        version, line = Version.parse(text), self.line()
        if version not in line:
            raise not_on(line, version) if line else VersionError("unknown", f"{self.name} has no versions yet: register a step.")
        return version

    def models(self) -> tuple[type[Model], ...]:
        """Every model the application touches, in its newest shape, sorted by name."""
        found = self._models if self._models is not None else self._find_models()
        return tuple(found.values())

    def _find_models(self) -> dict[str, type[Model]]:
        """What is named, with its parents and children, by name."""
        found: dict[str, type[Model]] = {}
        waiting = list(self._named_models())
        while waiting:
            latest = newest(waiting.pop())
            known = found.setdefault(latest.__ensue__.name, latest)
            if known is not latest:
                raise DefinitionError(
                    f"{latest.__qualname__}: {latest.__ensue__.name!r} is the name of {known.__qualname__} already; give one of them name=."
                )
            near = [other for one in line_of(latest) for other in (*one.__ensue__.parents, *children_of(one))]
            waiting += [other for other in near if found.get(other.__ensue__.name) is not newest(other)]
        return dict(sorted(found.items()))

    def _named_models(self) -> Iterator[type[Model]]:
        yield from self._extra_models
        for steps in self._steps.values():
            for step in steps:
                yield from step.contract.models
        for first in self._shapes.values():
            for shape in line_of(first):
                fields_of(shape)  # resolves names of classes that were defined later
                yield from (one.model for one in shape.__ensue__.state.values())

    def has_model(self, name: str) -> bool:
        """Whether the application touches a model of this name."""
        return name in (self._models if self._models is not None else self._find_models())

    def find_model(self, name: str) -> type[Model] | None:
        """The newest shape of the model of this name, None where the application touches none."""
        return (self._models if self._models is not None else self._find_models()).get(name)

    def model(self, name: str) -> type[Model]:
        """The newest shape of the model of this name. Raises DefinitionError."""
        found = self._models if self._models is not None else self._find_models()
        if name not in found:
            raise DefinitionError(f"{self.name} has no model {name!r}; it has {', '.join(found)}.")
        return found[name]


def _check_why(where: str, why: str) -> None:
    if not why.strip():
        raise DefinitionError(f"{where}: an end says why; write one sentence.")


def _day(text: str | None, version: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DefinitionError(f"version({version!r}): {text!r} is no date: {error}.") from None
