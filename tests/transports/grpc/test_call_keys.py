"""The folder of call keys: what is missing or unfit is said before the first call, with what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from careplane.kernel.errors import FailedPrecondition
from careplane_transports.grpc.call_keys import make_call_keys, private_pem, public_pem, read_call_keys

KEYS = make_call_keys(("gateway", "patient"))
P384 = ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the patient process has it."""
    (tmp_path / "patient.key").write_bytes(private_pem(KEYS.private["patient"]))
    for name, key in KEYS.public.items():
        (tmp_path / f"{name}.pub").write_bytes(public_pem(key))
    (tmp_path / "README").write_text("other files do not matter")
    return tmp_path


def test_keys_are_read(folder: Path) -> None:
    """The private half of what runs here, the public ones of all; and none of them shows in a log."""
    keys = read_call_keys(folder, ("patient",))
    assert set(keys.private) == {"patient"}
    assert keys.public == KEYS.public
    assert repr(keys) == "CallKeys(private=['patient'], public=['gateway', 'patient'])"


def test_who_calls_nobody_needs_no_private_key(folder: Path) -> None:
    """Only whose name runs here is looked for."""
    (folder / "patient.key").unlink()
    assert read_call_keys(folder, ()).private == {}


LOCKED = KEYS.private["patient"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
UNFIT: dict[str, tuple[str, Callable[[Path], object]]] = {
    "missing": ("cannot be read", lambda key: key.unlink()),
    "a folder": ("cannot be read", lambda key: key.rename(key.with_suffix(".old")).with_suffix(".key").mkdir()),
    "no key": ("not an unencrypted private key", lambda key: key.write_text("hello")),
    "a public key": ("not an unencrypted", lambda key: key.write_bytes(public_pem(KEYS.public["patient"]))),
    "locked": ("not an unencrypted private key", lambda key: key.write_bytes(LOCKED)),
    "another curve": ("P-256", lambda key: key.write_bytes(private_pem(P384))),
    "no curve": (
        "P-256",
        lambda key: key.write_bytes(ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
    ),
    "somebody else's": ("not the public half", lambda key: key.write_bytes(private_pem(KEYS.private["gateway"]))),
    "without its public half": ("not the public half", lambda key: key.with_suffix(".pub").unlink()),
    "a public half that is none": ("not a public key", lambda key: key.with_suffix(".pub").write_text("hello")),
    "another's public half, of another kind": (
        "P-256",
        lambda key: key.with_name("gateway.pub").write_bytes(
            ED.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        ),
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_unfit_key_is_refused_with_what_to_do(folder: Path, name: str) -> None:
    """The sentence names the file; what it holds is not shown."""
    said, spoil = UNFIT[name]
    spoil(folder / "patient.key")
    with pytest.raises(FailedPrecondition, match=said) as caught:
        read_call_keys(folder, ("patient",))
    assert str(folder) in caught.value.detail
    assert "BEGIN" not in caught.value.detail


def test_no_folder_is_a_sentence_too(tmp_path: Path) -> None:
    """Not set, and not there."""
    with pytest.raises(FailedPrecondition, match=r"grpc\.keys_dir is not set"):
        read_call_keys(None, ("patient",))
    with pytest.raises(FailedPrecondition, match="There is no folder"):
        read_call_keys(tmp_path / "none", ("patient",))
