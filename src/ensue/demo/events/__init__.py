"""
The clinic's events and their steps, one file an area. Importing this package adds all of them to the application.

The fields of a form have the names of the stream's columns. A form names the patient in `patient_id` and, where
something happens during an encounter, the encounter in `encounter_id`: both must exist, and the encounter must be
this patient's, otherwise the event is refused with `NotFound`. New rows may be given their id; left out, it is derived.
"""

from ensue.demo.events import allergies, careplans, conditions, encounters, findings, laboratory, medication, messages, patients

__all__ = ["allergies", "careplans", "conditions", "encounters", "findings", "laboratory", "medication", "messages", "patients"]
