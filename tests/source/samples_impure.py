"""Steps that are not pure, as source text. Every line with `#! code` must be found under exactly that code, and no other line."""

from __future__ import annotations

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
        def helper(begins: Version):
            return begins > Version.parse("2019-05-01")  #! version
        def step(event: Visit):
            helper(event.__ensue__.version)
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
