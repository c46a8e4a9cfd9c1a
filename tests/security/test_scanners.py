"""The scanners of `make check`: clean over the project, and not because they are blind."""

import secrets
import shutil
import string
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
UPPER = string.ascii_uppercase + "234567"


def run(*command: str | Path, folder: Path = ROOT, seconds: float = 50) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder and return what it said."""
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=seconds)


def a_private_key() -> str:
    """Make a private key that nobody uses."""
    private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def a_password() -> str:
    """Make a password with letters in it: one of digits alone is taken for a number."""
    return f"x{secrets.token_hex(6)}"


def an_access_key() -> str:
    """Make what looks like a cloud's access key."""
    return f"KEY = '{'AK'}{'IA'}{''.join(secrets.choice(UPPER) for _ in range(16))}'"


SECRETS = {
    "a private key": ("config/key.pem", a_private_key),
    "a private key among the tests": ("tests/key.pem", a_private_key),
    "an access key": ("platform/cloud.py", an_access_key),
    "an access key among the tests": ("tests/test_cloud.py", an_access_key),
    "something random": ("platform/seal.py", lambda: f"SEAL = '{secrets.token_urlsafe(48)}'"),
    "a password": ("config/dev.toml", lambda: f"{'pass'}word = '{a_password()}'"),
    "a password in an address": (
        "platform/db.py",
        lambda: f"URL = 'postgresql://me:{a_password()}@db.example/x'",
    ),
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Give a small project under git that is scanned as ours is."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "secrets", tmp_path / ".ci" / "secrets")
    (tmp_path / ".venv").symlink_to(BIN.parent)
    for name in ("platform/plain.py", "tests/test_plain.py", "config/plain.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("# nothing to see\n")
    assert run("git", "init", "--quiet", folder=tmp_path).returncode == 0
    return tmp_path


@pytest.mark.timeout(240)
def test_the_project_holds_no_secret() -> None:
    """Every file that git knows or would add is looked at."""
    said = run("sh", ".ci/secrets", seconds=200)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("kind", SECRETS)
def test_a_planted_secret_is_found(clone: Path, kind: str) -> None:
    """The scan fails and names the file; without the secret it passes."""
    assert run("sh", ".ci/secrets", folder=clone).returncode == 0
    name, make = SECRETS[kind]
    (clone / name).write_text(make() + "\n")
    said = run("sh", ".ci/secrets", folder=clone)
    assert said.returncode != 0
    assert name in said.stdout


def test_a_scan_of_nothing_fails(clone: Path) -> None:
    """Where git has no files, or is not there, the scan does not pass for want of something to look at."""
    shutil.rmtree(clone / ".git")
    assert run("sh", ".ci/secrets", folder=clone).returncode != 0


DANGERS = {
    "a shell": "import subprocess\nsubprocess.run(input(), shell=True)\n",
    "unpickling": "import pickle\npickle.loads(input().encode())\n",
    "evaluating": "eval(input())\n",
    "loading YAML": "import yaml\nyaml.load(input(), Loader=yaml.Loader)\n",
    "a weak digest": "import hashlib\nhashlib.md5(input().encode())\n",
    "no certificates": "import httpx\nhttpx.get('https://example.org', verify=False)\n",
    "any TLS": "import ssl\nssl.wrap_socket(None, ssl_version=ssl.PROTOCOL_SSLv3)\n",
    "a socket for all": "import socket\nsocket.socket().bind(('0.0.0.0', 1))\n",
}


def bandit(*paths: str | Path) -> subprocess.CompletedProcess[str]:
    """Scan code as `make check` does."""
    return run(BIN / "bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", *paths)


def test_the_project_has_no_dangerous_code() -> None:
    """Bandit finds nothing, and says nothing about exceptions that it does not understand."""
    said = bandit("platform", "transports", "benchmarks")
    assert said.returncode == 0, said.stdout
    assert "WARNING" not in said.stderr


@pytest.mark.parametrize("kind", DANGERS)
def test_planted_dangerous_code_is_found(tmp_path: Path, kind: str) -> None:
    """The scan fails and names the file."""
    planted = tmp_path / "planted.py"
    planted.write_text(DANGERS[kind])
    said = bandit(planted)
    assert said.returncode != 0
    assert "planted.py" in said.stdout


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("S105", 'password = "hunter2hunter2"\n'),
        ("S311", "import random\nprint(random.random())\n"),
        ("S608", 'print(f"SELECT * FROM t WHERE a = {input()}")\n'),
        ("S603", "import subprocess\nsubprocess.run(input().split(), check=True)\n"),
        ("S101", "assert input()\n"),
    ],
)
def test_what_bandit_leaves_to_ruff_ruff_finds(rule: str, code: str) -> None:
    """Each rule that is skipped there is at work here, for product code."""
    command = (BIN / "ruff", "check", "--no-cache", "--stdin-filename", "platform/careplane/planted.py", "-")
    said = subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True, check=False, timeout=50)
    assert rule in said.stdout


def test_make_check_runs_every_scanner() -> None:
    """What is tested here is what is run there."""
    said = run("make", "--dry-run", "check")
    assert said.returncode == 0, said.stderr
    for scanner in ("ruff check", "bandit --quiet --configfile pyproject.toml --recursive platform", ".ci/secrets"):
        assert scanner in said.stdout
