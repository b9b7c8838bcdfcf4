"""Facts: what was loaded, kept true under what was decided since."""

from __future__ import annotations

from ensue import Model
from ensue.core.facts import Change, Facts, Needs, Query, Row


class Note(Model):
    owner: str | None
    text: str = ""


def note(id: str, owner: str | None, text: str = "") -> Row:
    return {"id": id, "owner": owner, "text": text}


ADAS: Query = ("Note", ("owner",), ("ada",))
NOBODYS: Query = ("Note", ("owner",), (None,))


def test_what_was_looked_up_is_known_also_where_there_is_none() -> None:
    facts = Facts()

    facts.learn("Note", ["n-1", "n-2"], {"n-1": note("n-1", "ada")})

    assert facts.knows("Note", "n-1")
    assert facts.knows("Note", "n-2")
    assert not facts.knows("Note", "n-3")
    assert facts.row("Note", "n-2") is None


def test_what_was_decided_is_not_overwritten_by_what_is_loaded_later() -> None:
    facts = Facts()
    facts.apply([Change("Note", "n-1", note("n-1", "ada"), note("n-1", "bob")), Change("Note", "n-2", note("n-2", "ada"), None)])

    facts.learn("Note", ["n-1", "n-2"], {"n-1": note("n-1", "ada"), "n-2": note("n-2", "ada")})

    assert facts.row("Note", "n-1") == note("n-1", "bob")
    assert facts.row("Note", "n-2") is None


def test_an_answer_that_was_not_loaded_is_not_known() -> None:
    facts = Facts()
    facts.learn_answer(ADAS, {})

    assert facts.answer(ADAS) == set()
    assert facts.answer(NOBODYS) is None
    assert facts.answer(("Note", ("text",), ("ada",))) is None


def test_answers_follow_what_is_decided() -> None:
    facts = Facts()
    facts.learn_answer(ADAS, {"n-1": note("n-1", "ada"), "n-2": note("n-2", "ada")})
    facts.learn_answer(NOBODYS, {})

    facts.apply(
        [
            Change("Note", "n-1", note("n-1", "ada"), note("n-1", None)),
            Change("Note", "n-2", note("n-2", "ada"), None),
            Change("Note", "n-3", None, note("n-3", "ada")),
            Change("Note", "n-4", None, note("n-4", "bob")),
        ]
    )

    assert facts.answer(ADAS) == {"n-3"}
    assert facts.answer(NOBODYS) == {"n-1"}


def test_an_answer_loaded_later_takes_in_what_was_decided_before() -> None:
    facts = Facts()
    facts.apply([Change("Note", "n-1", note("n-1", "ada"), note("n-1", "bob")), Change("Note", "n-2", None, note("n-2", "ada"))])

    facts.learn_answer(ADAS, {"n-1": note("n-1", "ada"), "n-3": note("n-3", "ada")})

    assert facts.answer(ADAS) == {"n-2", "n-3"}


def test_a_row_is_one_object_until_it_changes() -> None:
    facts = Facts()
    facts.learn("Note", ["n-1"], {"n-1": note("n-1", "ada")})

    first = facts.instance(Note, "n-1")
    again = facts.instance(Note, "n-1")
    facts.apply([Change("Note", "n-1", note("n-1", "ada"), note("n-1", "bob"))])
    changed = facts.instance(Note, "n-1")

    assert first is again
    assert first == Note(id="n-1", owner="ada")
    assert changed == Note(id="n-1", owner="bob")


def test_needs_gather_rows_once_and_the_widest_limit_of_a_query() -> None:
    needs = Needs()
    assert not needs

    needs.row("Note", "n-1")
    needs.row("Note", "n-1")
    needs.query(ADAS, 5)
    needs.query(ADAS, 2)
    needs.query(NOBODYS, 1)

    assert needs
    assert needs.rows == {"Note": {"n-1"}}
    assert needs.queries == {("Note", ("owner",)): {("ada",): 5, (None,): 1}}
