"""Quotation marks in CSV that are never closed: rows are not swallowed in silence."""

from datetime import date

import pytest

from careplane.components.patient.transfer.formats import read_records
from careplane.components.patient.transfer.sources import Rejection, SourceRecord

TODAY = date(2026, 7, 30)
HEADER = "name,email,dateOfBirth,address\n"
OPEN = 'Ann,ann@example.org,1980-01-01,"1 High St\n'
ROWS = "".join(f"Bo{n},bo{n}@example.org,1981-01-01,2 High St\n" for n in range(3))


def read(text: str) -> tuple[list[SourceRecord], list[Rejection]]:
    """Read a file, and sort what it yields."""
    found = list(read_records(iter(text.encode().splitlines(keepends=True)), today=TODAY))
    return [f for f in found if isinstance(f, SourceRecord)], [f for f in found if isinstance(f, Rejection)]


def test_a_mark_that_is_never_closed_does_not_take_the_rest_into_an_address() -> None:
    """What was lost is told, with the lines from which to which."""
    records, rejections = read(HEADER + ROWS + OPEN + ROWS)
    assert [record.line for record in records] == [2, 3, 4]
    assert [rejection.line for rejection in rejections] == [5]
    assert "up to line 8" in rejections[0].reason


def test_a_mark_closed_by_that_of_a_later_row_is_told_too() -> None:
    """The rows after it are read again."""
    quoted = 'Cy,cy@example.org,1982-01-01,"3 High St"\n'
    records, rejections = read(HEADER + OPEN + ROWS + quoted + ROWS)
    assert [record.line for record in records] == [7, 8, 9]
    assert [rejection.line for rejection in rejections] == [2]
    assert "up to line 6" in rejections[0].reason


@pytest.mark.parametrize("cell", ['"1 High St\nLeeds"', '"say ""hello"""', 'Flat 5" b', '""'])
def test_marks_that_are_right_are_read(cell: str) -> None:
    """Quoted newlines, doubled marks, and one within a cell that is not quoted."""
    records, rejections = read(f"{HEADER}Ann,ann@example.org,1980-01-01,{cell}\n{ROWS}")
    assert (len(records), rejections) == (4, [])
