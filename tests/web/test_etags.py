"""ETags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.kernel.errors import InvalidArgument, StaleVersion
from careplane.web.etags import etag, expected_version, not_modified


@given(st.integers(1, 999_999_999))
def test_a_version_comes_back_out_of_its_etag(version: int) -> None:
    """Both ways, and it is not the version before."""
    tag = etag(version).decode()
    assert expected_version(tag) == version
    assert not_modified(tag, version)
    assert not not_modified(tag, version + 1)


@pytest.mark.parametrize("sent", [None, "*", " * "])
def test_any_version_will_do(sent: str | None) -> None:
    """Where nothing is asked, or just that there is one."""
    assert expected_version(sent) is None


@pytest.mark.parametrize("sent", ['W/"v1"', '"1"', '"v0"', '"v01"', '"v9999999999"', '""', '"v1 "'])
def test_a_tag_that_is_none_of_ours_never_matches(sent: str) -> None:
    """It is well-formed, so it is stale, not wrong; one with a space in it is wrong."""
    with pytest.raises(InvalidArgument if " " in sent else StaleVersion):
        expected_version(sent)


@pytest.mark.parametrize("sent", ["v1", '"v1', 'v1"', '"v1" "v2"', '"v1", "v2"', "", ",", 'w/"v1"'])
def test_a_header_that_is_none_is_refused(sent: str) -> None:
    """With the header named."""
    with pytest.raises(InvalidArgument) as caught:
        expected_version(sent)
    assert caught.value.fields[0].field == "If-Match"
