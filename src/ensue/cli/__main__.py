"""`python -m ensue.cli`: the same program, as `python -m ensue`."""

from ensue.cli import main

main()
