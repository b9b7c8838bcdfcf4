"""
Rules: what a step may not do, in words; each with a code, for people who allow it on one line, and a remedy.

The static check finds them in the source (source/lint.py), the guard while a step runs in development (runtime/guard.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Rule:
    """`found` follows the name of what was found: "datetime.now *reads the clock*; use event.at"."""

    code: str
    found: str
    remedy: str

    @property
    def sentence(self) -> str:
        """What was found and what to do, to be put behind a name."""
        return f"{self.found}; {self.remedy}"


# ---- more of the world than a step may know ------------------------------------------------------------------------
CLOCK: Final = Rule("clock", "reads the clock", "use event.at")
RANDOM: Final = Rule("random", "draws random numbers", "use event.random(label), or event.new_id(label) for an id")
ENVIRONMENT: Final = Rule("environment", "reads the environment", "declare what the step needs as state")
FILE: Final = Rule("files", "touches files", "declare what the step needs as state")
ZONE_FILE: Final = Rule("files", "reads the zone's file", "make it a constant of the module, as BERLIN = ZoneInfo(…)")
DATABASE: Final = Rule("database", "asks a database", "declare what the step needs as state")
NETWORK: Final = Rule("network", "opens the network", "yield an effect")
PROCESS: Final = Rule("process", "starts something beside the step", "yield an effect")
INTERPRETER: Final = Rule("interpreter", "asks about the program that happens to run", "decide by the event alone")
OUTPUT: Final = Rule("print", "writes to the outside", "leave it out, or yield an effect")
WAITING: Final = Rule("async", "waits for something", "write an ordinary function, and declare as state what it would wait for")

# ---- what is not the same everywhere -------------------------------------------------------------------------------
ZONE: Final = Rule("zone", "depends on the machine's time zone", "name the zone, as in astimezone(UTC) or fromtimestamp(seconds, UTC)")
LOCALE: Final = Rule("locale", "depends on the machine's language", "keep the words, or the order, in a constant of your own")
HASH: Final = Rule("hash", "gives another number in every process", "compare the values themselves, or use hashlib")
IDENTITY: Final = Rule("identity", "is a place in memory, another one in every process", "use the row's id, or event.new_id(label)")
REPR: Final = Rule(
    "identity", "shows a place in memory, another one in every process", "write the fields you mean, or give the class a __repr__"
)
ORDER: Final = Rule("order", "follows the order of a set, another one in every process", "put sorted(…) around the set")
TIES: Final = Rule("order", "leaves what the key holds for equal in the order of a set", "let the key end with the value itself")
FLOAT: Final = Rule("float", "counts in binary fractions", "use Decimal, Fraction, or whole numbers of a smaller unit")

# ---- what one run leaves for the next ------------------------------------------------------------------------------
GLOBAL: Final = Rule("global", "changes a variable outside the function", "hand values in and return them; what must last is a row")
WRITTEN: Final = Rule("mutable", "is changed, and other runs see it", "hand values in and return them; what must last is a row")
CHANGES: Final = Rule("mutable", "is changed elsewhere while the program runs", "declare what the step needs as state")
MUTABLE: Final = Rule("mutable", "can be changed while the program runs", "make it a constant: a tuple, a frozenset, or a name in capitals")
DEFAULT: Final = Rule("default", "is made once, and every call shares it", "use a tuple, or None and make it inside")

# ---- what hides something ------------------------------------------------------------------------------------------
VERSION: Final = Rule("version", "asks which version it is", "write a step with since= and replaces=, or end this one with app.end_step")
DATED: Final = Rule("version", "lets a date in the code decide which rules hold", VERSION.remedy)
SWALLOW: Final = Rule("swallow", "catches rejections and faults along with what you mean", "name the exception, or end with raise")
CODE: Final = Rule("code", "runs code that nobody can see", "write it out")
UNREADABLE: Final = Rule("source", "cannot be read", "write it in a file of the project")
ALLOW: Final = Rule("allow", "allows nothing", "write `# ensue: allow CODE because …`, with a code that is found on this line")

CODES: Final = frozenset(one.code for one in list(globals().values()) if isinstance(one, Rule))
"""Every code that a line may allow."""
