"""Exit codes: what a script learns from the program's end. Listed in `ensue --help` and docs/guides/command-line.md."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended; 5 and 70 are the programmers', all others the caller's or the operator's."""

    DONE = 0
    REFUSED = 1
    """The event was rejected or in conflict, what was asked for is not there, or events come out otherwise than they should."""
    USAGE = 2
    """The request cannot be understood: options, form, version, or where app and database are."""
    NOT_VERIFIED = 3
    """What is stored does not follow from itself."""
    DATABASE = 4
    """The database cannot be reached or written, or is not migrated."""
    APPLICATION = 5
    """The application's own classes or steps are wrong, or were edited after they were published."""
    FAULT = 70
    """A fault of ensue itself (EX_SOFTWARE of sysexits.h)."""
    OUTPUT = 74
    """The output cannot be written (EX_IOERR); what was asked for was done."""
    INTERRUPTED = 130
    """Ctrl-C, as shells say it: 128 + SIGINT."""
    BROKEN_PIPE = 141
    """Whoever read the output stopped reading: 128 + SIGPIPE."""


IN_HELP = """\b
Exit codes
  0    done
  1    the event was rejected or in conflict, or what was asked for is not there;
       replay and compare: events come out otherwise
  2    the request cannot be understood: options, form, version, app or database
  3    verification found something wrong
  4    the database cannot be reached or written, or is not migrated
  5    the application's own classes or steps are wrong, or were edited after they were published
  70   a fault of ensue itself
  74   the output could not be written, as on a full disk; what was asked was done
  130  interrupted; 141 the reader of the output went away
"""
