"""Reading content without proof: the same as the careful readers give, and their words where something is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensue.core.canonical import Json, base64url, canonical_trusted
from ensue.errors import FormatError
from ensue.log.header import parse_header
from ensue.log.payload import join, open_payload, seal
from ensue.log.reading import MAIN, Document, glance
from tests.log.test_header import build

SEED = bytes(range(32))
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdef", min_size=1, max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, VALUES, VALUES)
def test_content_is_what_the_careful_readers_give(form: Json, apart: Json, effects: Json) -> None:
    leaves: list[tuple[str, Json]] = [
        ("form", {"x": form, "note": {"_leaf": "form/note"}}), ("state", []), ("operations", [["a", form]]), ("effects", [effects]),
        ("form/note", apart),
    ]  # fmt: skip
    payload = seal(leaves, SEED).data
    plain = seal([("form", {"x": form}), ("state", []), ("operations", []), ("effects", [effects])], SEED).data

    assert dict(Document(payload)) == join(open_payload(payload))
    assert Document(payload)["form"] == {"x": form, "note": apart}
    assert dict(Document(plain)) == join(open_payload(plain))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"+ form {}",
        b"+ form {}\n+ form {}\n",
        b"+ form\n",
        b"? form {}\n",
        b"+ form {\n",
        b"+ form 1,2\n",
        b"+ a/ 1\n",
        b"+ f 1\n+ s ,\n",
        b"+ form {}\n+ state []\n+ operations ,\n+ effects []\n",
        b"+ form {}\n+ state []\n+ operations []\n+ effects [],1\n",
    ],
)
def test_what_is_wrong_with_a_payload_is_said_by_the_careful_reader(payload: bytes) -> None:
    with pytest.raises(FormatError) as careful:
        join(open_payload(payload))

    with pytest.raises(FormatError) as quick:
        dict(Document(payload))

    assert str(quick.value) == str(careful.value)


def test_what_was_erased_is_marked() -> None:
    digest = base64url(bytes(32))
    form = '= form AAAAAAAAAAAAAAAAAAAAAA {"note":{"_leaf":"form/note"}}\n'
    others = "".join(f"= {name} AAAAAAAAAAAAAAAAAAAAAA []\n" for name in MAIN[1:])

    document = Document(f"{form}{others}- {digest}\n".encode())

    assert document == {"form": {"note": {"_erased": True}}, "state": [], "operations": [], "effects": []}


@pytest.mark.parametrize("left_out", MAIN)
def test_a_payload_without_one_of_its_leaves_is_none(left_out: str) -> None:
    leaves: list[tuple[str, Json]] = [(name, []) for name in MAIN if name != left_out]

    with pytest.raises(FormatError, match=f"no leaf {left_out}"):
        dict(Document(seal(leaves, SEED).data))


@pytest.mark.parametrize("header", [b"", b"[]", b"{}", b'{"links":[]}', b'{"links":[1,2],"logic":"x"}'])
def test_what_is_wrong_with_a_header_is_said_by_the_careful_reader(header: bytes) -> None:
    with pytest.raises(FormatError, match="header"):
        glance(header)


def test_a_glance_sees_what_a_record_takes() -> None:
    header = build(cause="c", occurred="2018-07-30T12:00:00.000000Z", purpose="care")

    seen, careful = glance(header), parse_header(header)

    assert (seen.links, seen.logic) == ((("Ward/2", 1),), careful.logic)
    assert seen.said == {"cause": "c", "occurred": careful.occurred, "purpose": "care"}


def test_what_follows_is_told_as_it_stands() -> None:
    payload = b'+ form {"a":1}\n+ state []\n+ operations [["insert","Row","r",null,{"id":"r"},"step"]]\n+ effects []\n'
    assert Document(payload).outcome() == b'[[["insert","Row","r",null,{"id":"r"},"step"]],[]]'
    document = Document(payload)
    assert document.outcome() == canonical_trusted([document["operations"], document["effects"]])


LEAVES = ("form/note", "state/row/0/name", "state/row/0/name/first", "operations/0/after/note", "effects/0/to")


def sealed(*apart: str, values: Json) -> bytes:
    """A payload in which the leaves named in *apart* have lines of their own, one of them inside another."""
    leaf: dict[str, Json] = {name: {"_leaf": name} if name in apart else values for name in LEAVES}
    if "state/row/0/name" in apart and "state/row/0/name/first" in apart:
        inner: Json = {"first": leaf["state/row/0/name/first"], "last": "x"}
    else:
        inner = values
    main: list[tuple[str, Json]] = [
        ("form", {"note": leaf["form/note"], "kind": "a"}),
        ("state", [["row", "Row", "r-1", {"name": leaf["state/row/0/name"]}]]),
        ("operations", [["insert", "Row", "r-2", None, {"note": leaf["operations/0/after/note"]}, "step"]]),
        ("effects", [["push", "k", {"to": [leaf["effects/0/to"], 1]}, "step"]]),
    ]
    lines = [(name, inner if name == "state/row/0/name" else values) for name in LEAVES if name in apart]
    if "state/row/0/name" not in apart:
        lines = [one for one in lines if one[0] != "state/row/0/name/first"]
    return seal([*main, *lines], SEED).data


@given(st.sets(st.sampled_from(LEAVES)), VALUES)
def test_leaves_stand_in_their_places_in_what_followed_too(apart: set[str], values: Json) -> None:
    payload = sealed(*apart, values=values)
    careful = join(open_payload(payload))

    document = Document(payload)

    assert document.outcome() == canonical_trusted([careful["operations"], careful["effects"]])
    assert dict(document) == careful


@pytest.mark.parametrize(
    ("written", "altered"),
    [
        (b'+ effects/0/to 7\n', b'+ effects/0/to 7,8\n'),
        (b'+ effects/0/to 7\n', b'+ effects/0/to 7\n+ effects/0/to 8\n'),
        (b'+ effects/0/to 7\n', b''),
        (b'+ effects/0/to 7\n', b'+ effects/0/cc 7\n'),
        (b'+ effects/0/to 7\n', b'+ effects/0/to 7\n+ effects/0/cc 7\n'),
        (b'+ form/note 7\n', b'+ form/note {"_leaf":"effects/0/to"}\n'),
        (b'"kind":"a"', b'"kind":{"_leaf":"form/note"}'),
        (b'"kind":"a"', b'"kind":{"_leaf":"effects/0/to"}'),
        (b'"kind":"a"', b'"kind":{"_leaf":"form/other"}'),
        (b'"kind":"a"', b'"kind":{"A":1,"_leaf":"form/other"}'),
        (b'+ form/note 7\n', b'+ form/note\n'),
        (b'+ form/note 7\n', b'+ form//note 7\n'),
        (b'+ form/note 7\n', b'? form/note 7\n'),
        (b'+ effects/0/to 7\n', b'+ effects/0/to 7'),
    ],
)  # fmt: skip
def test_leaves_that_were_altered_are_read_as_the_careful_reader_does(written: bytes, altered: bytes) -> None:
    payload = sealed("form/note", "effects/0/to", values=7)
    assert written in payload
    payload = payload.replace(written, altered)

    assert told(lambda: dict(Document(payload))) == told(lambda: join(open_payload(payload)))


def told(read: Callable[[], dict[str, Json]]) -> dict[str, Json] | str:
    """What was read, or why it cannot be."""
    try:
        return read()
    except FormatError as error:
        return str(error)


def test_very_many_leaves_are_read_as_well() -> None:
    notes: list[Json] = [{"_leaf": f"form/notes/{number}"} for number in range(100)]
    main: list[tuple[str, Json]] = [("form", {"notes": notes}), ("state", []), ("operations", []), ("effects", [])]
    payload = seal([*main, *((f"form/notes/{number}", number) for number in range(100))], SEED).data

    assert Document(payload)["form"] == {"notes": [*range(100)]}
    assert Document(payload).outcome() is None


def test_what_follows_is_not_told_where_something_was_erased() -> None:
    payload = b"".join(b"= %b AAAAAAAAAAAAAAAAAAAAAA []\n" % name.encode() for name in MAIN)

    assert Document(payload).outcome() is None
