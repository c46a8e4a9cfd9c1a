"""Ports that nobody listens on."""

import socket


def free_ports(count: int) -> list[int]:
    """Return so many ports that nobody listens on, all of them different."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    (port,) = free_ports(1)
    return port
