"""Looking after users at a terminal, while the platform runs."""

from collections.abc import Iterator

import httpx
import pytest
from tests.end_to_end.conftest import programs
from tests.end_to_end.program import Program, assert_one_sentence, run_careplane


@pytest.fixture(scope="module")
def running() -> Iterator[Program]:
    """Give a program of this file's own."""
    with programs() as start:
        yield start()


def test_users_are_added_and_listed(running: Program) -> None:
    """Who was added signs in at once; the list shows them, and no hash."""
    said = running.command("users", "add", "Zoe@example.org", "--role", "clinician", stdin="purple otters climb\n")
    assert "Zoe@example.org" in said
    assert running.sign_in("zoe@example.org", "purple otters climb")
    listed = running.command("users", "list")
    assert "Zoe@example.org" in listed
    assert "clinician" in listed
    assert "argon2" not in listed


@pytest.mark.parametrize(
    ("email", "role", "password", "named"),
    [
        ("zoe2@example.org", "surgeon", "purple otters climb", "roles"),
        ("zoe2@example.org", "admin", "short", "password"),
        ("zoe2@example.org", "admin", "password123", "password"),
        ("zoe2@example.org", "admin", "", "password"),
        ("not an address", "admin", "purple otters climb", "email"),
        ("testuser@test.com", "admin", "purple otters climb", "email"),
    ],
)
def test_a_user_that_cannot_be_is_refused(running: Program, email: str, role: str, password: str, named: str) -> None:
    """One sentence that says what is wrong, and never the password."""
    command = ("users", "add", email, "--role", role, "--data", str(running.data))
    sentence = assert_one_sentence(run_careplane(*command, stdin=f"{password}\n"))
    assert named in sentence
    assert len(password) < 8 or password not in sentence


def test_users_are_kept_out_and_let_in(running: Program) -> None:
    """By address or by id; what cannot be is told in a sentence."""
    running.command("users", "add", "kim@example.org", "--role", "clinician", stdin="purple otters climb\n")
    user_id = str(running.sql("SELECT id FROM identity.users WHERE email = 'kim@example.org'")[0]["id"])
    wrong = {"email": "kim@example.org", "password": "purple otters climb"}
    for named, command, status in (
        ("KIM@example.org", "disable", 401),
        (user_id, "enable", 200),
        (user_id, "disable", 401),
        ("kim@example.org", "enable", 200),
    ):
        assert f"kim@example.org is {command}d" in running.command("users", command, named)
        assert httpx.post(f"{running.url}/auth/login", json=wrong, timeout=30.0).status_code == status
    for nobody in ("nobody@example.org", "nonsense", "01890a5d-ac96-774b-bcce-b302099a8057"):
        assert_one_sentence(run_careplane("users", "disable", nobody, "--data", str(running.data)))
    last = assert_one_sentence(run_careplane("users", "disable", "testuser@test.com", "--data", str(running.data)))
    assert "last enabled user" in last


def test_a_password_is_set(running: Program) -> None:
    """From then on it counts and the old one does not; a bad one is refused, and is not repeated."""
    running.command("users", "add", "liv@example.org", "--role", "clinician", stdin="purple otters climb\n")
    command = ("users", "set-password", "liv@example.org")
    assert "liv@example.org" in running.command(*command, stdin="and four others then\n")
    assert running.sign_in("liv@example.org", "and four others then")
    sentence = assert_one_sentence(run_careplane(*command, "--data", str(running.data), stdin="password1234567\n"))
    assert "newPassword" in sentence
    assert "1234567" not in sentence
    assert running.sign_in("liv@example.org", "and four others then")


def test_a_program_gets_its_secret_once(running: Program) -> None:
    """It is printed, good for a token, and in no later answer."""
    said = running.command("users", "add-client", "Lab interface", "--role", "analyst", "--role", "auditor")
    client_id, secret = (line.split()[-1] for line in said.splitlines() if line.startswith("client "))
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(f"{running.url}/auth/token", data=form, auth=(client_id, secret), timeout=30.0)
    assert answer.json()["scope"] == "analytics:read audit:read users:read"
    listed = running.command("users", "list")
    assert "Lab interface" in listed
    assert secret not in listed
    refused = run_careplane("users", "add-client", "Lab", "--role", "surgeon", "--data", str(running.data))
    assert "roles" in assert_one_sentence(refused)
