"""booking.py: appointments, as the table of the examples promises; performing reminders aside."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from types import ModuleType
from typing import Any

import pytest

from ensue import Cancel, Event, Ledger, NotFound, Record, Rejected
from tests.examples.conftest import Opener
from tests.examples.counting import count_of

DAY = date(2025, 3, 3)
NINE = datetime(2025, 3, 3, 9, tzinfo=UTC)

Booking = Callable[..., Event]


@pytest.fixture
def practice(booking: ModuleType, open_with: Opener) -> Ledger:
    return open_with(
        booking.practice,
        booking.Patient(id="p1", name="Ada", phone="077"),
        booking.Patient(id="p2", name="Bo"),
        booking.Practitioner(id="d1", name="Dr Day"),
        booking.Practitioner(id="d2", name="Dr Dusk"),
    )


@pytest.fixture
def book(booking: ModuleType) -> Booking:
    def make(patient: str, starts_at: datetime, practitioner: str = "d1") -> Any:
        return booking.Book(day=DAY, starts_at=starts_at, minutes=30, patient=patient, practitioner=practitioner)

    return make


def appointment_of(record: Record, booking: ModuleType) -> Any:
    (appointment,) = record.plan.inserted(booking.Appointment)
    return appointment


def test_two_patients_cannot_have_one_practitioner_at_one_time(practice: Ledger, booking: ModuleType, book: Booking) -> None:
    practice.submit(book("p1", NINE), actor="desk")

    with pytest.raises(booking.Taken, match="Dr Day is not free at that time"):
        practice.submit(book("p2", NINE + timedelta(minutes=29)), actor="desk")

    assert count_of(practice, booking.Appointment) == 1


def test_a_preview_says_that_the_time_is_taken(practice: Ledger, booking: ModuleType, book: Booking) -> None:
    practice.submit(book("p1", NINE), actor="desk")

    plan = practice.preview(book("p2", NINE), actor="desk")

    assert plan.rejections == (booking.Taken(practitioner="Dr Day"),)


def test_the_next_half_hour_and_another_practitioner_are_free(practice: Ledger, booking: ModuleType, book: Booking) -> None:
    practice.submit(book("p1", NINE), actor="desk")

    practice.submit(book("p2", NINE + timedelta(minutes=30)), actor="desk")
    practice.submit(book("p2", NINE, "d2"), actor="desk")

    assert count_of(practice, booking.Appointment) == 3


def test_a_reminder_is_planned_for_the_day_before(practice: Ledger, booking: ModuleType, book: Booking) -> None:
    record = practice.submit(book("p1", NINE), actor="desk")

    (reminder,) = record.plan.planned(booking.Reminder)
    assert (reminder.to, reminder.key, reminder.not_before) == ("077", appointment_of(record, booking).id, NINE - timedelta(days=1))


def test_moving_an_appointment_does_not_collide_with_itself_and_moves_its_reminder(
    practice: Ledger, booking: ModuleType, book: Booking
) -> None:
    appointment = appointment_of(practice.submit(book("p1", NINE), actor="desk"), booking)
    later = NINE + timedelta(minutes=15)

    record = practice.submit(booking.Move(day=DAY, starts_at=later, appointment=appointment.id), actor="desk")

    moved = practice.get(booking.Appointment, appointment.id)
    assert (moved.starts_at, moved.ends_at) == (later, later + timedelta(minutes=30))
    assert Cancel(booking.Reminder, key=appointment.id) in record.plan.operations
    (reminder,) = record.plan.planned(booking.Reminder)
    assert (reminder.key, reminder.not_before) == (appointment.id, later - timedelta(days=1))


def test_moving_onto_another_appointment_is_refused(practice: Ledger, booking: ModuleType, book: Booking) -> None:
    practice.submit(book("p2", NINE + timedelta(hours=1)), actor="desk")
    appointment = appointment_of(practice.submit(book("p1", NINE), actor="desk"), booking)

    with pytest.raises(booking.Taken):
        practice.submit(booking.Move(day=DAY, starts_at=NINE + timedelta(minutes=45), appointment=appointment.id), actor="desk")

    assert practice.get(booking.Appointment, appointment.id).starts_at == NINE


def test_nobody_cancels_through_another_patient(practice: Ledger, booking: ModuleType, book: Booking) -> None:
    appointment = appointment_of(practice.submit(book("p1", NINE), actor="desk"), booking)

    with pytest.raises(NotFound) as no:
        practice.submit(booking.CancelAppointment(appointment=appointment.id, patient="p2"), actor="desk")

    assert (no.value.model, no.value.id) == ("Appointment", appointment.id)
    assert practice.get(booking.Appointment, appointment.id).status == "booked"


def test_a_cancelled_appointment_gives_up_its_time_and_its_reminder(practice: Ledger, booking: ModuleType, book: Booking) -> None:
    appointment = appointment_of(practice.submit(book("p1", NINE), actor="desk"), booking)

    record = practice.submit(booking.CancelAppointment(appointment=appointment.id, patient="p1"), actor="desk")
    again = practice.submit(book("p2", NINE), actor="desk")

    assert ["cancel", "reminder.send", appointment.id, None, None, "cancel"] in list(record.plan.recorded_operations)
    assert practice.get(booking.Appointment, appointment.id).status == "cancelled"
    assert appointment_of(again, booking).patient_id == "p2"


def test_of_two_bookings_at_once_one_wins(practice: Ledger, booking: ModuleType, book: Booking) -> None:
    together = Barrier(2)

    def submit(patient: str, round_: int) -> Record | Rejected:
        together.wait()
        try:
            return practice.submit(book(patient, NINE + timedelta(hours=round_)), actor=patient)
        except Rejected as no:
            return no

    with ThreadPoolExecutor(2) as threads:
        for round_ in range(10):
            outcomes = list(threads.map(submit, ("p1", "p2"), (round_, round_)))

            assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Record", "Taken"]

    assert count_of(practice, booking.Appointment) == 10
