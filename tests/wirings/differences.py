"""What is meant to differ between wirings, in one place: answers to repeats, and tests that are left out."""

from collections.abc import Collection
from typing import Final

import pytest

ANSWERS_ANEW: Final = {
    "identity/login",
    "identity/client_token",
    "identity/add_client",
    "identity/renew_client_secret",
}
"""Commands that answer a repeat differently on purpose, for neither a token nor a program's secret is ever kept.

So each sign-in makes another token, and a program's secret is in the first answer only.
"""

REFUSED_AGAIN: Final = {"identity/refresh"}
"""Commands that refuse a repeat on purpose: a refresh token that comes twice ends its session, whatever the key."""

NOT_SPLIT: Final = {
    "test_its_outbox_is_carried_on": "it stops a pump",
    "test_break_glass.py": "it moves the clock",
    "test_answers.py": "it hands events over without a broker",
    "test_ready_says_what_is_not": "a gateway tells whom it reaches; whether a database answers, its own process says",
    "test_kill.py": "it kills the one process; tests/faults kills each of many",
    "test_startup.py": "it is about `careplane dev`",
    "test_serve.py": "it is about `careplane serve` as one process",
    "test_command_line.py": "it is about commands beside a platform that does not run",
    "test_doctor.py": "it is about `careplane dev`",
}
"""Tests, and files of tests, that are about one process, or reach into a component as nobody can in one of its own."""


def leave_out(config: pytest.Config, items: list[pytest.Item], out: Collection[pytest.Item]) -> None:
    """Take tests out of those that pytest has collected."""
    if out:
        config.hook.pytest_deselected(items=out)
        gone = set(out)
        items[:] = [item for item in items if item not in gone]


def is_left_out_of_split(item: pytest.Function) -> bool:
    """Tell whether a test cannot be run against a platform that is split over processes."""
    return not {item.originalname, item.path.name}.isdisjoint(NOT_SPLIT)
