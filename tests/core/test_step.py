"""Steps: the contract that a return annotation states, and what cannot be a step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from typing import Any, Union

import pytest
from typing_extensions import TypeAliasType

from ensue import App, Cancel, DefinitionError, Delete, Effect, Erase, Event, Increase, Insert, Model, Plan, Ref, Rejection, Update, View
from ensue.core.step import contract_of


class Patient(Model, subject=True):
    name: str
    visits: int = 0


class Contact(View[Patient]):
    name: str


class Note(Model, of=Patient):
    patient_id: str


class Push(Effect, kind="push.send"):
    text: str


class Letter(Effect, kind="letter"):
    text: str


class Closed(Rejection, code="closed"):
    """It is closed."""


class Admit(Event, type="ward.admit", version="2026-01-01"):
    patient: Ref[Patient]


class Discharge(Event, type="ward.discharge", version="2026-01-01"):
    patient: Ref[Patient]


Written = TypeAliasType("Written", Union[Insert[Note], Push])  # noqa: UP007  # as `type Written = ...` from Python 3.12 on
UNSAID: Any = Insert
MISNAMED: Any = Cancel.__class_getitem__(Patient)  # type: ignore[attr-defined]  # past the eyes of the type checker
INSERT, PUSH = ("insert", "Note"), "push.send"


def step(returned: Any, *, event: Any = Admit, plan: Any = None) -> Callable[..., Any]:
    """A step with this return annotation."""

    def decide(event: Any) -> Any: ...
    def decide_over(event: Any, so_far: Any) -> Any: ...

    function: Any = decide if plan is None else decide_over
    function.__annotations__ = {"event": event, "return": returned, **({} if plan is None else {"so_far": plan})}
    made: Callable[..., Any] = function
    return made


@pytest.mark.parametrize(
    ("returned", "operations", "effects"),
    [
        (None, set(), set()),
        (Iterator[Insert[Note]], {INSERT}, set()),
        (Iterable[Insert[Note]], {INSERT}, set()),
        (Sequence[Insert[Note]], {INSERT}, set()),
        (Collection[Push], set(), {PUSH}),
        (list[Insert[Note]], {INSERT}, set()),
        (Generator[Insert[Note], None, None], {INSERT}, set()),
        (Generator[Insert[Note], str, int], {INSERT}, set()),
        (tuple[Insert[Note], ...], {INSERT}, set()),
        (tuple[Insert[Note], Push], {INSERT}, {PUSH}),
        (Iterator[Insert[Note]] | None, {INSERT}, set()),
        (Iterator[Insert[Note] | Push | Letter], {INSERT}, {PUSH, "letter"}),
        (Iterator[Written], {INSERT}, {PUSH}),
        (Iterator[Written | Update[Patient]], {INSERT, ("update", "Patient")}, {PUSH}),
        (list[Insert[Note]] | tuple[Push, ...], {INSERT}, {PUSH}),
        (Iterator[Update[Contact]], {("update", "Patient")}, set()),
        (Iterator[Increase[Patient] | Delete[Note]], {("increase", "Patient"), ("delete", "Note")}, set()),
        (Iterator[Erase[Patient]], {("erase", "Patient")}, set()),
        (Iterator[Cancel[Push]], {("cancel", "push.send")}, set()),
        (Iterator[Cancel[Effect]], {("cancel", "")}, set()),
    ],
)
def test_the_return_annotation_is_the_contract(returned: Any, operations: set[tuple[str, str]], effects: set[str]) -> None:
    contract, takes_plan = contract_of(step(returned), Admit)

    assert contract.operations == operations
    assert contract.effects == effects
    assert takes_plan is False


def test_a_second_argument_is_what_was_decided_so_far() -> None:
    assert contract_of(step(None, plan=Plan), Admit)[1] is True
    with pytest.raises(
        DefinitionError, match=r"^Step decide_over\.so_far: the second parameter is what was decided so far; annotate it Plan"
    ):
        contract_of(step(None, plan=Admit), Admit)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (int, "a step returns an iterable of operations and effects, found <class 'int'>; write -> Iterator"),
        (Insert[Note], "a step returns an iterable"),
        (Iterator, "a step returns an iterable"),
        (tuple[()], "a step returns an iterable"),
        (dict[str, Insert[Note]], "a step returns an iterable"),
        (Iterator[int], "<class 'int'> is nothing a step may yield; name operations of a model, as Insert"),
        (Iterator[UNSAID], "is nothing a step may yield"),
        (Iterator[Insert[int]], "is nothing a step may yield"),
        (Iterator[Insert[Push]], "is nothing a step may yield"),
        (Iterator[MISNAMED], "is nothing a step may yield"),
        (Iterator[Effect], "is nothing a step may yield"),
        (Iterator[Any], "is nothing a step may yield"),
        (Iterator[Closed], "is nothing a step may yield"),
        (Iterator[Note], "is nothing a step may yield"),
    ],
)
def test_an_annotation_that_is_no_contract_is_refused(returned: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=f"^Step decide: .*{message}"):
        contract_of(step(returned), Admit)


def test_a_step_without_a_return_annotation_is_refused() -> None:
    def decide(event: Admit): ...  # type: ignore[no-untyped-def]  # noqa: ANN202  # what is refused

    with pytest.raises(DefinitionError, match=r"^Step decide: the return annotation is the contract; write -> Iterator"):
        contract_of(decide, Admit)


def test_a_step_names_the_event_it_is_registered_for() -> None:
    with pytest.raises(
        DefinitionError, match=r"^Step decide: its event is annotated Discharge, but it is registered for Admit; name the same class"
    ):
        contract_of(step(None, event=Discharge), Admit)


def test_a_step_takes_an_event_and_what_was_decided_and_nothing_else() -> None:
    def nothing() -> None: ...
    def more(event: Admit, so_far: Plan, clock: Any) -> None: ...

    for function, count in ((nothing, 0), (more, 3)):
        with pytest.raises(
            DefinitionError, match=rf"expected \(event\) or \(event, so_far\), found {count} parameters; a step knows nothing else"
        ):
            contract_of(function, Admit)


def test_a_step_waits_for_nothing() -> None:
    async def decide(event: Admit) -> None: ...
    async def generate(event: Admit) -> Any:
        yield Push(text="a")

    functions: list[Any] = [decide, generate]
    for function in functions:
        with pytest.raises(DefinitionError, match=r"^Step (decide|generate): a step waits for nothing; drop async"):
            contract_of(function, Admit)


def test_a_step_begins_with_its_shape_or_later() -> None:
    with pytest.raises(
        DefinitionError,
        match=r"^Step decide: since 2025-12-31 is before 2026-01-01, when Admit begins; register it for the shape of that date",
    ):
        App("ward").step(Admit, since="2025-12-31")(step(None))


def test_the_date_of_a_step_is_a_version() -> None:
    with pytest.raises(DefinitionError, match=r"^Step decide: 'soon' is no version"):
        App("ward").step(Admit, since="soon")(step(None))


@pytest.mark.parametrize("rejects", [[Patient], ["Closed"], [ValueError]])
def test_what_a_step_rejects_with_is_a_rejection(rejects: list[Any]) -> None:
    with pytest.raises(DefinitionError, match=r"^Step decide: rejects= names .*, which is no Rejection class"):
        App("ward").step(Admit, since="2026-01-01", rejects=rejects)(step(None))


def test_a_registered_step_is_still_the_function() -> None:
    function = step(None)

    assert App("ward").step(Admit, since="2026-01-01")(function) is function
