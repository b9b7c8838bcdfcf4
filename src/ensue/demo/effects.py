"""
What the clinic does outside, and who does it.

The performers here stand where a real clinic calls its providers: they write one line to the log, without anything
sensitive, and report success.
"""

import logging

from ensue import Attempt, Done, Effect, GiveUp, Retry, Sensitive
from ensue.demo.application import clinic

logger = logging.getLogger("ensue.demo")


class Push(Effect, kind="push.send"):
    """A notification that appears on the patient's phone, also while it is locked."""

    to: Sensitive[str]
    text: Sensitive[str]


class TextMessage(Effect, kind="message.send"):
    """A message the patient reads after unlocking the phone."""

    to: Sensitive[str]
    text: Sensitive[str]


class LaboratoryOrder(Effect, kind="lab.order"):
    """An order, sent to the laboratory."""

    order_id: str
    code: str


@clinic.performer(Push)
def send_push(effect: Push, attempt: Attempt) -> Done | Retry | GiveUp:
    """Hand the notification to the push service."""
    return performed(effect, attempt)


@clinic.performer(TextMessage)
def send_text_message(effect: TextMessage, attempt: Attempt) -> Done | Retry | GiveUp:
    """Hand the message to the message service."""
    return performed(effect, attempt)


@clinic.performer(LaboratoryOrder)
def send_laboratory_order(effect: LaboratoryOrder, attempt: Attempt) -> Done | Retry | GiveUp:
    """Hand the order to the laboratory."""
    return performed(effect, attempt)


def performed(effect: Effect, attempt: Attempt) -> Done:
    """Note in the log that *effect* went out, under the key by which a provider would tell a repetition."""
    logger.info("%s sent for %s, key %s", type(effect).__name__, attempt.subject, attempt.key)
    return Done()
