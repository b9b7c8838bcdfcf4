"""Ledgers in memory begin as copies of the first one's empty tables, and share nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ensue
from ensue import App, Event, Insert, Model, New, NotMigrated, new
from ensue.storage import image


def an_app(name: str) -> tuple[App, type[Model], type[Event]]:
    """An application of its own, with one model."""
    app = App(name)

    class Patient(Model, subject=True, unique=[("name",)]):
        name: str

    class Register(Event, type="register", version="2024-01-01"):
        name: str
        patient: New[Patient] = new()

    @app.step(Register, since="2024-01-01")
    def register(event: Register) -> Iterator[Insert[Patient]]:
        yield Insert(Patient(id=event.patient, name=event.name))

    return app, Patient, Register


def test_a_further_ledger_has_an_identity_and_rows_of_its_own() -> None:
    app, patient, register = an_app("one")
    with ensue.open(app, "sqlite://") as first:
        first.submit(register(name="Ada", patient="p"), actor="desk")
        with ensue.open(app, "sqlite://") as second:
            assert first.uid != second.uid
            assert list(second.records()) == []
            second.submit(register(name="Ada", patient="p"), actor="desk")  # the unique rule came along, the row did not

            assert second.get(patient, "p").name == "Ada"  # type: ignore[attr-defined]  # a patient
            assert (first.verify().faults, second.verify().faults) == ((), ())


def test_the_same_randomness_gives_the_same_identity_whether_copied_or_made() -> None:
    app, _, _ = an_app("same")

    uids = []
    for _ in range(3):
        with ensue.open(app, "sqlite://", random_bytes=lambda size: bytes(size)) as ledger:
            uids.append(ledger.uid)

    assert uids == ["0" * 32] * 3


def test_an_app_with_other_models_has_tables_of_its_own() -> None:
    for name in ("one", "two"):
        app, patient, register = an_app(name)
        with ensue.open(app, "sqlite://") as ledger:
            ledger.submit(register(name="Ada", patient="p"), actor="desk")
            assert ledger.get(patient, "p").id == "p"


def test_no_tables_are_copied_where_none_may_be_made() -> None:
    app, _, _ = an_app("none")
    ensue.open(app, "sqlite://").close()

    with pytest.raises(NotMigrated):
        ensue.open(app, "sqlite://", create=False)


def test_only_so_many_applications_are_kept() -> None:
    for number in range(image.KEPT_MAX + 3):
        ensue.open(an_app(f"app_{number}")[0], "sqlite://").close()

    assert len(image._images) == image.KEPT_MAX
