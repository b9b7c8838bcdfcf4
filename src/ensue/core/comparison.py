"""
Comparison: what another version, or other code, would have made of many records, in a fixed amount of memory.

Only groups, samples and counters are kept. The comparisons of parts merge to that of the whole, in any order, so that
it does not matter how the records were shared out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from ensue.core.diff import Diff, Side
from ensue.core.expectation import Expectation
from ensue.core.group import Forecast, Group, forecast_json
from ensue.core.replay_report import ReplayReport
from ensue.core.version import Version
from ensue.core.wanted import UNDONE

NOISE_MAX: Final = 0.01
"""Above this share of records that already differ under their own version, nothing can be learned of another one."""
OF_ATTEMPTS: Final = ("noise", "compared", "different", "uncovered", "outcomes", "groups")
"""What is said of attempts: they are not corrected, so there is nothing to forecast."""


@dataclass
class Comparison:
    """
    What comparing many records came to. True where something differs that no expectation covers, or where it is void.

    `noise` is the A/A pass: every record decided under its own version. What differs there is noise; such records are left out
    of everything else. `outcomes` counts the others by outcome; `groups` are those that differ, by kind.
    """

    version: str | None
    """The version compared under; None: each record's own, by other code."""
    code: str | None = None
    """The checkout whose code decided; None: this one."""
    noise_max: float = NOISE_MAX
    expectations: tuple[Expectation, ...] = ()
    noise: ReplayReport = field(default_factory=ReplayReport)
    outcomes: Counter[str] = field(default_factory=Counter)
    by_signature: dict[tuple[str, str, tuple[str, ...]], Group] = field(default_factory=dict)
    met: Counter[int] = field(default_factory=Counter)
    """How many records each expectation was met by, by its number."""
    asked: set[int] = field(default_factory=set)
    """The expectations, by number, that lie between the version of some record and the one compared under."""
    has_forecast: bool = False
    attempts: Comparison | None = None
    """The same of the requests that were refused, where these were asked for; never void, since each one is counted by itself."""
    seconds: float = field(default=0.0, compare=False)

    # -- what came of it
    @property
    def records(self) -> int:
        """How many records were looked at, noise included."""
        return self.noise.records

    @property
    def is_void(self) -> bool:
        """Whether so much differs under its own version that the comparison says nothing."""
        return self.noise.different > self.noise_max * self.noise.records

    @property
    def groups(self) -> list[Group]:
        """The records that differ, by kind: the uncovered and the many first. None where the comparison is void."""
        found = [] if self.is_void else list(self.by_signature.values())
        return sorted(found, key=lambda one: (not one.uncovered, -one.count, one.type, one.signature))

    @property
    def different(self) -> int:
        """How many records differ."""
        return self.outcomes.total() - self.outcomes["same"]

    @property
    def uncovered(self) -> int:
        """How many of them differ in something that no expectation covers."""
        return sum(group.uncovered for group in self.by_signature.values())

    @property
    def subjects(self) -> Counter[str]:
        """How many differing records each subject has."""
        found: Counter[str] = Counter()
        for group in self.groups:
            found.update(group.subjects)
        return found

    @property
    def forecast(self) -> Counter[tuple[str, str]]:
        """How many parts of the differences would go which way if they were applied today."""
        found: Counter[tuple[str, str]] = Counter()
        for group in self.groups:
            found.update(group.forecast)
        return found

    @property
    def never_seen(self) -> list[Expectation]:
        """What was expected of the versions that were crossed, and no record shows."""
        return [one for one, count in self._asked() if not count]

    def _asked(self) -> list[tuple[Expectation, int]]:
        """What was expected of the versions that were crossed, and how many records and attempts show it."""
        both = [self] if self.attempts is None else [self, self.attempts]
        asked = sorted(set[int]().union(*(one.asked for one in both)))
        return [(self.expectations[number], sum(one.met[number] for one in both)) for number in asked]

    def __bool__(self) -> bool:
        return self.is_void or self.uncovered > 0 or bool(self.attempts)

    # -- taking in
    def add_same(self, base_version: str) -> None:
        """The B pass over a record of that version that cannot come out otherwise."""
        self.outcomes["same"] += 1
        self.asked.update(self._crossed(base_version))

    def add(self, diff: Diff, base: Side, new: Side, forecast: Forecast | None) -> None:
        """The B pass over one record: *diff*, and both sides of it. Records come in the ledger's order."""
        self.outcomes[diff.outcome] += 1
        crossed = self._crossed(diff.base_version)
        self.asked.update(crossed)
        if not diff:
            return
        met, uncovered = set[int](), []
        for part in diff.parts:
            meant = {number for number in crossed if self.expectations[number].covers(diff.record.type, part)}
            met |= meant
            if not meant:
                uncovered.append(part)
        self.met.update(met)
        key = (diff.record.type, diff.outcome, diff.signature)
        group = self.by_signature.setdefault(key, Group(*key))
        group.add(diff, base, new, forecast, uncovered)

    def of_attempts(self) -> Comparison:
        """One of nothing yet, for attempts under the same version."""
        return Comparison(self.version, self.code, noise_max=1.0, expectations=self.expectations)

    def _crossed(self, base_version: str) -> Iterable[int]:
        """The numbers of the expectations between the record's version and this one."""
        if self.version is None or not self.expectations or base_version == UNDONE:
            return ()
        base, new = Version.parse(base_version), Version.parse(self.version)
        return [number for number, one in enumerate(self.expectations) if base < one.since <= new]

    def merge(self, other: Comparison) -> None:
        """Take over the comparison of another part of the records under the same version. Seconds are those of whoever has the whole."""
        self.noise.merge(other.noise)
        self.outcomes.update(other.outcomes)
        for key, group in other.by_signature.items():
            self.by_signature.setdefault(key, Group(*key)).merge(group)
        self.met.update(other.met)
        self.asked |= other.asked
        self.has_forecast = self.has_forecast or other.has_forecast
        if other.attempts is not None:
            if self.attempts is None:
                self.attempts = self.of_attempts()
            self.attempts.merge(other.attempts)

    # -- as data
    def as_json(self) -> dict[str, Any]:
        """The comparison as data."""
        subjects = self.subjects
        compared = self.outcomes.total()
        return {
            "version": self.version,
            "code": self.code,
            "records": self.records,
            "noise": {**self.noise.as_json(), "max": self.noise_max},
            "void": self.is_void,
            "compared": compared,
            "different": self.different,
            "uncovered": self.uncovered,
            "outcomes": dict(sorted(self.outcomes.items())),
            "reach": {
                "subjects": len(subjects),
                "largest_subject": max(subjects, key=lambda one: (subjects[one], one), default=None),
                "largest_subject_share": round(max(subjects.values(), default=0) / self.different, 6) if self.different else 0.0,
            },
            "forecast": forecast_json(self.forecast) if self.has_forecast else None,
            "expectations": [{**one.as_json(), "records": count} for one, count in self._asked()],
            "never_seen": [one.as_json() for one in self.never_seen],
            "groups": [group.as_json(compared) for group in self.groups],
            "attempts": None if self.attempts is None else self.attempts._as_json_of_attempts(),
            "seconds": round(self.seconds, 3),
        }

    def _as_json_of_attempts(self) -> dict[str, Any]:
        data = self.as_json()
        return {"looked_at": self.records, **{name: data[name] for name in OF_ATTEMPTS}}
