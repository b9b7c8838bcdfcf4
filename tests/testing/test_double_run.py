"""The same event decided again: here, and in another process with another hash seed and time zone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ensue import App, ConfigurationError, DefinitionError, Event, Insert, Model, Ref
from ensue.runtime.elsewhere import find_name, zone
from ensue.runtime.request import Request
from ensue.source.lint import lint_function
from ensue.testing import START, given
from ensue.testing.double_run import Case, decided, decided_elsewhere, disagreement
from tests.source.conftest import Project
from tests.source.conftest import project as project  # a fixture
from tests.testing.another_project import run_pytest
from tests.testing.bakery import ADA, PlaceOrder, PlaceOrder2, bakery

LAYERS = ("lint", "guard", "again", "elsewhere")

# What a step may ask, and which layers catch it; `?` where it is a matter of luck.
SOURCES = {
    "datetime.now": ("datetime.now(UTC)", "lint guard again elsewhere"),
    "time.time": ("time.time()", "lint guard again elsewhere"),
    "uuid4": ("uuid.uuid4()", "lint guard again elsewhere"),
    "random": ("random.random()", "lint guard again elsewhere"),
    "secrets": ("secrets.token_hex()", "lint guard again elsewhere"),
    "os.urandom": ("os.urandom(8)", "lint guard again elsewhere"),
    "date.today": ("date.today()", "lint guard elsewhere"),
    "set order": ("list({'ada', 'bo', 'cy', 'di', 'eve', 'flo', 'gus', 'hal', 'ida', 'jo'})", "lint elsewhere"),
    "hash(str)": ("hash('ada')", "lint guard elsewhere"),
    "id()": ("id(object())", "lint guard again? elsewhere?"),
    "default repr": ("Plain()", "lint again? elsewhere?"),
    "global counter": ("count()", "lint guard again elsewhere"),
    "mutable default": ("remember(event.id)", "lint guard again elsewhere"),
    "open": ("open(__file__).close()", "lint guard"),
    "socket": ("socket.socket().close()", "lint guard"),
    "subprocess": ("subprocess.run(['true'], check=True).returncode", "lint guard"),
    "gc": ("gc.isenabled()", "lint guard"),
    "os.environ": ("os.environ.get('HOME')", "lint guard"),
    "local time zone": ("event.at.astimezone().isoformat()", "lint guard elsewhere"),
    "thread order": ("raced()", "lint guard again? elsewhere?"),
    "float sum over a set": ("sum({0.1, 0.2, 0.3})", "lint"),
}  # fmt: skip

RULES = """
from __future__ import annotations
import gc, os, random, secrets, socket, subprocess, threading, time, uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from ensue import App, Event, Insert, Model, Ref

app = App("impure")
COUNT = 0

class Patient(Model, subject=True):
    name: str

class Note(Model, of=Patient):
    patient_id: str
    text: str

class Plain:
    pass

def count():
    global COUNT
    COUNT += 1
    return COUNT

def remember(text, seen=[]):
    seen.append(text)
    return len(seen)

def raced():
    seen = []
    threads = [threading.Thread(target=seen.append, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen
"""

STEP = """
class Event{number}(Event, type="source.s{number}", version="2026-01-01"):
    patient: Ref[Patient]

@app.step(Event{number}, since="2026-01-01")
def step{number}(event: Event{number}) -> Iterator[Insert[Note]]:
    yield Insert(Note(id=event.new_id("note"), patient_id=event.patient.id, text=str({expression})))
"""


@pytest.fixture
def impure(project: Project) -> ModuleType:
    """An app with a step for every source."""
    steps = [STEP.format(number=number, expression=expression) for number, (expression, _) in enumerate(SOURCES.values())]
    return project(rules=RULES + "".join(steps))


def caught_by(module: ModuleType, number: int) -> set[str]:
    """The layers that catch the step of this number, each asked alone."""
    event = getattr(module, f"Event{number}")(patient="p")
    case = Case((module.Patient(id="p", name="Ada"),), START, Request(event, "key"), "tester")
    step = getattr(module, f"step{number}")
    caught = {"lint"} if lint_function(step) else set()
    if "is not pure" in (decided(module.app, case).raised or ""):
        caught.add("guard")
    said = decided(module.app, case, development=False)
    if disagreement(module.app, case, said, development=False, named=None) is not None:
        caught.add("again")
    named = find_name(module.app)
    assert named is not None
    there = [one for _, one in decided_elsewhere(named, case, development=False)]
    if any(one != said for one in there):
        caught.add("elsewhere")
    return caught


def test_every_source_of_another_answer_is_caught_by_the_layers_that_the_table_says(impure: ModuleType) -> None:
    found = {source: caught_by(impure, number) for number, source in enumerate(SOURCES)}

    for source, (_, said) in SOURCES.items():
        certain = {one for one in said.split() if not one.endswith("?")}
        possible = {one.removesuffix("?") for one in said.split()}
        assert certain, f"nothing catches {source}"
        assert certain <= found[source] <= possible, f"{source}: {sorted(found[source])}"


def test_the_order_of_a_dictionary_cannot_come_in() -> None:
    with pytest.raises(DefinitionError, match="dict"):

        class Labelled(Event, type="labelled", version="2026-01-01", system="test"):
            labels: dict[str, str]


def test_a_disagreement_names_step_line_difference_and_remedy(impure: ModuleType) -> None:
    number = list(SOURCES).index("local time zone")
    event = getattr(impure, f"Event{number}")(patient="p")
    case = Case((impure.Patient(id="p", name="Ada"),), START, Request(event, "key"), "tester")
    lines = Path(str(impure.__file__)).read_text(encoding="utf-8").splitlines()
    line = next(place for place, text in enumerate(lines, 1) if "astimezone" in text)

    with zone("UTC0"):
        said = decided(impure.app, case, development=False)
        found = disagreement(impure.app, case, said, development=False, named=find_name(impure.app))

    assert found is not None
    assert (found.step, found.file, found.line) == (f"step{number}", impure.__file__, line)
    assert 'text is "2025-01-01T00:00:00+00:00" here, "2024-12-31T12:00:00-12:00" in another process, with another hash seed' in found.what
    assert found.remedy.startswith(f"rules.py:{line}: event.at.astimezone() depends on the machine's time zone; name the zone")


def test_what_is_pure_is_the_same_again() -> None:
    given(bakery, ADA).when(PlaceOrder(loaf="rye", customer="ada"), version="2024-01-01").same_again()
    given(bakery, ADA).when(PlaceOrder2(loaf="cake", customer="ada")).same_again()  # refused, everywhere


class Card(Model, subject=True):
    text: str


class Write(Event, type="card.write", version="2026-01-01"):
    card: Ref[Card]


def test_an_app_without_a_name_cannot_be_decided_elsewhere() -> None:
    app = App("nameless")

    @app.step(Write, since="2026-01-01")
    def write(event: Write) -> Iterator[Insert[Card]]:
        return iter(())

    with pytest.raises(ConfigurationError, match="'nameless' is the value of no module's variable"):
        given(app, Card(id="c", text="a")).when(Write(card="c")).same_again()


SHOP = """
from collections.abc import Iterator
from ensue import App, Event, Model, Ref, Rejection, Update

shop = App("shop")
NAMES = frozenset({"ada", "bo", "cy", "di", "eve", "flo", "gus", "hal", "ida", "jo"})

class Card(Model, subject=True):
    text: str = ""

class Write(Event, type="card.write", version="2026-01-01"):
    card: Ref[Card]

class Read(Event, type="card.read", version="2026-01-01"):
    card: Ref[Card]

class First(Rejection, code="card.first"):
    '''{name} was first.'''
    name: str

@shop.step(Write, since="2026-01-01")
def write(event: Write) -> Iterator[Update[Card]]:
    yield Update(event.card, text=",".join(NAMES))

@shop.step(Read, since="2026-01-01", rejects=[First])
def read(event: Read) -> None:
    raise First(name=str(list(NAMES)))
"""

TESTS = """
from ensue.testing import ANY_ID, given
from ensue import Update
from shop import Card, Read, Write, shop
from tests.testing.bakery import ADA, PlaceOrder2, bakery

CARD = Card(id="c")

def test_impure():
    given(shop, CARD).when(Write(card="c")).then(Update(CARD, text=ANY_ID))

def test_impure_refusal():
    assert given(shop, CARD).when(Read(card="c")).plan.rejections

def test_pure():
    for _ in range(3):
        given(bakery, ADA).when(PlaceOrder2(loaf="rye", customer="ada"))

def test_nameless():
    from ensue import App
    app = App("nameless")
    @app.step(Read, since="2026-01-01")
    def nothing(event: Read) -> None: pass
    given(app, CARD).when(Read(card="c"))
"""


def test_pytest_decides_every_event_again_where_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    (tmp_path / "test_shop.py").write_text(TESTS, encoding="utf-8")

    plain, twice = run_pytest(tmp_path, "-q"), run_pytest(tmp_path, "-q", "--ensue-double-run")

    assert "4 passed" in plain
    assert "2 failed, 2 passed" in twice, twice
    assert "AssertionError: card.write is not decided alike. Step write (" in twice
    assert "shop.py:23: NAMES follows the order of a set, another one in every process; put sorted(…) around the set." in twice, twice
    assert "card.read is not decided alike. Step read (" in twice
    assert "ensue: events decided again: 6, 1 only in this process, since their app stands in no module" in twice
