"""One running program for the tests of this folder that leave it as they found it."""

from tests.end_to_end.conftest import client, program, signed_in, start_program, stranger

__all__ = ["client", "program", "signed_in", "start_program", "stranger"]
