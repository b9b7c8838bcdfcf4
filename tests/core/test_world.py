"""World: rows in memory, and a world that holds only what differs from another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ensue.core.facts import Facts, Row
from ensue.core.witness import Witnessed
from ensue.core.world import Overlay, World

IDS = ("a", "b", "c")
changes = st.lists(
    st.tuples(st.sampled_from(["ground", "own", "follow"]), st.sampled_from(IDS), st.sampled_from([None, 1, 2]), st.booleans()), max_size=12
)


def row(id: str, shelf: int | None) -> Row | None:
    return None if shelf is None else {"id": id, "shelf": shelf}


@given(changes=changes)
def test_an_overlay_is_its_ground_but_for_its_own_rows(changes: list[tuple[str, str, int | None, bool]]) -> None:
    ground = World()
    overlay = Overlay(ground)
    grounds: dict[str, Row | None] = {}
    own: dict[str, Row | None] = {}
    for what, id, shelf, asked in changes:
        if asked:  # an index is made when somebody asks, and kept true from then on
            overlay.answer(("Good", ("shelf",), (1,)))
        if what == "ground":
            ground.put("Good", id, row(id, shelf))
            grounds[id] = row(id, shelf)
        elif what == "own":
            overlay.put("Good", id, row(id, shelf))
            own[id] = row(id, shelf)
        elif overlay.is_own("Good", id):
            overlay.follow("Good", id)
            del own[id]

    expected = {**grounds, **own}
    assert {id: overlay.row("Good", id) for id in IDS} == {id: expected.get(id) for id in IDS}
    assert {id: overlay.seen("Good", id) for id in IDS} == {id: expected.get(id) for id in IDS}
    for shelf in (1, 2):
        assert overlay.answer(("Good", ("shelf",), (shelf,))) == {id for id, its in expected.items() if its and its["shelf"] == shelf}
    assert overlay.own == ({"Good": own} if own else {})


def test_an_overlay_notes_what_was_asked_for_also_where_others_write_other_tables() -> None:
    ground = World()
    ground.put("Good", "a", row("a", 1))
    overlay = Overlay(ground)
    overlay.put("Good", "b", None)

    witnessed = Witnessed(overlay, ground, Facts(), {"Theirs"})
    assert all(witnessed.knows("Good", id) for id in IDS)
    assert witnessed.answer(("Good", ("shelf",), (1,))) == {"a"}

    assert overlay.missed == {("Good", "b"), ("Good", "c")}
    assert overlay.asked == {("Good", ("shelf",), (1,))}


def test_a_row_that_an_overlay_lets_go_is_the_grounds_again() -> None:
    ground = World()
    overlay = Overlay(ground)
    ground.put("Good", "a", row("a", 1))

    overlay.put("Good", "a", None)
    assert overlay.row("Good", "a") is None
    ground.put("Good", "a", row("a", 2))
    assert overlay.row("Good", "a") is None

    overlay.follow("Good", "a")
    assert overlay.row("Good", "a") == row("a", 2)
    assert overlay.own == {}
