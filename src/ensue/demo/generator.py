"""
The generator: a small clinic's working life, made up from a seed, in the form of the stream.

`python -m ensue.demo.generator FOLDER` writes the stream that the package ships in `data/`.
"""

import gzip
import sys
from pathlib import Path

from ensue.demo.life import Life
from ensue.demo.tables import Tables

SEED = 20180801
PATIENTS = 12


def write_stream(folder: Path, *, seed: int = SEED, patients: int = PATIENTS) -> None:
    """Write a stream into *folder*, which is made if it is not there. The same seed and number of patients give the same rows."""
    tables = Tables(seed)
    for number in range(patients):
        Life(tables, number).live()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in tables.files().items():
        (folder / name).write_bytes(gzip.compress(content, mtime=0))  # no time of packing: the same rows, the same file


if __name__ == "__main__":
    write_stream(Path(sys.argv[1]))
