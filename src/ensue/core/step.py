"""Step: a pure function that decides part of what follows, since a date; and its contract, the return annotation."""

from __future__ import annotations

import collections.abc
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Protocol, TypeVar, Union, get_args, get_origin, overload

from typing_extensions import TypeAliasType

from ensue.core.annotations import Namespace
from ensue.core.effect import Effect
from ensue.core.event import Event
from ensue.core.model import Model
from ensue.core.operation import Cancel, Delete, Erase, Increase, Insert, Operation, Update
from ensue.core.plan import Plan
from ensue.core.rejection import Rejection
from ensue.core.version import Version
from ensue.errors import DefinitionError

E_contra = TypeVar("E_contra", bound=Event, contravariant=True)
E = TypeVar("E", bound=Event)
Decided = Iterable["Operation[Any] | Effect"] | None
StepFunction = Callable[..., Decided]

OPERATIONS: dict[Any, str] = {Insert: "insert", Update: "update", Increase: "increase", Delete: "delete", Erase: "erase", Cancel: "cancel"}
ITERABLES = (
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    collections.abc.Sequence,
    collections.abc.Collection,
    tuple,
    list,
)


class StepDecorator(Protocol[E]):
    """What `app.step(…)` gives: it takes a step over exactly this event."""

    @overload
    def __call__(self, step: Callable[[E], Decided], /) -> Callable[[E], Decided]: ...
    @overload
    def __call__(self, step: Callable[[E, Plan], Decided], /) -> Callable[[E, Plan], Decided]: ...


@dataclass(frozen=True)
class Contract:
    """
    What a step may cause: pairs of operation kind and model name (of `cancel`: effect kind, empty for any), and effect kinds.

    `models` and `effects_declared` are the classes the annotation names.
    """

    operations: frozenset[tuple[str, str]] = frozenset()
    effects: frozenset[str] = frozenset()
    models: tuple[type[Model], ...] = ()
    effects_declared: tuple[type[Effect], ...] = ()

    def describe(self) -> str:
        """The contract in words, for messages."""
        names = [f"{kind.capitalize()}[{name or 'Effect'}]" for kind, name in sorted(self.operations)] + sorted(self.effects)
        return " | ".join(names) or "None"


@dataclass(frozen=True, eq=False)
class Step:
    """One step as declared. `name` is its function's; `origin` the name of the first step it replaced, itself where it replaces none."""

    name: str
    origin: str
    function: StepFunction
    event: type[Event]
    since: Version
    contract: Contract
    rejects: tuple[type[Rejection], ...]
    replaces: StepFunction | None
    after: StepFunction | None
    takes_plan: bool
    module: str
    order: int
    """How many steps the application had before it."""


def contract_of(function: StepFunction, event: type[Event]) -> tuple[Contract, bool]:
    """
    The contract a step's return annotation states, and whether it takes `so_far`.

    Raises:
        DefinitionError: an annotation is missing, names another event, or something no step may yield.
    """
    name = function.__name__
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise DefinitionError(f"Step {name}: a step waits for nothing; drop async, and declare as state what it would wait for.")
    try:
        hints = Namespace(function).hints()
    except NameError as error:
        raise DefinitionError(f"Step {name}: {error}; define it above the step.") from error
    parameters = list(inspect.signature(function).parameters.values())
    if len(parameters) not in (1, 2):
        raise DefinitionError(
            f"Step {name}: expected (event) or (event, so_far), found {len(parameters)} parameters; a step knows nothing else."
        )
    annotated = hints.get(parameters[0].name)
    if annotated is not event:
        found = getattr(annotated, "__name__", annotated)
        raise DefinitionError(
            f"Step {name}: its event is annotated {found}, but it is registered for {event.__name__}; name the same class."
        )
    if len(parameters) == 2 and hints.get(parameters[1].name) is not Plan:
        raise DefinitionError(f"Step {name}.{parameters[1].name}: the second parameter is what was decided so far; annotate it Plan.")
    if "return" not in hints:
        raise DefinitionError(
            f"Step {name}: the return annotation is the contract; write -> Iterator[Insert[…] | …], "
            "or -> None for a step that only rejects."
        )
    return _contract(name, hints["return"]), len(parameters) == 2


def _members(annotation: Any) -> list[Any]:
    """What a union may be, without None; of anything else, itself."""
    if isinstance(annotation, TypeAliasType):
        return _members(annotation.__value__)
    if get_origin(annotation) in (Union, UnionType):
        return [member for one in get_args(annotation) for member in _members(one)]
    return [] if annotation in (None, NoneType) else [annotation]


def _contract(step: str, returned: Any) -> Contract:
    yielded: list[Any] = []
    for iterable in _members(returned):
        arguments = get_args(iterable)
        if get_origin(iterable) not in ITERABLES or not arguments:
            raise DefinitionError(
                f"Step {step}: a step returns an iterable of operations and effects, found {iterable}; write -> Iterator[…]."
            )
        # A generator's further arguments are what is sent to it and returned; a tuple's are all yielded.
        yielded += [one for one in arguments if one is not Ellipsis] if get_origin(iterable) is tuple else arguments[:1]
    operations: set[tuple[str, str]] = set()
    models: list[type[Model]] = []
    effects: list[type[Effect]] = []
    for member in (member for one in yielded for member in _members(one)):
        kind, named = OPERATIONS.get(get_origin(member)), get_args(member)
        if kind == "cancel" and isinstance(named[0], type) and issubclass(named[0], Effect):
            operations.add((kind, named[0].__ensue__.kind))
        elif kind not in (None, "cancel") and isinstance(named[0], type) and issubclass(named[0], Model):
            operations.add((kind, named[0].__ensue__.name))
            models.append(named[0])
        elif isinstance(member, type) and issubclass(member, Effect) and member is not Effect:
            effects.append(member)
        else:
            raise DefinitionError(
                f"Step {step}: {member} is nothing a step may yield; name operations of a model, as Insert[Prescription], or effects."
            )
    return Contract(frozenset(operations), frozenset(one.__ensue__.kind for one in effects), tuple(models), tuple(effects))


def check_rejects(step: str, rejects: Iterable[Any]) -> tuple[type[Rejection], ...]:
    """*rejects* as a tuple. Raises DefinitionError where one is no rejection."""
    for one in rejects:
        if not (isinstance(one, type) and issubclass(one, Rejection)):
            raise DefinitionError(f"Step {step}: rejects= names {one!r}, which is no Rejection class.")
    return tuple(rejects)
