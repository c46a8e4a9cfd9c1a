"""What is meant to differ between wirings, in one place: answers to repeats, and tests that are left out."""

from typing import Final

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
}
"""Tests, and files of tests, that reach into a component, which nobody can in a process of its own; and how they do."""
