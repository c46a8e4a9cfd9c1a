"""Who is calling, through proxies that are trusted and others."""

import pytest

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
