"""Request smuggling: whatever two readers could understand differently ends the connection, and nothing hides in it."""

import re
from collections.abc import Callable

import pytest
from tests.end_to_end.program import Program
from tests.end_to_end.raw import spoken
from tests.end_to_end.shapes import CANARY, CANARY_PATH, READ_AS_IT_STANDS, REFUSED

_COUNTED = re.compile(rf'^careplane_http_requests_total\{{.*route="{re.escape(CANARY_PATH)}".*\}} (\d+)', re.MULTILINE)


@pytest.fixture
def canaries(program: Program) -> Callable[[], int]:
    """Give a way to tell how many canaries have reached the application so far."""
    return lambda: sum(int(found) for found in _COUNTED.findall(program.metrics()))


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_ends_the_connection(
    program: Program, canaries: Callable[[], int], name: str
) -> None:
    """One refusal at most comes back, then the connection ends: the request hidden behind it reaches nobody."""
    before, said = canaries(), len(program.said())
    heard = spoken(program, REFUSED[name] + CANARY)
    assert len(heard.statuses) <= 1, heard.data
    assert all(400 <= status < 500 for status in heard.statuses), heard.data
    assert canaries() == before
    assert CANARY_PATH not in program.said()[said:]


@pytest.mark.parametrize("name", READ_AS_IT_STANDS)
def test_what_is_read_in_one_way_is_answered_one_by_one(
    program: Program, canaries: Callable[[], int], name: str
) -> None:
    """As many answers come back as every reader of the standard sees requests, in their order."""
    before = canaries()
    shape, statuses = READ_AS_IT_STANDS[name]
    assert spoken(program, shape + CANARY).statuses == [*statuses, 200]
    assert canaries() == before + 1


def test_a_request_in_pieces_is_the_same_request(program: Program) -> None:
    """Wherever its bytes are cut, what is refused stays refused, and what is answered is answered."""
    for name in ("coding: CL.TE", "coding: a coding behind a bare CR", "head: NUL in a value"):
        shape = REFUSED[name] + CANARY
        for cut in range(1, len(shape), 23):
            assert spoken(program, shape[:cut], shape[cut:]).statuses in ([400], []), (name, cut)


def test_there_are_as_many_shapes_as_were_asked_for() -> None:
    """At least fifty, in each of which the canary would be reached by a reader who is taken in."""
    assert len(REFUSED) >= 50
