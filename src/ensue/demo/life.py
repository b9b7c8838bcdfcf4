"""One generated patient's time at the clinic: a first visit with its history, check-ups, illnesses that pass, perhaps death."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid5

from ensue.demo.catalogue import (
    ACUTE,
    ALLERGENS,
    BLOOD_PRESSURE,
    CHRONIC,
    CITIES,
    LAB_PANELS,
    PENICILLIN,
    PEOPLE,
    REVIEW,
    SMOKING,
    SMOKING_ANSWERS,
    STREETS,
    VACCINES,
    VITAL_SIGNS,
    Coded,
    Illness,
    Measure,
    Panel,
)
from ensue.demo.tables import NAMESPACE, Tables, day, stamp

EASTERN = timezone(timedelta(hours=-5))


class Life:
    """One patient's time at the clinic."""

    def __init__(self, tables: Tables, number: int) -> None:
        self.tables, self.chance, self.number = tables, tables.chance, number
        self.now = datetime(2016, 1, 4, 8, tzinfo=UTC) + timedelta(days=self.chance.below(500), minutes=15 * self.chance.below(30))
        self.born = self.now - timedelta(days=365 * self.chance.between(19, 84) + self.chance.below(365))
        family, given, gender = PEOPLE[number % len(PEOPLE)]
        city, postal_code = self.chance.one_of(CITIES)
        self.patient = tables.row(
            "patients",
            "",
            mrn=f"M{self.chance.between(100000, 999999)}",
            source="generated",
            family=family,
            given=given,
            gender=gender,
            birth_date=day(self.born),
            marital_status=self.chance.one_of(("M", "S")),
            language="en-US",
            birth_place=f"{city}, MA",
            address_line=f"{self.chance.between(1, 120)} {self.chance.one_of(STREETS)}" + ("|Flat 3" if number % 4 == 0 else ""),
            city=city,
            state="MA",
            postal_code="" if number % 6 == 5 else postal_code,
            country="US",
            phone="" if number % 5 == 4 else f"555-01{number:02}",
            multiple_birth="false",
        )
        self.id = self.patient["patient_id"]
        self.allergens: set[str] = set()
        self.organization_id = str(uuid5(NAMESPACE, f"organization/{self.chance.below(3)}"))
        self.practitioner_id = str(uuid5(NAMESPACE, f"practitioner/{self.chance.below(4)}"))

    def live(self) -> None:
        """Register, come and go for some years, and perhaps die."""
        self.tables.enter("patient.register", "patients", self.patient, day(self.born), stamp(self.now))
        self.first_visit()
        for visit in range(self.chance.between(4, 7)):
            self.now = (self.now + timedelta(days=self.chance.between(20, 240))).replace(
                hour=8 + self.chance.below(9), minute=15 * self.chance.below(4)
            )
            if visit % 3 == 2:
                self.check_up()
            else:
                self.illness(self.chance.one_of([illness for illness in ACUTE if illness.drug.code not in self.allergens]))
        if self.number % 6 == 3:
            self.now += timedelta(days=self.chance.between(5, 60))
            self.patient["deceased_at"] = stamp(self.now)
            self.tables.enter("patient.record_death", "patients", self.patient, stamp(self.now))

    def first_visit(self) -> None:
        """History is taken: allergies, vaccinations of earlier years, and what the patient has had for long."""
        encounter = self.start("162673000", "General examination of patient (procedure)")
        if self.number % 3 == 0:
            self.allergy(self.chance.one_of(ALLERGENS), "environment", "active")
        if self.number == 1:
            self.allergy(Coded(PENICILLIN.code, PENICILLIN.display), "medication", "active")
        if self.number == 2:
            self.allergy(Coded(PENICILLIN.code, PENICILLIN.display), "medication", "inactive")
        for years in (1, 3):
            earlier = (self.now - timedelta(days=365 * years)).astimezone(EASTERN)
            self.vaccinate(encounter, stamp(earlier))
        self.observe(encounter)
        if self.number % 2 == 0:
            self.treat(encounter, self.chance.one_of(CHRONIC), day(self.now - timedelta(days=self.chance.between(30, 900))))
        self.end(encounter, minutes=45)

    def check_up(self) -> None:
        """Measurements, a laboratory panel, a vaccination."""
        encounter = self.start("185349003", "Encounter for check up (procedure)")
        self.observe(encounter)
        self.laboratory(encounter)
        self.vaccinate(encounter, stamp(self.now))
        self.end(encounter, minutes=30)

    def illness(self, illness: Illness) -> None:
        """A visit with a complaint that passes."""
        encounter = self.start("185345009", "Encounter for symptom", illness)
        self.treat(encounter, illness, stamp(self.now - timedelta(days=self.chance.below(3))))
        done = self.tables.row(
            "procedures",
            self.id,
            encounter_id=encounter["encounter_id"],
            code=REVIEW.code,
            display=REVIEW.display,
            status="completed",
            start=stamp(self.now),
            end=stamp(self.now + timedelta(minutes=10)),
        )
        self.tables.enter("procedure.record", "procedures", done, done["start"], encounter["start"])
        self.end(encounter, minutes=15)

    def start(self, code: str, display: str, reason: Illness | None = None) -> dict[str, str]:
        """An encounter begins now."""
        encounter = self.tables.row(
            "encounters",
            self.id,
            class_code="AMB",
            type_code=code,
            type_display=display,
            start=stamp(self.now),
            reason_code=reason.code if reason else "",
            reason_display=reason.display if reason else "",
            provider_org_id=self.organization_id,
            practitioner_id=self.practitioner_id,
        )
        self.tables.enter("encounter.start", "encounters", encounter, encounter["start"])
        return encounter

    def end(self, encounter: dict[str, str], minutes: int) -> None:
        """The encounter is over after some minutes."""
        encounter["end"] = stamp(self.now + timedelta(minutes=minutes))
        self.tables.enter("encounter.end", "encounters", encounter, encounter["end"])

    def allergy(self, allergen: Coded, category: str, clinical_status: str) -> None:
        """An allergy becomes known; while it is active, what it names is not prescribed."""
        if clinical_status == "active":
            self.allergens.add(allergen.code)
        row = self.tables.row(
            "allergies",
            self.id,
            code=allergen.code,
            display=allergen.display,
            type="allergy",
            category=category,
            criticality=self.chance.one_of(("low", "high")),
            clinical_status=clinical_status,
            verification_status="confirmed",
            recorded_at=stamp(self.now),
        )
        self.tables.enter("allergy.record", "allergies", row, row["recorded_at"])

    def treat(self, encounter: dict[str, str], illness: Illness, onset_at: str) -> None:
        """A condition is recorded, a drug prescribed, a plan made; what passes is resolved in time."""
        over = self.now + timedelta(days=illness.days, minutes=self.chance.below(600))
        condition = self.tables.row(
            "conditions",
            self.id,
            encounter_id=encounter["encounter_id"],
            code=illness.code,
            display=illness.display,
            clinical_status="resolved" if illness.days else "active",
            verification_status="confirmed",
            onset_at=onset_at,
            abated_at=stamp(over) if illness.days else "",
            recorded_at=stamp(self.now),
        )
        self.tables.enter("condition.record", "conditions", condition, onset_at, encounter["start"])
        if illness.days:
            self.tables.enter("condition.resolve", "conditions", condition, condition["abated_at"])
        self.prescribe(encounter, illness, condition)
        if illness.plan:
            plan = self.tables.row(
                "careplans",
                self.id,
                encounter_id=encounter["encounter_id"],
                code=illness.plan.code,
                display=illness.plan.display,
                status="completed" if illness.days else "active",
                start=day(self.now),
                end=day(over) if illness.days else "",
                addresses_condition_ids=condition["condition_id"],
                activity_codes="304510005 371605008",
            )
            self.tables.enter("careplan.start", "careplans", plan, plan["start"], encounter["start"])
            if illness.days:
                self.tables.enter("careplan.end", "careplans", plan, plan["end"], encounter["start"])

    def prescribe(self, encounter: dict[str, str], illness: Illness, condition: dict[str, str]) -> None:
        """The drug for an illness; every third prescription is dated by its day alone."""
        drug = illness.drug
        request = self.tables.row(
            "medication_requests",
            self.id,
            encounter_id=encounter["encounter_id"],
            rxnorm_code=drug.code,
            display=drug.display,
            status="stopped" if illness.days else "active",
            intent="order",
            authored_at=day(self.now) if self.chance.below(3) == 0 else stamp(self.now),
            requester_id=self.practitioner_id,
            reason_condition_id=condition["condition_id"],
            dose_value="1" if drug.frequency else "",
            frequency=drug.frequency,
            period="1" if drug.frequency else "",
            period_unit="d" if drug.frequency else "",
            as_needed="false" if drug.frequency else "true",
            supply_value=drug.supply_value,
            supply_unit=drug.supply_unit,
            instructions=drug.instructions,
        )
        self.tables.enter("medication.request", "medication_requests", request, request["authored_at"], encounter["start"])

    def vaccinate(self, encounter: dict[str, str], occurred_at: str) -> None:
        """A vaccination, now or told of earlier years."""
        vaccine = self.chance.one_of(VACCINES)
        row = self.tables.row(
            "immunizations",
            self.id,
            encounter_id=encounter["encounter_id"],
            cvx_code=vaccine.code,
            display=vaccine.display,
            status="completed",
            occurred_at=occurred_at,
        )
        self.tables.enter("immunization.record", "immunizations", row, occurred_at, encounter["start"])

    def observe(self, encounter: dict[str, str]) -> None:
        """The vital signs, the blood pressure as a panel with its parts, and a question."""
        for measure in VITAL_SIGNS:
            self.observation(encounter, "observation.record", measure, self.chance.measured(measure), "vital-signs")
        panel = self.observation(encounter, "observation.record", BLOOD_PRESSURE, "", "vital-signs")
        for place, part in enumerate(BLOOD_PRESSURE.parts):
            panel_id = panel["observation_id"]
            part_fields = {"observation_id": f"{panel_id}#{place}", "parent_id": panel_id, "value_type": "quantity"}
            values = {"code": part.code, "display": part.display, "value": self.chance.measured(part), "unit": part.unit}
            self.tables.rows["observations"].append(panel | part_fields | values)
        self.observation(encounter, "observation.record", SMOKING, self.chance.one_of(SMOKING_ANSWERS), "survey")

    def laboratory(self, encounter: dict[str, str]) -> None:
        """A panel is ordered, and its results come in."""
        panel = self.chance.one_of(LAB_PANELS)
        order = self.tables.row(
            "lab_orders",
            self.id,
            encounter_id=encounter["encounter_id"],
            code=panel.code,
            display=panel.display,
            status="final",
            effective_at=stamp(self.now),
            issued_at=stamp(self.now),
            result_count=str(len(panel.parts)),
        )
        self.tables.enter("lab.order", "lab_orders", order, order["effective_at"])
        for measure in panel.parts:
            self.observation(encounter, "lab.result", measure, self.chance.measured(measure), "laboratory", order["order_id"])

    def observation(
        self, encounter: dict[str, str], command: str, measured: Measure | Panel | Coded, value: str, category: str, order_id: str = ""
    ) -> dict[str, str]:
        """One row of the observations, entered now."""
        value_type, unit = "code", ""
        match measured:
            case Measure():
                value_type, unit = "quantity", measured.unit
            case Panel():
                value_type = "panel"
        row = self.tables.row(
            "observations",
            self.id,
            encounter_id=encounter["encounter_id"],
            order_id=order_id,
            category=category,
            code=measured.code,
            display=measured.display,
            effective_at=stamp(self.now),
            issued_at=self.now.isoformat(timespec="milliseconds"),
            value_type=value_type,
            value=value,
            unit=unit,
        )
        self.tables.enter(command, "observations", row, row["effective_at"])
        return row
