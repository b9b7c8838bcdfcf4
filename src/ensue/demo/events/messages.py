"""Messages from the clinic to a patient."""

from collections.abc import Iterator

from ensue import Event, Insert, New, Ref, Sensitive, new
from ensue.demo.application import clinic
from ensue.demo.effects import Push
from ensue.demo.models import Message, PatientPhone


class SendMessage(Event, type="message.send", version="2018-07-30"):
    """Someone at the clinic writes to the patient."""

    message_id: New[Message] = new()
    text: Sensitive[str]
    patient: Ref[PatientPhone]


@clinic.step(SendMessage, since="2018-07-30")
def keep_message(event: SendMessage) -> Iterator[Insert[Message]]:
    """The message is kept with its sender and time."""
    sent_at = event.at.isoformat(timespec="seconds")
    yield Insert(Message(id=event.message_id, patient_id=event.patient.id, sender=event.actor, text=event.text, sent_at=sent_at))


@clinic.step(SendMessage, since="2018-07-30")
def notify_of_message(event: SendMessage) -> Iterator[Push]:
    """A notification on the patient's phone shows the message."""
    if event.patient.phone:
        yield Push(to=event.patient.phone, text=event.text)


# ---- 2019-05-01: nothing medical on a locked phone ---------------------------------------------------------------
@clinic.step(SendMessage, since="2019-05-01", replaces=notify_of_message)
def notify_of_message_discreetly(event: SendMessage) -> Iterator[Push]:
    """The notification on the patient's phone says that there is a message, and no longer what it says."""
    if event.patient.phone:
        yield Push(to=event.patient.phone, text="You have a message from your clinic.")
