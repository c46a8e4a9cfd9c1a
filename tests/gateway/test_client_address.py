"""Who is calling, through proxies that are trusted and others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careplane.gateway.client_address import UNKNOWN, caller, client_address

PEER = "10.0.0.1"


@pytest.mark.parametrize(
    ("listed", "trusted", "expected"),
    [
        ([], 0, PEER),
        (["1.1.1.1"], 0, PEER),
        (["1.1.1.1"], 1, "1.1.1.1"),
        (["6.6.6.6, 1.1.1.1"], 1, "1.1.1.1"),
        (["6.6.6.6, 1.1.1.1, 10.0.0.2"], 2, "1.1.1.1"),
        (["6.6.6.6", "1.1.1.1"], 1, "1.1.1.1"),
        (["1.1.1.1"], 2, "1.1.1.1"),
        ([], 1, PEER),
        (["nonsense"], 1, PEER),
        (["1.1.1.1:8080"], 1, "1.1.1.1"),
        (["[2001:db8::1]:443"], 1, "2001:db8::1"),
        (["2001:db8::1"], 1, "2001:db8::1"),
        ([" , ,"], 1, PEER),
        (["\xff"], 1, PEER),
        (["1.1.1.1,"], 1, PEER),
        (["fe80::1%eth0"], 1, "fe80::1"),
        (["[fe80::1%25eth0]:443"], 1, "fe80::1"),
        (["::ffff:1.1.1.1"], 1, "1.1.1.1"),
        (["1.1.1.1:8080:90"], 1, PEER),
        (["[1.1.1.1"], 1, "1.1.1.1"),
        (["1.1.1.1 2.2.2.2"], 1, PEER),
        (["01.1.1.1"], 1, PEER),
        (["for=1.1.1.1"], 1, PEER),
        ([",".join(["6.6.6.6"] * 4000), "1.1.1.1"], 1, "1.1.1.1"),
    ],
)
def test_the_client_is_who_the_outermost_trusted_proxy_saw(listed: list[str], trusted: int, expected: str) -> None:
    """What stands further left in the list may have been made up by the client."""
    headers = [(b"x-forwarded-for", entry.encode("latin-1")) for entry in listed]
    assert client_address(PEER, headers, trusted) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", UNKNOWN),
        ("/run/socket", UNKNOWN),
    ],
)
def test_an_ipv6_household_is_one_caller(address: str, expected: str) -> None:
    """It has 2 to the 64 addresses, which must not be as many rates."""
    assert caller(address) == expected


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40), max_size=5), st.booleans())
def test_whatever_the_client_wrote_the_proxy_is_believed(lines: list[str], appended: bool) -> None:
    """A proxy appends to the last line or adds one of its own: nothing written before that changes who is calling."""
    sent = [*lines[:-1], f"{lines[-1]}, 1.1.1.1"] if appended and lines else [*lines, "1.1.1.1"]
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in sent]
    assert client_address(PEER, headers, 1) == "1.1.1.1"
    assert client_address(PEER, headers, 0) == PEER
