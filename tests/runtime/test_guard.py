"""The guard: in development a step that knows more of the world than it may is caught, by name and line."""

from __future__ import annotations

import calendar
import contextlib
import cProfile
import csv
import datetime as dt
import gc
import hashlib
import io
import itertools
import json
import locale
import math
import os
import pathlib
import pstats
import random
import re
import secrets
import socket
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest

from ensue import App, Event, Insert, Model, Ref, Rejection, Related, StepError, Update, related
from ensue.core.data import fields_of
from ensue.runtime.guard import development_guard
from tests.core.deciding import plan_of
from tests.runtime import elsewhere_in_the_project as helpers


class Patient(Model, subject=True):
    name: str


class Note(Model, of=Patient):
    patient_id: str
    text: str


class Visit(Event, type="visit.enter", version="2026-01-01"):
    text: str = "a,b"
    patient: Ref[Patient]
    notes: Related[Note] = related()


class Refused(Rejection, code="refused"):
    """No."""


class Declared(Rejection, code="declared"):
    """No, and this was said before."""


ADA, NOTE = Patient(id="p-1", name="Ada"), Note(id="n-1", patient_id="p-1", text="note")


def run(look: Callable[[Any], object]) -> None:
    """Decide with a step that does this, watched."""
    app = App("practice")

    def step(event: Visit) -> Iterator[Insert[Note]]:
        look(event)
        yield Insert(Note(id=event.new_id("note"), patient_id=event.patient.id, text="new"))

    app.step(Visit, since="2026-01-01", rejects=[Declared])(step)
    plan_of(app, Visit(patient="p-1"), ADA, NOTE, guard=development_guard)


def line_of(function: Any) -> int:
    code = function.__code__
    return int(code.co_firstlineno)


IMPURE: dict[str, tuple[Callable[[Any], object], str]] = {
    "datetime.now": (lambda event: datetime.now(UTC), "now reads the clock; use event.at"),
    "datetime.utcnow": (lambda event: dt.datetime.utcnow(), "utcnow reads the clock"),  # noqa: DTZ003  # what is caught
    "date.today": (lambda event: date.today(), "today reads the clock"),  # noqa: DTZ011  # what is caught
    "time.time": (lambda event: time.time(), "time reads the clock"),
    "time.monotonic": (lambda event: time.monotonic(), "monotonic reads the clock"),
    "time.perf_counter_ns": (lambda event: time.perf_counter_ns(), "perf_counter_ns reads the clock"),
    "time.localtime": (lambda event: time.localtime(), "localtime reads the clock"),
    "time.sleep": (lambda event: time.sleep(0), "sleep reads the clock"),
    "time.gmtime()": (lambda event: time.gmtime(), "gmtime reads the clock"),
    "time.strftime(…)": (lambda event: time.strftime("%Y"), "strftime reads the clock"),
    "time.mktime": (lambda event: time.mktime(event.at.timetuple()), "mktime depends on the machine's time zone; name the zone"),
    "astimezone()": (lambda event: event.at.astimezone(), "astimezone depends on the machine's time zone"),
    "a naive moment": (lambda event: event.at.replace(tzinfo=None).timestamp(), "timestamp depends on the machine's time zone"),
    "a naive moment made aware": (lambda event: event.at.replace(tzinfo=None).astimezone(UTC), "astimezone depends on"),
    "datetime.fromtimestamp": (lambda event: datetime.fromtimestamp(0), "fromtimestamp depends on"),  # noqa: DTZ006  # what is caught
    "date.fromtimestamp": (lambda event: date.fromtimestamp(0), "fromtimestamp depends on"),  # noqa: DTZ012  # what is caught
    "locale.strxfrm": (lambda event: locale.strxfrm("a"), "strxfrm depends on the machine's language"),
    "locale.getlocale": (lambda event: locale.getlocale(), "getlocale depends on the machine's language"),
    "hash": (lambda event: hash("a"), "hash gives another number in every process; compare the values themselves"),
    "id": (lambda event: id(event), "id is a place in memory, another one in every process; use the row's id, or event.new_id"),
    "id from C": (lambda event: sorted(event.notes, key=id), "id is a place in memory"),
    "gc.collect": (lambda event: gc.collect(), "collect asks about the program that happens to run; decide by the event alone"),
    "random.random": (lambda event: random.random(), "random draws random numbers; use event.random"),
    "random.choice": (lambda event: random.choice([1, 2]), "draws random numbers"),
    "random.shuffle": (lambda event: random.shuffle([1, 2]), "draws random numbers"),
    "random.seed": (lambda event: random.seed(), "draws random numbers"),
    "random.Random": (lambda event: random.Random(), "draws random numbers"),
    "random.SystemRandom": (lambda event: random.SystemRandom().random(), "draws random numbers"),
    "uuid.uuid4": (lambda event: uuid.uuid4(), "draws random numbers, or event.new_id"),
    "uuid.uuid1": (lambda event: uuid.uuid1(), ""),
    "os.urandom": (lambda event: os.urandom(4), "urandom draws random numbers"),
    "secrets.token_hex": (lambda event: secrets.token_hex(4), "draws random numbers"),
    "secrets.choice": (lambda event: secrets.choice([1, 2]), "draws random numbers"),
    "open": (lambda event: open(__file__).close(), "open touches files; declare what the step needs as state"),
    "io.open": (lambda event: io.open(__file__).close(), "open touches files"),  # noqa: UP020  # what is caught
    "open from C": (lambda event: contextlib.ExitStack().enter_context(next(map(open, [__file__]))).close(), "open touches files"),
    "sqlite3.connect": (lambda event: sqlite3.connect(":memory:").close(), "asks a database; declare what the step needs as state"),
    "Path.read_text": (lambda event: pathlib.Path(__file__).read_text(encoding="utf-8"), "touches files"),
    "Path.exists": (lambda event: pathlib.Path(__file__).exists(), "stat touches files"),
    "os.listdir": (lambda event: os.listdir("."), "listdir touches files"),
    "os.getcwd": (lambda event: os.getcwd(), "getcwd touches files"),
    "tempfile": (lambda event: tempfile.TemporaryFile().close(), ""),
    "os.environ": (lambda event: os.environ["PATH"], "reads the environment; declare what the step needs as state"),
    "os.environ.get": (lambda event: os.environ.get("PATH"), "reads the environment"),
    "os.getenv": (lambda event: os.getenv("PATH"), "reads the environment"),
    "list(os.environ)": (lambda event: list(os.environ), "reads the environment"),
    "socket.socket": (lambda event: socket.socket().close(), "opens the network; yield an effect"),
    "socket.getaddrinfo": (lambda event: socket.getaddrinfo("localhost", 80), "opens the network"),
    "socket.gethostname": (lambda event: socket.gethostname(), "opens the network"),
    "subprocess.run": (lambda event: subprocess.run(["true"], check=True), "starts something beside the step; yield an effect"),
    "os.system": (lambda event: os.system("true"), "system starts something beside the step"),
    "threading.Thread": (lambda event: threading.Thread(target=print).start(), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", list(IMPURE))
def test_a_step_that_reaches_outside_is_caught_with_its_line(name: str) -> None:
    look, message = IMPURE[name]

    with pytest.raises(StepError) as raised:
        run(look)

    assert str(raised.value).startswith(f"Step step: is not pure. {__file__}:{line_of(look)}: ")
    for part in message.split(", or "):
        assert part in str(raised.value)


def draw_late(event: Any) -> object:
    found = [len(note.text) for note in event.notes]
    return (
        found,
        random.random(),
    )


def test_the_line_is_the_one_that_reaches_outside() -> None:
    with pytest.raises(StepError, match=rf"{re.escape(__file__)}:{line_of(draw_late) + 4}: "):
        run(draw_late)


def strings(event: Any) -> object:
    return f"{event.at:%Y-%m-%d} {event.text.upper()} {event.patient.name!r:>10} {event.at!s}"


def dates(event: Any) -> object:
    moments = [
        event.at + timedelta(days=1),
        event.at.astimezone(UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime.fromisoformat("2026-01-01T00:00:00Z"),
    ]
    days = [event.at.date(), date.fromisoformat("2026-01-01"), datetime.strptime("2026-01-01 +0000", "%Y-%m-%d %z").date()]
    return (
        [moment.strftime("%A %d %B") for moment in moments],
        days,
        calendar.monthrange(2026, 2),
        datetime.fromtimestamp(0, tz=UTC),
        event.at.timestamp(),
    )


def numbers(event: Any) -> object:
    with localcontext() as context:
        context.prec = 10
        third = Decimal(1) / Decimal(3)
    return third, third.quantize(Decimal("0.01")), math.sqrt(2), sum([1, 2]), round(third, 2), divmod(7, 2)


def texts(event: Any) -> object:
    written = io.StringIO()
    csv.writer(written).writerow(["a", "b"])
    kept = io.BytesIO(b"a").read()
    return (
        re.sub(r"\W+", "", event.text),
        json.loads(json.dumps({"a": [1]})),
        written.getvalue(),
        kept,
        textwrap.wrap("a b", 5),
        hashlib.sha256(b"a").hexdigest(),
    )


def randomness_of_its_own(event: Any) -> object:
    generator = random.Random(event.random("draw"))
    return generator.random(), generator.choice([1, 2]), uuid.UUID(event.new_id("row")), uuid.uuid5(uuid.NAMESPACE_URL, "a")


def rows(event: Any) -> object:
    changed = event.patient.__replace__(name="Eve")
    return (
        changed,
        Update(event.patient, name="Eve"),
        sorted(event.notes, key=lambda note: note.text),
        list(itertools.chain(event.notes, event.notes)),
    )


def imports(event: Any) -> object:
    for module in ("colorsys", "this_is_no_module"):
        sys.modules.pop(module, None)
        try:
            __import__(module)
        except ImportError:
            continue
    return time.gmtime(0), time.strftime("%Y", time.gmtime(0)), os.fspath("a"), os.path.join("a", "b")


@pytest.mark.parametrize("look", [strings, dates, numbers, texts, randomness_of_its_own, rows, imports], ids=lambda look: look.__name__)
def test_a_pure_step_is_left_alone(look: Callable[[Any], object]) -> None:
    run(look)


def test_what_ensue_does_for_a_step_is_not_the_steps_doing() -> None:
    def look(event: Any) -> object:
        fields_of(Note)._validators.clear()  # as in the first update of this column ever
        return Update(event.notes[0], text="changed")

    run(look)


@pytest.mark.parametrize(
    "change",
    [
        lambda event: object.__setattr__(event.patient, "name", "Eve"),
        lambda event: event.patient.__dict__.update(name="Eve"),
        lambda event: vars(event.notes[0]).pop("text") and vars(event.notes[0]).setdefault("text", "other"),
        lambda event: event.__dict__.update(text="other"),
        lambda event: object.__setattr__(event, "notes", ()),
    ],
)
def test_a_step_that_changes_what_it_was_given_is_caught(change: Callable[[Any], object]) -> None:
    with pytest.raises(StepError, match="changed the event or a row it was given; make a changed copy, or yield an Update"):
        run(change)


def refuse(event: Any) -> object:
    time.time()
    raise Declared


def test_a_step_that_reaches_outside_and_refuses_is_caught_too() -> None:
    with pytest.raises(StepError, match="is not pure"):
        run(refuse)


def raise_it(reason: type[Rejection]) -> Callable[[Any], object]:
    def look(event: Any) -> object:
        raise reason

    return look


def test_a_rejection_that_was_not_declared_is_told_in_development() -> None:
    run(raise_it(Declared))
    with pytest.raises(StepError, match=r"^Step step: raised Refused, but does not declare it; add it to rejects="):
        run(raise_it(Refused))


def test_a_profiler_that_was_there_before_is_there_again() -> None:
    calls: list[str] = []

    def watch(frame: Any, kind: str, argument: Any) -> None:
        calls.append(kind)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        run(numbers)
        after = sys.getprofile()
    finally:
        sys.setprofile(before)

    assert after is watch


def test_a_helper_in_another_file_is_named_with_its_own_line_and_the_steps() -> None:
    def look(event: Any) -> object:
        return helpers.clock()

    line = line_of(helpers.clock) + 2
    here = f"{__file__}:{line_of(look) + 1}"

    with pytest.raises(StepError, match=re.escape(f"{helpers.__file__}:{line} (called from {here}): time reads the clock")):
        run(look)


def test_an_application_can_be_profiled_in_development() -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        run(numbers)
        run(strings)
    finally:
        profiler.disable()

    called = {name for _, _, name in pstats.Stats(profiler).stats}  # type: ignore[attr-defined]  # typeshed does not know it
    assert "run" in called
