"""The lint finds what is missing or left over, says what to do, and has nothing to say of a catalog that is whole."""

from __future__ import annotations

from ensue.demo import clinic
from ensue.source.catalog.lint import lint
from tests.source.catalog.library import library


def test_the_library_has_one_of_everything() -> None:
    found = {(one.code, one.name) for one in lint(library)}

    assert found == {
        ("no_purpose", "Pay"),
        ("no_purpose", "confirm note_confirmation"),
        ("no_purpose", "Fax"),
        ("no_text", "2021-06-01"),
        ("no_text", "2022-01-01"),
        ("no_text", "2023-01-01"),
        ("no_steps", "fine.pay"),
        ("no_performer", "fax"),
        ("declared_unused", "loan.borrow check_book"),
        ("declared_unused", "loan.borrow send_letter"),
        ("rejection_unused", "loan.closed"),
        ("name", "confirm"),
        ("name", "fax"),
        ("name", "TooMany"),
    }


def test_each_finding_says_what_to_do_and_where() -> None:
    found = {(one.code, one.name): one for one in lint(library)}
    unused = found["declared_unused", "loan.borrow send_letter"]

    assert unused.message == "It declares the effect Fax and never makes one; take it out of the return annotation."
    assert str(unused.place).startswith("tests/source/catalog/library.py:")
    assert found["no_steps", "fine.pay"].message.endswith('Say end_event("fine.pay", …).')
    assert all(one.message.endswith((".", "readers.")) for one in found.values())


def test_the_clinic_is_whole() -> None:
    assert lint(clinic) == ()
