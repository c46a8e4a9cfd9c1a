"""The vault: secrets of users encrypted where they are kept (AES-256-GCM), each bound to the user it belongs to."""

import base64
import secrets
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from careplane.kernel.errors import FailedPrecondition

_NONCE_BYTES: Final = 12
_ABOUT: Final = b"careplane second factor "


class Vault:
    """Encrypts and decrypts under one key, which is nowhere in the database."""

    def __init__(self, secrets_key: str) -> None:
        """Take the setting `identity.secrets_key`; without one, whatever needs it is FailedPrecondition."""
        self._cipher = AESGCM(base64.b64decode(secrets_key)) if secrets_key else None

    def seal(self, user_id: UUID, secret: bytes) -> bytes:
        """Return the secret encrypted; it can be opened for this user only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._ready().encrypt(nonce, secret, _ABOUT + user_id.bytes)

    def open(self, user_id: UUID, sealed: bytes) -> bytes:
        """Return what was sealed for the user; raise FailedPrecondition where it was not, or under another key."""
        try:
            return self._ready().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _ABOUT + user_id.bytes)
        except InvalidTag:
            detail = "Second factors cannot be read: identity.secrets_key is not the key they were written under."
            raise FailedPrecondition(detail) from None

    def _ready(self) -> AESGCM:
        if self._cipher is None:
            detail = "Second factors are not possible here: the setting identity.secrets_key is missing."
            raise FailedPrecondition(detail)
        return self._cipher
