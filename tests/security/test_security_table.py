"""platform/SECURITY.md is held to its word: nothing that applies is left out, and every test it names exists."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from tests.security.asvs import ALSO, HIPAA, LEVELS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "platform" / "SECURITY.md").read_text("utf-8")
STATUSES = {"met", "not met", "not applicable"}
NAMED = re.compile(r"`(tests/[^`]+?)::(test_\w+)`")
LEVEL_COUNTS = {1: 70, 2: 183, 3: 92}
"""How many requirements the standard has of each level."""


@dataclass(frozen=True)
class Row:
    """A requirement, and what becomes of it."""

    id: str
    words: str
    status: str
    why: str
    tests: tuple[tuple[str, str], ...]


def rows(text: str) -> list[Row]:
    """Read the rows of all tables about requirements."""
    found = []
    for line in re.findall(r"^\| (?:V\d|164\.)[^\n]*$", text, re.MULTILINE):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5:
            found.append(Row(cells[0], cells[1], cells[2], cells[3], tuple(NAMED.findall(cells[4]))))
    return found


def excluded(text: str) -> list[str]:
    """Read what does not apply: chapters, sections and single requirements."""
    lines = re.findall(r"^\| (V[\d., V]+) \| [^|]{10,} \|$", text, re.MULTILINE)
    return [one for line in lines for one in line.split(", ")]


def covered_by(names: list[str]) -> set[str]:
    """Return the requirements that chapters, sections and ids stand for."""
    return {one for one in LEVELS for name in names if one == name or one.startswith(f"{name}.")}


@cache
def names_in(path: Path) -> set[str]:
    """Name the tests of a file."""
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def unknown(named: tuple[tuple[str, str], ...]) -> list[str]:
    """Return which of the named tests there are not."""
    return [
        f"{file}::{test}"
        for file, test in named
        if not (ROOT / file).is_file() or test not in names_in(ROOT / file) or not Path(file).name.startswith("test_")
    ]


ROWS = rows(TEXT)
WANTED = {one for one, level in LEVELS.items() if level < 3} | ALSO


def test_the_standard_is_known_whole() -> None:
    """The list of requirements has as many of each level as OWASP ASVS 5.0.0."""
    assert Counter(LEVELS.values()) == LEVEL_COUNTS
    assert len(HIPAA) == 12


def test_every_requirement_is_answered() -> None:
    """Each of levels 1 and 2, and those of level 3 that are ours, has a row or stands under what does not apply."""
    answered = {row.id for row in ROWS} | covered_by(excluded(TEXT))
    assert sorted(WANTED - answered) == []
    assert sorted(HIPAA - answered) == []


def test_nothing_is_answered_twice_or_made_up() -> None:
    """A requirement has one answer, and what has one is a requirement."""
    assert [one for one, times in Counter(row.id for row in ROWS).items() if times > 1] == []
    assert sorted({row.id for row in ROWS} - LEVELS.keys() - HIPAA) == []
    assert sorted({row.id for row in ROWS} & covered_by(excluded(TEXT))) == []
    assert [name for name in excluded(TEXT) if not covered_by([name])] == []


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_an_answer_is_whole(row: Row) -> None:
    """What is met is shown by a test; what is not, or does not apply, says why; every test that is named exists."""
    assert row.words
    assert row.status in STATUSES
    assert row.tests if row.status == "met" else len(row.why) > 4
    assert unknown(row.tests) == []


def test_every_test_that_is_named_anywhere_exists() -> None:
    """Outside of the tables too; and nothing looks like a test without being read as one."""
    named = tuple(NAMED.findall(TEXT))
    assert unknown(named) == []
    assert len(named) == TEXT.count("::")
    assert len(named) == sum(len(row.tests) for row in ROWS)


def test_the_check_can_fail() -> None:
    """A test that is not there, a status that is none, and a row that is left out are noticed."""
    assert unknown((("tests/security/test_security_table.py", "test_that_is_not_there"),))
    assert unknown((("tests/security/test_that_is_not_there.py", "test_the_check_can_fail"),))
    assert unknown((("tests/security/asvs.py", "test_the_check_can_fail"),))
    assert not unknown((("tests/security/test_security_table.py", "test_the_check_can_fail"),))
    fewer = re.sub(r"^\| V9\.1\.1 .*\n", "", TEXT, flags=re.MULTILINE)
    assert {row.id for row in ROWS} - {row.id for row in rows(fewer)} == {"V9.1.1"}
    assert covered_by(["V17"]) == {one for one in LEVELS if one.startswith("V17.")}
    assert covered_by(["V1"]) == {one for one in LEVELS if one.startswith("V1.")}
