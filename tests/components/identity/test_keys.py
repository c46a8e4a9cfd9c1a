"""Keys: read from where they are kept, made only in development, and refused unless they are what tokens need."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from careplane.components.identity.settings import IdentitySettings
from careplane.components.identity.signing.keys import key_set, load_keys, make_key
from careplane.kernel.errors import FailedPrecondition


def pem_of(private: Any, encryption: Any = None, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    """Write a private key as its owner would keep it."""
    written: bytes = private.private_bytes(Encoding.PEM, form, encryption or NoEncryption())
    return written.decode()


def p256() -> str:
    """Make a key that tokens can be signed with."""
    return pem_of(ec.generate_private_key(ec.SECP256R1()))


def development(folder: Path) -> IdentitySettings:
    """Return the settings of a development run."""
    return IdentitySettings(data_dir=folder, production=False)


def test_in_development_a_key_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    """The second start signs with the key of the first; nobody else can read it; nothing else is left behind."""
    first, second = load_keys(development(tmp_path)), load_keys(development(tmp_path))
    assert key_set(first) == key_set(second)
    (file,) = (tmp_path / "keys").iterdir()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_key_is_named_by_its_thumbprint(tmp_path: Path) -> None:
    """The kid is RFC 7638's: SHA-256 over the required members in order."""
    (key,) = key_set(load_keys(development(tmp_path))).keys
    required = {"crv": key.crv, "kty": key.kty, "x": key.x, "y": key.y}
    digest = hashlib.sha256(json.dumps(required, separators=(",", ":")).encode()).digest()
    assert key.kid == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert (key.kty, key.crv, key.alg, key.use) == ("EC", "P-256", "ES256", "sig")


def test_a_key_made_by_the_platform_is_refused_in_production(tmp_path: Path) -> None:
    """Neither its folder nor its text is taken; where there is none, none is made."""
    make_key(tmp_path / "made" / "key.pem")
    for settings in (
        IdentitySettings(keys_dir=tmp_path / "made"),
        IdentitySettings(private_key=(tmp_path / "made" / "key.pem").read_text()),
    ):
        with pytest.raises(FailedPrecondition, match="made by Careplane itself"):
            load_keys(settings)
    with pytest.raises(FailedPrecondition, match="no signing key"):
        load_keys(IdentitySettings(data_dir=tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_of_several_keys_the_last_signs_and_all_verify(tmp_path: Path) -> None:
    """A key given by itself goes before those of the folder; a key that is there twice counts once."""
    texts = {name: p256() for name in ("2030", "2031", "2029")}
    for name, text in texts.items():
        (tmp_path / f"{name}.pem").write_text(text)
    (tmp_path / "README").write_text("not a key")
    kids = {name: load_keys(IdentitySettings(private_key=text))[0].public.kid for name, text in texts.items()}
    from_folder = [key.public.kid for key in load_keys(IdentitySettings(keys_dir=tmp_path))]
    assert from_folder == [kids["2031"], kids["2030"], kids["2029"]]
    both = load_keys(IdentitySettings(keys_dir=tmp_path, private_key=texts["2029"]))
    assert [key.public.kid for key in both] == [kids["2029"], kids["2031"], kids["2030"]]


UNFIT = {
    "P-192": lambda: pem_of(ec.generate_private_key(ec.SECP192R1())),
    "P-224": lambda: pem_of(ec.generate_private_key(ec.SECP224R1())),
    "P-384": lambda: pem_of(ec.generate_private_key(ec.SECP384R1())),
    "secp256k1": lambda: pem_of(ec.generate_private_key(ec.SECP256K1())),
    "RSA": lambda: pem_of(rsa.generate_private_key(65537, 2048)),
    "Ed25519": lambda: pem_of(ed25519.Ed25519PrivateKey.generate()),
    "encrypted": lambda: pem_of(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"secret")),
    "not a key": lambda: "secret",
    "cut short": lambda: p256()[:-60],
    "not ASCII": lambda: "ключ",
    "a lone surrogate": lambda: "\ud800",
}


@pytest.mark.parametrize("make", UNFIT.values(), ids=UNFIT)
def test_an_unfit_key_is_refused_with_what_to_do(make: Any) -> None:
    """Whatever is wrong, the sentence says how to make a good one, and shows nothing of this one."""
    pem = make()
    with pytest.raises(FailedPrecondition, match="openssl genpkey") as caught:
        load_keys(IdentitySettings(private_key=pem, production=False))
    assert pem not in caught.value.detail


def test_the_older_form_of_pem_is_read() -> None:
    """`openssl ecparam -genkey` writes SEC1, which is as good."""
    pem = pem_of(ec.generate_private_key(ec.SECP256R1()), form=PrivateFormat.TraditionalOpenSSL)
    assert len(load_keys(IdentitySettings(private_key=pem))) == 1


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A folder without keys, one with rubbish, one that is a file: one sentence each."""
    (tmp_path / "file").write_text("")
    (tmp_path / "rubbish").mkdir()
    (tmp_path / "rubbish" / "key.pem").write_bytes(b"\xff\xfe")
    for settings, words in (
        (IdentitySettings(keys_dir=tmp_path / "nowhere"), "no signing key"),
        (IdentitySettings(keys_dir=tmp_path / "rubbish"), "rubbish/key.pem cannot be read"),
        (development(tmp_path / "file"), "choose another folder"),
    ):
        with pytest.raises(FailedPrecondition, match=words):
            load_keys(settings)


def test_a_key_does_not_show_itself(tmp_path: Path) -> None:
    """Its repr is its id."""
    (key,) = load_keys(development(tmp_path))
    assert repr(key) == f"SigningKey({key.public.kid})"
