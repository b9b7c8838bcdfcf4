"""
Testing: what an application's own tests are written with. Everything runs on a real ledger in memory.

    from ensue.testing import ANY_ID, given

    def test_a_prescription_is_written() -> None:
        (
            given(clinic, ADA)
            .when(Prescribe(drug="834060", dose_mg=500, patient="p-17"), version="2018-07-30")
            .then(Insert(Prescription(id=ANY_ID, patient_id="p-17", drug="834060", dose_mg=500)))
        )

With ensue installed, pytest finds the fixtures `frozen_clock` and `ledger_of` by itself.
"""

from ensue.testing.clock import START, FrozenClock
from ensue.testing.given import Difference, Given, Outcome, given
from ensue.testing.items import ANY_ID
from ensue.testing.ledgers import close_ledgers, memory_ledger
from ensue.testing.shapes import check_shapes
from ensue.testing.written import written_test

__all__ = [
    "ANY_ID", "START", "Difference", "FrozenClock", "Given", "Outcome", "check_shapes", "close_ledgers", "given", "memory_ledger",
    "written_test",
]  # fmt: skip
