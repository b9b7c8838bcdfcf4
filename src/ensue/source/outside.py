"""
Outside: which functions, classes and objects of Python and its libraries a step may not use, and by which rule.

What is not listed is taken for pure. The longest name that fits decides: all of `os` touches files, but `os.environ` is
the environment, and `os.path.join` is pure.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from types import BuiltinMethodType, MethodType, ModuleType
from typing import Any, Final, NamedTuple

from ensue.source import rules
from ensue.source.rules import Rule

LISTED: Final[tuple[tuple[Rule | None, str], ...]] = (
    (rules.CLOCK, "datetime.datetime.now datetime.datetime.today datetime.datetime.utcnow datetime.date.today time"),
    (rules.CLOCK, "pendulum.now pendulum.today arrow.now arrow.utcnow arrow.Arrow.now arrow.Arrow.utcnow django.utils.timezone.now"),
    (rules.CLOCK, "pandas.Timestamp.now pandas.Timestamp.today timeit sched"),
    (rules.ZONE, "datetime.date.fromtimestamp time.mktime time.ctime time.tzname time.timezone time.altzone time.daylight time.tzset"),
    (rules.ZONE, "dateutil.tz.tzlocal tzlocal"),
    (None, "datetime.datetime.fromtimestamp datetime.datetime.utcfromtimestamp"),
    (None, "time.strptime time.gmtime time.asctime time.strftime time.struct_time"),
    (rules.RANDOM, "random secrets uuid.uuid1 uuid.uuid4 uuid.uuid6 uuid.uuid7 uuid.getnode os.urandom os.getrandom"),
    (rules.RANDOM, "numpy.random faker ulid nanoid uuid6 uuid_utils ksuid"),
    (None, "random.Random secrets.compare_digest"),
    (rules.ENVIRONMENT, "os.environ os.environb os.getenv os.getenvb os.putenv os.unsetenv os._Environ os.getlogin os.uname os.cpu_count"),
    (rules.ENVIRONMENT, "contextvars platform getpass pwd grp sys.argv sys.flags sys.path sys.platform sys.executable decouple dotenv"),
    (rules.LOCALE, "locale gettext calendar.month_name calendar.month_abbr calendar.day_name calendar.day_abbr"),
    (rules.FILE, "os io pathlib tempfile shutil glob fileinput linecache filecmp mmap importlib.resources pkgutil.get_data"),
    (rules.FILE, "sys.stdin builtins.input tarfile zipfile.ZipFile gzip.open bz2.open lzma.open"),
    (None, "os.fspath os.strerror os.PathLike os.sep os.linesep io.StringIO io.BytesIO pathlib.PurePath pathlib.PurePosixPath"),
    (None, "pathlib.PureWindowsPath os.path"),
    (rules.FILE, "os.path.abspath os.path.exists os.path.expanduser os.path.expandvars os.path.getatime os.path.getctime os.path.getmtime"),
    (rules.FILE, "os.path.getsize os.path.isdir os.path.isfile os.path.islink os.path.ismount os.path.lexists os.path.realpath"),
    (rules.FILE, "os.path.relpath os.path.samefile"),
    (
        rules.DATABASE,
        "ensue.runtime ensue.open ensue.Ledger ensue.Database ensue.storage ensue.testing sqlite3 dbm shelve sqlalchemy.engine",
    ),
    (rules.DATABASE, "sqlalchemy.orm.session sqlalchemy.create_engine psycopg psycopg2 asyncpg pymongo redis django.db"),
    (
        rules.NETWORK,
        "socket ssl select selectors socketserver http.client http.server http.cookiejar urllib.request smtplib ftplib imaplib",
    ),
    (rules.NETWORK, "poplib telnetlib nntplib xmlrpc webbrowser requests httpx aiohttp urllib3 boto3 botocore websockets grpc pika kafka"),
    (rules.NETWORK, "paramiko"),
    (rules.PROCESS, "subprocess multiprocessing threading concurrent signal asyncio atexit ctypes pty queue trio anyio celery"),
    (rules.PROCESS, "os.system os.popen os.fork os.forkpty os.posix_spawn os.posix_spawnp os.execv os.execve os.execl os.execle os.execlp"),
    (rules.PROCESS, "os.execvp os.execvpe os.spawnl os.spawnv os.spawnve os.kill os.killpg os.abort builtins.breakpoint"),
    (rules.INTERPRETER, "gc weakref tracemalloc sys._getframe sys.getrefcount sys.modules sys.version sys.version_info sys.implementation"),
    (rules.INTERPRETER, "sys.hexversion sys.getsizeof sys.settrace sys.setprofile inspect.stack inspect.currentframe builtins.globals"),
    (rules.INTERPRETER, "os.getpid os.getppid os.getuid os.geteuid sysconfig importlib.metadata traceback"),
    (rules.OUTPUT, "builtins.print sys.stdout sys.stderr logging structlog loguru warnings.warn pprint.pprint rich.print"),
    (rules.CODE, "builtins.eval builtins.exec builtins.compile builtins.__import__ importlib.import_module runpy"),
    (rules.HASH, "builtins.hash"),
    (rules.IDENTITY, "builtins.id object.__repr__"),
    (rules.FLOAT, "builtins.float builtins.complex cmath math statistics.fmean"),
    (None, "math.ceil math.comb math.factorial math.floor math.gcd math.isqrt math.lcm math.perm math.prod math.trunc"),
)
NAMES: Final[dict[str, Rule | None]] = {name: rule for rule, names in LISTED for name in names.split()}

NEEDS: Final[dict[str, tuple[int, Rule]]] = {
    "datetime.datetime.fromtimestamp": (2, rules.ZONE),
    "random.Random": (1, rules.RANDOM),
    "time.asctime": (1, rules.CLOCK),
    "time.gmtime": (1, rules.CLOCK),
    "time.strftime": (2, rules.CLOCK),
    "zoneinfo.ZoneInfo": (99, rules.ZONE_FILE),
}
"""What is pure only with so many arguments: without them it asks the machine."""

# Where Python keeps a module's functions, and the name it is imported by.
_IMPORTED_AS: Final = {
    "posix": "os",
    "nt": "os",
    "posixpath": "os.path",
    "ntpath": "os.path",
    "genericpath": "os.path",
    "_io": "io",
    "_thread": "threading",
    "_socket": "socket",
    "_random": "random",
    "_locale": "locale",
    "_posixsubprocess": "subprocess",
    "_uuid": "uuid",
    "_sqlite3": "sqlite3",
    "_ssl": "ssl",
    "_datetime": "datetime",
    "_asyncio": "asyncio",
    "_pydatetime": "datetime",
}
_SHARED_RANDOM: Final[Any] = getattr(random.random, "__self__", None)


class Verdict(NamedTuple):
    """What a name was found under, and the rule against it; None where it is known to be pure."""

    name: str
    rule: Rule | None


def find_rule(name: str) -> Verdict | None:
    """What is said of a dotted *name*, or of the longest beginning of it; None where nothing is."""
    while name:
        if name in NAMES:
            return Verdict(name, NAMES[name])
        name = name.rpartition(".")[0]
    return None


def rule_of(value: Any, rest: tuple[str, ...] = ()) -> Rule | None:
    """The rule against using *value*, or what the attributes *rest* lead to from it."""
    for name in names_of(value):
        verdict = find_rule(".".join((name, *rest)))
        if verdict is not None:
            return verdict.rule
    return None


def names_of(value: Any) -> Iterator[str]:
    """The dotted names *value* goes by: a function's own; of a class or an object, those of its class and the bases of it."""
    if isinstance(value, ModuleType):
        yield _IMPORTED_AS.get(value.__name__, value.__name__)
        return
    owner = getattr(value, "__self__", None) if isinstance(value, BuiltinMethodType | MethodType) else None
    if owner is not None and not isinstance(owner, ModuleType):
        if owner is _SHARED_RANDOM:
            yield f"random.{value.__name__}"
            return
        for name in names_of(owner):
            yield f"{name}.{value.__name__}"
        return
    if isinstance(value, type):
        yield from (_name_of(base) for base in value.__mro__ if base is not object)
    elif hasattr(value, "__qualname__") and isinstance(getattr(value, "__module__", None), str):
        yield _name_of(value)
    else:
        yield from names_of(type(value))


def _name_of(value: Any) -> str:
    return f"{_module_name(value.__module__)}.{value.__qualname__}"


@lru_cache(maxsize=1024)
def _module_name(module: str) -> str:
    if module.startswith("pathlib."):  # a package since Python 3.13
        return "pathlib"
    return _IMPORTED_AS.get(module, module)
