"""Ports that nobody listens on, and that no connection gets for its own end meanwhile."""

import random
import socket
from pathlib import Path

_GIVEN = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST = 10_000
_GIVEN_FROM = 32_768
_TRIES = 1000


def free_port() -> int:
    """Return a port below those that the system gives to connections.

    Who calls a peer that is not there yet, again and again, gets each of those for its own end at some time: then it
    is the peer's port that is taken.
    """
    given_from = int(_GIVEN.read_text().split()[0]) if _GIVEN.exists() else _GIVEN_FROM
    for _ in range(_TRIES):
        port = random.randrange(_FIRST, max(given_from, _FIRST + 1000))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"No port from {_FIRST} on is free: end some of what listens on this machine.")
