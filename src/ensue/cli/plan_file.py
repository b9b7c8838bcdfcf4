"""
Plan file: a correction's plan as `plan --out` writes it, read again by `apply` and held word for word against the plan made anew.

The id is of what a plan does; people decide by what its file shows. So the file must show what is done, but for what moves without
moving the plan: how many records it knew, and how a row stands that nobody has to decide about.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from ensue.core.correction_plan import CorrectionPlan
from ensue.core.wanted import Wanted
from ensue.errors import PlanMoved, RequestError

FORMAT: Final = "ensue.correction-plan/1"
SHOWN_CHARACTERS_MAX: Final = 60


class Absent:
    """Where one side has no value at all, not even null."""


class Place(NamedTuple):
    """The first value that two documents do not share."""

    path: str
    shown: Any
    made: Any


@dataclass(frozen=True)
class PlanFile:
    """What the file of a plan says."""

    path: Path
    plan: str
    wanted: Wanted
    ledger: str
    shown: dict[str, Any]
    """All of it, without what may move."""

    def check_shows(self, made: CorrectionPlan) -> None:
        """The file shows what *made* does. Raises PlanMoved, which names the first value that is not the same."""
        made.check_same(self.plan)
        place = _first_difference(self.shown, _steady(json.loads(json.dumps(plan_data(made, self.ledger)))), "")
        if place is not None:
            raise PlanMoved(
                f"{self.path} does not show what its plan {self.plan} does: {place.path} is {_text(place.shown)} there, "
                f"and {_text(place.made)} in the plan. The file was edited, or what led to the plan has moved; nothing was corrected. "
                "Write it again with `ensue correct plan` or `ensue undo plan`, and look at it."
            )


def plan_data(plan: CorrectionPlan, ledger: str) -> dict[str, Any]:
    """What the file of *plan* holds."""
    return {"format": FORMAT, "ledger": ledger, **plan.as_json()}


def write_plan(file: Path, data: Mapping[str, Any]) -> None:
    """Write `plan_data` in a form that people can read, and edit at their peril."""
    file.write_text(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_plan(file: Path) -> PlanFile:
    """Read what `write_plan` wrote. Raises RequestError for anything else."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_each_once)
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']!r}")
        return PlanFile(file, str(data["plan"]), Wanted.from_json(data["wanted"]), str(data["ledger"]), _steady(data))
    except OSError as error:
        raise RequestError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RequestError(f"{file} is no plan: {error}; expected what `ensue correct plan --out` wrote.") from None


def _each_once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names stand once: of two values people may see the one, and a program the other."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name} stands there twice")
        found[name] = value
    return found


def _steady(data: Mapping[str, Any]) -> dict[str, Any]:
    """A plan's document without what may move while the plan stands."""
    corrections = [{**one, "changes": [_steady_change(change) for change in one["changes"]]} for one in data["corrections"]]
    return {**data, "corrections": corrections, "records": None}


def _steady_change(change: Mapping[str, Any]) -> dict[str, Any]:
    return {**change, "present": change["present"] if change["status"] == "conflict" else None}


def _first_difference(shown: Any, made: Any, path: str) -> Place | None:
    """Where *shown* says something else than *made*; 1 is neither true nor 1.0."""
    if isinstance(shown, dict) and isinstance(made, dict):
        sides = [
            (f"{path}.{name}".lstrip("."), shown.get(name, Absent), made.get(name, Absent)) for name in sorted(shown.keys() | made.keys())
        ]
    elif isinstance(shown, list) and isinstance(made, list):
        both = [*shown, *[Absent] * (len(made) - len(shown))], [*made, *[Absent] * (len(shown) - len(made))]
        sides = [(f"{path}[{number}]", *pair) for number, pair in enumerate(zip(*both, strict=True))]
    else:
        return None if type(shown) is type(made) and shown == made else Place(path, shown, made)
    return next((found for place, one, other in sides if (found := _first_difference(one, other, place)) is not None), None)


def _text(value: Any) -> str:
    if value is Absent:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}…"
