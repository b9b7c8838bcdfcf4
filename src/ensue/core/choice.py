"""
Choice: which version of the line an event runs under, and what to say of one that cannot be used.

    open         nothing was published yet, so that every date may be used
    draft        not published: previews and tests may use it, events may not
    published    its logic is closed
    deprecated   published, and callers are told to leave it
    retired      refuses new events; what it decided can be replayed for ever
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ensue.core.version import Version, VersionEntry
from ensue.errors import VersionError

State = Literal["open", "draft", "published", "deprecated", "retired"]


@dataclass(frozen=True)
class Line:
    """
    The versions of one application: all of them, what was said of some, and which are published.

    `published` is None as long as nothing was: then every version is open.
    """

    app: str
    versions: tuple[Version, ...]
    entries: Mapping[Version, VersionEntry]
    published: Collection[Version] | None = None

    def state(self, version: Version, today: date) -> State:
        """What became of a version of the line by *today*."""
        entry = self.entries.get(version)
        if self.published is not None and version not in self.published:
            return "draft"
        if entry is not None and entry.retired is not None and entry.retired <= today:
            return "retired"
        if entry is not None and entry.deprecated is not None and entry.deprecated <= today:
            return "deprecated"
        return "open" if self.published is None else "published"

    def usable(self, *, drafts: bool = False) -> tuple[Version, ...]:
        """The versions that events may name, the retired ones included; with *drafts* all there are."""
        return self.versions if self.published is None or drafts else tuple(one for one in self.versions if one in self.published)

    def choose(self, asked: Sequence[str | None], default: Version | None, *, today: date, drafts: bool) -> Version:
        """
        The first of *asked* that is given, else *default*, else the newest that is published; with *drafts* a draft may be asked for.

        Raises:
            VersionError: malformed, unknown (names the nearest two), future, before_first, draft or retired.
        """
        if not self.versions:
            raise VersionError("unknown", f"{self.app} has no versions yet: register a step.")
        text = next((one for one in asked if one is not None), None)
        version = Version.parse(text) if text is not None else default or self._newest()
        if version not in self.versions:
            raise not_on(self.usable(drafts=drafts) or self.versions, version)
        state = self.state(version, today)
        if state == "retired":
            raise self._retired(version, today)
        if state == "draft" and not drafts:
            raise self._draft(version)
        return version

    def check_takes_events(self, version: Version) -> None:
        """It is no draft, whatever else became of it. Raises VersionError."""
        if version not in self.usable():
            raise self._draft(version)

    def successor(self, version: Version, today: date) -> Version | None:
        """The first later version that takes events; None where there is none."""
        return next((one for one in self.usable() if version < one and self.state(one, today) != "retired"), None)

    def _newest(self) -> Version:
        usable = self.usable()
        if not usable:
            raise VersionError("draft", f"No version of {self.app} is published yet: run `ensue versions publish`.")
        return usable[-1]

    def _draft(self, version: Version) -> VersionError:
        published = [str(one) for one in self.usable()[-1:]]
        instead = f", or use {published[0]}" if published else ""
        return VersionError(
            "draft",
            f"{version} is a draft: previews and tests may use it, events may not. Run `ensue versions publish`{instead}.",
            nearest=published,
        )

    def _retired(self, version: Version, today: date) -> VersionError:
        sunset, successor = self.entries[version].retired, self.successor(version, today)
        assert sunset is not None, "it is retired since a day"
        return VersionError(
            "retired",
            f"{version} was retired on {sunset}" + (f"; use {successor} or later." if successor else "."),
            nearest=[str(successor)] if successor else [],
            sunset=sunset.isoformat(),
        )


def not_on(line: Sequence[Version], version: Version) -> VersionError:
    """What to say of a date that is no version of *line*: which are near."""
    if version < line[0]:
        return VersionError("before_first", f"{version} is before the first version, {line[0]}.", nearest=[str(line[0])])
    if line[-1] < version:
        return VersionError("future", f"{version} is after the newest version, {line[-1]}.", nearest=[str(line[-1])])
    below = max(one for one in line if one < version)
    above = min(one for one in line if version < one)
    return VersionError("unknown", f"There is no version {version}; the nearest are {below} and {above}.", nearest=[str(below), str(above)])
