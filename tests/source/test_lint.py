"""The static check: what a step must not do is found by what it means, with its line; what is pure is left alone."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from ensue.demo import clinic
from ensue.source.lint import Finding, lint, lint_function
from ensue.source.rules import CODES
from tests.examples.conftest import load_example
from tests.source.conftest import Project

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

# Every line with `#! code` must be found under exactly that code, and no other line.
IMPURE = {
    "clock": """
        import datetime as dt
        import time as clock
        from datetime import datetime, date
        from time import time as t, monotonic
        def step(event: Visit):
            a = datetime.now()  #! clock
            a = dt.datetime.utcnow()  #! clock
            a = date.today()  #! clock
            a = t()  #! clock
            a = clock.perf_counter_ns()  #! clock
            a = sorted(event.notes, key=lambda note: monotonic())  #! clock
            a = list(map(datetime.now, []))  #! clock
            a = clock.gmtime()  #! clock
            a = clock.strftime("%Y")  #! clock
            import time
            a = time.time()  #! clock
            from time import sleep as rest
            rest(1)  #! clock
    """,
    "random": """
        import os, random, secrets, uuid
        from random import choice as pick
        from uuid import uuid4
        GENERATOR = random.Random(4)
        def step(event: Visit):
            a = random.random()  #! random
            a = pick([1, 2])  #! random
            a = uuid4()  #! random
            a = uuid.uuid1()  #! random
            a = os.urandom(3)  #! random
            a = secrets.token_hex()  #! random
            a = random.Random()  #! random
            a = GENERATOR.random()  #! random
    """,
    "environment": """
        import os, sys, platform
        from os import environ as settings
        from sys import argv
        def step(event: Visit):
            a = os.environ["HOME"]  #! environment
            a = settings.get("HOME")  #! environment
            a = os.getenv("HOME")  #! environment
            a = argv  #! environment
            a = sys.argv  #! environment
            a = platform.node()  #! environment
    """,
    "files": """
        import os.path
        from io import open as read
        from pathlib import Path
        HERE = Path(__file__)  #! files
        def step(event: Visit):
            a = open("a")  #! files
            a = read("a")  #! files
            a = HERE.read_text()  #! files
            a = os.path.exists("a")  #! files
            a = os.listdir(".")  #! files
            import tempfile
            a = tempfile.mkdtemp()  #! files
            from zoneinfo import ZoneInfo
            a = ZoneInfo("Europe/Berlin")  #! files
    """,
    "outside": """
        import gc, logging, socket, sqlite3, subprocess, threading, urllib.request, ensue
        from concurrent.futures import ThreadPoolExecutor
        log = logging.getLogger()
        lock = threading.Lock()
        def step(event: Visit):
            a = socket.create_connection(("a", 1))  #! network
            a = urllib.request.urlopen("http://a")  #! network
            a = subprocess.run(["a"])  #! process
            a = threading.Thread(target=len)  #! process
            a = ThreadPoolExecutor()  #! process
            with lock:  #! process
                a = gc.collect()  #! interpreter
            a = sqlite3.connect("a")  #! database
            a = ensue.open(None, "sqlite://")  #! database
            print("a")  #! print
            log.warning("a")  #! print
            a = eval("1")  #! code
    """,
    "zone": """
        import time
        from datetime import datetime
        def step(event: Visit):
            a = event.at.astimezone()  #! zone
            a = datetime.fromtimestamp(0)  #! zone
            a = time.mktime(event.at.timetuple())  #! zone
            a = time.tzname  #! zone
    """,
    "locale": """
        import calendar, locale
        def step(event: Visit):
            a = event.at.strftime("%d %B %Y")  #! locale
            a = f"{event.at:%A}"  #! locale
            a = f"{event.number:n}"  #! locale
            a = format(event.at, "%c")  #! locale
            a = calendar.month_name[1]  #! locale
            a = sorted(["a"], key=locale.strxfrm)  #! locale
    """,
    "hash and identity": """
        class Plain: pass
        def helper(): pass
        def step(event: Visit):
            a = hash(event.text)  #! hash
            a = id(event)  #! identity
            a = sorted(event.notes, key=id)  #! identity
            thing = Plain()
            a = repr(thing)  #! identity
            a = f"{thing}"  #! identity
            a = "%s" % thing  #! identity
            a = "{}".format(Plain())  #! identity
            a = str(helper)  #! identity
            a = f"{object()}"  #! identity
    """,
    "order": """
        KNOWN = frozenset({"a", "b"})
        def codes() -> set[str]: return {"a"}
        def step(event: Visit):
            for one in {"a", "b"}: pass  #! order
            for one in codes(): pass  #! order
            for one in event.tags: pass  #! order
            for one in event.patient.labels: pass  #! order
            a = [one for one in KNOWN]  #! order
            a = {one: 1 for one in KNOWN}  #! order
            a = list(KNOWN | {"c"})  #! order
            a = ", ".join(note.text for note in KNOWN)  #! order
            a = ", ".join(KNOWN)  #! order
            a = tuple(set(event.text))  #! order
            known = set(event.text)
            a = next(iter(known))  #! order
            a = [*known]  #! order
            b, c = known  #! order
            a = f"{known}"  #! order
            a = known.pop()  #! order
            a = min(known, key=len)  #! order
            a = sorted({"a", "b"}, key=str.lower)  #! order
            a = [*known.union("a")]  #! order
            a = list({"a": 1}.keys() & {"b": 2}.keys())  #! order
            a = list(enumerate(known))  #! order
            yield from known  #! order
    """,
    "float": """
        import math
        RATE = 0.19  #! float
        def helper(amount):
            return amount * RATE
        def step(event: Visit):
            a = helper(2) + 0.5  #! float
            a = float(event.text)  #! float
            a = event.number / 2  #! float
            a = len(event.notes) / event.number  #! float
            a = math.sqrt(2)  #! float
    """,
    "what lasts": """
        import itertools
        from collections import deque, OrderedDict
        SEEN = []
        CACHE = {}
        COUNT = 0
        RATES = {"a": 1}
        prices = {"a": 2}
        numbers = itertools.count()
        class Config:
            calls = 0
            kept: list[str] = []
        def other():
            global COUNT
            COUNT += 1
            RATES["b"] = 2
        def step(event: Visit, so_far=[], more=dict()):  #! default
            global COUNT  #! global
            SEEN.append(event.id)  #! mutable
            CACHE[event.id] = 1  #! mutable
            del CACHE["a"]  #! mutable
            Config.calls += 1  #! mutable
            Config.kept.append("a")  #! mutable
            a = next(numbers)  #! mutable
            a = RATES["a"]  #! mutable
            a = prices["a"]  #! mutable
            a = COUNT  #! mutable
    """,
    "versions": """
        from datetime import date, datetime, UTC
        from ensue.core.version import Version
        CHANGE = date(2019, 5, 1)
        def step(event: Visit):
            if event.__ensue__.version >= Version.parse("2019-05-01"): pass  #! version
            version = event.__ensue__.version
            if version == 3: pass  #! version
            if event.at >= datetime(2019, 5, 1, tzinfo=UTC): pass  #! version
            if event.at.date() < CHANGE: pass  #! version
            if str(event.at.date()) < "2019-05-01": pass  #! version
    """,
    "swallow": """
        import contextlib
        def step(event: Visit):
            try: pass
            except:  #! swallow
                a = 1
            try: pass
            except Exception as error:  #! swallow
                a = error
            try: pass
            except (ValueError, Rejected):  #! swallow
                pass
            try: pass
            except Rejection:  #! swallow
                pass
            with contextlib.suppress(Exception):  #! swallow
                pass
    """,
    "async": """
        import asyncio
        async def helper(): pass  #! async
        def step(event: Visit):
            return helper
    """,
    "class": """
        from datetime import datetime
        class Clock:
            def __init__(self): self.at = datetime.now()  #! clock
            def __repr__(self): return "Clock"
        class Wrapped(Value):
            text: str
            def now(self): return datetime.now()  #! clock
        def step(event: Visit):
            return Clock(), Wrapped(text="a").now()
    """,
    "default": """
        from datetime import datetime
        def step(event: Visit, now=datetime.now()):  #! clock
            return now
    """,
}  # fmt: skip

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


def written(project: Project, text: str) -> ModuleType:
    lines = text.splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return project(rules=HEAD + "\n".join(line[indent:] for line in lines) + "\n")


def expected(module: ModuleType) -> list[tuple[int, str]]:
    lines = Path(str(module.__file__)).read_text(encoding="utf-8").splitlines()
    return [(number, found[1]) for number, line in enumerate(lines, 1) if (found := re.search(r"#! (\w+)", line))]


def places(findings: tuple[Finding, ...]) -> list[tuple[int, str]]:
    return sorted((one.line, one.code) for one in findings)


@pytest.mark.parametrize("what", list(IMPURE))
def test_what_is_not_pure_is_found_on_its_line_and_nothing_else(project: Project, what: str) -> None:
    rules = written(project, IMPURE[what])

    assert places(lint_function(rules.step)) == expected(rules)


@pytest.mark.parametrize("what", list(PURE))
def test_what_is_pure_is_left_alone(project: Project, what: str) -> None:
    assert [str(one) for one in lint_function(written(project, PURE[what]).step)] == []


def test_a_finding_says_file_line_rule_remedy_and_where_it_was_reached_from(project: Project) -> None:
    rules = project(
        helpers="from datetime import datetime\n\ndef today():\n    return datetime.now()\n",
        rules=HEAD
        + """
app = App("practice")

@app.step(Visit, since="2026-01-01")
def first(event: Visit) -> None:
    from helpers import today
    today()

@app.step(Visit, since="2026-02-01")
def second(event: Visit) -> None:
    first(event)
""",
    )

    (found,) = lint(rules.app).findings

    assert found.reached_from == ("step first", "step second")
    assert found.where == "helpers.today"
    folder = Path(str(rules.__file__)).parent
    assert str(found) == f"{folder / 'helpers.py'}:4: clock: datetime.now reads the clock; use event.at (step first and 1 more)"


def test_conversions_between_shapes_are_read_as_well(project: Project) -> None:
    rules = project(
        rules=HEAD
        + """
import time
app = App("practice")

class Visit2(Event, type="visit", version="2026-02-01", follows=Visit):
    text: str
    patient: Ref[Patient]

    @classmethod
    def up(cls, old: Visit) -> Visit2:
        return cls(text=f"{time.time()}", patient=old.patient)

    def down(self) -> Visit:
        return Visit(text=self.text, number=id(self), patient=self.patient)

@app.step(Visit, since="2026-01-01")
def first(event: Visit) -> None:
    pass
"""
    )

    assert [(one.code, one.reached_from) for one in lint(rules.app).findings] == [
        ("clock", ("Visit2.up",)),
        ("identity", ("Visit2.down",)),
    ]


def test_what_a_step_is_closed_over_counts_as_well(project: Project) -> None:
    rules = project(
        rules="""
            def make():
                seen = []
                count = 0
                def step(event):
                    nonlocal count
                    seen.append(event)
                return step
            step = make()
        """
    )

    assert places(lint_function(rules.step)) == [(6, "global"), (7, "mutable")]


ALLOWED = """
    import time
    def step(event: Visit):
        a = time.time()  # ensue: allow clock because a test of ours needs it
        # ensue: allow float, order because both are shown and never stored
        a = [0.5 for one in {"a"}]
        a = sum(
            [0.5],
        )  # ensue: allow float because of a reason
"""


def test_a_line_is_allowed_with_a_reason(project: Project) -> None:
    assert lint_function(written(project, ALLOWED).step) == ()


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        ("# ensue: allow clock", ["clock"]),
        ("# ensue: allow clock because", ["clock", "allow"]),
        ("# ensue: allow because it is nice", ["clock", "allow"]),
        ("# ensue: allow random because it is none", ["clock", "allow"]),
        ("# ensue: allow clocks because of a slip", ["clock", "allow"]),
        ("# ensue: ignore clock because", ["clock"]),
    ],
)
def test_an_allowance_without_reason_or_use_is_itself_found(project: Project, comment: str, found: list[str]) -> None:
    rules = written(project, f"    import time\n    def step(event: Visit):\n        a = time.time()  {comment}\n")

    findings = lint_function(rules.step)

    assert sorted(one.code for one in findings) == sorted(found)


def test_a_missing_reason_is_asked_for(project: Project) -> None:
    rules = written(project, "    import time\n    def step(event: Visit):\n        a = time.time()  # ensue: allow clock\n")

    (found,) = lint_function(rules.step)

    assert found.remedy == "use event.at. The comment that allows it must say why: … because …"


def test_a_step_without_a_source_is_told(project: Project) -> None:
    rules = project(rules="exec('def step(event): return 1')\n")

    (found,) = lint_function(rules.step)

    assert found.code == "source"


def test_every_rule_has_a_case() -> None:
    cases = {found for text in IMPURE.values() for found in re.findall(r"#! (\w+)", text)}

    assert cases == CODES - {"allow", "source"}


def test_the_clinic_is_clean() -> None:
    linted = lint(clinic)

    assert [str(one) for one in linted.findings] == []
    assert (linted.roots, linted.parts) >= (20, 40)


@pytest.mark.parametrize(
    ("example", "app"), [("transfer", "bank"), ("booking", "practice"), ("laboratory", "lab"), ("consent", "clinic"), ("history", "reg")]
)
def test_the_examples_are_clean(example: str, app: str) -> None:
    assert [str(one) for one in lint(getattr(load_example(example), app)).findings] == []
