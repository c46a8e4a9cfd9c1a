"""Who is calling: the peer's address, or what the proxies we trust have written into one header, and no other."""

import functools
import ipaddress
from collections.abc import Iterable
from typing import Final

from careplane.gateway.settings import FORWARDED_FOR

UNKNOWN: Final = "unknown"
_NETWORK_OF_ONE_HOUSEHOLD: Final = 64
_BEFORE_PORT: Final = "]"


def client_address(
    peer: str, headers: Iterable[tuple[bytes, bytes]], trusted: int, header: bytes = FORWARDED_FOR
) -> str:
    """Return the address that the outermost of `trusted` proxies saw; each appended the one it saw to the list."""
    if not trusted:
        return peer
    listed = b",".join(value for name, value in headers if name == header).decode("latin-1")
    # The last entry was written by the proxy next to us, who is the peer; the wanted one is `trusted` from the end.
    # What stands before those is the client's own invention, however much of it there is.
    seen = listed.rsplit(",", trusted)[-trusted:]
    return _bare(seen[0].strip()) or peer


@functools.lru_cache(maxsize=4096)
def caller(address: str) -> str:
    """Return what rate limits count an address under: for IPv6 its /64, since one household has all of that."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), _NETWORK_OF_ONE_HOUSEHOLD), strict=False))


def _bare(entry: str) -> str | None:
    """Return an address without brackets, port and zone, or None where it is not one."""
    if entry.startswith("["):
        entry = entry[1:].partition(_BEFORE_PORT)[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        ip = ipaddress.ip_address(entry.partition("%")[0])
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)
