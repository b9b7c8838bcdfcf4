"""The laboratory: orders that go out, results that come back."""

from collections.abc import Iterator

from ensue import Event, Insert, New, Ref, new
from ensue.demo.application import clinic
from ensue.demo.effects import LaboratoryOrder
from ensue.demo.models import KnownEncounter, KnownLabOrder, KnownPatient, LabOrder, LabResult


class OrderLabTest(Event, type="lab.order", version="2018-07-30"):
    """A clinician orders a test from a laboratory."""

    order_id: New[LabOrder] = new()
    code: str
    display: str | None = None
    status: str | None = "active"
    effective_at: str | None = None
    issued_at: str | None = None
    result_count: str | None = None
    patient: Ref[KnownPatient]
    encounter: Ref[KnownEncounter]


@clinic.step(OrderLabTest, since="2018-07-30")
def write_lab_order(event: OrderLabTest) -> Iterator[Insert[LabOrder]]:
    """The order is written."""
    yield Insert(
        LabOrder(
            id=event.order_id,
            patient_id=event.patient.id,
            encounter_id=event.encounter.id,
            code=event.code,
            display=event.display,
            status=event.status,
            effective_at=event.effective_at,
            issued_at=event.issued_at,
            result_count=event.result_count,
        )
    )


@clinic.step(OrderLabTest, since="2018-07-30")
def send_order_out(event: OrderLabTest) -> Iterator[LaboratoryOrder]:
    """The order is sent to the laboratory."""
    yield LaboratoryOrder(order_id=event.order_id, code=event.code)


class ReceiveLabResult(Event, type="lab.result", version="2018-07-30"):
    """The laboratory reports one result. The order must be this patient's; a result for another patient's order is refused."""

    observation_id: New[LabResult] = new()
    category: str | None = None
    code: str
    display: str | None = None
    effective_at: str | None = None
    issued_at: str | None = None
    value_type: str | None = None
    value: str | None = None
    unit: str | None = None
    patient: Ref[KnownPatient]
    encounter: Ref[KnownEncounter]
    order: Ref[KnownLabOrder]


@clinic.step(ReceiveLabResult, since="2018-07-30")
def file_lab_result(event: ReceiveLabResult) -> Iterator[Insert[LabResult]]:
    """The result is filed under its order."""
    yield Insert(
        LabResult(
            id=event.observation_id,
            patient_id=event.patient.id,
            encounter_id=event.encounter.id,
            order_id=event.order.id,
            category=event.category,
            code=event.code,
            display=event.display,
            effective_at=event.effective_at,
            issued_at=event.issued_at,
            value_type=event.value_type,
            value=event.value,
            unit=event.unit,
        )
    )
