"""Notes on a handler for its documentation: what its signature does not say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

OPT: Final = "notes"
"""Under which key of a handler's `opt` its notes are."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Request headers that it heeds, body fields that it requires, statuses it can fail with, and examples.

    `gives` are the headers of its answer; `answers` examples of it by media type, where it is not `answer` in JSON.
    `form` are the fields, and what each means, where its body is a form (application/x-www-form-urlencoded).
    """

    headers: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    fails: tuple[int, ...] = ()
    body: Any = None
    answer: Any = None
    media: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)


def noted(notes: Notes) -> dict[str, Any]:
    """Return the `opt` of a handler with these notes."""
    return {OPT: notes}
