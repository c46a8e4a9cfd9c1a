"""`careplane serve`, for production: it starts only on ground that is safe to stand on; and `dev` beside it."""

import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.patients import registered
from tests.end_to_end.program import (
    DEMO_EMAIL,
    DEMO_PASSWORD,
    REAL_HASHING,
    Program,
    assert_one_sentence,
    run_careplane,
)
from tests.ports import free_port

SECRET = "a secret of thirty-two characters"
EMAIL, PASSWORD = "ana@clinic.example", "purple otters climb ladders"


def pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> str:
    """Return a private key as openssl writes one."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def settings(empty_database_url: str, tmp_path: Path) -> dict[str, str]:
    """Give the settings of a production of its own: a migrated database, a key, a secret for cursors."""
    key = tmp_path / "signing.pem"
    key.write_text(pem(ec.generate_private_key(ec.SECP256R1())))
    found = {
        "DATABASE_URL": empty_database_url,
        "CAREPLANE_IDENTITY_PRIVATE_KEY_FILE": str(key),
        "CAREPLANE_HTTP_CURSOR_SECRET": SECRET,
        "CAREPLANE_HTTP_PORT": str(free_port()),
        "CAREPLANE_METRICS_PORT": "0",
        **REAL_HASHING,
    }
    migrated = run_careplane("migrate", DATABASE_URL=empty_database_url)
    assert migrated.returncode == 0, migrated.stderr
    assert "patient/0001" in migrated.stdout
    return found


def refusal(settings: dict[str, str], **changes: str | None) -> str:
    """Try to serve with changed settings, and return the sentence that refuses."""
    changed = {name: value for name, value in {**settings, **changes}.items() if value is not None}
    return assert_one_sentence(run_careplane("serve", **changed))


def test_it_serves_when_all_is_right(settings: dict[str, str], tmp_path: Path) -> None:
    """A user that the operator added signs in, registers and reads; SIGTERM ends it; the next one finds all."""
    added = run_careplane("users", "add", EMAIL, "--role", "clinician", stdin=f"{PASSWORD}\n", **settings)
    assert added.returncode == 0, added.stderr
    own = {name: value for name, value in settings.items() if not name.endswith("_PORT")}
    patient: dict[str, Any] = {}
    for number in range(2):
        program = Program(tmp_path / f"serve-{number}", "serve", **own)
        try:
            program.wait_until_ready()
            with httpx.Client(base_url=program.url, headers=program.sign_in(EMAIL, PASSWORD)) as client:
                patient = patient or registered(client)
                assert client.get(f"/api/patients/{patient['id']}").json() == patient
                demo = client.post("/auth/login", json={"email": DEMO_EMAIL, "password": DEMO_PASSWORD})
                assert demo.status_code == 401
            assert program.stop(signal.SIGTERM) == 0, program.said()[-3000:]
            assert DEMO_EMAIL not in program.said()
        finally:
            program.clear_away()


def test_it_refuses_without_a_database(settings: dict[str, str]) -> None:
    """The embedded database is for development."""
    assert "DATABASE_URL" in refusal(settings, DATABASE_URL=None)


def test_it_refuses_pending_migrations(settings: dict[str, str], postgres_url: str) -> None:
    """It does not change a database by itself."""
    assert "careplane migrate" in refusal(settings, DATABASE_URL=postgres_url)


@pytest.mark.parametrize("secret", [None, "short"])
def test_it_refuses_without_a_secret_for_cursors(settings: dict[str, str], secret: str | None) -> None:
    """A secret made up at start would break every cursor at the next one."""
    assert "cursor_secret" in refusal(settings, CAREPLANE_HTTP_CURSOR_SECRET=secret)


KEYS: dict[str, tuple[Callable[[], str], str]] = {
    "no key": (lambda: "", "no signing key"),
    "no PEM": (lambda: "hello", "PEM"),
    "another curve": (lambda: pem(ec.generate_private_key(ec.SECP384R1())), "P-256"),
    "another kind": (lambda: pem(ed25519.Ed25519PrivateKey.generate()), "P-256"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_it_refuses_a_key_that_is_none(settings: dict[str, str], kind: str) -> None:
    """The sentence says how to make one."""
    make, named = KEYS[kind]
    sentence = refusal(settings, CAREPLANE_IDENTITY_PRIVATE_KEY_FILE=None, CAREPLANE_IDENTITY_PRIVATE_KEY=make())
    assert named in sentence
    assert "openssl genpkey" in sentence


def test_it_refuses_the_demo_user_and_the_key_that_dev_made(
    settings: dict[str, str], start_program: StartProgram, tmp_path: Path
) -> None:
    """After `careplane dev` has worked on a database everybody knows a password to, that database is refused."""
    program = start_program(DATABASE_URL=settings["DATABASE_URL"])
    with httpx.Client(base_url=program.url, headers=program.sign_in()) as client:
        patient = registered(client)
    assert "your PostgreSQL" in program.said()
    assert not (program.data / "postgres").exists()
    assert program.stop() == 0
    again = start_program(program.data, DATABASE_URL=settings["DATABASE_URL"])
    with httpx.Client(base_url=again.url, headers=again.sign_in()) as client:
        assert client.get(f"/api/patients/{patient['id']}").json() == patient
    assert again.stop() == 0
    assert DEMO_EMAIL in refusal(settings)
    keys = sorted((program.data / "keys").glob("*.pem"))
    assert keys
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)
    assert "Careplane itself" in refusal(settings, CAREPLANE_IDENTITY_PRIVATE_KEY_FILE=str(keys[0]))


def test_it_refuses_to_run_in_part(settings: dict[str, str]) -> None:
    """What would not run anywhere is named."""
    said = run_careplane("serve", "patient", **settings)
    assert "billing" in assert_one_sentence(said)
