"""Migrations keep what the version before them reads and writes: they add, and take away only what is long unused."""

import re
from pathlib import Path

import pytest

PLATFORM = Path(__file__).parents[2] / "platform" / "careplane"
MIGRATIONS = sorted(PLATFORM.glob("**/migrations/*.sql")) + sorted(PLATFORM.glob("storage/schema/*.sql"))
TAKES_AWAY = re.compile(
    r"\bDROP\s+(TABLE|COLUMN|SCHEMA|VIEW|FUNCTION|SEQUENCE)\b|\bRENAME\b|\bSET\s+NOT\s+NULL\b|\bTYPE\s+\w+\s+USING\b"
    r"|\bADD\s+COLUMN\b(?![^,;]*\bDEFAULT\b)[^,;]*\bNOT\s+NULL\b|\bTRUNCATE\s+\w+\s*;",
    re.IGNORECASE,
)
# What was taken away, and why no version that may still run misses it.
UNUSED = {
    "0006_devices.sql": "0005_guesses.sql, which made it, was never in a released version",
}


def without_comments(text: str) -> str:
    """Return SQL without its comments."""
    return re.sub(r"--[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("file", MIGRATIONS, ids=lambda file: f"{file.parents[1].name}/{file.name}")
def test_a_migration_only_adds(file: Path) -> None:
    """So processes of the version before go on while it is applied, and afterwards; else it says why it may."""
    found = TAKES_AWAY.search(without_comments(file.read_text("utf-8")))
    assert (found is not None) is (file.name in UNUSED), found


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE patients;",
        "ALTER TABLE a DROP COLUMN b;",
        "ALTER TABLE a RENAME b TO c;",
        "ALTER TABLE a ALTER COLUMN b SET NOT NULL;",
        "ALTER TABLE a ADD COLUMN b text NOT NULL;",
        "ALTER TABLE a ADD COLUMN c int NOT NULL DEFAULT 1, ADD COLUMN b text NOT NULL;",
        "ALTER TABLE a ALTER b TYPE int USING b::int;",
    ],
)
def test_what_takes_away_is_seen(statement: str) -> None:
    """Each way to break a process that runs already."""
    assert TAKES_AWAY.search(statement)
    assert not TAKES_AWAY.search("ALTER TABLE a ADD COLUMN b text NOT NULL DEFAULT '', ALTER c DROP NOT NULL;")
