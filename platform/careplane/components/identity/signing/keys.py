"""The platform's signing keys: read, checked, named by their thumbprint, and made.

A file whose name is the time of its making in UTC, as in 20310506T070809Z.pem, takes its turn by that time (see
`key_ring`). Other names say nothing of time: those keys come before all that do, and the last by name signs.
"""

import base64
import hashlib
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from jwt.algorithms import ECAlgorithm

from careplane.components.identity.messages import KeySet, PublicKey
from careplane.components.identity.settings import IdentitySettings
from careplane.kernel.errors import FailedPrecondition

ALGORITHM: Final = "ES256"
"""ECDSA with P-256 and SHA-256 (RFC 7518): measured here, it verifies in 67 us, Ed25519 in 105 us."""

_MADE_HERE: Final = "Made by Careplane for development. Not for production: `careplane serve` refuses it."
_TIME: Final = "%Y%m%dT%H%M%SZ"
_FOLDER: Final = "keys"
_HOW: Final = "make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`"


class SigningKey(msgspec.Struct, frozen=True):
    """A private key, what the world may know of it, the file it is in, and when that says it was made."""

    private: ec.EllipticCurvePrivateKey
    public: PublicKey
    file: Path | None = None
    made: datetime | None = None

    def __repr__(self) -> str:
        """Show which key it is, not the key."""
        return f"SigningKey({self.public.kid})"


def load_keys(settings: IdentitySettings) -> tuple[SigningKey, ...]:
    """Return the keys that the settings name, the one that signs first; raise FailedPrecondition with what to do.

    In production a key that the platform made itself is refused; elsewhere one is made if there is none.
    """
    if not settings.private_key and settings.keys_dir is None and not settings.production and settings.data_dir:
        _make_first(settings.data_dir / _FOLDER)
    keys = read_keys(settings)
    if not keys:
        detail = f"There is no signing key: {_HOW}, and name it by identity.private_key_file or put it in keys_dir."
        raise FailedPrecondition(detail)
    return keys


def read_keys(settings: IdentitySettings) -> tuple[SigningKey, ...]:
    """Return the keys there are, the newest first; raise FailedPrecondition for one that is not fit to be one."""
    keys, faults = fit_keys(settings)
    for fault in faults.values():
        raise FailedPrecondition(fault)
    return in_turn(settings, keys)


def fit_keys(settings: IdentitySettings) -> tuple[tuple[SigningKey, ...], dict[Path, str]]:
    """Return the keys of the folder that are fit to be one, and of each other file what is wrong with it."""
    keys: list[SigningKey] = []
    faults: dict[Path, str] = {}
    folder = keys_folder(settings)
    for file in _files(folder) if folder is not None else ():
        try:
            key = _read_file(file, settings.production)
        except FailedPrecondition as error:
            faults[file] = error.detail
        else:
            keys += [] if key is None else [key]
    return tuple(keys), faults


def in_turn(settings: IdentitySettings, keys: Iterable[SigningKey]) -> tuple[SigningKey, ...]:
    """Return each of the keys of the folder once, the newest first, behind the one in the settings."""
    first = []
    if settings.private_key:
        first.append(read_key(settings.private_key, "The signing key in the settings", settings.production))
    distinct: dict[str, SigningKey] = {}
    for key in (*first, *sorted(keys, key=_turn, reverse=True)):
        distinct.setdefault(key.public.kid, key)
    return tuple(distinct.values())


def keys_folder(settings: IdentitySettings) -> Path | None:
    """Return the folder that keys are read from: the one named, or in development that of the data folder."""
    if settings.keys_dir is not None or settings.production or settings.private_key or settings.data_dir is None:
        return settings.keys_dir
    return settings.data_dir / _FOLDER


def key_set(keys: Sequence[SigningKey]) -> KeySet:
    """Return the public halves."""
    return KeySet(keys=tuple(key.public for key in keys))


def read_key(pem: str, place: str, production: bool) -> SigningKey:  # noqa: FBT001 - the sense is in the name
    """Read a key from PEM; raise FailedPrecondition, which begins with `place`, for any but a P-256 private key."""
    if production and _MADE_HERE in pem:
        detail = f"{place} was made by Careplane itself, for development: {_HOW} and use that one."
        raise FailedPrecondition(detail)
    try:
        private = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # encrypted is a TypeError; a curve unheard of
        detail = f"{place} is not an unencrypted private key in PEM: {_HOW}."
        raise FailedPrecondition(detail) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        detail = f"{place} is not on the curve P-256, which {ALGORITHM} needs: {_HOW}."
        raise FailedPrecondition(detail)
    return SigningKey(private, _public(private))


def make_key(file: Path, *, production: bool = False) -> None:
    """Make a key and keep it in `file`, for its owner only; unless for `production`, it says that it is not."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123 - its mode
        out.write((b"" if production else f"{_MADE_HERE}\n".encode()) + pem)
        out.flush()
        os.fsync(out.fileno())
    _give_to_the_owner_of(file.parent, fresh)
    fresh.replace(file)


def file_name(made: datetime) -> str:
    """Return the name of a key's file that says when it was made."""
    return f"{made.astimezone(UTC).strftime(_TIME)}.pem"


def _give_to_the_owner_of(folder: Path, file: Path) -> None:
    """Let the platform read what root has made for it."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(file, owner.st_uid, owner.st_gid)


def _make_first(folder: Path) -> None:
    try:
        if not any(folder.glob("*.pem")):
            make_key(folder / file_name(datetime.now(UTC)))
    except OSError as error:
        detail = f"No signing key can be kept in {folder} ({error.strerror}): choose another folder with --data."
        raise FailedPrecondition(detail) from error


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.pem"))
    except OSError as error:
        detail = f"The keys in {folder} cannot be looked at ({error.strerror}): check that they are yours."
        raise FailedPrecondition(detail) from error


def _read_file(file: Path, production: bool) -> SigningKey | None:  # noqa: FBT001 - the sense is in the name
    """Read a key from its file, or None from one that has gone in the meantime."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        detail = f"The key {file} cannot be read ({type(error).__name__}): check that it is PEM, and yours."
        raise FailedPrecondition(detail) from error
    key = read_key(text, f"The key {file}", production)
    return msgspec.structs.replace(key, file=file, made=_made(file.stem))


def _made(stem: str) -> datetime | None:
    try:
        return datetime.strptime(stem, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _turn(key: SigningKey) -> tuple[datetime, str]:
    return key.made or datetime.min.replace(tzinfo=UTC), key.file.name if key.file else ""


def _public(private: ec.EllipticCurvePrivateKey) -> PublicKey:
    jwk = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    # RFC 7638: the required members only, in the order of their names, without spaces.
    thumbprint = hashlib.sha256(msgspec.json.encode({name: jwk[name] for name in ("crv", "kty", "x", "y")})).digest()
    kid = base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
    return PublicKey(kid=kid, kty="EC", crv="P-256", x=jwk["x"], y=jwk["y"], alg=ALGORITHM, use="sig")
