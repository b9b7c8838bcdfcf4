"""Asked: one event as it was asked for on the command line, on its way to the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ensue.cli.expectations import read_expectations
from ensue.cli.form import merged, read_fields, read_form, split_fields
from ensue.core.field_types import codec_for
from ensue.errors import CanonicalError, FieldProblem, InvalidForm

if TYPE_CHECKING:
    from ensue import Event, Ledger


class Asked:
    """
    What was said of one event, read as far as it can be without a ledger.

    Raises:
        RequestError, InvalidJson, TooLarge: a file, a field, or --expect or --occurred, is not what it must be.
    """

    def __init__(
        self, type: str, form: str | None, fields: list[str] | None, version: str | None, expect: str | None, occurred: str | None
    ) -> None:
        self.type = type
        self.version = version
        self._given = split_fields(fields or ())
        self._form = read_form(form) if form is not None else {}
        self._expect = None if expect is None else read_expectations(expect)
        self._occurred = None if occurred is None else read_moment(occurred)

    def event(self, ledger: Ledger) -> Event:
        """
        The event, in the shape of its version.

        Raises:
            UnknownEventType, VersionError, InvalidForm: the last with every problem at once.
        """
        shape = ledger.shape(self.type, version=self.version)
        values, problems = read_fields(shape, self._given)
        invalid: InvalidForm | None = None
        try:
            event = ledger.read_event(self.type, {**self._form, **values}, version=self.version)
            if not problems:
                return event
        except InvalidForm as found:
            invalid = found
        raise merged(self.type, problems, invalid)

    @property
    def keywords(self) -> dict[str, Any]:
        """What `Ledger.submit` takes beside the event, as far as it had to be read."""
        return {"version": self.version, "expect": self._expect, "occurred": self._occurred}


def read_moment(text: str) -> datetime:
    """The instant of --occurred. Raises InvalidForm."""
    try:
        moment: datetime = codec_for(datetime).read(text)
    except (CanonicalError, ValueError) as error:
        raise InvalidForm("The request", [FieldProblem("occurred", "type", str(error))]) from None
    return moment
