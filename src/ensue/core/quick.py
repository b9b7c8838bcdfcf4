"""Quick: named tuples where thousands are made a second."""

from __future__ import annotations

from typing import Final

quick: Final = tuple.__new__
"""
`quick(Place, (subject, seq, position, links))` is `Place(subject, seq, position, links)` at half the cost.

The `__new__` that a named tuple comes with is written in Python, and this is what it calls. All fields must be given.
"""
