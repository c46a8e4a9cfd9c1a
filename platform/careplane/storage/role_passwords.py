"""Logins for the components' roles: each may come in by itself, with a password that the server is never told."""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping

import asyncpg

from careplane.kernel.errors import FailedPrecondition, InvalidArgument
from careplane.storage.database import database_errors, role_of

_ROUNDS = 4096
_SALT_BYTES = 16


async def give_logins(url: str, passwords: Mapping[str, str]) -> None:
    """Let the role of each component log in with its password; run as the owner, after `migrate`.

    Raises Unavailable when the database is away, FailedPrecondition when its user may not do that, InvalidArgument
    for a password that is empty or not ASCII.
    """
    verifiers = {role_of(name): scram_verifier(password) for name, password in passwords.items()}
    with database_errors():
        connection = await asyncpg.connect(url, timeout=10.0, command_timeout=10.0)
        try:
            async with connection.transaction():
                for role, verifier in verifiers.items():
                    await connection.execute(f"ALTER ROLE {role} LOGIN PASSWORD '{verifier}'")
        except asyncpg.InsufficientPrivilegeError as error:
            detail = "The database's user may not give roles a password: run this as one that has CREATEROLE."
            raise FailedPrecondition(detail) from error
        finally:
            await connection.close()


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """Return what PostgreSQL keeps of a password (RFC 5803): whoever reads it, or a log of it, cannot log in by it."""
    if not password or not password.isascii() or not password.isprintable():
        detail = "A password for the database is of one printable ASCII character or more."
        raise InvalidArgument(detail)
    salt = salt or os.urandom(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ROUNDS}:{_text(salt)}${_text(client)}:{_text(server)}"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
