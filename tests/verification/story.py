"""The story: some thirty events of the ward, with links, paths, reads elsewhere, deletes, increases, effects and sensitive leaves."""

from __future__ import annotations

import ensue
from ensue import Event, Request
from tests.ledger import ward

TABLES = {"Patient": "patient", "Doctor": "doctor", "Allergy": "allergy", "Visit": "visit", "Drug": "drug"}
"""The ward's tables by model."""


def tell(ledger: ensue.Ledger) -> None:
    """Submit the story, one event after the other; every second one has a key."""
    ada, ben, cleo, dan = (
        ward.Register(name=name, phone=f"+4670{number}", email=f"{number}@ward.example", patient=f"p-{number}")
        for number, name in enumerate(("Ada", "Ben", "Cleo", "Dan"))
    )
    events: list[Event] = [
        ada,
        ben,
        ward.Hire(name="Okafor", doctor="d-1"),
        ward.StockDrug(name="Codeine", drug="c-1"),
        cleo,
        ward.AddAllergy(code="latex", patient="p-0", allergy="a-1"),
        ward.AddAllergy(code="pollen", patient="p-0", allergy="a-2"),
        ward.See(reason="fever", patient="p-0", doctor="d-1", visit="v-1"),
        ward.SetPhone(phone="+46711", patient="p-0"),
        dan,
        ward.Give(patient="p-1", drug="c-1"),
        ward.CorrectAllergy(code="grass", allergy="a-2"),
        ward.See(reason="rash", patient="p-1", doctor="d-1", visit="v-2"),
        ward.Reason(reason="rash, healing", visit="v-2"),
        ward.CountVisits(visits=2, patient="p-0"),
        ward.Hire(name="Moreau", doctor="d-2"),
        ward.Meet(one="p-0", other="p-1", third="p-2"),
        ward.AddAllergy(code="soya", patient="p-3", allergy="a-3"),
        ward.RemoveAllergy(patient="p-0", allergy="a-1"),
        ward.StockDrug(name="Aspirin", drug="c-2"),
        ward.Give(patient="p-2", drug="c-2", other="c-1"),
        ward.Lay(bed="12", patient="p-2"),
        ward.See(reason="fall", patient="p-2", doctor="d-2", visit="v-3"),
        ward.Rename(name="Ada Lovelace", patient="p-0"),
        ward.SetEmail(email="cleo@ward.example", patient="p-2"),
        ward.Discharge(patient="p-3"),
        ward.SetPhoneByView(phone="+46722", patient="p-1"),
        ward.SetPhone(phone="+46733", patient="p-2"),
        ward.CountVisits(visits=1, patient="p-2"),
        ward.Reason(reason="fall, at home", visit="v-3"),
        ward.SetEmail(email=None, patient="p-0"),
    ]  # fmt: skip
    for number, event in enumerate(events):
        ledger.submit(event, actor="nurse-1", key=f"line-{number}" if number % 2 else None)


def requests(count: int, patient: str = "p-0") -> list[Request]:
    """As many more events on one patient."""
    return [Request(ward.Rename(name=f"Ada {number}", patient=patient)) for number in range(count)]
