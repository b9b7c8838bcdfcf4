"""What a generated clinic can find, prescribe, measure and plan: codes with their names, as a real one would use them."""

from typing import NamedTuple


class Coded(NamedTuple):
    """A code of some code system with its name."""

    code: str
    display: str


class Drug(NamedTuple):
    """A drug (RxNorm) and how it is supplied; an empty supply is not stated."""

    code: str
    display: str
    supply_value: str = ""
    supply_unit: str = ""
    frequency: str = ""
    instructions: str = ""


class Illness(NamedTuple):
    """A condition (SNOMED CT) with the drug against it; `days` is how long it lasts, 0 for good."""

    code: str
    display: str
    days: int
    drug: Drug
    plan: Coded | None = None


class Measure(NamedTuple):
    """Something measured (LOINC) between two values, with `digits` after the decimal point."""

    code: str
    display: str
    low: int
    high: int
    unit: str
    digits: int = 0


class Panel(NamedTuple):
    """A test or measurement made of several values."""

    code: str
    display: str
    parts: tuple[Measure, ...]


PEOPLE = (
    ("Okafor", "Amara", "female"),
    ("Lindqvist", "Nils", "male"),
    ("Nuñez", "Inés", "female"),
    ("O'Dwyer", "Maeve", "female"),
    ("Tanaka", "Kenji", "male"),
    ("Brandt", "Ruth", "female"),
    ("Moreau", "Théo", "male"),
    ("Haddad", "Samir", "male"),
    ("Kovač", "Ivana", "female"),
    ("Silva", "Paulo", "male"),
    ("Novak", "Zoë", "female"),
    ("Achterberg", "Johan", "male"),
)
STREETS = ("Mill Road", "Harbour Street", "Orchard Lane", "Chapel Hill", "Station Square")
CITIES = (("Fairhaven", "02719"), ("Ashby", "01431"), ("Easton", "02334"))

ANTIBIOTIC = "Take at regular intervals. Complete the prescribed course unless otherwise directed."

PENICILLIN = Drug("834060", "Penicillin V Potassium 250 MG", "10", "days", "4", ANTIBIOTIC)
AMOXICILLIN = Drug("308192", "Amoxicillin 500 MG Oral Tablet", "2", "weeks", "3", ANTIBIOTIC)
LISINOPRIL = Drug("314076", "lisinopril 10 MG Oral Tablet", "3", "months", "1")
METFORMIN = Drug("860975", " 24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet", "12", "weeks", "2")
SIMVASTATIN = Drug("312961", "Simvastatin 20 MG Oral Tablet", "28", "days", "1")
PARACETAMOL = Drug("313782", "Acetaminophen 325 MG Oral Tablet")
NAPROXEN = Drug("849574", "Naproxen sodium 220 MG Oral Tablet", "10", "days", "2")

CHRONIC = (
    Illness("38341003", "Hypertension", 0, LISINOPRIL, Coded("443402002", "Lifestyle education regarding hypertension")),
    Illness("44054006", "Diabetes", 0, METFORMIN, Coded("698360004", "Diabetes self management plan")),
    Illness("55822004", "Hyperlipidemia", 0, SIMVASTATIN),
)
ACUTE = (
    Illness("444814009", "Viral sinusitis (disorder)", 21, PARACETAMOL),
    Illness("43878008", "Streptococcal sore throat (disorder)", 9, PENICILLIN),
    Illness("10509002", "Acute bronchitis (disorder)", 14, AMOXICILLIN, Coded("53950000", "Respiratory therapy")),
    Illness("44465007", "Sprain of ankle", 28, NAPROXEN),
)

SYSTOLIC = Measure("8480-6", "Systolic Blood Pressure", 98, 168, "mm[Hg]")
DIASTOLIC = Measure("8462-4", "Diastolic Blood Pressure", 58, 104, "mm[Hg]")
BLOOD_PRESSURE = Panel("55284-4", "Blood Pressure", (SYSTOLIC, DIASTOLIC))
VITAL_SIGNS = (
    Measure("8302-2", "Body Height", 148, 196, "cm", 14),
    Measure("29463-7", "Body Weight", 48, 112, "kg", 14),
    Measure("72514-3", "Pain severity - 0-10 verbal numeric rating [Score]\u200b - Reported", 0, 5, "{score}"),
)
LIPID_PANEL = Panel(
    "57698-3",
    "Lipid Panel",
    (
        Measure("2093-3", "Total Cholesterol", 140, 260, "mg/dL", 13),
        Measure("2571-8", "Triglycerides", 60, 240, "mg/dL", 13),
        Measure("2085-9", "High Density Lipoprotein Cholesterol", 34, 82, "mg/dL", 14),
    ),
)
METABOLIC_PANEL = Panel(
    "51990-0",
    "Basic Metabolic Panel",
    (
        Measure("2339-0", "Glucose", 64, 180, "mg/dL", 14),
        Measure("38483-4", "Creatinine", 0, 2, "mg/dL", 16),
        Measure("2947-0", "Sodium", 134, 146, "mmol/L", 13),
        Measure("6298-4", "Potassium", 3, 5, "mmol/L", 15),
    ),
)
LAB_PANELS = (LIPID_PANEL, METABOLIC_PANEL)

VACCINES = (Coded("140", "Influenza, seasonal, injectable, preservative free"), Coded("113", "Td (adult) preservative free"))
ALLERGENS = (Coded("419474003", "Allergy to mould"), Coded("91934008", "Allergy to nut"))
REVIEW = Coded("428191000124101", "Documentation of current medications")
SMOKING = Coded("72166-2", "Tobacco smoking status NHIS")
SMOKING_ANSWERS = ("266919005|Never smoker", "8517006|Former smoker")
