"""Bytes sent to the program as they are, and what comes back until it hangs up: what a proxy in front would notice."""

import re
import socket
from contextlib import suppress
from dataclasses import dataclass

from tests.end_to_end.program import Program

SECONDS = 30.0
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@dataclass(frozen=True)
class Heard:
    """All that came back over one connection, which has ended."""

    data: bytes

    @property
    def statuses(self) -> list[int]:
        """The status of each answer, one after the other."""
        return [int(found) for found in _STATUS.findall(self.data)]

    @property
    def head(self) -> bytes:
        """The head of the first answer, in lower case."""
        return self.data.partition(b"\r\n\r\n")[0].lower()


def connected(program: Program) -> socket.socket:
    """Return a connection to the program."""
    return socket.create_connection(("127.0.0.1", program.port), timeout=SECONDS)


def heard(connection: socket.socket) -> Heard:
    """Return what comes back until the other side hangs up; fail if it does not in time."""
    data = b""
    with suppress(ConnectionError):  # hanging up on what was not read is a reset
        while piece := connection.recv(65_536):
            data += piece
    return Heard(data)


def spoken(program: Program, *pieces: bytes) -> Heard:
    """Send the pieces over one connection and return what comes back until the other side hangs up."""
    with connected(program) as connection:
        with suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
        return heard(connection)
