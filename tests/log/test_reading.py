"""Reading content without proof: the same as the careful readers give, and their words where something is wrong."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    "payload",
    [
        b'+ form {}\n+ state []\n+ operations [{"_leaf":"operations/0"}]\n+ effects []\n+ operations/0 1\n',
        b"".join(b"= %b AAAAAAAAAAAAAAAAAAAAAA []\n" % name.encode() for name in MAIN),
    ],
)
def test_what_follows_is_not_told_where_it_stands_in_parts(payload: bytes) -> None:
    assert Document(payload).outcome() is None
