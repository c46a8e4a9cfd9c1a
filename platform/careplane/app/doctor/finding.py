"""What a look at something came to: all is well, something to think about, or something to put right."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """One line of the report: the subject, what was found, and what to do about it; never a secret or a person."""

    subject: str
    level: Level
    found: str
    advice: str = ""


def ok(subject: str, found: str) -> Finding:
    """Say that all is well."""
    return Finding(subject, Level.OK, found)


def warning(subject: str, found: str, advice: str) -> Finding:
    """Say that something works and could be safer, and how."""
    return Finding(subject, Level.WARNING, found, advice)


def problem(subject: str, found: str, advice: str) -> Finding:
    """Say that something does not work or is not safe, and how to put it right."""
    return Finding(subject, Level.PROBLEM, found, advice)
