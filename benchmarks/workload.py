"""
The workload "prescribe" as plain data: patients, their allergies, and the forms that callers send. Seeded, so that
ensue and every peer read the same rows and get the same requests in the same order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

PATIENTS_COUNT = 1_000
CALLERS_COUNT = 64
SEED = 20180730

# RxNorm codes of common drugs. No patient is allergic to one of these: every request of the workload is accepted.
_DRUGS = ("834060", "314076", "197361", "860975", "617314", "308182", "849574", "313782", "1049630", "310798")
_ALLERGENS = (
    ("300916003", "Latex allergy"),
    ("419263009", "Allergy to tree pollen"),
    ("232347008", "Dander (animal) allergy"),
    ("418689008", "Allergy to grass pollen"),
    ("91935009", "Allergy to peanuts"),
    ("714035009", "Allergy to soya"),
)
_FAMILY_NAMES = ("Okafor", "Lindqvist", "Moreau", "Tanaka", "Silva", "Novák", "Haddad", "Kowalska", "O'Brien", "Nguyen")
_GIVEN_NAMES = ("Amara", "Björn", "Claire", "Daiki", "Elena", "Filip", "Ghada", "Hanna", "Ines", "Joon")
_STREETS = ("Harbour Street", "Mill Lane", "Station Road", "Orchard Avenue", "Church Hill")


@dataclass(frozen=True, slots=True)
class PatientRow:
    """A patient as stored before the first request; the columns are those of `prescribe.Patient`."""

    id: str
    name: str
    phone: str
    address: str
    born: str
    sex: str
    prescription_count: int
    last_drug: str


@dataclass(frozen=True, slots=True)
class AllergyRow:
    """One allergy of a patient; the columns are those of `prescribe.Allergy`."""

    id: str
    patient_id: str
    code: str
    display: str


class Form(TypedDict):
    """What one caller sends: the parsed body of a request."""

    patient_id: str
    drug: str
    dose_mg: int
    times_a_day: int
    days: int
    reason: str


def patients(count: int = PATIENTS_COUNT) -> list[PatientRow]:
    """The *count* patients of the clinic, in order of their ids."""
    rng = random.Random(SEED)
    return [
        PatientRow(
            id=f"p-{number:05d}",
            name=f"{rng.choice(_GIVEN_NAMES)} {rng.choice(_FAMILY_NAMES)}",
            phone=f"+4670{rng.randrange(10_000_000):07d}",
            address=f"{rng.randrange(1, 200)} {rng.choice(_STREETS)}, {rng.randrange(10_000, 99_999)}",
            born=f"{rng.randrange(1930, 2020)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
            sex=rng.choice(("female", "male")),
            prescription_count=0,
            last_drug="",
        )
        for number in range(count)
    ]


def allergies(of: list[PatientRow]) -> list[AllergyRow]:
    """Zero to three allergies for each patient in *of*, in order of their ids."""
    rng = random.Random(SEED + 1)
    return [
        AllergyRow(id=f"a-{patient.id}-{number}", patient_id=patient.id, code=code, display=display)
        for patient in of
        for number, (code, display) in enumerate(rng.sample(_ALLERGENS, rng.randrange(4)))
    ]


def forms(of: list[PatientRow], seed: int = SEED) -> Iterator[Form]:
    """An endless stream of requests for patients of *of*; the same *seed* gives the same stream."""
    rng = random.Random(seed)
    while True:
        yield Form(
            patient_id=rng.choice(of).id,
            drug=rng.choice(_DRUGS),
            dose_mg=rng.choice((5, 10, 20, 50, 100, 250, 500)),
            times_a_day=rng.randrange(1, 5),
            days=rng.randrange(5, 91),
            reason=rng.choice(
                ("Hypertension, newly found at a routine visit", "Acute bronchitis", "Diabetes, long-term control", "Pain after surgery")
            ),
        )
