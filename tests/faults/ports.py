"""Ports that stay free while whoever listens on them is down: none that the kernel gives to others meanwhile."""

import itertools
import os
import socket

from tests.faults.proxy import HOST

_FIRST, _LAST = 10_000, 32_000  # below those that Linux and macOS give to who asks for any
_numbers = itertools.count(os.getpid() * 97)


def steady_port() -> int:
    """Return a port that nobody listens on, and that no other call of this returns."""
    for number in itertools.islice(_numbers, _LAST - _FIRST):
        port = _FIRST + number % (_LAST - _FIRST)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError("every port is taken")
