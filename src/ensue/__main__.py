"""`python -m ensue`: the command `ensue`, where it is not on the path."""

from ensue.cli import main

main()
