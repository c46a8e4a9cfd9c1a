"""Sessions of the real program: refreshed, ended, called back within five seconds, and over a change of keys."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import jwt
import pytest
from tests.end_to_end.conftest import StartProgram
from tests.end_to_end.patients import assert_problem
from tests.end_to_end.program import DEMO_EMAIL, DEMO_PASSWORD, Program, run_careplane, until_true, until_true_async

from careplane.app.embedded import running_url

PASSWORD = "purple otters climb ladders"
EVERYWHERE_SECONDS = 5.0


def log_in(url: str, email: str = DEMO_EMAIL, password: str = DEMO_PASSWORD) -> dict[str, Any]:
    """Sign in, and return the answer."""
    answer = httpx.post(f"{url}/auth/login", json={"email": email, "password": password}, timeout=30.0)
    assert answer.status_code == 200, answer.text
    session: dict[str, Any] = answer.json()
    return session


def refresh(url: str, session: dict[str, Any]) -> httpx.Response:
    """Go on with a session."""
    return httpx.post(f"{url}/auth/refresh", json={"refreshToken": session["refreshToken"]}, timeout=30.0)


def bearer(session: dict[str, Any]) -> dict[str, str]:
    """Return the header of a session's access token."""
    return {"Authorization": f"Bearer {session['token']}"}


def get(url: str, path: str, session: dict[str, Any]) -> httpx.Response:
    """Ask for something with a session's access token."""
    return httpx.get(url + path, headers=bearer(session), timeout=30.0)


def status(url: str, session: dict[str, Any]) -> int:
    """Ask whether a session's access token is good."""
    return get(url, "/auth/validate", session).status_code


def refused_in_time(url: str, *sessions: dict[str, Any]) -> None:
    """Wait until the sessions' access tokens are refused, which they must be within five seconds."""
    for session in sessions:
        until_true(lambda session=session: status(url, session) == 401, EVERYWHERE_SECONDS)  # type: ignore[misc]
        assert_problem(refresh(url, session), 401)


@pytest.fixture
def analyst(client: httpx.Client) -> str:
    """Add somebody who reads numbers, and give their e-mail."""
    email = f"analyst-{time.monotonic_ns()}@example.org"
    answer = client.post("/api/users", json={"email": email, "password": PASSWORD, "roles": ["analyst"]})
    assert answer.status_code == 201, answer.text
    return email


def test_a_session_goes_on_by_its_refresh_tokens(program: Program) -> None:
    """Each answer holds the next pair, is not to be stored, and is of the same session."""
    session = log_in(program.url)
    assert set(session) == {"token", "tokenType", "expiresIn", "refreshToken", "refreshExpiresIn", "device"}
    assert (session["expiresIn"], session["refreshExpiresIn"]) == (7200, 43_200)
    sids = set()
    for _ in range(3):
        sids.add(jwt.decode(session["token"], options={"verify_signature": False})["sid"])
        answer = refresh(program.url, session)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        session = answer.json()
        assert status(program.url, session) == 200
    assert len(sids) == 1


def test_a_refresh_token_used_twice_ends_the_session_everywhere(program: Program) -> None:
    """The thief and the robbed both have to sign in again."""
    first = log_in(program.url)
    second = refresh(program.url, first).json()
    assert_problem(refresh(program.url, first), 401)
    refused_in_time(program.url, second)
    assert status(program.url, first) == 401


def test_signing_out_is_effective_within_five_seconds(program: Program) -> None:
    """Of that session alone."""
    here, there = log_in(program.url), log_in(program.url)
    answer = httpx.post(f"{program.url}/auth/logout", headers=bearer(here), timeout=30.0)
    assert (answer.status_code, answer.content) == (204, b"")
    refused_in_time(program.url, here)
    assert status(program.url, there) == 200


def test_signing_out_everywhere(program: Program, analyst: str) -> None:
    """All sessions of one user."""
    sessions = [log_in(program.url, analyst, PASSWORD) for _ in range(3)]
    answer = httpx.post(f"{program.url}/auth/logout/everywhere", headers=bearer(sessions[0]), timeout=30.0)
    assert answer.status_code == 204
    refused_in_time(program.url, *sessions)


@pytest.mark.parametrize("what", ["userId", "role", "sessionId", "token"])
def test_calling_back_is_effective_within_five_seconds(
    program: Program, client: httpx.Client, analyst: str, what: str
) -> None:
    """A user, a role, a session, a token; the administrator who did it goes on."""
    session = log_in(program.url, analyst, PASSWORD)
    claims = jwt.decode(session["token"], options={"verify_signature": False})
    named = {"userId": claims["sub"], "role": "analyst", "sessionId": claims["sid"], "token": session["token"]}
    assert status(program.url, session) == 200
    answer = client.post("/api/revocations", json={what: named[what]})
    assert answer.status_code == 201, answer.text
    assert answer.json()["kind"] == {"userId": "user", "role": "role"}.get(what, "session")
    refused_in_time(program.url, session)
    assert status(program.url, log_in(program.url, analyst, PASSWORD)) == 200
    assert client.get("/auth/validate").status_code == 200


@pytest.mark.parametrize("change", ["disabled", "roles", "password"])
def test_what_changes_a_users_rights_ends_their_sessions(
    program: Program, client: httpx.Client, analyst: str, change: str
) -> None:
    """Whoever is disabled, has other roles or another password, has to sign in anew, if they still can."""
    session = log_in(program.url, analyst, PASSWORD)
    path = f"/api/users/{jwt.decode(session['token'], options={'verify_signature': False})['sub']}"
    if change == "password":
        answer = client.post(f"{path}/password", json={"newPassword": PASSWORD + " other"})
    else:
        answer = client.patch(path, json={"disabled": True} if change == "disabled" else {"roles": ["auditor"]})
    assert answer.is_success, answer.text
    refused_in_time(program.url, session)


def test_only_administrators_call_back(program: Program, analyst: str) -> None:
    """And nonsense is refused by name."""
    session = log_in(program.url, analyst, PASSWORD)
    answer = httpx.post(f"{program.url}/api/revocations", headers=bearer(session), json={"role": "admin"}, timeout=30.0)
    assert_problem(answer, 403)


def test_senseless_revocations_are_refused(client: httpx.Client) -> None:
    """With the field at fault."""
    assert_problem(client.post("/api/revocations", json={}), 400, "request")
    assert_problem(client.post("/api/revocations", json={"token": "x"}), 400, "token")
    assert_problem(client.post("/api/revocations", json={"role": "clinicain"}), 404)
    assert_problem(client.post("/api/revocations", json={"userId": "x"}), 400, "userId")


def test_what_is_called_back_stays_so_over_a_restart(start_program: StartProgram, scratch: Path) -> None:
    """The gateway does not listen before it has heard everything; good tokens, and sessions, go on."""
    program = start_program(scratch / "data")
    ended, kept = log_in(program.url), log_in(program.url)
    assert httpx.post(f"{program.url}/auth/logout", headers=bearer(ended), timeout=30.0).status_code == 204
    program.kill()
    again = start_program(scratch / "data")
    assert status(again.url, ended) == 401
    assert_problem(refresh(again.url, ended), 401)
    assert status(again.url, kept) == 200
    assert refresh(again.url, kept).status_code == 200


async def test_while_nobody_can_say_what_is_called_back_nothing_is_believed(
    start_program: StartProgram, scratch: Path
) -> None:
    """The feed is blocked in the database: 503 when the grace is over, and 200 again when it is not."""
    program = start_program(scratch / "data", CAREPLANE_IDENTITY_REVOCATION_GRACE_S="2")
    session = log_in(program.url)
    url = running_url(scratch / "data")
    assert url is not None
    connection = await asyncpg.connect(url, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE identity.revocations IN ACCESS EXCLUSIVE MODE")
            await until_true_async(lambda: status(program.url, session) == 503, pause=0.1)
            answer = get(program.url, "/auth/validate", session)
            assert_problem(answer, 503)
            assert answer.headers["retry-after"]
            assert get(program.url, "/health/live", session).status_code == 200
    finally:
        await connection.close()
    await until_true_async(lambda: status(program.url, session) == 200, pause=0.1)


@pytest.fixture
def rotating(start_program: StartProgram) -> Program:
    """Give a program whose new keys sign after two seconds."""
    return start_program(CAREPLANE_IDENTITY_KEY_LEAD_S="2")


class Clients:
    """Clients that ask and refresh all the time, until told to stop, and keep what went wrong."""

    def __init__(self, url: str, count: int = 4) -> None:
        """Begin."""
        self.url = url
        self.answers = [0] * count
        self.faults: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._use, args=(place,)) for place in range(count)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, count: int) -> None:
        """Return when each has had so many more answers."""
        before = list(self.answers)
        until_true(lambda: all(now >= then + count for now, then in zip(self.answers, before, strict=True)))

    def _use(self, place: int) -> None:
        session = log_in(self.url)
        while not self._over.is_set():
            answer = get(self.url, "/auth/validate", session)
            if answer.status_code == 200 and self.answers[place] % 10 == 9:
                answer = refresh(self.url, session)
                session = answer.json()
            if answer.status_code != 200:
                self.faults.append(answer.text)
                return
            self.answers[place] += 1


def signing(url: str) -> str:
    """Return the id of the key that signs now."""
    return str(jwt.get_unverified_header(log_in(url)["token"])["kid"])


def newest_key(program: Program) -> str:
    """Return the second in which the newest key was made; there is one for each second at most."""
    return max(file.stem for file in (program.data / "keys").glob("*Z.pem"))


def test_keys_rotate_under_load_without_a_single_401(rotating: Program) -> None:
    """Four clients ask and refresh all the time; the key changes twice under them, and nobody is refused."""
    url = rotating.url
    old, kids, clients = log_in(url), [signing(url)], Clients(url)
    try:
        for _ in range(2):
            until_true(lambda: datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ") > newest_key(rotating))
            said = run_careplane("keys", "rotate", "--data", str(rotating.data), CAREPLANE_IDENTITY_KEY_LEAD_S="2")
            assert said.returncode == 0, said.stderr
            assert "signs from" in said.stdout
            until_true(lambda: signing(url) != kids[-1], pause=0.2)
            kids.append(signing(url))
            clients.wait_for_more(20)
            assert not clients.faults
    finally:
        clients.stop()
    assert not clients.faults, clients.faults[:3]
    assert len(set(kids)) == 3
    assert status(url, old) == 200
    published = {key["kid"] for key in httpx.get(f"{url}/.well-known/jwks.json", timeout=30.0).json()["keys"]}
    assert published == set(kids)
    listed = run_careplane("keys", "list", "--data", str(rotating.data))
    assert all(kid in listed.stdout for kid in kids)
