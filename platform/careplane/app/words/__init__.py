"""The words of the command line: each module holds those of one subject, and `cli.py` puts them together."""
