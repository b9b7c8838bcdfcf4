"""Lives: strategies for what may happen in the ward and in the shop, with few names, so that events meet often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from ensue import Event, Request
from ensue.runtime.tags import TagKeys
from tests.ledger.conftest import TAG_KEYS
from tests.ledger.shop import Add, Join, Leave, Marry, Place
from tests.ledger.ward import (
    AddAllergy,
    CorrectAllergy,
    CountVisits,
    Crash,
    Discharge,
    FewAllergies,
    GiveNamesake,
    Lay,
    Meddle,
    Meet,
    Register,
    RemoveAllergy,
    Rename,
    SetEmail,
    SetPhone,
    SetPhoneByView,
    ShareEmail,
    StockDrug,
    SwapEmails,
)

patients = st.sampled_from(["p0", "p1", "p2"])
allergies = st.sampled_from(["a0", "a1", "a2"])
phones = st.sampled_from([None, "1", "2"])
emails = st.sampled_from([None, "x@x", "y@x", "z@x"])
codes = st.sampled_from(["nuts", "soap"])

ward_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Register, name=st.sampled_from(["Ada", "Bea", " "]), phone=phones, email=emails, patient=patients),
    st.builds(Rename, name=st.sampled_from(["Cia", " "]), patient=patients),
    st.builds(SetPhone, phone=phones, patient=patients),
    st.builds(SetPhoneByView, phone=st.sampled_from(["1", "2"]), patient=patients),
    st.builds(SetEmail, email=emails, patient=patients),
    st.builds(SwapEmails, one=patients, other=patients),
    st.builds(Lay, bed=st.sampled_from(["A", "B"]), patient=patients),
    st.builds(CountVisits, visits=st.integers(-2, 2), patient=patients),
    st.builds(Discharge, patient=patients),
    st.builds(AddAllergy, code=codes, patient=patients, allergy=allergies),
    st.builds(CorrectAllergy, code=codes, allergy=allergies),
    st.builds(RemoveAllergy, patient=patients, allergy=allergies),
    st.builds(FewAllergies, patient=patients),
    st.builds(Meet, one=patients, other=patients, third=st.none() | patients),
    st.builds(StockDrug, name=st.sampled_from(["aspirin", "p0", "p1"]), drug=st.sampled_from(["x0", "x1"])),
    st.builds(GiveNamesake, drug=st.sampled_from(["x0", "x1"])),
    st.builds(ShareEmail, email=st.sampled_from(["x@x", "w@x"]), one=patients, other=patients),
    st.builds(Crash, patient=patients),
    st.builds(Meddle, patient=patients, other=patients),
)

ward_before = (
    Request(Register(name="Ada", phone="1", email="x@x", patient="p0"), key="before-0"),
    Request(Register(name="Bea", email="y@x", patient="p1"), key="before-1"),
    Request(AddAllergy(code="nuts", patient="p0", allergy="a0"), key="before-2"),
)
"""What has happened already, so that most of what follows finds its rows."""

customers = st.sampled_from(["c0", "c1", "c2"])
orders = st.sampled_from(["o0", "o1", "o2"])

shop_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Join, name=st.sampled_from(["Ada", "Bea"]), mail=emails, customer=customers),
    st.builds(Marry, name=st.sampled_from(["Ada", "Cia"]), customer=customers),
    st.builds(Place, amount=st.integers(0, 3), customer=customers, order=orders),
    st.builds(Add, amount=st.integers(-2, 2), customer=customers, order=orders),
    st.builds(Leave, customer=customers),
)

shop_before = (
    Request(Join(name="Ada", mail="x@x", customer="c0"), key="before-0"),
    Request(Place(amount=2, customer="c0", order="o0"), key="before-1"),
    Request(Join(name="Bea", mail="y@x", customer="c1"), key="before-2"),
)


@st.composite
def requests(draw: st.DrawFn, events: st.SearchStrategy[Event], *, uid: str, size_max: int = 14) -> list[Request]:
    """Requests in a row: most under keys of their own, some repeated, some under a key that is spent, some saying what they saw."""
    found: list[Request] = []
    for n, event in enumerate(draw(st.lists(events, min_size=2, max_size=size_max))):
        kind = draw(st.sampled_from(["new", "new", "new", "new", "repeat", "reuse", "expect"])) if found else "new"
        earlier = draw(st.sampled_from(found)) if kind in ("repeat", "reuse") else None
        if kind == "repeat" and earlier is not None:
            found.append(earlier)
        elif earlier is not None:
            found.append(Request(event, key=earlier.key))
        else:
            found.append(Request(event, key=str(n), expect=draw(expectations(uid)) if kind == "expect" else None))
    return found


@st.composite
def expectations(draw: st.DrawFn, uid: str) -> Mapping[str, Any]:
    """What a caller may have seen of a patient: no such row, or one of the phone numbers."""
    patient = draw(patients)
    if draw(st.booleans()):
        return {f"Patient/{patient}": {"phone": TagKeys(TAG_KEYS).make(uid, "Patient", patient, "phone", draw(phones))}}
    return {f"Patient/{patient}": None}
