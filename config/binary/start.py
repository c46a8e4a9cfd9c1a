"""What the one file runs."""

# ruff: noqa: INP001 - a program, not part of a package
from careplane.app.one_file import main

main()
