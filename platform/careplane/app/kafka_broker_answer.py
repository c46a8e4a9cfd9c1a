"""Whether a Kafka broker answers: one question of its own protocol, asked without a client's library."""

import socket
import struct

_TIMEOUT_S = 2.0
_METADATA, _VERSION, _CORRELATION = 3, 1, 7
_CLIENT = b"careplane"
# Of no topic at all: the answer names the brokers that take records, and so none while it is still starting.
_BODY = struct.pack(f">hhih{len(_CLIENT)}si", _METADATA, _VERSION, _CORRELATION, len(_CLIENT), _CLIENT, 0)
_QUESTION = struct.pack(">i", len(_BODY)) + _BODY
_LENGTHS = range(8, 2**20)


def answers(host: str, port: int) -> bool:
    """Tell whether the broker at this address says of itself that it takes records. It must not ask for a password."""
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_S) as connection:
            connection.settimeout(_TIMEOUT_S)
            connection.sendall(_QUESTION)
            (length,) = struct.unpack(">i", _read(connection, 4))
            if length not in _LENGTHS:
                return False
            correlation, brokers = struct.unpack_from(">ii", _read(connection, length))
    except OSError:
        return False
    return bool(correlation == _CORRELATION and brokers > 0)


def _read(connection: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        part = connection.recv(length - len(found))
        if not part:
            raise ConnectionResetError
        found += part
    return found
