"""`python -m ensue.cli`: the same program, where the `ensue` command is not on the path."""

from ensue.cli import main

main()
