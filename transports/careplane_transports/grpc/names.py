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


async def resolved(endpoint: Endpoint, within: float) -> set[Endpoint] | None:
    """Return the addresses that a name has now; None if it could not be looked up, which is not the same as none."""
    if _is_number(endpoint.host):
        return {endpoint}
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(within):
            found = await loop.getaddrinfo(*endpoint, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):  # the last one for what cannot be a host's name
        return None
    return {Endpoint(str(address[0]), int(address[1])) for _, _, _, _, address in found}


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
