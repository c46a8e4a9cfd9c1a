"""The names of peers: what the setting says, and which addresses a name has now."""

import asyncio
import ipaddress
import socket
from typing import NamedTuple


class Endpoint(NamedTuple):
    """A host, by name or by number, and a port."""

    host: str
    port: int


def parsed(setting: str) -> tuple[Endpoint, ...]:
    """Return what `host:port[,host:port...]` names; the setting's pattern has been checked."""
    return tuple(_endpoint(part.strip()) for part in setting.split(","))


def _endpoint(text: str) -> Endpoint:
    host, _, port = text.rpartition(":")
    return Endpoint(host.strip("[]"), int(port))


async def resolved(endpoints: tuple[Endpoint, ...], within: float) -> set[Endpoint] | None:
    """Return all addresses of all names; None if one of them could not be looked up, so that nobody is forgotten."""
    loop = asyncio.get_running_loop()
    found: set[Endpoint] = set()
    try:
        async with asyncio.timeout(within):
            for host, port in endpoints:
                if _is_number(host):
                    found.add(Endpoint(host, port))
                    continue
                for _, _, _, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                    found.add(Endpoint(str(address[0]), int(address[1])))
    except (OSError, TimeoutError):
        return None
    return found


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
