"""Preview: decide on one read-only snapshot, without locks, and save nothing. The same check and decide as a commit."""

from __future__ import annotations

from ensue.core.facts import Facts, Needs
from ensue.core.plan import Plan
from ensue.core.rejection import Rejection
from ensue.errors import Rejected, Unavailable
from ensue.runtime import expectations
from ensue.runtime.batch import Batch, Surroundings, check_same
from ensue.runtime.decoding import record_of
from ensue.runtime.request import Ticket
from ensue.storage.database import Storage
from ensue.storage.read import records_by_id
from ensue.storage.session import Session


def preview(ticket: Ticket, storage: Storage, around: Surroundings) -> Plan:
    """
    The plan of a request as things stand. With the key of a committed event: that event's plan.

    Raises:
        ConflictError, RequestError, StepError: as `submit` would.
        Unavailable: the database cannot be asked.
    """
    try:
        return _preview(ticket, storage, around)
    except Unavailable:  # of a connection that was kept open the server may be gone since; a new one tells
        return _preview(ticket, storage, around)


def _preview(ticket: Ticket, storage: Storage, around: Surroundings) -> Plan:
    with storage.looker() as session:
        try:
            batch, subjects = look(ticket, session, around, whole=_is_whole(ticket, around))
            if ticket.id in batch.opened.stored:
                check_same(ticket, batch.opened.stored[ticket.id])
                return _recorded(ticket, storage)
            _, decision, _ = batch.decide(ticket, subjects)
        except Rejected as no:
            return Plan(rejections=tuple(reason for reason in no.reasons if isinstance(reason, Rejection)))
        return decision.plan


def _recorded(ticket: Ticket, storage: Storage) -> Plan:
    with storage.reader() as connection:
        return record_of(storage, records_by_id(connection, [ticket.id])[ticket.id]).plan


def _is_whole(ticket: Ticket, around: Surroundings) -> bool:
    """Whether everything that deciding can ask for is known from the form."""
    logic, unique = ticket.binding.logic, around.constraints.unique
    if not logic.by_form or ticket.subjects is None or ticket.request.expect:
        return False
    return not any(unique[model.__ensue__.name] for step in logic.steps for model in step.contract.models)


def look(ticket: Ticket, session: Session, around: Surroundings, *, whole: bool) -> tuple[Batch, tuple[str, ...]]:
    """
    Load all that *ticket* declares through a session that only looks: a batch of nothing yet, and the ticket's subjects.

    *whole*: nobody will ask the session for more.
    """
    facts, needs = Facts(), Needs()
    _ask(ticket, session, needs, facts)
    ids = [ticket.id] if ticket.request.key is not None else []
    opened = session.look(sorted(ticket.subjects or ()), ids, needs, facts, whole=whole)
    while needs := _ask(ticket, session, Needs(), facts):
        session.load(needs, facts)
    subjects = ticket.binding.subjects(facts)
    if ticket.subjects is None:
        opened.heads.update(session.heads(sorted(subjects)))
    return Batch(around, session, facts, opened, None), subjects


def _ask(ticket: Ticket, session: Session, needs: Needs, facts: Facts) -> Needs:
    ticket.binding.find(facts, needs)
    expectations.ask(ticket, session.models, needs, facts)
    return needs
