"""Steps that are pure, as source text, and what all samples begin with."""

from __future__ import annotations

HEAD = """
from __future__ import annotations
from ensue import App, Event, Insert, Model, Ref, Rejected, Rejection, Related, Value, related

class Patient(Model, subject=True):
    name: str
    labels: frozenset[str] = frozenset()

class Note(Model, of=Patient):
    patient_id: str
    text: str

class Visit(Event, type="visit", version="2026-01-01"):
    text: str = ""
    number: int = 1
    version: int = 1
    tags: frozenset[str] = frozenset()
    patient: Ref[Patient]
    notes: Related[Note] = related()

class Refused(Rejection, code="refused"):
    '''No.'''
"""

PURE = {
    "variables that are called like something else": """
        def step(event: Visit):
            time = event.at.time()
            open = [note for note in event.notes]
            id = event.new_id("a")
            a = [print for print in event.notes], time.hour, open, id
    """,
    "moments": """
        import time
        from datetime import UTC, date, datetime, timedelta, timezone
        from zoneinfo import ZoneInfo
        BERLIN = ZoneInfo("Europe/Berlin")
        def step(event: Visit):
            a = event.at.astimezone(BERLIN), event.at.astimezone(UTC), datetime.fromtimestamp(0, UTC), datetime(2026, 1, 1)
            a = event.at + timedelta(days=1), f"{event.at:%Y-%m-%d}", event.at.strftime("%H:%M"), date.fromisoformat("2026-01-01")
            a = datetime.fromtimestamp(0, tz=UTC), time.gmtime(0), time.strftime("%Y", time.gmtime(0))
            if event.at.hour >= 18 and event.at.date() < event.at.date() + timedelta(days=1): pass
    """,
    "randomness of its own": """
        import random, uuid
        def step(event: Visit):
            generator = random.Random(event.random("a"))
            return generator.choice([1, 2]), uuid.uuid5(uuid.NAMESPACE_URL, "a"), uuid.UUID(event.new_id("a"))
    """,
    "sets whose order does not matter": """
        KNOWN = frozenset({"a", "b"})
        def step(event: Visit):
            a = "a" in KNOWN, len(KNOWN), sorted(KNOWN), max(event.tags), any(one == "a" for one in KNOWN), sorted(one for one in KNOWN)
            a = {one for one in KNOWN}, {*KNOWN}, KNOWN | {"c"}, sum(len(one) for one in KNOWN), frozenset(event.tags), set(KNOWN)
            for one in sorted(KNOWN - {"a"}): pass
            for key in {"a": 1}: pass
            for key in {"a": 1}.keys(): pass
    """,
    "constants": """
        import re
        from decimal import Decimal
        from types import MappingProxyType
        RATES = {"a": Decimal("0.5")}
        _NAMES = ["a", "b"]
        WORD = re.compile("a")
        table = MappingProxyType({"a": 1})
        def step(event: Visit):
            a = RATES["a"], _NAMES[0], WORD.sub("", event.text), table["a"], RATES.get("b", 0)
            own = {}
            own["a"] = 1
            own.setdefault("b", []).append(2)
            seen = []
            def note(text):
                nonlocal seen
                seen = [*seen, text]
            note("a")
            return own, seen, lambda x=1, y=(): x
    """,
    "numbers": """
        import math
        from decimal import Decimal
        def step(event: Visit):
            return event.number // 2, Decimal(event.number) / 2, math.floor(event.number), divmod(7, 2), round(Decimal("1.5"))
    """,
    "texts": """
        import json, io, os.path, pathlib
        class Plain:
            def __repr__(self): return "Plain()"
        def step(event: Visit):
            written = io.StringIO()
            a = f"{Plain()} {event.patient.name!r} {event.patient} {event.at} {event.number:>4}", "%s" % event.text, str(event.notes)
            return json.dumps({"a": 1}), os.path.join("a", "b"), pathlib.PurePosixPath("a").name, written.getvalue()
    """,
    "a field that is called version": """
        def step(event: Visit):
            if event.version >= 2: pass
            version = event.version
            if version == 1: pass
    """,
    "exceptions that are meant": """
        def step(event: Visit):
            try: int(event.text)
            except ValueError: pass
            try: int(event.text)
            except Exception as error:
                raise Refused() from error
            try: pass
            except Refused: pass
    """,
}  # fmt: skip
