"""Version: a date, and nothing else. `2018-08-01`, or `2018-08-01.2` for the second of that day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ensue.errors import DefinitionError, VersionError

FORM = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.([2-9]|[1-9]\d{1,3}))?", re.ASCII)


@dataclass(frozen=True, order=True)
class Version:
    """One date of an application's line of versions; ordered by date, then by number within the day."""

    day: date
    number: int = 1

    @classmethod
    def parse(cls, text: str) -> Version:
        """
        Read `YYYY-MM-DD` or `YYYY-MM-DD.n` with n from 2.

        Raises:
            VersionError: code `malformed`.
        """
        return _parsed(text) if type(text) is str else _parsed(repr(text))

    @classmethod
    def declared(cls, text: str, where: str) -> Version:
        """As `parse`, for the application's own words. Raises DefinitionError that names *where*."""
        try:
            return cls.parse(text)
        except VersionError as error:
            raise DefinitionError(f"{where}: {error}") from None

    def __str__(self) -> str:
        return self.day.isoformat() if self.number == 1 else f"{self.day.isoformat()}.{self.number}"


@lru_cache(maxsize=1024)  # every record names one, and an application has few
def _parsed(text: str) -> Version:
    found = FORM.fullmatch(text)
    if found is None:
        raise VersionError(
            "malformed", f"{text!r} is no version; a version is a date such as 2018-08-01, or 2018-08-01.2 for the second of a day."
        )
    try:
        return Version(date.fromisoformat(found[1]), int(found[2] or 1))
    except ValueError as error:
        raise VersionError("malformed", f"{text!r} is no version: {error}.") from None


@dataclass(frozen=True)
class VersionEntry:
    """What the application says of one version: its changelog text, and when it is deprecated and retired."""

    version: Version
    text: str
    deprecated: date | None = None
    retired: date | None = None


@dataclass(frozen=True)
class End:
    """Since when a step or an event type is no longer there, and why."""

    since: Version
    why: str
