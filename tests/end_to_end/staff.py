"""People who work with the program, each with a role, added at its command line."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from tests.end_to_end.patients import fresh_email
from tests.end_to_end.program import Program, run_careplane

PASSWORD = "seventeen words of no importance"


class Member:
    """Somebody with a role, signed in."""

    def __init__(self, program: Program, role: str) -> None:
        """Add them, and sign them in."""
        self.email = fresh_email()
        added = run_careplane(
            "users", "add", self.email, "--role", role, "--data", str(program.data), stdin=f"{PASSWORD}\n"
        )
        assert added.returncode == 0, added.stderr
        headers = program.sign_in(self.email, PASSWORD)
        self.client = httpx.Client(base_url=program.url, headers=headers, timeout=30.0)
        self.id: str = self.client.get("/auth/validate").json()["userId"]


@contextmanager
def staff(program: Program, *roles: str) -> Iterator[list[Member]]:
    """Give somebody of each role."""
    members = [Member(program, role) for role in roles]
    try:
        yield members
    finally:
        for member in members:
            member.client.close()
