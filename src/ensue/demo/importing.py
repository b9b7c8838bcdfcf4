"""
Importing: a stream goes through a ledger, line by line and in order, as fast as the ledger takes it.

Every line has an idempotency key of its own, so an import may be broken off at any line and started again: lines
that are in already answer as before and add nothing.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import perf_counter

from ensue import Answer, ConflictError, InvalidForm, Ledger, Record, Rejected
from ensue.demo.forms import event_of, moment_of, practitioner_of
from ensue.demo.stream import Line, Stream

ACTOR = "import"
"""Who the events' actor is. Keys belong to their actor, so it is the same in every run."""

OUTSTANDING_MAX = 1024
"""How many lines may wait for their commit: some batches, so that one fills while another commits."""

EXAMPLES_MAX = 20


@dataclass(frozen=True)
class RefusedLine:
    """A line that the ledger refused, and why."""

    seq: str
    command: str
    code: str
    message: str


@dataclass
class ImportCounts:
    """What became of the lines so far."""

    accepted: int = 0
    """Lines that became new records."""
    repeated: int = 0
    """Lines that were in the ledger already, from an earlier run."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Lines that were refused, by the code of the reason."""
    examples: list[RefusedLine] = field(default_factory=list)
    """The first refused lines, at most 20."""
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """Lines that have their answer."""
        return self.accepted + self.repeated + self.rejected.total()

    @property
    def events_per_second(self) -> float:
        """Lines answered in a second of the import, reading included."""
        return self.done / self.seconds if self.seconds else 0.0


def import_stream(
    ledger: Ledger,
    folder: Path,
    *,
    limit: int | None = None,
    version: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportCounts:
    """
    Send the commands of the stream in *folder* through *ledger*, in order.

    A refused line is counted and the import goes on. Anything else that fails ends it; so does Ctrl-C. What was
    committed until then stays, whole, and the next run continues.

    Args:
        ledger: A ledger of `ensue.demo.clinic`.
        folder: A folder of the form that `ensue.demo.stream` describes.
        limit: How many lines to send, from the first; None for all.
        version: The version whose rules apply; None for the ledger's own choice.
        progress: Called with the lines answered and the lines to send, about a hundred times and at the end.

    Raises:
        StreamError: The folder is not of the stream's form.
    """
    counts = ImportCounts()
    started = perf_counter()
    with Stream(folder) as stream:
        total = stream.total if limit is None else min(limit, stream.total)
        for line, outcome in outcomes(ledger, islice(stream, total), version):
            count(counts, line, outcome)
            if progress is not None and counts.done % max(1, total // 100) == 0:
                progress(counts.done, total)
    counts.seconds = perf_counter() - started
    if progress is not None:
        progress(counts.done, total)
    return counts


Outcome = Record | Rejected | ConflictError | InvalidForm


def outcomes(ledger: Ledger, lines: Iterator[Line], version: str | None) -> Iterator[tuple[Line, Outcome]]:
    """Each line with what became of it, in order, while later lines are already on their way."""
    waiting: deque[tuple[Line, Answer[Record] | InvalidForm]] = deque()
    for line in lines:
        waiting.append((line, sent(ledger, line, version)))
        if len(waiting) >= OUTSTANDING_MAX:
            yield answered(*waiting.popleft())
    while waiting:
        yield answered(*waiting.popleft())


def sent(ledger: Ledger, line: Line, version: str | None) -> Answer[Record] | InvalidForm:
    """The line as an event on its way to the ledger, under a key that says which fact it is; or why it makes no event."""
    try:
        return ledger.submit_soon(
            event_of(line),
            actor=ACTOR,
            key=f"{line.command}/{line.row_id}",
            version=version,
            occurred=moment_of(line.effective_at),
            behalf=practitioner_of(line),
        )
    except InvalidForm as invalid:
        return invalid


def answered(line: Line, answer: Answer[Record] | InvalidForm) -> tuple[Line, Outcome]:
    """Wait for the line's answer."""
    if isinstance(answer, InvalidForm):
        return line, answer
    try:
        return line, answer.result()
    except (Rejected, ConflictError) as refusal:
        return line, refusal


def count(counts: ImportCounts, line: Line, outcome: Outcome) -> None:
    """Add one outcome to the counts."""
    if isinstance(outcome, Record):
        counts.accepted += not outcome.repeated
        counts.repeated += outcome.repeated
        return
    code = code_of(outcome)
    counts.rejected[code] += 1
    if len(counts.examples) < EXAMPLES_MAX:
        counts.examples.append(RefusedLine(line.seq, line.command, code, str(outcome)))


def code_of(refusal: Rejected | ConflictError | InvalidForm) -> str:
    """The word a refusal is counted under: the code of its first reason, `conflict` or `invalid_form`."""
    match refusal:
        case Rejected(reasons=[first, *_]):
            return str(first.code)
        case InvalidForm():
            return "invalid_form"
        case _:
            return "conflict"
