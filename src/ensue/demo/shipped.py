"""The small stream that comes with the package; `ensue.demo.generator` made it."""

from pathlib import Path


def shipped_stream() -> Path:
    """The folder of the stream that the package ships: a dozen patients over some years."""
    return Path(__file__).parent / "data"
