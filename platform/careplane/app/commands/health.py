"""`careplane health`: whether the process that the settings describe is ready, for whoever restarts what is not."""

import asyncio
import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from careplane.app.catalog import Entry
from careplane.app.placement import Placement
from careplane.app.settings import Settings
from careplane.app.setup_error import SetupError
from careplane.app.terminal import say

_SECONDS: Final = 4.0
_ANSWER_MAX: Final = 16 * 1024
_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")


async def run_health(settings: Settings, names: Sequence[str]) -> None:
    """Say that all is well or raise SetupError; without names ask the components, if they are called from outside."""
    placement = Placement.of(tuple(names))
    alone = not names and not settings.grpc.port
    faults = []
    if alone or (names and placement.gateway):
        faults.append(await gateway_fault(settings))
    if not alone and placement.entries:
        faults.append(await components_fault(settings, placement.entries if names else ()))
    for fault in filter(None, faults):
        raise SetupError(fault)
    say("ready")


async def gateway_fault(settings: Settings) -> str | None:
    """Return what keeps the gateway of the settings from being ready, or None."""
    host, port = reached_at(settings.http.host), settings.http.port
    try:
        async with asyncio.timeout(_SECONDS):
            answer = await _asked(host, port)
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        return f"The gateway on {host}:{port} does not answer ({type(error).__name__})."
    status, _, body = answer.partition(b"\r\n\r\n")
    found = _STATUS.match(status)
    if found and found[1] == b"200":
        return None
    return f"The gateway on {host}:{port} is not ready: {body.decode('utf-8', 'replace').strip()}"


async def components_fault(settings: Settings, entries: Sequence[Entry]) -> str | None:
    """Return what keeps components of the settings' process (none named: all of them) from being ready, or None."""
    from careplane_transports.grpc.health_check import not_serving

    if not settings.grpc.port:
        return "grpc.port is 0, so that nobody can ask the components how they are: set it, or ask the gateway."
    components = [entry.component for entry in entries]
    return await not_serving(settings.grpc, reached_at(settings.grpc.host), components, _SECONDS)


def reached_at(host: str) -> str:
    """Return where this machine reaches what listens on `host`: an address that means all of them is none to call."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004 - the version of the internet protocol


async def _asked(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port, limit=_ANSWER_MAX)
    try:
        writer.write(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await writer.drain()
        return await reader.read(_ANSWER_MAX)
    finally:
        writer.close()
