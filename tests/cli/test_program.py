"""The program as a whole: help, usage, exit codes, widths, pipes, interrupts, and the one envelope on stdout."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ensue.cli import verify
from ensue.cli.exit_codes import ExitCode
from ensue.cli.failure import CODES
from ensue.cli.output import release
from ensue.errors import EnsueError
from tests.cli.conftest import SHOP, Run
from tests.source_tree import ROOT

Where = tuple[str, ...]
COMMANDS = (
    *("submit", "preview", "show", "timeline", "history", "tags", "attempts", "verify", "replay", "compare", "audit", "lint", "rebuild"),
    *("catalog", "versions", "changelog", "export", "correct", "undo", "db", "demo"),
)
LEAVES = (
    *((one,) for one in COMMANDS if one not in ("catalog", "versions", "export", "correct", "undo", "db")),
    *(("catalog", one) for one in ("list", "show", "causes", "writes", "diff", "lint", "export")),
    *(("versions", one) for one in ("list", "show", "check", "publish", "accept-edit")),
    ("export", "events"),
    ("correct", "plan"),
    ("correct", "apply"),
    ("undo", "plan"),
    ("db", "migrate"),
    ("db", "status"),
    ("demo", "import"),
)
GUIDE = (ROOT / "docs/guides/command-line.md").read_text(encoding="utf-8")


def test_help_names_every_command_and_every_exit_code(started_program: Run) -> None:
    told = started_program("--help")

    assert (told.code, told.stderr) == (0, "")
    assert all(re.search(rf"^  {command} ", told.stdout, re.MULTILINE) for command in COMMANDS)
    assert all(re.search(rf"\b{code.value}\b", told.stdout) for code in ExitCode)


@pytest.mark.parametrize("command", LEAVES)
def test_every_command_explains_itself_and_takes_json(run: Run, command: tuple[str, ...]) -> None:
    told = run(*command, "--help")

    assert told.code == 0
    assert "--json" in told.stdout
    assert f"ensue {' '.join(command)}" in told.stdout


def test_the_guide_knows_every_command_exit_code_and_error_code() -> None:
    codes = {code for code, _ in CODES.values()} - {"version", "conflict", "database"}

    assert all(f"`ensue {' '.join(command)}" in GUIDE for command in LEAVES)
    assert all(f"| {code.value} |" in GUIDE for code in ExitCode)
    assert all(f"`{code}`" in GUIDE for code in codes), [code for code in codes if f"`{code}`" not in GUIDE]


def test_every_exception_of_ensue_has_a_code_and_a_way_to_end() -> None:
    def below(kind: type[EnsueError]) -> set[type[EnsueError]]:
        return {kind} | {one for child in kind.__subclasses__() for one in below(child)}

    own = {kind for kind in below(EnsueError) if kind.__module__ == "ensue.errors"} - {EnsueError}

    assert not [kind.__name__ for kind in own if not set(kind.__mro__) & set(CODES)]


def test_the_release_is_told(started_program: Run) -> None:
    assert started_program("--version").stdout == f"ensue {release()}\n"


@pytest.mark.parametrize("module", ["ensue", "ensue.cli"])
def test_where_the_command_is_not_on_the_path_python_runs_the_package(surroundings: dict[str, str], tmp_path: Path, module: str) -> None:
    def run_module(*arguments: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    assert run_module("--version") == (0, f"ensue {release()}\n", "")
    assert run_module("bogus")[0] == ExitCode.USAGE


def test_help_comes_quickly(surroundings: dict[str, str]) -> None:
    # Seconds of the processor, so that other work on the machine does not count; the best of three.
    seconds = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-m", "ensue.cli", "--help"], env=surroundings, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    loaded = (
        "import sys; import ensue.cli.program; print([name for name in ('sqlalchemy', 'alembic', 'rich.console') if name in sys.modules])"
    )

    assert subprocess.run([sys.executable, "-c", loaded], env=surroundings, check=True, capture_output=True).stdout == b"[]\n"
    assert min(seconds) < 0.8  # 0.2 on the machine of whoever wrote this; the rest is for slow ones


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing command"),
        (("bogus",), "No such command 'bogus'"),
        (("verify", "--bogus"), "No such option: --bogus"),
        (("show",), "Missing argument 'EVENT'"),
        (("timeline", "Account/a-1", "--limit", "many"), "'--limit'"),
        (("timeline", "Account/a-1", "--limit", "0"), "'--limit'"),
        (("verify", "surplus"), "surplus"),
        (("db",), "Missing command"),
    ],
)
def test_a_slip_on_the_command_line_ends_with_2_and_says_where_to_read_on(run: Run, arguments: tuple[str, ...], said: str) -> None:
    told, envelope = run(*arguments), run(*arguments, "--json")

    assert (told.code, told.stdout) == (2, "")
    assert said in told.complaint
    assert "--help`" in told.complaint
    assert (envelope.code, envelope.error["code"]) == (2, "usage")


def test_options_may_follow_the_command(run: Run, open_shop: Where) -> None:
    _, app, _, database = open_shop

    assert run("verify", "--app", app, "--database", database).code == 0
    assert run("verify", f"--database={database}", "--json", f"--app={app}").data["clean"] is True


def test_an_argument_that_is_no_text_is_named(started_program: Run) -> None:
    refused = started_program("show", os.fsdecode(b"\xff"), "--app", SHOP, "--json")

    assert (refused.code, refused.error["code"]) == (2, "request")
    assert "Argument 2 is not UTF-8" in refused.error["message"]


def test_what_nobody_foresaw_is_our_fault_and_told_with_its_traceback(run: Run, open_shop: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise LookupError("a slip of ours")

    monkeypatch.setattr(verify, "verified", broken)

    refused = run("verify", *open_shop, "--json")

    assert (refused.code, refused.error["code"]) == (70, "fault")
    assert "LookupError: a slip of ours" in refused.error["message"]
    assert "Traceback" in refused.stderr


def test_a_reader_that_goes_away_ends_the_program_quietly(after_demo: Path, surroundings: dict[str, str]) -> None:
    command = f"{sys.executable} -m ensue.cli demo | head -n 1; echo ${{PIPESTATUS[0]}}"

    done = subprocess.run(["bash", "-c", command], cwd=after_demo, env=surroundings, capture_output=True, timeout=60, check=True)

    assert done.stdout.splitlines()[-1] == b"141"
    assert done.stderr == b""


@pytest.mark.parametrize("redirection", ["> /dev/full", ">&-", "<&-", "2>&-"])
@pytest.mark.parametrize("as_json", ["--json", ""])
def test_streams_that_are_full_or_closed_bring_no_traceback(
    program: Run, surroundings: dict[str, str], tmp_path: Path, redirection: str, as_json: str
) -> None:
    program("db", "migrate", "--app", SHOP, "--database", "sqlite:///shop.db")
    form = "-" if redirection == "<&-" else "-f owner=Ada"
    arguments = f"submit account.open {form} --actor me --app {SHOP} --database sqlite:///shop.db {as_json}"

    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m ensue.cli {arguments} {redirection}"],
        cwd=tmp_path, env=surroundings, capture_output=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == {"> /dev/full": 74, ">&-": 0, "<&-": 2, "2>&-": 0}[redirection]
    assert b"Traceback" not in done.stderr
    assert (b"No space left" in done.stderr) is (redirection == "> /dev/full")


@pytest.mark.parametrize("as_json", [True, False])
def test_ctrl_c_ends_with_130_and_no_traceback(surroundings: dict[str, str], tmp_path: Path, as_json: bool) -> None:
    form = tmp_path / "form.json"
    os.mkfifo(form)
    command = [sys.executable, "-m", "ensue.cli", "submit", "account.open", f"@{form}", "--actor", "me", *(["--json"] if as_json else [])]

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in a job of the background it is ignored, and children inherit that
    try:
        process = subprocess.Popen(command, cwd=tmp_path, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        writer = os.open(form, os.O_WRONLY)  # waits until the program reads
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
        os.close(writer)

    assert process.returncode == 130
    assert b"Traceback" not in stderr
    if as_json:
        assert json.loads(stdout)["error"]["code"] == "interrupted"
    else:
        assert (stdout, stderr.startswith(b"Error: Interrupted.")) == (b"", True)


# ---- on a terminal -------------------------------------------------------------------------------------------------
Terminal = Callable[..., str]


@pytest.fixture
def on_terminal(surroundings: dict[str, str], tmp_path: Path) -> Terminal:
    """What a terminal of so many columns is sent by a command, stdout and stderr together."""

    def run_on_terminal(columns: int, *arguments: str, **env: str) -> str:
        leader, follower = pty.openpty()
        environment = {**surroundings, "COLUMNS": str(columns), "TERM": "xterm-256color", **env}
        command = [sys.executable, "-m", "ensue.cli", *arguments]
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdin=follower, stdout=follower, stderr=follower)
        os.close(follower)
        sent = b"".join(iter(lambda: read_terminal(leader), b""))
        os.close(leader)
        assert process.wait(timeout=60) == 0, sent.decode()
        return sent.decode().replace("\r\n", "\n")

    return run_on_terminal


def read_terminal(leader: int) -> bytes:
    """What was sent meanwhile; nothing when the other side is closed, which Linux says by an error."""
    try:
        return os.read(leader, 65_536)
    except OSError:
        return b""


def plain(text: str) -> str:
    """What is left on the screen when a terminal has obeyed: without colours, and without the bars that were wiped away."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize("columns", [80, 120])
def test_a_story_fits_the_width_of_the_terminal_and_loses_nothing(
    program: Run, on_terminal: Terminal, after_demo: Path, columns: int
) -> None:
    told = program("demo").stdout

    seen = plain(on_terminal(columns, "demo")).rpartition("\r")[2]

    story = seen[seen.index("Patient/") : seen.index("Now you")]
    assert max(map(len, story.splitlines())) <= columns
    assert "".join(told[told.index("Patient/") : told.index("Now you")].split()) == "".join(story.split())


def test_colours_are_for_terminals_that_want_them(program: Run, on_terminal: Terminal) -> None:
    status = ("db", "status", "--app", SHOP, "--database", "sqlite:///shop.db")

    assert "\x1b[1;33m" in on_terminal(80, *status)
    assert "\x1b[1;33m" not in on_terminal(80, *status, NO_COLOR="1")
    assert "\x1b" not in program(*status).stdout


def test_long_work_shows_a_bar_on_a_terminal_and_none_in_a_pipe(program: Run, on_terminal: Terminal) -> None:
    seen = on_terminal(80, "demo")

    assert "Importing" in seen
    assert "Verifying" in seen
    assert program("demo").stderr == ""


def test_the_envelope_is_one_line_in_a_pipe_and_readable_on_a_terminal(program: Run, on_terminal: Terminal) -> None:
    program("db", "migrate", "--app", SHOP, "--database", "sqlite:///shop.db")
    status = ("db", "status", "--app", SHOP, "--database", "sqlite:///shop.db", "--json")

    piped, seen = program(*status).stdout, on_terminal(80, *status)

    assert piped.count("\n") == 1
    assert json.loads(piped) == json.loads(seen)
    assert '\n  "ok": true' in seen


def test_a_console_of_few_characters_shows_the_others_by_number(started_program: Run, after_demo: Path) -> None:
    ascii_only = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}

    told, envelope = started_program("demo", env=ascii_only), started_program("demo", "--json", env=ascii_only)

    assert told.code == 0
    assert "\\u2713 Verified" in told.stdout
    assert envelope.stdout.isascii()
    assert "Zoë" in str(envelope.data["timeline"])
