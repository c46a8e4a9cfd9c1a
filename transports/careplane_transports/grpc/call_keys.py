"""The keys that call tokens are signed with: one pair for each name that calls others, in a folder of PEM files.

`<name>.key` is the private half, there only where the name runs; `<name>.pub` the public one, there for everyone who is
called by that name. Whose public half is not in the folder is not believed.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from msgspec import Struct

from careplane.kernel.errors import FailedPrecondition

PRIVATE: Final = ".key"
PUBLIC: Final = ".pub"
_HOW: Final = "make the keys with `careplane certs FOLDER` and name the calls folder of the process by grpc.keys_dir"


class CallKeys(Struct, frozen=True):
    """The private keys of the names that run here, and the public keys of all that are believed."""

    private: Mapping[str, ec.EllipticCurvePrivateKey]
    public: Mapping[str, ec.EllipticCurvePublicKey]

    def __repr__(self) -> str:
        """Show whose keys there are, not the keys."""
        return f"CallKeys(private={sorted(self.private)}, public={sorted(self.public)})"


def read_call_keys(folder: Path | None, names: Iterable[str]) -> CallKeys:
    """Return the private keys of `names` and all public ones; raise FailedPrecondition that says what to do."""
    if folder is None:
        raise FailedPrecondition(f"Calls to other processes must be signed, and grpc.keys_dir is not set: {_HOW}.")
    if not folder.is_dir():
        raise FailedPrecondition(f"There is no folder {folder}, which grpc.keys_dir names: {_HOW}.")
    private = {name: _read_private(folder / f"{name}{PRIVATE}") for name in names}
    public = {file.stem: _read_public(file) for file in sorted(folder.glob(f"*{PUBLIC}"))}
    for name, key in private.items():
        if name not in public or public[name] != key.public_key():
            detail = f"{folder / name}{PUBLIC} is not the public half of {name}{PRIVATE}: put the pair there again."
            raise FailedPrecondition(detail)
    return CallKeys(private, public)


def make_call_keys(names: Iterable[str]) -> CallKeys:
    """Make a pair for each of the names; whoever gets all of it can speak as any of them."""
    private = {name: ec.generate_private_key(ec.SECP256R1()) for name in names}
    return CallKeys(private, {name: key.public_key() for name, key in private.items()})


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the private half as it stands in a file."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the public half as it stands in a file."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _read_private(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(_read(file), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # encrypted is a TypeError
        raise FailedPrecondition(f"{file} is not an unencrypted private key in PEM: {_HOW}.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise FailedPrecondition(f"{file} is not on the curve P-256, which ES256 needs: {_HOW}.")
    return key


def _read_public(file: Path) -> ec.EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(_read(file))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FailedPrecondition(f"{file} is not a public key in PEM: {_HOW}.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise FailedPrecondition(f"{file} is not on the curve P-256, which ES256 needs: {_HOW}.")
    return key


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FailedPrecondition(f"The key {file} cannot be read ({error.strerror}): {_HOW}.") from error
