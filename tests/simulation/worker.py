"""
A process of its own that submits to the ward: `python -m tests.simulation.worker URL ACTOR FIRST COUNT [PATIENTS]`.

One event a key, FIRST to FIRST + COUNT - 1; each key is printed when its answer is there, so that whoever started this
knows what was promised, whenever the process ends.
"""

from __future__ import annotations

import sys
from collections import deque

import ensue
from ensue.runtime.answer import Answer
from tests.ledger import ward

AHEAD_MAX = 32
TAG_KEYS = {"k1": bytes(range(32))}


def main(url: str, actor: str, first: int, count: int, patients: int = 3) -> None:
    """Submit, thirty-two ahead."""
    waiting: deque[tuple[str, Answer[ensue.Record]]] = deque()
    with ensue.open(ward.ward, url, tag_keys=TAG_KEYS) as ledger:
        for number in range(first, first + count):
            key = f"key-{number}"
            waiting.append(
                (
                    key,
                    ledger.submit_soon(
                        ward.CountVisits(visits=1, patient=f"p-{number % patients}"), actor=actor, key=key, version="2024-01-01"
                    ),
                )
            )
            if len(waiting) >= AHEAD_MAX:
                _tell(waiting)
        while waiting:
            _tell(waiting)


def _tell(waiting: deque[tuple[str, Answer[ensue.Record]]]) -> None:
    key, answer = waiting.popleft()
    record = answer.result()
    sys.stdout.write(f"{key} {record.position}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
