"""Matching paths to rows."""

from hypothesis import given
from hypothesis import strategies as st

from careplane.gateway.matching import Matcher

MATCHER = Matcher(
    [
        ("/", "GET", 0),
        ("/a", "GET", 1),
        ("/a", "POST", 2),
        ("/a/{x}", "GET", 3),
        ("/a/b", "GET", 4),
        ("/a/{x}/c", "GET", 5),
    ]
)


def test_a_written_segment_goes_before_a_variable_one() -> None:
    """And all methods of a path are found together."""
    assert MATCHER.match("/") == {"GET": 0}
    assert MATCHER.match("/a") == {"GET": 1, "POST": 2}
    assert MATCHER.match("/a/b") == {"GET": 4}
    assert MATCHER.match("/a/z") == {"GET": 3}
    assert MATCHER.match("/a/z/c") == {"GET": 5}


def test_what_is_not_there_is_not_found() -> None:
    """No guessing: a slash more or less is another path."""
    for path in ("", "/b", "/a/", "/a//c", "//a", "/a/z/d", "/a/z/c/", "a", "/A"):
        assert MATCHER.match(path) is None, path


@given(st.text(max_size=20))
def test_a_segment_can_be_anything_but_empty(segment: str) -> None:
    """Whatever stands for the variable, as long as there is something and no slash."""
    found = MATCHER.match(f"/a/{segment}")
    if segment and "/" not in segment:
        assert found in ({"GET": 3}, {"GET": 4})
