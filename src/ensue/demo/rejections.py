"""The clinic's own reasons to refuse; an unknown patient, encounter or order is ensue's `NotFound`."""

from ensue import Rejection


class Allergic(Rejection, code="medication.allergic", field="rxnorm_code"):
    """The patient {patient_id} has an active allergy to {rxnorm_code}."""

    patient_id: str
    rxnorm_code: str
