"""
The rows that one event of "prescribe" leaves behind, built before the clock starts: what the raw baselines write.

The tables are ensue's own and the models' own, with their keys and indexes, so that they cannot drift apart. The values are plain ones of
the same sizes, which need no hashing and no thought; `python -m benchmarks sizes` prints both sides' bytes.
"""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Table

from benchmarks import workload
from benchmarks.prescribe import Allergy, LabTask, Patient, Prescription
from benchmarks.workload import AllergyRow, Form, PatientRow
from ensue.storage import tables

Row = tuple[Any, ...]

PATIENT, ALLERGY, PRESCRIPTION, LAB_TASK = Patient.table, Allergy.table, Prescription.table, LabTask.table
LEDGER, HEAD, EVENT, PAYLOAD, OPERATION, EFFECT, LOG = (
    tables.ledger,
    tables.head,
    tables.event,
    tables.payload,
    tables.operation,
    tables.effect,
    tables.log,
)
TABLES: tuple[Table, ...] = (PATIENT, ALLERGY, PRESCRIPTION, LAB_TASK, LEDGER, HEAD, EVENT, PAYLOAD, OPERATION, EFFECT, LOG)
INSERTED = (PRESCRIPTION, LAB_TASK, EVENT, PAYLOAD, OPERATION, EFFECT, LOG)  # in the order in which a batch writes them
LEDGER_UID = "5f0b7c1e-0000-8000-8000-000000000001"

_AT = "2026-01-15T09:30:00.000000Z"
_GENESIS_SEQ = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of some events that share a transaction."""

    patient_ids: list[str]
    inserts: dict[str, list[Row]]
    patient_updates: list[Row]  # (prescription_count, last_drug, id), one a patient
    head_updates: list[Row]  # (seq, at, hash, subject), one a patient
    position: int  # the ledger's counter after the batch


@dataclass(slots=True)
class Rows:
    """Makes batch after batch for one ledger, remembering where each chain stands."""

    patients: list[PatientRow]
    allergies: list[AllergyRow]
    position: int = 0
    _seq: dict[str, int] = field(default_factory=dict)
    _random: random.Random = field(default_factory=lambda: random.Random(workload.SEED))

    def initial(self) -> dict[str, list[Row]]:
        """What is stored before the first event, by table."""
        ledger = {"uid": LEDGER_UID, "epoch": "1", "position": 0}
        heads = [
            {"subject": f"Patient/{one.id}", "seq": _GENESIS_SEQ, "at": _AT, "hash": self._random.randbytes(32)} for one in self.patients
        ]
        return {
            PATIENT.name: [_row(PATIENT, asdict(patient)) for patient in self.patients],
            ALLERGY.name: [_row(ALLERGY, asdict(allergy)) for allergy in self.allergies],
            LEDGER.name: [_row(LEDGER, ledger)],
            HEAD.name: [_row(HEAD, head) for head in heads],
        }

    def batches(self, forms: Iterator[Form], *, count: int, size: int) -> list[Batch]:
        """The next *count* batches of *size* events each."""
        by_id = {patient.id: patient for patient in self.patients}
        by_patient: dict[str, list[AllergyRow]] = {}
        for allergy in self.allergies:
            by_patient.setdefault(allergy.patient_id, []).append(allergy)
        return [
            self._batch([(form, by_id[form["patient_id"]], by_patient.get(form["patient_id"], [])) for form in islice(forms, size)])
            for _ in range(count)
        ]

    def _batch(self, requests: list[tuple[Form, PatientRow, list[AllergyRow]]]) -> Batch:
        inserts: dict[str, list[Row]] = {table.name: [] for table in INSERTED}
        patient_updates: dict[str, Row] = {}
        head_updates: dict[str, Row] = {}
        for form, patient, allergies in requests:
            subject = f"Patient/{patient.id}"
            seq = self._seq[subject] = self._seq.get(subject, _GENESIS_SEQ) + 1
            digest = self._random.randbytes(32)
            for table, rows in self._event_rows(form, patient, allergies, subject, seq, digest):
                inserts[table.name] += [_row(table, row) for row in rows]
            patient_updates[patient.id] = (seq, form["drug"], patient.id)
            head_updates[subject] = (seq, _AT, digest, subject)
            self.position += 1
        return Batch(
            [patient.id for _, patient, _ in requests], inserts, [*patient_updates.values()], [*head_updates.values()], self.position
        )

    def _event_rows(
        self, form: Form, patient: PatientRow, allergies: list[AllergyRow], subject: str, seq: int, digest: bytes
    ) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
        event_id, prescription_id, task_id = (str(uuid.UUID(int=self._random.getrandbits(128), version=4)) for _ in range(3))
        place = {"subject": subject, "seq": seq}
        prescription = {
            "id": prescription_id,
            **form,
            "status": "active",
            "prescribed_at": _AT,
        }
        task = {
            "id": task_id,
            "patient_id": patient.id,
            "prescription_id": prescription_id,
            "code": "45066-8",
            "status": "open",
            "ordered_at": _AT,
        }
        yield PRESCRIPTION, [prescription]
        yield LAB_TASK, [task]
        what = {"id": event_id, "type": "medication.request", "version": "2018-08-01", "actor": "dr-ada", "at": _AT}
        header = self._header(event_id, subject, seq).encode()
        yield EVENT, [{**place, **what, "header": header, "nonce": self._random.randrange(64), "hash": digest}]
        payload = self._payload(form, patient, allergies, prescription, task, seq).encode()
        yield PAYLOAD, [{**place, "bytes": payload, "seed": self._random.randbytes(32), "request": self._random.randbytes(32)}]
        operations = [
            ("insert", "Prescription", prescription_id, " ".join(sorted(prescription))),
            ("insert", "LabTask", task_id, " ".join(sorted(task))),
            ("update", "Patient", patient.id, "last_drug prescription_count"),
        ]
        yield (
            OPERATION,
            [
                {**place, "n": n, "kind": kind, "model": model, "row_id": row_id, "columns": columns}
                for n, (kind, model, row_id, columns) in enumerate(operations)
            ],
        )
        effects = [("push.send", "write_prescription/0"), ("laboratory.order", "order_kidney_test/0")]
        yield (
            EFFECT,
            [
                {**place, "n": n, "event_id": event_id, "kind": kind, "key": key, "not_before": _AT, "state": "pending"}
                for n, (kind, key) in enumerate(effects)
            ],
        )
        yield LOG, [{**place, "position": self.position, "hash": digest}]

    def _header(self, event_id: str, subject: str, seq: int) -> str:
        return _json(
            {
                "actor": "dr-ada",
                "alg": "sha256",
                "at": _AT,
                "cost": 4,
                "id": event_id,
                "ledger": LEDGER_UID,
                "links": [{"prev": self._digest(), "seq": seq, "subject": subject}],
                "logic": self._digest(),
                "payload": {"n": 10, "root": self._digest()},
                "request": self._digest(),
                "type": "medication.request",
                "v": 1,
                "version": "2018-08-01",
            }
        )

    def _payload(
        self, form: Form, patient: PatientRow, allergies: list[AllergyRow], prescription: dict[str, Any], task: dict[str, Any], seq: int
    ) -> str:
        seen = {**asdict(patient), "prescription_count": seq - 1}
        leaves = {f"state/0/{name}": seen[name] for name in ("address", "name", "phone")}
        state = [
            ["patient", "Patient", patient.id, {**seen, **{path.rpartition("/")[2]: {"_leaf": path} for path in leaves}}],
            *(["allergies", "Allergy", allergy.id, asdict(allergy)] for allergy in allergies),
        ]
        operations = [
            [
                "insert",
                "Prescription",
                prescription["id"],
                None,
                {**prescription, "reason": {"_leaf": "operations/0/after/reason"}},
                "write_prescription",
            ],
            ["insert", "LabTask", task["id"], None, task, "order_kidney_test"],
            [
                "update",
                "Patient",
                patient.id,
                {"last_drug": "", "prescription_count": seq - 1},
                {"last_drug": form["drug"], "prescription_count": seq},
                "count_prescription",
            ],
        ]
        effects = [
            [
                "push.send",
                "write_prescription/0",
                {"text": f"New prescription: {form['drug']}", "to": {"_leaf": "effects/0/to"}},
                "write_prescription",
            ],
            ["laboratory.order", "order_kidney_test/0", {"code": task["code"], "task_id": task["id"]}, "order_kidney_test"],
        ]
        lines = {
            "form": {**form, "reason": {"_leaf": "form/reason"}},
            "state": state,
            "operations": operations,
            "effects": effects,
            **leaves,
            "form/reason": form["reason"],
            "operations/0/after/reason": form["reason"],
            "effects/0/to": patient.phone,
        }
        return "".join(f"+ {name} {_json(value)}\n" for name, value in lines.items())

    def _digest(self) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(32)).rstrip(b"=").decode()


def _row(table: Table, values: dict[str, Any]) -> Row:
    # In the order of the table's columns. A column that ensue got and this file does not know is a KeyError, not a smaller baseline.
    return tuple(values[column.name] for column in table.columns)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
