"""consent.py: a withdrawal of consent is taken, and what is to be erased and cancelled stands in its record."""

from __future__ import annotations

from types import ModuleType

import pytest

from ensue import Cancel, Erase
from tests.examples.conftest import Opener


@pytest.mark.parametrize("purpose", ["research", "contact"])
def test_a_withdrawal_records_what_must_be_erased_and_cancelled(consent: ModuleType, open_with: Opener, purpose: str) -> None:
    patient = consent.Patient(id="p", name="Ada", phone="077", photo="ada.png")
    ledger = open_with(consent.clinic, patient, consent.Consent(id="c", patient_id="p", purpose=purpose))

    record = ledger.submit(consent.Withdraw(purpose=purpose, patient="p"), actor="desk")

    assert ledger.get(consent.Consent, "c").withdrawn_at == record.at
    (stored,) = ledger.timeline("Patient/p")
    assert Erase(patient, purpose) in record.plan.operations
    assert [operation[:3] for operation in stored.plan.recorded_operations if operation[0] == "erase"] == [["erase", "Patient", "p"]]
    assert (Cancel(consent.Survey) in stored.plan.operations) is (purpose == "research")
